//! `prelu`: a rectifier whose slope for negative values is learnt.

use super::{Kind, LayerKind};
use crate::fields::Type;
use crate::grammar::{Form, Key, Limits, TypeInfo};
use crate::initialization::Initialization;
use crate::network::{Distribution, Parameter, Role};
use crate::refusal::Refusal;
use crate::shape::Shape;
use std::ops::Bound;

/// `z` where positive, else `weight · z`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PRelu {
    /// Slopes: one for all, or one for each channel.
    pub num_parameters: usize,
    /// What each slope is first.
    pub init: f64,
}

const NUM_PARAMETERS: Key<usize> = Key::or(
    "num_parameters",
    Form::SIZE,
    "1",
    "Slopes: one for all channels, or as many as there are channels.",
);
const INIT: Key<f64> = Key::or(
    "init",
    Form::Number(Limits {
        from: Bound::Included(0.0),
        to: Bound::Included(1.0),
    }),
    "0.25",
    "What each slope is first.",
);

pub(super) const TYPES: &[Type<Kind>] = &[Type {
    info: TypeInfo {
        name: "prelu",
        doc: "z where positive, else weight · z, with a learnt weight.",
        keys: &[NUM_PARAMETERS.info, INIT.info],
    },
    read: |fields| {
        Ok(Kind::PRelu(PRelu {
            num_parameters: fields.get(&NUM_PARAMETERS)?,
            init: fields.get(&INIT)?,
        }))
    },
}];

impl LayerKind for PRelu {
    fn stem(&self) -> &'static str {
        "prelu"
    }

    fn describe(&self) -> String {
        match self.num_parameters {
            1 => "prelu".to_owned(),
            count => format!("prelu, {count} slopes"),
        }
    }

    fn output_shape(&self, input: &Shape) -> Result<Shape, Refusal> {
        let channels = input.dims()[0];
        if self.num_parameters == 1 || self.num_parameters == channels {
            return Ok(input.clone());
        }
        Err(
            Refusal::new("a prelu has one slope, or one for each channel")
                .key(NUM_PARAMETERS.info.name)
                .label(format!("the input has {channels} channels"))
                .help(format!("write 1 or {channels}")),
        )
    }

    fn parameters(
        &self,
        _input: &Shape,
        _output: &Shape,
        _initialization: Initialization,
    ) -> Result<Vec<Parameter>, Refusal> {
        Ok(vec![Parameter {
            name: "weight",
            shape: Shape::of("weight", [self.num_parameters])?,
            distribution: Distribution::Constant { value: self.init },
            role: Role::Learnt,
        }])
    }

    fn multiply_adds(&self, input: &Shape, _output: &Shape) -> u64 {
        input.elements() as u64
    }
}
