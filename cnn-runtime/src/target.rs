//! What an output is compared with.

use crate::tensor::Tensor;

/// What a loss compares an output with: a class label, or a tensor of the output's shape.
pub trait Target: Clone + Send + Sync + 'static {
    /// The target of a sample of class `label`: the label itself, or a one-hot tensor.
    fn from_label(label: usize) -> Self;

    /// The class that this target names.
    fn label(&self) -> usize;
}

impl Target for usize {
    fn from_label(label: usize) -> Self {
        label
    }

    fn label(&self) -> usize {
        *self
    }
}

impl<A: Tensor, const N: usize> Target for [A; N] {
    /// One at `label`, zero elsewhere; all zero if there is no such class.
    fn from_label(label: usize) -> Self {
        let mut one_hot = <Self as bytemuck::Zeroable>::zeroed();
        if let Some(value) = one_hot.values_mut().get_mut(label) {
            *value = <A::Scalar as crate::math::Real>::ONE;
        }
        one_hot
    }

    fn label(&self) -> usize {
        argmax(self)
    }
}

/// The index of the largest value, the first one where several are equal.
pub fn argmax<T: Tensor>(tensor: &T) -> usize {
    let values = tensor.values();
    let mut best = 0;
    for (index, value) in values.iter().enumerate() {
        if *value > values[best] {
            best = index;
        }
    }
    best
}
