//! The kinds of layers: one file each, with its keys, its shape rule, its parameters and its cost.

mod activation;
mod avg_pool2d;
mod conv2d;
mod dense;
mod flatten;
mod max_pool2d;
mod softmax;

pub use activation::Activation;
pub use avg_pool2d::AvgPool2d;
pub use conv2d::{Conv2d, ConvBias, ConvMode};
pub use dense::Dense;
pub use flatten::Flatten;
pub use max_pool2d::MaxPool2d;
pub use softmax::Softmax;

/// What a layer computes.
#[derive(Clone, Debug, PartialEq)]
pub enum Kind {
    /// See [`Conv2d`].
    Conv2d(Conv2d),
    /// See [`MaxPool2d`].
    MaxPool2d(MaxPool2d),
    /// See [`AvgPool2d`].
    AvgPool2d(AvgPool2d),
    /// See [`Dense`].
    Dense(Dense),
    /// See [`Flatten`].
    Flatten(Flatten),
    /// See [`Activation`].
    Activation(Activation),
    /// See [`Softmax`].
    Softmax(Softmax),
}

/// A number for rows and one for columns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pair {
    /// Rows.
    pub height: usize,
    /// Columns.
    pub width: usize,
}

/// Zeros around an input; `"same"` with an even kernel needs one more at the bottom and on the right.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Padding {
    /// Rows above.
    pub top: usize,
    /// Rows below.
    pub bottom: usize,
    /// Columns on the left.
    pub left: usize,
    /// Columns on the right.
    pub right: usize,
}
