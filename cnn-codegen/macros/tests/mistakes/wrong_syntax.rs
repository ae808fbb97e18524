use cnn_runtime::{Model, Zeroed, cnn_model};

#[cnn_model("syntax.toml")]
pub struct Net;

fn main() {
    let input = [[[0.0; 4]; 4]; 1];
    let mut activations = net::Activations::boxed();
    let _: &[f32; 3] = Net::forward(&net::Parameters::ZERO, &input, &mut activations);
}
