//! Nested arrays seen as one flat run of values.
//!
//! Kernels do so in their innermost loops, where a call would cost more than the arithmetic around it: hence
//! `inline(always)`.

#![allow(clippy::inline_always)]

use crate::math::Real;
use crate::zeroed::Zeroed;

/// A nested array of numbers, `[[[f32; W]; H]; C]`, or a single number.
pub trait Tensor: Zeroed + Clone + Send + Sync + 'static {
    /// The type of the numbers.
    type Scalar: Real;

    /// The numbers of several tensors, one after the other, the last index running fastest.
    fn flat(tensors: &[Self]) -> &[Self::Scalar];

    /// The same, to be written to.
    fn flat_mut(tensors: &mut [Self]) -> &mut [Self::Scalar];

    /// The numbers of this tensor.
    #[inline(always)]
    fn values(&self) -> &[Self::Scalar] {
        Self::flat(core::slice::from_ref(self))
    }

    /// The numbers of this tensor, to be written to.
    #[inline(always)]
    fn values_mut(&mut self) -> &mut [Self::Scalar] {
        Self::flat_mut(core::slice::from_mut(self))
    }
}

macro_rules! scalars {
    ($($scalar:ty),*) => {$(
        impl Tensor for $scalar {
            type Scalar = Self;

            #[inline(always)]
            fn flat(tensors: &[Self]) -> &[Self] {
                tensors
            }

            #[inline(always)]
            fn flat_mut(tensors: &mut [Self]) -> &mut [Self] {
                tensors
            }
        }
    )*};
}

scalars!(f32, f64);

impl<A: Tensor, const N: usize> Tensor for [A; N] {
    type Scalar = A::Scalar;

    #[inline(always)]
    fn flat(tensors: &[Self]) -> &[Self::Scalar] {
        A::flat(tensors.as_flattened())
    }

    #[inline(always)]
    fn flat_mut(tensors: &mut [Self]) -> &mut [Self::Scalar] {
        A::flat_mut(tensors.as_flattened_mut())
    }
}
