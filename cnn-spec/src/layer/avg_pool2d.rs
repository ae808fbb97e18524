//! `avg_pool2d`: the mean of each window, a convolution with fixed weights.

use super::pool::{self, Window};
use super::{Kind, LayerKind, Pair};
use crate::fields::Type;
use crate::grammar::TypeInfo;
use crate::refusal::Refusal;
use crate::shape::Shape;

/// The mean of each window; padding counts as zeros, as PyTorch's `count_include_pad` does by default.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AvgPool2d {
    /// Height and width of the window.
    pub kernel_size: Pair,
    /// Rows and columns from one window to the next; by default the window's size.
    pub stride: Pair,
    /// Rows and columns of zeros around the input, at most half the window.
    pub padding: Pair,
}

pub(super) const TYPES: &[Type<Kind>] = &[Type {
    info: TypeInfo {
        name: NAME,
        doc: "The mean of each window, padding counted as zeros.",
        keys: pool::KEYS,
    },
    read: |fields| {
        let Window {
            kernel_size,
            stride,
            padding,
        } = Window::read(fields)?;
        Ok(Kind::AvgPool2d(AvgPool2d {
            kernel_size,
            stride,
            padding,
        }))
    },
}];

const NAME: &str = "avg_pool2d";

impl AvgPool2d {
    fn window(&self) -> Window {
        Window {
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
}
