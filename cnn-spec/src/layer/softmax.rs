//! `softmax`: logits become probabilities.

/// `e^{z_j} / Σ_k e^{z_k}` over a vector; the last layer of a network that is asked for probabilities.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Softmax;
