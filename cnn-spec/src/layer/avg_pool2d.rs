//! `avg_pool2d`: the mean of each window, a convolution with fixed weights.

use super::pool::{self, PoolWindow};
use super::{Dimensions, Kind, LayerKind};
use crate::fields::{Fields, Type};
use crate::grammar::TypeInfo;
use crate::receptive_field::{Axis, Reach};
use crate::refusal::Refusal;
use crate::shape::Shape;

/// The mean of each window; padding counts as zeros, as PyTorch's `count_include_pad` does by default.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AvgPool2d {
    /// What slides over each feature map; around the input are zeros.
    pub window: PoolWindow,
}

pub(super) const TYPES: &[Type<Kind>] = &[
    Type {
        info: TypeInfo {
            name: "avg_pool2d",
            doc: "The mean of each window, padding counted as zeros.",
            keys: pool::KEYS,
        },
        read: |fields| read(fields, Dimensions::Two),
    },
    Type {
        info: TypeInfo {
            name: "avg_pool1d",
            doc: "The mean of each window of a sequence, padding counted as zeros.",
            keys: pool::KEYS_1D,
        },
        read: |fields| read(fields, Dimensions::One),
    },
];

const NAME: &str = "avg_pool";

fn read(fields: Fields<'_>, dimensions: Dimensions) -> Result<Kind, Refusal> {
    let window = PoolWindow::read(fields, dimensions)?;
    Ok(Kind::AvgPool2d(AvgPool2d { window }))
}

impl LayerKind for AvgPool2d {
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
