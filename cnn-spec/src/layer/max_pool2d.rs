//! `max_pool2d`: the largest value of each window.

use super::pool::{self, Window};
use super::{Kind, LayerKind, Pair};
use crate::fields::Type;
use crate::grammar::TypeInfo;
use crate::refusal::Refusal;
use crate::shape::Shape;

/// The largest value of each window; the first one in reading order where several are equal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MaxPool2d {
    /// Height and width of the window.
    pub kernel_size: Pair,
    /// Rows and columns from one window to the next; by default the window's size.
    pub stride: Pair,
    /// Rows and columns of −∞ around the input, at most half the window.
    pub padding: Pair,
}

pub(super) const TYPES: &[Type<Kind>] = &[Type {
    info: TypeInfo {
        name: NAME,
        doc: "The largest value of each window.",
        keys: pool::KEYS,
    },
    read: |fields| {
        let Window {
            kernel_size,
            stride,
            padding,
        } = Window::read(fields)?;
        Ok(Kind::MaxPool2d(MaxPool2d {
            kernel_size,
            stride,
            padding,
        }))
    },
}];

const NAME: &str = "max_pool2d";

impl MaxPool2d {
    fn window(&self) -> Window {
        Window {
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
}
