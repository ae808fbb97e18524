//! The functions that `core` lacks, the same bits on every platform.

use crate::tensor::Tensor;
use core::fmt::{Debug, Display};
use core::ops::{Add, AddAssign, Div, Mul, Neg, Sub};

/// `f32` or `f64`.
pub trait Real:
    Tensor<Scalar = Self>
    + Copy
    + PartialOrd
    + Debug
    + Display
    + Add<Output = Self>
    + AddAssign
    + Sub<Output = Self>
    + Mul<Output = Self>
    + Div<Output = Self>
    + Neg<Output = Self>
{
    /// The name of the type.
    const NAME: &'static str;
    /// One.
    const ONE: Self;

    /// The nearest value of this type.
    fn from_f64(value: f64) -> Self;
    /// The same value in double precision.
    fn to_f64(self) -> f64;
    /// The whole number next to this value towards zero.
    fn truncate(self) -> i32;
    /// See [`exp`].
    #[must_use]
    fn exp(self) -> Self;
    /// See [`ln`].
    #[must_use]
    fn ln(self) -> Self;
    /// See [`ln_1p`].
    #[must_use]
    fn ln_1p(self) -> Self;
    /// See [`sqrt`].
    #[must_use]
    fn sqrt(self) -> Self;
    /// See [`tanh`].
    #[must_use]
    fn tanh(self) -> Self;
    /// See [`powi`].
    #[must_use]
    fn powi(self, exponent: u64) -> Self;
}

macro_rules! real {
    ($real:ident, $exp:ident, $ln:ident, $ln_1p:ident, $sqrt:ident, $tanh:ident) => {
        impl Real for $real {
            const NAME: &'static str = stringify!($real);
            const ONE: Self = 1.0;

            #[allow(clippy::cast_lossless)]
            fn from_f64(value: f64) -> Self {
                value as Self
            }

            #[allow(clippy::cast_lossless)]
            fn to_f64(self) -> f64 {
                self as f64
            }

            #[inline]
            fn truncate(self) -> i32 {
                self as i32
            }

            fn exp(self) -> Self {
                libm::$exp(self)
            }

            fn ln(self) -> Self {
                libm::$ln(self)
            }

            fn ln_1p(self) -> Self {
                libm::$ln_1p(self)
            }

            fn sqrt(self) -> Self {
                libm::$sqrt(self)
            }

            fn tanh(self) -> Self {
                libm::$tanh(self)
            }

            fn powi(self, mut exponent: u64) -> Self {
                let (mut square, mut power) = (self, 1.0);
                while exponent > 0 {
                    if exponent % 2 == 1 {
                        power *= square;
                    }
                    square *= square;
                    exponent /= 2;
                }
                power
            }
        }
    };
}

real!(f32, expf, logf, log1pf, sqrtf, tanhf);
real!(f64, exp, log, log1p, sqrt, tanh);

/// `eˣ`.
pub fn exp<T: Real>(x: T) -> T {
    x.exp()
}

/// The natural logarithm.
pub fn ln<T: Real>(x: T) -> T {
    x.ln()
}

/// `ln(1 + x)`, also where `x` is so small that the sum would lose it.
pub fn ln_1p<T: Real>(x: T) -> T {
    x.ln_1p()
}

/// `ln(1 + eˣ)`: near zero for small `x`, near `x` for large.
pub fn softplus<T: Real>(x: T) -> T {
    let (largest, distance) = if x > T::ZERO { (x, x) } else { (T::ZERO, -x) };
    largest + ln_1p(exp(-distance))
}

/// The square root.
pub fn sqrt<T: Real>(x: T) -> T {
    x.sqrt()
}

/// `Σ x²`, with 16 sums side by side; always in the same order.
#[allow(clippy::inline_always)]
#[inline(always)]
pub fn sum_of_squares<T: Real>(values: &[T]) -> T {
    dot(values, values)
}

/// `Σ x y`, likewise.
#[allow(clippy::inline_always)]
#[inline(always)]
pub fn dot<T: Real>(xs: &[T], ys: &[T]) -> T {
    const LANES: usize = 16;
    let mut sums = [T::ZERO; LANES];
    let ((xs, last_xs), (ys, last_ys)) = (xs.as_chunks::<LANES>(), ys.as_chunks::<LANES>());
    for (xs, ys) in xs.iter().zip(ys) {
        for (sum, (x, y)) in sums.iter_mut().zip(xs.iter().zip(ys)) {
            *sum += *x * *y;
        }
    }
    for (sum, (x, y)) in sums.iter_mut().zip(last_xs.iter().zip(last_ys)) {
        *sum += *x * *y;
    }
    sums.into_iter().fold(T::ZERO, Add::add)
}

/// The hyperbolic tangent.
pub fn tanh<T: Real>(x: T) -> T {
    x.tanh()
}

/// `x` to a whole power, by repeated squaring.
pub fn powi<T: Real>(x: T, exponent: u64) -> T {
    x.powi(exponent)
}
