//! `dropout` and `dropout2d`: values left out at random in training.

use super::{Lesson, Tiny};
use cnn_spec::layer::Dropout;

pub fn lesson(dropout: &Dropout) -> Lesson {
    let (name, input, what) = if dropout.of_maps {
        ("dropout2d", vec![3, 1, 2], "whole maps")
    } else {
        ("dropout", vec![6], "values")
    };
    let keys = format!("type = \"{name}\"\np = {:?}", dropout.p);
    Lesson::new(
        Tiny::new(input, keys),
        "A network that can do without any one of its values does not rely on chance. So in training some are left out \
         at random, others in each step, and those that stay are made larger by as much as is lost on average.",
    )
    .idea(format!(
        "Here {what} are left out, each with a probability of {}. When the network is used, nothing is left out and \
         nothing is done.",
        dropout.p
    ))
    .input(
        "What was left out had no part in the loss, and gets no delta; the rest was multiplied by a number, and its \
         delta is too.",
    )
}
