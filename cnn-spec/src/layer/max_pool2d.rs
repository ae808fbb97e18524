//! `max_pool2d`: the largest value of each window.

use super::Pair;

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
