//! `flatten`: the same values in one dimension.

use super::{Kind, LayerKind};
use crate::fields::Type;
use crate::grammar::TypeInfo;
use crate::refusal::Refusal;
use crate::shape::Shape;

/// Feature maps read as one vector, row by row, map by map.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Flatten;

pub(super) const TYPES: &[Type<Kind>] = &[Type {
    info: TypeInfo {
        name: "flatten",
        doc: "Feature maps read as one vector, row by row, map by map.",
        keys: &[],
    },
    read: |_| Ok(Kind::Flatten(Flatten)),
}];

impl LayerKind for Flatten {
    fn stem(&self) -> &'static str {
        "flatten"
    }

    fn describe(&self) -> String {
        "flatten".to_owned()
    }

    fn output_shape(&self, input: &Shape) -> Result<Shape, Refusal> {
        Ok(input.flattened())
    }
}
