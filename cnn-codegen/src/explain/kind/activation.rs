//! Elementwise activations: what each is for, and what its derivative does to the delta.

use super::{Lesson, Tiny};
use cnn_spec::layer::{Activation, Approximate};

pub fn lesson(activation: Activation) -> Lesson {
    let (keys, idea, input) = words(activation);
    Lesson::new(
        Tiny::new([7], keys).signed(),
        "A function is applied to each value by itself. Without one between them, two layers of weighted sums would be \
         no more than one.",
    )
    .idea(idea)
    .input(
        "An output depends on one input alone, so the chain rule has a single term: the delta times the derivative \
         of the function at that value, `delta ⊙ σ'(z)`.",
    )
    .input(input)
}

/// Its keys, what it does, and what becomes of the delta.
fn words(activation: Activation) -> (String, &'static str, &'static str) {
    let named = |name: &str| format!("type = \"{name}\"");
    match activation {
        Activation::Relu => (
            named("relu"),
            "ReLU passes positive values and stops negative ones. It costs next to nothing, and does not flatten out \
             on the right.",
            "Its derivative is one or zero: the delta passes where the value was positive, and stops where it was \
             not. At zero itself there is none; zero is taken.",
        ),
        Activation::LeakyRelu { negative_slope } => (
            format!("type = \"leaky_relu\"\nnegative_slope = {negative_slope:?}"),
            "A leaky ReLU lets a small part of negative values through, so that no value is cut off for good.",
            "The delta passes where the value was positive, and gets the small slope where it was not.",
        ),
        Activation::Relu6 => (
            named("relu6"),
            "ReLU6 passes values between 0 and 6, and holds all others at these ends.",
            "Only between the ends does the delta pass; beyond them nothing moves.",
        ),
        Activation::Elu { alpha } => (
            format!("type = \"elu\"\nalpha = {alpha:?}"),
            "An ELU passes positive values, and bends negative ones smoothly towards a floor.",
            "On the left the derivative fades to zero, and can be had from the output: it is the output plus alpha.",
        ),
        Activation::Selu => (
            named("selu"),
            "A SELU is an ELU with two constants, chosen so that mean zero and variance one stay what they are from \
             layer to layer.",
            "The derivative is that of an ELU, times the constant.",
        ),
        Activation::Gelu { approximate } => (
            match approximate {
                Approximate::None => named("gelu"),
                Approximate::Tanh => "type = \"gelu\"\napproximate = \"tanh\"".to_owned(),
            },
            "A GELU multiplies a value by the probability that a normal variable is below it: a ReLU with a soft bend.",
            "The product rule gives two terms: the probability itself, and the value times the density.",
        ),
        Activation::Silu => (
            named("silu"),
            "SiLU, or swish, multiplies a value by its sigmoid: a ReLU with a soft bend and a shallow dip on the left.",
            "The product rule gives two terms: the sigmoid itself, and the value times the sigmoid's derivative.",
        ),
        Activation::Softplus { beta, threshold } => (
            format!("type = \"softplus\"\nbeta = {beta:?}\nthreshold = {threshold:?}"),
            "Softplus is a ReLU whose corner has been rounded. Beyond a threshold the two are the same to every \
             digit, and the value is passed.",
            "Its derivative is a sigmoid.",
        ),
        Activation::Sigmoid => (
            named("sigmoid"),
            "A sigmoid presses all values between 0 and 1: the classic neuron, off or on.",
            "Its derivative can be had from the output, `a (1 − a)`, and is a quarter at most. Far from zero it is \
             nearly nothing: a neuron that is sure of itself hardly learns.",
        ),
        Activation::HardSigmoid => (
            named("hard_sigmoid"),
            "A hard sigmoid is a line from 0 to 1 between −3 and 3: a sigmoid without powers of e.",
            "The delta gets the slope of the line, one sixth, and stops where the line has ended.",
        ),
        Activation::HardSwish => (
            named("hard_swish"),
            "A hard swish multiplies a value by its hard sigmoid: a SiLU without powers of e.",
            "Below −3 nothing passes and above 3 everything; between them the derivative is a line.",
        ),
        Activation::Tanh => (
            named("tanh"),
            "The hyperbolic tangent presses all values between −1 and 1; unlike a sigmoid, it leaves zero where it is.",
            "Its derivative can be had from the output, `1 − a²`: one at zero, and nearly nothing far from it.",
        ),
    }
}
