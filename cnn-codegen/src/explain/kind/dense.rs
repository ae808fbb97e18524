//! `dense`: every output is a weighted sum of every input.

use super::{Lesson, Tiny};
use cnn_spec::layer::Dense;
use cnn_spec::network::Layer;

pub fn lesson(dense: &Dense, layer: &Layer) -> Lesson {
    let bias = if dense.bias { "" } else { "bias = false\n" };
    let keys = format!("type = \"dense\"\nout_features = 2\n{bias}");
    Lesson::new(
        Tiny::new([3], keys),
        "Every output is a weighted sum of every input: a row of the weight matrix times the input.",
    )
    .idea_if(
        layer.input_shape().rank() > 1,
        "Maps are read as they lie in memory, row by row, map by map.",
    )
    .weights(
        "A weight joins one input to one output, and nothing else: if the input is `x` and the output's delta `d`, a \
         change of the weight moves the output by `x`, and the loss by `d · x`. All of them together are the outer \
         product of delta and input.",
    )
    .weights(if dense.bias {
        "The bias is added to its output, so its gradient is the output's delta."
    } else {
        "It has no bias."
    })
    .input(
        "An input reached the loss through every output, through each by one weight. Its delta is the sum of theirs, \
         each times that weight: the weight matrix turned on its side, times the delta.",
    )
}
