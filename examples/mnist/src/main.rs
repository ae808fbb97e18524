//! Trains the network of `examples/networks/digits.toml`.
//!
//! Without flags it learns synthetic digits; `--download` fetches MNIST, `--data DIR` reads it from a folder, and `--help`
//! lists the rest. `predict --weights weights.safetensors drawings/3a.png` reads a drawing.

// Generated code keeps to the default lints.
#[allow(clippy::pedantic)]
mod digits {
    include!(concat!(env!("OUT_DIR"), "/digits.rs"));
}

fn main() -> std::process::ExitCode {
    cnn_runtime::trainer::main::<digits::Digits>()
}
