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

    /// Takes in the sample itself, where an output is compared with that.
    fn keep_input<I: Tensor>(&mut self, input: &I) {
        let _ = input;
    }
}

/// A target for several outputs: what the data say of a sample, and the sample itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Labelled<L, I> {
    /// The class or the numbers.
    pub label: L,
    /// The sample as the network sees it, but for cutout and noise.
    pub input: I,
}

impl<L: Target, I: Tensor> Target for Labelled<L, I> {
    const TAKES_NUMBERS: bool = L::TAKES_NUMBERS;

    /// The label, and a sample of zeros.
    fn from_label(label: usize) -> Self {
        Self {
            label: L::from_label(label),
            input: bytemuck::Zeroable::zeroed(),
        }
    }

    fn label(&self) -> usize {
        self.label.label()
    }

    fn fill(&mut self, numbers: impl Iterator<Item = f64>) {
        self.label.fill(numbers);
    }

    fn numbers(&self) -> impl Iterator<Item = f64> {
        self.label.numbers()
    }

    fn keep_input<T: Tensor>(&mut self, input: &T) {
        for (value, from) in self.input.values_mut().iter_mut().zip(input.values()) {
            *value = Real::from_f64(from.to_f64());
        }
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_labelled_sample_is_its_label_and_the_sample() {
        let mut target = Labelled::<usize, [[f32; 2]; 1]>::from_label(3);
        assert_eq!((target.label(), target.input), (3, [[0.0; 2]]));
        target.keep_input(&[0.5_f64, -1.0]);
        assert_eq!(target.input, [[0.5, -1.0]]);
        assert_eq!(target.numbers().count(), 0);

        let mut target = Labelled::<[f64; 2], [f64; 1]>::from_label(1);
        target.fill([0.25, 0.125].into_iter());
        assert_eq!(target.numbers().collect::<Vec<_>>(), [0.25, 0.125]);
        assert_eq!(target.label(), 0);
    }
}
