use cnn_runtime::{Model, Trainable, Zeroed, cnn_model};

#[cnn_model("kernel.toml")]
pub struct Net;

fn loss(parameters: &net::Parameters, input: &net::Input, target: [f32; 3]) -> f64 {
    let mut workspace = net::Workspace::boxed();
    Net::evaluate(parameters, &[*input], &[target], &mut workspace).loss
}

fn main() {
    let input = [[[0.0; 4]; 4]; 1];
    let parameters = net::Parameters::ZERO;
    let mut activations = net::Activations::boxed();
    let output: [f32; 3] = *Net::forward(&parameters, &input, &mut activations);
    println!("{} {output:?} {}", Net::NAME, loss(&parameters, &input, output));
}
