//! `zero_pad2d`: zeros around feature maps, as many as wished on each side.

use super::{Dimensions, Kind, LayerKind, Padding};
use crate::fields::{Type, Value};
use crate::grammar::{Form, Key, TypeInfo};
use crate::receptive_field::{Axis, Reach};
use crate::refusal::Refusal;
use crate::shape::Shape;
use toml::de::DeValue;

/// Zeros around feature maps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ZeroPad2d {
    /// Rows and columns on each side.
    pub padding: Padding,
}

const PADDING: Key<Padding> = Key::required(
    "padding",
    Form::Either(&Form::MARGIN, &Form::Sides),
    "Zeros on every side, or `[left, right, top, bottom]`.",
);

pub(super) const TYPES: &[Type<Kind>] = &[Type {
    info: TypeInfo {
        name: "zero_pad2d",
        doc: "Zeros around feature maps.",
        keys: &[PADDING.info],
    },
    read: |fields| {
        let padding = fields.get(&PADDING)?;
        Ok(Kind::ZeroPad2d(ZeroPad2d { padding }))
    },
}];

impl Value for Padding {
    fn read(value: &DeValue<'_>) -> Option<Self> {
        let [left, right, top, bottom] = match value {
            DeValue::Array(_) => Vec::<usize>::read(value)?.try_into().ok()?,
            _ => [usize::read(value)?; 4],
        };
        Some(Self {
            top,
            bottom,
            left,
            right,
        })
    }
}

impl LayerKind for ZeroPad2d {
    fn stem(&self) -> &'static str {
        "pad"
    }

    fn describe(&self) -> String {
        format!("zero_pad2d {}", self.padding)
    }

    fn output_shape(&self, input: &Shape) -> Result<Shape, Refusal> {
        let [channels, height, width] = Dimensions::Two.maps("zero_pad", input)?;
        let Padding {
            top,
            bottom,
            left,
            right,
        } = self.padding;
        Dimensions::Two.shape(channels, top + height + bottom, left + width + right)
    }

    fn reach(&self, axis: Axis, _input: &Shape, output: &Shape) -> Reach {
        Reach::sliding(axis.size(output), 1, 1, axis.before(self.padding))
    }
}
