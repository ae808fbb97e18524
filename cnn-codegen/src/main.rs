//! The command: see [`cnn_codegen::cli`].

fn main() -> std::process::ExitCode {
    cnn_codegen::cli::run(std::env::args_os())
}
