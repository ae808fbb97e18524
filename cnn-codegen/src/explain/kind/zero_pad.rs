//! `zero_pad2d`, and the border that a convolution with padding gets: zeros around maps.

use super::{Lesson, Tiny};
use cnn_spec::layer::Padding;

/// Why a convolution's border is a step of its own.
pub const BEFORE_A_CONVOLUTION: &str = "Its padding comes first: zeros are put around the maps, so that the kernel \
    reaches their edge as well. Then the convolution itself slides over the larger maps as over any others, and on the \
    way back the deltas of the zeros, which nobody needs, are cut off.";

pub fn lesson(padding: Padding) -> Lesson {
    let [left, right, top, bottom] =
        [padding.left, padding.right, padding.top, padding.bottom].map(|zeros| zeros.min(2));
    let keys = format!("type = \"zero_pad2d\"\npadding = [{left}, {right}, {top}, {bottom}]");
    Lesson::new(
        Tiny::new([1, 2, 2], keys),
        "Zeros are put around the maps; what slides over them then reaches their edge as well.",
    )
    .input("The zeros are not the input's: their deltas are dropped, and all others stay what they are.")
}
