//! `dense`: every output is a weighted sum of every input.

/// A fully connected layer: `W · in + b` with `W` of shape `[out_features, in_features]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dense {
    /// What the file says of the input; checked against what is there.
    pub in_features: Option<usize>,
    /// Values that it puts out.
    pub out_features: usize,
    /// Whether `b` is there.
    pub bias: bool,
}
