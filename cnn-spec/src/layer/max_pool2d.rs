//! `max_pool2d`: the largest value of each window.

use super::pool::{self, Window};
use super::{Dimensions, Kind, LayerKind, Pair};
use crate::fields::{Fields, Type};
use crate::grammar::TypeInfo;
use crate::receptive_field::{Axis, Reach};
use crate::refusal::Refusal;
use crate::shape::Shape;

/// The largest value of each window; the first one in reading order where several are equal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MaxPool2d {
    /// What it slides along; in one dimension every height is 1.
    pub dimensions: Dimensions,
    /// Height and width of the window.
    pub kernel_size: Pair,
    /// Rows and columns from one window to the next; by default the window's size.
    pub stride: Pair,
    /// Rows and columns of −∞ around the input, at most half the window.
    pub padding: Pair,
}

pub(super) const TYPES: &[Type<Kind>] = &[
    Type {
        info: TypeInfo {
            name: "max_pool2d",
            doc: "The largest value of each window.",
            keys: pool::KEYS,
        },
        read: |fields| MaxPool2d::read(fields, Dimensions::Two),
    },
    Type {
        info: TypeInfo {
            name: "max_pool1d",
            doc: "The largest value of each window of a sequence.",
            keys: pool::KEYS_1D,
        },
        read: |fields| MaxPool2d::read(fields, Dimensions::One),
    },
];

const NAME: &str = "max_pool";

impl MaxPool2d {
    fn read(fields: Fields<'_>, dimensions: Dimensions) -> Result<Kind, Refusal> {
        let Window {
            dimensions,
            kernel_size,
            stride,
            padding,
        } = Window::read(fields, dimensions)?;
        Ok(Kind::MaxPool2d(Self {
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

impl LayerKind for MaxPool2d {
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
