//! `max_pool2d`: the largest value of each window.

use super::pool::{self, PoolWindow};
use super::{Dimensions, Kind, LayerKind};
use crate::fields::{Fields, Type};
use crate::grammar::TypeInfo;
use crate::receptive_field::{Axis, Reach};
use crate::refusal::Refusal;
use crate::shape::Shape;

/// The largest value of each window; the first one in reading order where several are equal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MaxPool2d {
    /// What slides over each feature map; around the input are −∞.
    pub window: PoolWindow,
}

pub(super) const TYPES: &[Type<Kind>] = &[
    Type {
        info: TypeInfo {
            name: "max_pool2d",
            doc: "The largest value of each window.",
            keys: pool::KEYS,
        },
        read: |fields| read(fields, Dimensions::Two),
    },
    Type {
        info: TypeInfo {
            name: "max_pool1d",
            doc: "The largest value of each window of a sequence.",
            keys: pool::KEYS_1D,
        },
        read: |fields| read(fields, Dimensions::One),
    },
];

const NAME: &str = "max_pool";

fn read(fields: Fields<'_>, dimensions: Dimensions) -> Result<Kind, Refusal> {
    let window = PoolWindow::read(fields, dimensions)?;
    Ok(Kind::MaxPool2d(MaxPool2d { window }))
}

impl LayerKind for MaxPool2d {
    fn stem(&self) -> &'static str {
        pool::STEM
    }

    fn describe(&self) -> String {
        self.window.describe(NAME)
    }

    fn output_shape(&self, input: &Shape) -> Result<Shape, Refusal> {
        self.window.output_shape(NAME, input)
    }

    fn reach(&self, axis: Axis, _input: &Shape, output: &Shape) -> Reach {
        self.window.reach(axis, output)
    }
}
