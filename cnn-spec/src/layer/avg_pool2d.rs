//! `avg_pool2d`: the mean of each window, a convolution with fixed weights.

use super::Pair;

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
