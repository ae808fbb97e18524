//! Which convolutions follow each delta by itself.
//!
//! Behind a fused max pool one position of each window has a delta, and none where the activation passes nothing. With
//! samples side by side each lane's position is another one, so that all are computed. With channels side by side a
//! sample's other positions are left out; that pays where the channels fill the vectors.

use cnn_spec::layer::{Conv2d, ConvBias, MaxPool2d, Pair};

/// The lanes that the choice is made for.
const LANES: usize = 8;

/// Whether the gradients of a convolution that sees `inputs` channels are computed delta by delta.
///
/// Compares half cycles for one window of one map and sample, as measured.
pub fn is_routed(
    conv: &Conv2d,
    pool: Option<&MaxPool2d>,
    inputs: usize,
    sends_delta: bool,
) -> bool {
    let Some(pool) = pool else { return false };
    let serves =
        conv.groups == 1 && conv.dilation == Pair::square(1) && conv.bias != ConvBias::Position;
    let taps = (conv.kernel_size.height * conv.kernel_size.width) as f64;
    let positions = (pool.window.kernel_size.height * pool.window.kernel_size.width) as f64;
    let gradients = if sends_delta { 2.0 } else { 1.0 };
    let all = 1.25 * gradients * taps * positions * inputs as f64 / LANES as f64;
    // A sum in a register takes a load; a sum in memory is also stored.
    let each = if sends_delta { 1.25 + 3.5 } else { 1.25 };
    let to_list = 10.0;
    let routed = each * taps * inputs.div_ceil(LANES) as f64 + to_list;
    serves && routed < all
}
