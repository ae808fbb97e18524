//! `add`: several values of one shape become their sum, as at the end of a residual block.

use super::{INPUTS, Kind, LayerKind, joins};
use crate::fields::Type;
use crate::grammar::TypeInfo;
use crate::refusal::Refusal;
use crate::shape::Shape;

/// The sum of its inputs, element by element.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Add;

pub(super) const TYPES: &[Type<Kind>] = &[Type {
    info: TypeInfo {
        name: "add",
        doc: "The sum of several layers of one shape.",
        keys: joins::KEYS,
    },
    read: |_| Ok(Kind::Add(Add)),
}];

impl LayerKind for Add {
    fn stem(&self) -> &'static str {
        "add"
    }

    fn describe(&self) -> String {
        "add".to_owned()
    }

    fn output_shape(&self, input: &Shape) -> Result<Shape, Refusal> {
        Ok(input.clone())
    }

    fn is_join(&self) -> bool {
        true
    }

    fn join(&self, joined: &Shape, next: &Shape) -> Result<Shape, Refusal> {
        if joined == next {
            return Ok(joined.clone());
        }
        Err(Refusal::new(format!(
            "{next} cannot be added to {joined}: the shapes must be the same"
        ))
        .key(INPUTS.info.name)
        .help("bring both to one shape, with a `conv2d` of `kernel_size = 1` for example, or use `concat`"))
    }
}
