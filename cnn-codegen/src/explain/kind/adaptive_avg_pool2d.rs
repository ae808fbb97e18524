//! `adaptive_avg_pool2d`: as many windows as the output has positions.

use super::size::value;
use super::{Lesson, Tiny};
use cnn_spec::layer::{AdaptiveAvgPool2d, Pair};
use cnn_spec::network::Layer;

pub fn lesson(pool: AdaptiveAvgPool2d, layer: &Layer) -> Lesson {
    let dims = layer.input_shape().dims();
    let small = Pair {
        height: pool.output_size.height.min(2),
        width: pool.output_size.width.min(2),
    };
    // Where windows overlap, those of the example do.
    let size = |input: usize, output: usize| if input.is_multiple_of(output) { 4 } else { 3 };
    let input = [
        1,
        size(dims[1], pool.output_size.height),
        size(dims[2], pool.output_size.width),
    ];
    let keys = format!(
        "type = \"adaptive_avg_pool2d\"\noutput_size = {}",
        value(small)
    );
    Lesson::new(
        Tiny::new(input, keys),
        "The size of the output is given, and the windows follow from it: the input is cut into as many parts as there \
         are output positions, which overlap by a row or column where they do not divide it. Each becomes its mean.",
    )
    .input(
        "Every value of a window gets the delta over the window's size; windows that overlap both give their share.",
    )
}
