//! `dropout` and `dropout2d`: while a network learns, values or whole maps are left out at random.

use super::{Dimensions, Kind, LayerKind, described};
use crate::fields::{Fields, Type};
use crate::grammar::{Form, Key, Limits, TypeInfo};
use crate::refusal::Refusal;
use crate::shape::Shape;
use std::ops::Bound;

/// `z / (1 − p)`, or zero with probability `p`; outside of training nothing is done.
#[derive(Clone, Debug, PartialEq)]
pub struct Dropout {
    /// How probable it is that a value is left out.
    pub p: f64,
    /// Whether the values of a map are left out together.
    pub of_maps: bool,
}

const P: Key<f64> = Key::or(
    "p",
    Form::Number(Limits {
        from: Bound::Included(0.0),
        to: Bound::Excluded(1.0),
    }),
    "0.5",
    "How probable it is that a value is left out.",
);

pub(super) const TYPES: &[Type<Kind>] = &[
    Type {
        info: TypeInfo {
            name: "dropout",
            doc: "Leaves values out at random while the network learns.",
            keys: &[P.info],
        },
        read: |fields| Dropout::read(fields, false),
    },
    Type {
        info: TypeInfo {
            name: "dropout2d",
            doc: "Leaves whole feature maps out at random while the network learns.",
            keys: &[P.info],
        },
        read: |fields| Dropout::read(fields, true),
    },
];

const NAME: &str = "dropout";

impl Dropout {
    fn read(fields: Fields<'_>, of_maps: bool) -> Result<Kind, Refusal> {
        let p = fields.get(&P)?;
        Ok(Kind::Dropout(Self { p, of_maps }))
    }
}

impl LayerKind for Dropout {
    fn stem(&self) -> &'static str {
        NAME
    }

    fn describe(&self) -> String {
        let name = if self.of_maps {
            Dimensions::Two.named(NAME)
        } else {
            NAME.to_owned()
        };
        described(name, [Some(format!("p {}", self.p))])
    }

    fn output_shape(&self, input: &Shape) -> Result<Shape, Refusal> {
        if self.of_maps {
            Dimensions::Two.maps(NAME, input)?;
        }
        Ok(input.clone())
    }
}
