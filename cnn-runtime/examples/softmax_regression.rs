//! A whole trainer for a network written by hand: the least that learns anything, 784 inputs and 10 outputs.

#[path = "../tests/linear/mod.rs"]
mod linear;

fn main() -> std::process::ExitCode {
    cnn_runtime::trainer::main::<linear::Linear<784, 10>>()
}
