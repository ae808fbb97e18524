//! `prelu`: a rectifier that learns its slope.

use super::{Lesson, Tiny};
use cnn_spec::layer::PRelu;

pub fn lesson(prelu: PRelu) -> Lesson {
    let (input, keys) = if prelu.num_parameters == 1 {
        (
            vec![5],
            format!("type = \"prelu\"\ninit = {:?}", prelu.init),
        )
    } else {
        let keys = format!(
            "type = \"prelu\"\nnum_parameters = 2\ninit = {:?}",
            prelu.init
        );
        (vec![2, 3], keys)
    };
    let tiny = Tiny {
        weights: Some(vec![prelu.init]),
        ..Tiny::new(input, keys).signed()
    };
    Lesson::new(
        tiny,
        "Positive values pass as they are, negative ones are multiplied by a slope, and the slope is learnt.",
    )
    .idea_if(
        prelu.num_parameters > 1,
        "Each channel has a slope of its own.",
    )
    .weights(
        "Only negative values met the slope. Its gradient is the sum of their deltas, each times the value.",
    )
    .input("The delta passes where the value was positive, and is multiplied by the slope where it was not.")
}
