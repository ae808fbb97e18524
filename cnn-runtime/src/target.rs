//! What an output is compared with.

use crate::math::Real;
use crate::tensor::Tensor;

/// What a loss compares an output with: a class label, or a tensor of the output's shape.
pub trait Target: Clone + Send + Sync + 'static {
    /// Whether it is a tensor, which takes other numbers than those of a class.
    const TAKES_NUMBERS: bool;

    /// The target of a sample of class `label`: the label itself, or a one-hot tensor.
    fn from_label(label: usize) -> Self;

    /// The class that this target names.
    fn label(&self) -> usize;

    /// Has these numbers instead, as many as it can take; the index of a class takes none.
    fn fill(&mut self, numbers: impl Iterator<Item = f64>);

    /// The numbers that it has; the index of a class has none.
    fn numbers(&self) -> impl Iterator<Item = f64>;
}

impl Target for usize {
    const TAKES_NUMBERS: bool = false;

    fn from_label(label: usize) -> Self {
        label
    }

    fn label(&self) -> usize {
        *self
    }

    fn fill(&mut self, _: impl Iterator<Item = f64>) {}

    fn numbers(&self) -> impl Iterator<Item = f64> {
        core::iter::empty()
    }
}

impl<A: Tensor, const N: usize> Target for [A; N] {
    const TAKES_NUMBERS: bool = true;

    /// One at `label`, zero elsewhere; all zero if there is no such class.
    fn from_label(label: usize) -> Self {
        let mut one_hot = <Self as bytemuck::Zeroable>::zeroed();
        if let Some(value) = one_hot.values_mut().get_mut(label) {
            *value = A::Scalar::ONE;
        }
        one_hot
    }

    fn label(&self) -> usize {
        argmax(self)
    }

    fn fill(&mut self, numbers: impl Iterator<Item = f64>) {
        for (value, number) in self.values_mut().iter_mut().zip(numbers) {
            *value = A::Scalar::from_f64(number);
        }
    }

    fn numbers(&self) -> impl Iterator<Item = f64> {
        self.values().iter().map(|value| value.to_f64())
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
