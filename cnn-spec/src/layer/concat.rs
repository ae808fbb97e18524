//! `concat`: the channels of several layers, one after the other, as in a dense block.

use super::{INPUTS, Kind, LayerKind, joins};
use crate::fields::Type;
use crate::grammar::TypeInfo;
use crate::refusal::Refusal;
use crate::shape::Shape;

/// Its inputs one after the other: along the channels of feature maps, or the features of vectors.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Concat;

pub(super) const TYPES: &[Type<Kind>] = &[Type {
    info: TypeInfo {
        name: "concat",
        doc: "The channels of several layers, one after the other, or the features of vectors.",
        keys: joins::KEYS,
    },
    read: |_| Ok(Kind::Concat(Concat)),
}];

impl LayerKind for Concat {
    fn stem(&self) -> &'static str {
        "concat"
    }

    fn describe(&self) -> String {
        "concat".to_owned()
    }

    fn output_shape(&self, input: &Shape) -> Result<Shape, Refusal> {
        Ok(input.clone())
    }

    fn is_join(&self) -> bool {
        true
    }

    fn join(&self, joined: &Shape, next: &Shape) -> Result<Shape, Refusal> {
        let (mut dims, rest) = (joined.dims().to_vec(), &next.dims()[1..]);
        if dims[1..] != *rest {
            return Err(Refusal::new(format!(
                "{next} cannot stand behind {joined}: all but the channels must be the same"
            ))
            .key(INPUTS.info.name)
            .help("bring both to one height and width"));
        }
        dims[0] = dims[0].saturating_add(next.dims()[0]);
        Shape::of("output", dims)
    }
}
