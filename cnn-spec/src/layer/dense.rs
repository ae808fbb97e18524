//! `dense`: every output is a weighted sum of every input.

use super::{ACTIVATION, Kind, LayerKind};
use crate::fields::{Fields, Type};
use crate::grammar::{Form, Key, TypeInfo};
use crate::initialization::{INITIALIZATION, Initialization};
use crate::network::Parameter;
use crate::receptive_field::{Axis, Reach};
use crate::refusal::Refusal;
use crate::shape::Shape;

/// A fully connected layer: `W · in + b` with `W` of shape `[out_features, in_features]`.
///
/// Feature maps are read as one vector.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dense {
    /// What the file says of the input; checked against what is there.
    pub in_features: Option<usize>,
    /// Values that it puts out.
    pub out_features: usize,
    /// Whether `b` is there.
    pub bias: bool,
}

const OUT_FEATURES: Key<usize> =
    Key::required("out_features", Form::SIZE, "Values that it puts out.");
const IN_FEATURES: Key<usize> = Key::optional(
    "in_features",
    Form::Whole {
        min: 1,
        max: crate::shape::MAX_ELEMENTS as u64,
    },
    "inferred",
    "Values that it reads; checked against what is there.",
);
const BIAS: Key<bool> = Key::or(
    "bias",
    Form::Boolean,
    "true",
    "Whether each output has a bias.",
);

pub(super) const TYPES: &[Type<Kind>] = &[Type {
    info: TypeInfo {
        name: "dense",
        doc: "Every output is a weighted sum of every input.",
        keys: &[
            OUT_FEATURES.info,
            IN_FEATURES.info,
            BIAS.info,
            ACTIVATION.info,
            INITIALIZATION.info,
        ],
    },
    read: |fields| Dense::read(fields).map(Kind::Dense),
}];

impl Dense {
    fn read(fields: Fields<'_>) -> Result<Self, Refusal> {
        Ok(Self {
            in_features: fields.find(&IN_FEATURES),
            out_features: fields.get(&OUT_FEATURES)?,
            bias: fields.get(&BIAS)?,
        })
    }
}

impl LayerKind for Dense {
    fn stem(&self) -> &'static str {
        "dense"
    }

    fn describe(&self) -> String {
        let bias = if self.bias { "" } else { ", no bias" };
        format!("dense{bias}")
    }

    fn output_shape(&self, input: &Shape) -> Result<Shape, Refusal> {
        let there = input.elements();
        match self.in_features {
            Some(given) if given != there => Err(Refusal::new(format!(
                "`in_features` is {given}, and the input has {there} values"
            ))
            .key(IN_FEATURES.info.name)
            .label(format!("not {there}"))
            .help(format!(
                "write `in_features = {there}`, or leave it out: it is inferred"
            ))),
            _ => Shape::of("output", [self.out_features]),
        }
    }

    fn reach(&self, _axis: Axis, _input: &Shape, _output: &Shape) -> Reach {
        Reach::Whole
    }

    fn parameters(
        &self,
        input: &Shape,
        output: &Shape,
        initialization: Initialization,
    ) -> Result<Vec<Parameter>, Refusal> {
        let weight = Shape::of("weight", [self.out_features, input.elements()])?;
        let bias = self
            .bias
            .then(|| initialization.bias(output.clone(), &weight));
        Ok([initialization.weight(weight)]
            .into_iter()
            .chain(bias)
            .collect())
    }

    fn multiply_adds(&self, input: &Shape, output: &Shape) -> u64 {
        input.elements() as u64 * output.elements() as u64
    }
}
