//! `batch_norm2d` and `batch_norm1d`: each channel against the whole batch.

use super::{Lesson, Tiny};
use cnn_spec::layer::{BatchNorm, Dimensions};
use cnn_spec::network::Layer;

pub fn lesson(norm: &BatchNorm, layer: &Layer) -> Lesson {
    let (name, input) = match (norm.dimensions, layer.input_shape().rank()) {
        (Dimensions::Two, _) => ("batch_norm2d", vec![1, 2, 2]),
        (Dimensions::One, 1) => ("batch_norm1d", vec![2]),
        (Dimensions::One, _) => ("batch_norm1d", vec![1, 3]),
    };
    let affine = if norm.affine { "" } else { "affine = false\n" };
    let keys = format!(
        "type = \"{name}\"\nepsilon = {:?}\nmomentum = {:?}\n{affine}",
        norm.epsilon, norm.momentum
    );
    let lesson = Lesson::new(
        Tiny::new(input, keys).batch(2),
        "What a layer reads changes as the layers before it learn. A batch norm takes the worst of that away: each \
         channel is brought to mean zero and variance one, over all positions of all samples of the batch.",
    )
    .idea_if(
        norm.affine,
        "A learnt weight and bias for each channel then give it whatever spread and middle serve the loss.",
    )
    .idea(
        "So in training no sample is one by itself. A batch goes up to the norm, all samples wait, mean and variance \
         are taken, and then all of them go on; the same happens on the way back. Running averages of both are kept, \
         which take their place when the network is used.",
    );
    let lesson = if norm.affine {
        lesson.weights(
            "The weight is multiplied by the normalized value, so its gradient is the sum of delta times normalized \
             value; the bias is added, so its gradient is the sum of the delta. Both sums go over the whole batch.",
        )
    } else {
        lesson
    };
    lesson.input(
        "A value acts on the loss in three ways: directly, by moving the mean of its channel, and by moving the \
         variance. The first is the delta as it comes. The other two are taken off: what all deltas have in common, \
         since adding the same to every value changes nothing, and what they have in common with the normalized \
         values, since stretching them changes nothing either.",
    )
}
