//! `softmax` and `log_softmax`: scores become probabilities, or their logarithms.

use super::{Kind, LayerKind};
use crate::fields::Type;
use crate::grammar::TypeInfo;
use crate::receptive_field::{Axis, Reach};
use crate::refusal::Refusal;
use crate::shape::Shape;

/// `e^{z_j} / Σ_k e^{z_k}` over the features of a vector, or over the channels at each position of feature maps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Softmax;

/// The logarithm of [`Softmax`], `z_j − ln Σ_k e^{z_k}`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LogSoftmax;

pub(super) const TYPES: &[Type<Kind>] = &[
    Type {
        info: TypeInfo {
            name: "softmax",
            doc: "Probabilities e^z_j / Σ_k e^z_k over features, or channels at each position.",
            keys: &[],
        },
        read: |_| Ok(Kind::Softmax(Softmax)),
    },
    Type {
        info: TypeInfo {
            name: "log_softmax",
            doc: "The logarithms z_j − ln Σ_k e^z_k of a softmax.",
            keys: &[],
        },
        read: |_| Ok(Kind::LogSoftmax(LogSoftmax)),
    },
];

impl LayerKind for Softmax {
    fn stem(&self) -> &'static str {
        "softmax"
    }

    fn describe(&self) -> String {
        "softmax".to_owned()
    }

    fn output_shape(&self, input: &Shape) -> Result<Shape, Refusal> {
        Ok(input.clone())
    }

    fn reach(&self, _axis: Axis, input: &Shape, _output: &Shape) -> Reach {
        of_the_channels(input)
    }
}

impl LayerKind for LogSoftmax {
    fn stem(&self) -> &'static str {
        "log_softmax"
    }

    fn describe(&self) -> String {
        "log_softmax".to_owned()
    }

    fn output_shape(&self, input: &Shape) -> Result<Shape, Refusal> {
        Ok(input.clone())
    }

    fn reach(&self, _axis: Axis, input: &Shape, _output: &Shape) -> Reach {
        of_the_channels(input)
    }
}

/// A vector is normalised as a whole; maps, position by position.
fn of_the_channels(input: &Shape) -> Reach {
    match input.rank() {
        1 => Reach::Whole,
        _ => Reach::Same,
    }
}
