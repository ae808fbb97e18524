//! `batch_norm2d` and `batch_norm1d`: each channel brought to mean zero and variance one over a whole batch.

use super::{ACTIVATION, Dimensions, Kind, LayerKind, described};
use crate::fields::{Fields, Type};
use crate::grammar::{Form, Key, KeyInfo, Limits, TypeInfo};
use crate::initialization::Initialization;
use crate::network::{Distribution, Parameter, Role};
use crate::refusal::Refusal;
use crate::shape::Shape;
use std::ops::Bound;

/// `(z − mean) / √(variance + ε) · weight + bias`, channel by channel.
///
/// While a network learns, mean and variance are those of the batch, and running averages of them are kept: that of the
/// mean, and that of the unbiased variance. Otherwise the averages take their place.
#[derive(Clone, Debug, PartialEq)]
pub struct BatchNorm {
    /// Over maps, or over sequences and vectors.
    pub dimensions: Dimensions,
    /// What keeps the root from zero.
    pub epsilon: f64,
    /// The share of a batch in the running averages.
    pub momentum: f64,
    /// Whether each channel has a weight and a bias.
    pub affine: bool,
}

const EPSILON: Key<f64> = Key::or(
    "epsilon",
    Form::Number(Limits {
        from: Bound::Excluded(0.0),
        to: Bound::Included(1.0),
    }),
    "1e-5",
    "What is added to the variance, so that its root is not zero.",
);
const MOMENTUM: Key<f64> = Key::or(
    "momentum",
    Form::Number(Limits {
        from: Bound::Excluded(0.0),
        to: Bound::Included(1.0),
    }),
    "0.1",
    "The share of a batch in the running mean and variance.",
);
const AFFINE: Key<bool> = Key::or(
    "affine",
    Form::Boolean,
    "true",
    "Whether each channel has a learnt weight and bias.",
);

const KEYS: &[KeyInfo] = &[EPSILON.info, MOMENTUM.info, AFFINE.info, ACTIVATION.info];

pub(super) const TYPES: &[Type<Kind>] = &[
    Type {
        info: TypeInfo {
            name: "batch_norm2d",
            doc: "Each feature map brought to mean zero and variance one over the batch.",
            keys: KEYS,
        },
        read: |fields| BatchNorm::read(fields, Dimensions::Two),
    },
    Type {
        info: TypeInfo {
            name: "batch_norm1d",
            doc: "Each feature, or channel of a sequence, brought to mean zero and variance one over the batch.",
            keys: KEYS,
        },
        read: |fields| BatchNorm::read(fields, Dimensions::One),
    },
];

const NAME: &str = "batch_norm";

impl BatchNorm {
    fn read(fields: Fields<'_>, dimensions: Dimensions) -> Result<Kind, Refusal> {
        Ok(Kind::BatchNorm(Self {
            dimensions,
            epsilon: fields.get(&EPSILON)?,
            momentum: fields.get(&MOMENTUM)?,
            affine: fields.get(&AFFINE)?,
        }))
    }

    /// The values of one channel of a sample with this shape.
    pub fn positions(input: &Shape) -> usize {
        input.elements() / input.dims()[0]
    }
}

impl LayerKind for BatchNorm {
    fn stem(&self) -> &'static str {
        "norm"
    }

    fn describe(&self) -> String {
        let options = [
            Some(format!("epsilon {:e}", self.epsilon)),
            Some(format!("momentum {}", self.momentum)),
            (!self.affine).then(|| "not learnt".to_owned()),
        ];
        described(self.dimensions.named(NAME), options)
    }

    fn output_shape(&self, input: &Shape) -> Result<Shape, Refusal> {
        let (fits, takes, other) = match self.dimensions {
            Dimensions::One => (input.rank() < 3, "a vector or a sequence", "batch_norm2d"),
            Dimensions::Two => (input.rank() == 3, "feature maps", "batch_norm1d"),
        };
        if fits {
            return Ok(input.clone());
        }
        let name = self.dimensions.named(NAME);
        Err(
            Refusal::new(format!("a {name} takes {takes}, and its input is {input}"))
                .label(format!("needs {takes}"))
                .help(format!("write `type = \"{other}\"`")),
        )
    }

    fn parameters(
        &self,
        input: &Shape,
        _output: &Shape,
        _initialization: Initialization,
    ) -> Result<Vec<Parameter>, Refusal> {
        let channels = [input.dims()[0]];
        let tensor = |name, role, dims: &[usize], value| {
            Ok(Parameter {
                name,
                shape: Shape::of(name, dims)?,
                distribution: Distribution::Constant { value },
                role,
            })
        };
        let mut tensors = Vec::new();
        if self.affine {
            tensors.push(tensor("weight", Role::Learnt, &channels, 1.0)?);
            tensors.push(tensor("bias", Role::Learnt, &channels, 0.0)?);
        }
        tensors.push(tensor("running_mean", Role::Average, &channels, 0.0)?);
        tensors.push(tensor("running_var", Role::Average, &channels, 1.0)?);
        tensors.push(tensor("num_batches_tracked", Role::Count, &[], 0.0)?);
        Ok(tensors)
    }
}
