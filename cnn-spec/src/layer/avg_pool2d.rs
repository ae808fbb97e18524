//! `avg_pool2d`: the mean of each window, a convolution with fixed weights.

use super::pool::{self, Window};
use super::{Dimensions, Kind, LayerKind, Pair};
use crate::fields::{Fields, Type};
use crate::grammar::TypeInfo;
use crate::receptive_field::{Axis, Reach};
use crate::refusal::Refusal;
use crate::shape::Shape;

/// The mean of each window; padding counts as zeros, as PyTorch's `count_include_pad` does by default.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AvgPool2d {
    /// What it slides along; in one dimension every height is 1.
    pub dimensions: Dimensions,
    /// Height and width of the window.
    pub kernel_size: Pair,
    /// Rows and columns from one window to the next; by default the window's size.
    pub stride: Pair,
    /// Rows and columns of zeros around the input, at most half the window.
    pub padding: Pair,
}

pub(super) const TYPES: &[Type<Kind>] = &[
    Type {
        info: TypeInfo {
            name: "avg_pool2d",
            doc: "The mean of each window, padding counted as zeros.",
            keys: pool::KEYS,
        },
        read: |fields| AvgPool2d::read(fields, Dimensions::Two),
    },
    Type {
        info: TypeInfo {
            name: "avg_pool1d",
            doc: "The mean of each window of a sequence, padding counted as zeros.",
            keys: pool::KEYS_1D,
        },
        read: |fields| AvgPool2d::read(fields, Dimensions::One),
    },
];

const NAME: &str = "avg_pool";

impl AvgPool2d {
    fn read(fields: Fields<'_>, dimensions: Dimensions) -> Result<Kind, Refusal> {
        let Window {
            dimensions,
            kernel_size,
            stride,
            padding,
        } = Window::read(fields, dimensions)?;
        Ok(Kind::AvgPool2d(Self {
            dimensions,
            kernel_size,
            stride,
            padding,
        }))
    }

    fn window(&self) -> Window {
        Window {
            dimensions: self.dimensions,
            kernel_size: self.kernel_size,
            stride: self.stride,
            padding: self.padding,
        }
    }
}

impl LayerKind for AvgPool2d {
    fn stem(&self) -> &'static str {
        pool::STEM
    }

    fn describe(&self) -> String {
        self.window().describe(NAME)
    }

    fn output_shape(&self, input: &Shape) -> Result<Shape, Refusal> {
        self.window().output_shape(NAME, input)
    }

    fn reach(&self, axis: Axis, _input: &Shape, output: &Shape) -> Reach {
        self.window().reach(axis, output)
    }
}
