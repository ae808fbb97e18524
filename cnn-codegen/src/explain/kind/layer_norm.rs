//! `layer_norm`: values against others of the same sample.

use super::{Lesson, Tiny};
use cnn_spec::layer::LayerNorm;
use cnn_spec::network::Layer;

pub fn lesson(norm: &LayerNorm, layer: &Layer) -> Lesson {
    let is_part = norm.normalized(layer.input_shape()).len() < layer.input_shape().rank();
    let (input, over) = if is_part {
        (vec![2, 3], "normalized_shape = [3]\n")
    } else {
        (vec![4], "")
    };
    let affine = match (norm.elementwise_affine, norm.bias) {
        (false, _) => "elementwise_affine = false\n",
        (true, false) => "bias = false\n",
        (true, true) => "",
    };
    let keys = format!(
        "type = \"layer_norm\"\n{over}epsilon = {:?}\n{affine}",
        norm.epsilon
    );
    let lesson = Lesson::new(
        Tiny::new(input, keys),
        "The values of a sample are brought to mean zero and variance one among themselves. Unlike a batch norm, it \
         looks at no other sample, and does the same in training and in use.",
    )
    .idea_if(
        norm.elementwise_affine,
        "Each value then has a learnt weight that stretches it.",
    );
    let lesson = if norm.elementwise_affine {
        lesson.weights(
            "A weight is multiplied by the normalized value, so its gradient is the delta times that; a bias is \
             added, so its gradient is the delta.",
        )
    } else {
        lesson
    };
    lesson.input(
        "Moving one value moves the mean and the variance, and so all others. What all deltas have in common is \
         taken off, because adding the same to every value changes nothing, and so is what they share with the \
         normalized values, because stretching all of them changes nothing either.",
    )
}
