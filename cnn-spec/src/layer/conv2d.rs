//! `conv2d`: a small kernel slides over every feature map.

use super::{Padding, Pair};

/// A two-dimensional convolution; its output size is `(H + p − d (k − 1) − 1) / s + 1`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Conv2d {
    /// Feature maps that it puts out.
    pub out_channels: usize,
    /// Height and width of each kernel.
    pub kernel_size: Pair,
    /// Rows and columns from one output position to the next.
    pub stride: Pair,
    /// Zeros around the input.
    pub padding: Padding,
    /// Rows and columns from one tap to the next.
    pub dilation: Pair,
    /// Groups of channels that do not see each other.
    pub groups: usize,
    /// What is added to the sum.
    pub bias: ConvBias,
    /// Whether the kernel is turned by 180°.
    pub mode: ConvMode,
}

/// The bias of a [`Conv2d`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ConvBias {
    /// One for each feature map: `[out_channels]`.
    #[default]
    Channel,
    /// One for each output position: `[out_channels, height, width]`.
    Position,
    /// None.
    None,
}

/// How a [`Conv2d`]'s kernel meets the input.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ConvMode {
    /// `Σ w[ky, kx] · in[y + ky, x + kx]`: what frameworks call a convolution.
    #[default]
    CrossCorrelation,
    /// `Σ w[ky, kx] · in[y + K−1−ky, x + K−1−kx]`: the kernel turned by 180°.
    Convolution,
}
