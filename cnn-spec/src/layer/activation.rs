//! Elementwise activations: `relu`, `leaky_relu`, `sigmoid`, `tanh`.

use super::{Kind, LayerKind};
use crate::fields::Type;
use crate::grammar::{Form, Key, Limits, TypeInfo};
use crate::refusal::Refusal;
use crate::shape::Shape;

/// A function applied to each value; its derivative enters the delta as `upstream ⊙ σ'(z)`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Activation {
    /// `max(0, z)`.
    Relu,
    /// `z` where positive, else `negative_slope · z`.
    LeakyRelu {
        /// PyTorch's default is 0.01.
        negative_slope: f64,
    },
    /// `1 / (1 + e⁻ᶻ)`.
    Sigmoid,
    /// The hyperbolic tangent.
    Tanh,
}

const NEGATIVE_SLOPE: Key<f64> = Key::or(
    "negative_slope",
    Form::Number(Limits::UNIT),
    "0.01",
    "The factor of negative values.",
);

pub(super) const TYPES: &[Type<Kind>] = &[
    Type {
        info: TypeInfo {
            name: "relu",
            doc: "max(0, z).",
            keys: &[],
        },
        read: |_| Ok(Kind::Activation(Activation::Relu)),
    },
    Type {
        info: TypeInfo {
            name: "leaky_relu",
            doc: "z where positive, else negative_slope · z.",
            keys: &[NEGATIVE_SLOPE.info],
        },
        read: |fields| {
            let negative_slope = fields.get(&NEGATIVE_SLOPE)?;
            Ok(Kind::Activation(Activation::LeakyRelu { negative_slope }))
        },
    },
    Type {
        info: TypeInfo {
            name: "sigmoid",
            doc: "1 / (1 + e⁻ᶻ).",
            keys: &[],
        },
        read: |_| Ok(Kind::Activation(Activation::Sigmoid)),
    },
    Type {
        info: TypeInfo {
            name: "tanh",
            doc: "The hyperbolic tangent.",
            keys: &[],
        },
        read: |_| Ok(Kind::Activation(Activation::Tanh)),
    },
];

impl LayerKind for Activation {
    fn stem(&self) -> &'static str {
        match self {
            Self::Relu => "relu",
            Self::LeakyRelu { .. } => "leaky_relu",
            Self::Sigmoid => "sigmoid",
            Self::Tanh => "tanh",
        }
    }

    fn describe(&self) -> String {
        match self {
            Self::LeakyRelu { negative_slope } => {
                format!("leaky_relu, negative slope {negative_slope:?}")
            }
            other => other.stem().to_owned(),
        }
    }

    fn output_shape(&self, input: &Shape) -> Result<Shape, Refusal> {
        Ok(input.clone())
    }
}
