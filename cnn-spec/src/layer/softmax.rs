//! `softmax`: logits become probabilities.

use super::{Kind, LayerKind};
use crate::fields::Type;
use crate::grammar::TypeInfo;
use crate::refusal::Refusal;
use crate::shape::Shape;

/// `e^{z_j} / Σ_k e^{z_k}` over a vector; the last layer of a network that is asked for probabilities.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Softmax;

pub(super) const TYPES: &[Type<Kind>] = &[Type {
    info: TypeInfo {
        name: "softmax",
        doc: "Probabilities e^z_j / Σ_k e^z_k of a vector; only as the last layer.",
        keys: &[],
    },
    read: |_| Ok(Kind::Softmax(Softmax)),
}];

impl LayerKind for Softmax {
    fn stem(&self) -> &'static str {
        "softmax"
    }

    fn describe(&self) -> String {
        "softmax".to_owned()
    }

    fn output_shape(&self, input: &Shape) -> Result<Shape, Refusal> {
        if input.rank() == 1 {
            return Ok(input.clone());
        }
        Err(
            Refusal::new("softmax makes probabilities of a vector, and its input is feature maps")
                .label("needs an input `[features]`")
                .help("put a `dense` or `flatten` layer before it"),
        )
    }
}
