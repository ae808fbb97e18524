//! Elementwise activations: `relu`, `sigmoid`, `gelu` and the rest of those that learn nothing.

use super::{Kind, LayerKind};
use crate::fields::Type;
use crate::grammar::{Form, Key, KeyInfo, Limits, TypeInfo, Word, Words};
use crate::refusal::Refusal;
use crate::shape::Shape;
use std::ops::Bound;

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
    /// `min(max(0, z), 6)`.
    Relu6,
    /// `z` where positive, else `alpha · (eᶻ − 1)`.
    Elu {
        /// PyTorch's default is 1.
        alpha: f64,
    },
    /// [`SELU_SCALE`] times an ELU with an alpha of [`SELU_ALPHA`].
    Selu,
    /// `z · Φ(z)`, where `Φ` is the normal distribution.
    Gelu {
        /// How `Φ` is computed.
        approximate: Approximate,
    },
    /// `z · σ(z)`.
    Silu,
    /// `ln(1 + e^(beta · z)) / beta`, and `z` where `beta · z` exceeds the threshold.
    Softplus {
        /// PyTorch's default is 1.
        beta: f64,
        /// PyTorch's default is 20.
        threshold: f64,
    },
    /// `1 / (1 + e⁻ᶻ)`.
    Sigmoid,
    /// `min(max(0, z + 3), 6) / 6`.
    HardSigmoid,
    /// `z` times a hard sigmoid of it.
    HardSwish,
    /// The hyperbolic tangent.
    Tanh,
}

/// The factor of a SELU.
pub const SELU_SCALE: f64 = 1.050_700_987_355_480_5;
/// What a SELU tends to on the left, before the factor, with a minus.
pub const SELU_ALPHA: f64 = 1.673_263_242_354_377_2;

/// How a GELU's normal distribution is computed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Approximate {
    /// `(1 + erf(z / √2)) / 2`.
    None,
    /// `(1 + tanh(√(2/π) · (z + 0.044715 z³))) / 2`.
    Tanh,
}

const NEGATIVE_SLOPE: Key<f64> = Key::or(
    "negative_slope",
    Form::Number(Limits::UNIT),
    "0.01",
    "The factor of negative values.",
);
const ALPHA: Key<f64> = Key::or(
    "alpha",
    Form::Number(POSITIVE),
    "1.0",
    "What the function tends to on the left, with a minus.",
);
const APPROXIMATE: Key<Approximate> = Key::or(
    "approximate",
    Form::words::<Approximate>(),
    "\"none\"",
    "How the normal distribution is computed.",
);
const BETA: Key<f64> = Key::or(
    "beta",
    Form::Number(POSITIVE),
    "1.0",
    "How sharp the bend is.",
);
const THRESHOLD: Key<f64> = Key::or(
    "threshold",
    Form::Number(POSITIVE),
    "20.0",
    "Where beta · z is beyond it, the output is z.",
);

const POSITIVE: Limits = Limits {
    from: Bound::Excluded(0.0),
    to: Bound::Included(1000.0),
};

impl Words for Approximate {
    const WORDS: &'static [(Self, Word)] = &[
        (Self::None, Word::new("none", "By the error function.")),
        (Self::Tanh, Word::new("tanh", "By a hyperbolic tangent.")),
    ];
}

pub(super) const TYPES: &[Type<Kind>] = &[
    plain("relu", "max(0, z).", |_| Ok(Activation::Relu.into())),
    Type {
        info: info(
            "leaky_relu",
            "z where positive, else negative_slope · z.",
            &[NEGATIVE_SLOPE.info],
        ),
        read: |fields| {
            let negative_slope = fields.get(&NEGATIVE_SLOPE)?;
            Ok(Activation::LeakyRelu { negative_slope }.into())
        },
    },
    plain("relu6", "min(max(0, z), 6).", |_| {
        Ok(Activation::Relu6.into())
    }),
    Type {
        info: info(
            "elu",
            "z where positive, else alpha · (eᶻ − 1).",
            &[ALPHA.info],
        ),
        read: |fields| {
            let alpha = fields.get(&ALPHA)?;
            Ok(Activation::Elu { alpha }.into())
        },
    },
    plain(
        "selu",
        "An elu whose constants keep mean 0 and variance 1.",
        |_| Ok(Activation::Selu.into()),
    ),
    Type {
        info: info(
            "gelu",
            "z · Φ(z) with the normal distribution Φ.",
            &[APPROXIMATE.info],
        ),
        read: |fields| {
            let approximate = fields.get(&APPROXIMATE)?;
            Ok(Activation::Gelu { approximate }.into())
        },
    },
    plain("silu", "z · σ(z), also called swish.", |_| {
        Ok(Activation::Silu.into())
    }),
    Type {
        info: info(
            "softplus",
            "ln(1 + e^(beta · z)) / beta.",
            &[BETA.info, THRESHOLD.info],
        ),
        read: |fields| {
            let (beta, threshold) = (fields.get(&BETA)?, fields.get(&THRESHOLD)?);
            Ok(Activation::Softplus { beta, threshold }.into())
        },
    },
    plain("sigmoid", "1 / (1 + e⁻ᶻ).", |_| {
        Ok(Activation::Sigmoid.into())
    }),
    plain("hard_sigmoid", "min(max(0, z + 3), 6) / 6.", |_| {
        Ok(Activation::HardSigmoid.into())
    }),
    plain("hard_swish", "z · min(max(0, z + 3), 6) / 6.", |_| {
        Ok(Activation::HardSwish.into())
    }),
    plain("tanh", "The hyperbolic tangent.", |_| {
        Ok(Activation::Tanh.into())
    }),
];

/// An activation without keys.
const fn plain(
    name: &'static str,
    doc: &'static str,
    read: fn(crate::fields::Fields<'_>) -> Result<Kind, Refusal>,
) -> Type<Kind> {
    Type {
        info: info(name, doc, &[]),
        read,
    }
}

const fn info(name: &'static str, doc: &'static str, keys: &'static [KeyInfo]) -> TypeInfo {
    TypeInfo { name, doc, keys }
}

impl From<Activation> for Kind {
    fn from(activation: Activation) -> Self {
        Self::Activation(activation)
    }
}

impl LayerKind for Activation {
    fn stem(&self) -> &'static str {
        match self {
            Self::Relu => "relu",
            Self::LeakyRelu { .. } => "leaky_relu",
            // So that the first is not taken for the 61st ReLU.
            Self::Relu6 => "relu6_",
            Self::Elu { .. } => "elu",
            Self::Selu => "selu",
            Self::Gelu { .. } => "gelu",
            Self::Silu => "silu",
            Self::Softplus { .. } => "softplus",
            Self::Sigmoid => "sigmoid",
            Self::HardSigmoid => "hard_sigmoid",
            Self::HardSwish => "hard_swish",
            Self::Tanh => "tanh",
        }
    }

    fn describe(&self) -> String {
        match self {
            Self::LeakyRelu { negative_slope } => {
                format!("leaky_relu, negative slope {negative_slope:?}")
            }
            Self::Relu6 => "relu6".to_owned(),
            Self::Elu { alpha } => format!("elu, alpha {alpha:?}"),
            Self::Gelu { approximate } => format!("gelu, approximate {}", approximate.word()),
            Self::Softplus { beta, threshold } => {
                format!("softplus, beta {beta:?}, threshold {threshold:?}")
            }
            other => other.stem().to_owned(),
        }
    }

    fn output_shape(&self, input: &Shape) -> Result<Shape, Refusal> {
        Ok(input.clone())
    }
}
