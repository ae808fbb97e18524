//! `reshape`: the same values in another shape.

use super::{Kind, LayerKind};
use crate::fields::Type;
use crate::grammar::{Form, Key, TypeInfo};
use crate::receptive_field::{Axis, Reach};
use crate::refusal::Refusal;
use crate::shape::Shape;

/// The same values in the same order, in another shape.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reshape {
    /// The dimensions of the output.
    pub shape: Vec<usize>,
}

const SHAPE: Key<Vec<usize>> = Key::required("shape", Form::Shape, "The shape of the output.");

pub(super) const TYPES: &[Type<Kind>] = &[Type {
    info: TypeInfo {
        name: "reshape",
        doc: "The same values in another shape.",
        keys: &[SHAPE.info],
    },
    read: |fields| {
        let shape = fields.get(&SHAPE)?;
        Ok(Kind::Reshape(Reshape { shape }))
    },
}];

impl LayerKind for Reshape {
    fn stem(&self) -> &'static str {
        "reshape"
    }

    fn describe(&self) -> String {
        "reshape".to_owned()
    }

    fn output_shape(&self, input: &Shape) -> Result<Shape, Refusal> {
        let output = Shape::of("output", self.shape.as_slice())
            .map_err(|refusal| refusal.key(SHAPE.info.name))?;
        let (there, asked) = (input.elements(), output.elements());
        if there == asked {
            return Ok(output);
        }
        Err(
            Refusal::new(format!("{there} values do not fill a shape of {asked}"))
                .key(SHAPE.info.name)
                .label(format!("{output} = {asked} values"))
                .help(format!("choose dimensions whose product is {there}")),
        )
    }

    fn reach(&self, _axis: Axis, _input: &Shape, _output: &Shape) -> Reach {
        Reach::Whole
    }
}
