//! A first layer that shows what no generated network hands out: the delta of its input.

use cnn_spec::Shape;

/// The file with a layer `probe` before all others that puts out its input plus a bias for each value.
///
/// With ones for weights and zeros for biases it changes nothing, and the gradient of its bias is the delta of what was
/// the input.
///
/// # Panics
/// If the file has no layers.
pub fn before(toml: &str, input: &Shape) -> String {
    let (network, layers) = toml.split_once("[[layer]]").expect("a network has layers");
    let layer = match input.dims() {
        [channels, rest @ ..] if !rest.is_empty() => format!(
            "type = \"conv{}d\"\nout_channels = {channels}\nkernel_size = 1\ngroups = {channels}\nbias = \"position\"",
            rest.len()
        ),
        _ => format!("type = \"dense\"\nout_features = {}", input.elements()),
    };
    // What read the input reads the probe; what is compared with it goes on to be.
    let (layers, training) = layers.split_at(layers.find("[training]").unwrap_or(layers.len()));
    let layers = layers.replace("\"input\"", "\"probe\"") + training;
    format!("{network}[[layer]]\nname = \"probe\"\n{layer}\n\n[[layer]]{layers}")
}

/// The weight and bias with which a probe changes nothing.
pub fn parameters(input: &Shape) -> [Vec<f64>; 2] {
    let zeros = vec![0.0; input.elements()];
    let weight = match input.maps() {
        Some([channels, ..]) => vec![1.0; channels],
        None => identity(input.elements()),
    };
    [weight, zeros]
}

fn identity(size: usize) -> Vec<f64> {
    let entry = |index| if index % (size + 1) == 0 { 1.0 } else { 0.0 };
    (0..size * size).map(entry).collect()
}
