//! `layer_norm`: values brought to mean zero and variance one, sample by sample.

use super::{ACTIVATION, Kind, LayerKind, described};
use crate::fields::Type;
use crate::grammar::{Form, Key, Limits, TypeInfo};
use crate::initialization::Initialization;
use crate::network::{Distribution, Parameter, Role};
use crate::receptive_field::{Axis, Reach};
use crate::refusal::Refusal;
use crate::shape::Shape;
use std::ops::Bound;

/// `(z − mean) / √(variance + ε) · weight + bias` over the last dimensions of a sample; the variance is the mean square,
/// not the unbiased estimate.
#[derive(Clone, Debug, PartialEq)]
pub struct LayerNorm {
    /// The last dimensions, over which mean and variance are taken; all of them if not given.
    pub normalized_shape: Option<Vec<usize>>,
    /// What keeps the root from zero.
    pub epsilon: f64,
    /// Whether each value has a weight.
    pub elementwise_affine: bool,
    /// Whether each value has a bias, if it has a weight.
    pub bias: bool,
}

const NORMALIZED_SHAPE: Key<Vec<usize>> = Key::optional(
    "normalized_shape",
    Form::Shape,
    "the whole sample",
    "The last dimensions, over which mean and variance are taken.",
);
const EPSILON: Key<f64> = Key::or(
    "epsilon",
    Form::Number(Limits {
        from: Bound::Excluded(0.0),
        to: Bound::Included(1.0),
    }),
    "1e-5",
    "What is added to the variance, so that its root is not zero.",
);
const ELEMENTWISE_AFFINE: Key<bool> = Key::or(
    "elementwise_affine",
    Form::Boolean,
    "true",
    "Whether each value is multiplied by a learnt weight.",
);
const BIAS: Key<bool> = Key::or(
    "bias",
    Form::Boolean,
    "true",
    "Whether a learnt bias is added, where there is a weight.",
);

pub(super) const TYPES: &[Type<Kind>] = &[Type {
    info: TypeInfo {
        name: "layer_norm",
        doc: "Values brought to mean zero and variance one, sample by sample.",
        keys: &[
            NORMALIZED_SHAPE.info,
            EPSILON.info,
            ELEMENTWISE_AFFINE.info,
            BIAS.info,
            ACTIVATION.info,
        ],
    },
    read: |fields| {
        Ok(Kind::LayerNorm(LayerNorm {
            normalized_shape: fields.find(&NORMALIZED_SHAPE),
            epsilon: fields.get(&EPSILON)?,
            elementwise_affine: fields.get(&ELEMENTWISE_AFFINE)?,
            bias: fields.get(&BIAS)?,
        }))
    },
}];

impl LayerNorm {
    /// The dimensions over which mean and variance are taken.
    pub fn normalized<'a>(&'a self, input: &'a Shape) -> &'a [usize] {
        self.normalized_shape.as_deref().unwrap_or(input.dims())
    }
}

impl LayerKind for LayerNorm {
    fn stem(&self) -> &'static str {
        "norm"
    }

    fn describe(&self) -> String {
        let over = self.normalized_shape.as_ref().map(|dims| {
            let dims: Vec<_> = dims.iter().map(usize::to_string).collect();
            format!("over {}", dims.join("×"))
        });
        let options = [
            over,
            Some(format!("epsilon {:e}", self.epsilon)),
            (!self.elementwise_affine).then(|| "not learnt".to_owned()),
            (self.elementwise_affine && !self.bias).then(|| "no bias".to_owned()),
        ];
        described("layer_norm".to_owned(), options)
    }

    fn output_shape(&self, input: &Shape) -> Result<Shape, Refusal> {
        let normalized = self.normalized(input);
        if input.dims().ends_with(normalized) {
            return Ok(input.clone());
        }
        Err(
            Refusal::new("`normalized_shape` is not how the input's shape ends")
                .key(NORMALIZED_SHAPE.info.name)
                .label(format!("the input is {input}"))
                .help(format!(
                    "give the last dimensions of {input}, or leave it out for all of them"
                )),
        )
    }

    fn reach(&self, axis: Axis, input: &Shape, _output: &Shape) -> Reach {
        match (axis, self.normalized(input).len()) {
            (Axis::Rows, 1) if input.rank() > 1 => Reach::Same,
            _ => Reach::Whole,
        }
    }

    fn parameters(
        &self,
        input: &Shape,
        _output: &Shape,
        _initialization: Initialization,
    ) -> Result<Vec<Parameter>, Refusal> {
        let parameter = |name, value| {
            Ok(Parameter {
                name,
                shape: Shape::of(name, self.normalized(input))?,
                distribution: Distribution::Constant { value },
                role: Role::Learnt,
            })
        };
        let all = [("weight", 1.0), ("bias", 0.0)];
        let count = match (self.elementwise_affine, self.bias) {
            (false, _) => 0,
            (true, false) => 1,
            (true, true) => 2,
        };
        let parameters = all[..count].iter();
        parameters
            .map(|&(name, value)| parameter(name, value))
            .collect()
    }
}
