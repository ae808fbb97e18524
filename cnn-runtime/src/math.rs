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
    /// See [`sqrt`].
    #[must_use]
    fn sqrt(self) -> Self;
    /// See [`tanh`].
    #[must_use]
    fn tanh(self) -> Self;
    /// See [`exp_m1`].
    #[must_use]
    fn exp_m1(self) -> Self;
    /// See [`ln_1p`].
    #[must_use]
    fn ln_1p(self) -> Self;
    /// See [`erf`].
    #[must_use]
    fn erf(self) -> Self;
    /// See [`powi`].
    #[must_use]
    fn powi(self, exponent: u64) -> Self;
}

macro_rules! real {
    ($real:ident, $exp:ident, $ln:ident, $sqrt:ident, $tanh:ident, $exp_m1:ident, $ln_1p:ident, $erf:ident) => {
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

            fn sqrt(self) -> Self {
                libm::$sqrt(self)
            }

            fn tanh(self) -> Self {
                libm::$tanh(self)
            }

            fn exp_m1(self) -> Self {
                libm::$exp_m1(self)
            }

            fn ln_1p(self) -> Self {
                libm::$ln_1p(self)
            }

            fn erf(self) -> Self {
                libm::$erf(self)
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

real!(f32, expf, logf, sqrtf, tanhf, expm1f, log1pf, erff);
real!(f64, exp, log, sqrt, tanh, expm1, log1p, erf);

/// `eˣ`.
pub fn exp<T: Real>(x: T) -> T {
    x.exp()
}

/// The natural logarithm.
pub fn ln<T: Real>(x: T) -> T {
    x.ln()
}

/// The square root.
pub fn sqrt<T: Real>(x: T) -> T {
    x.sqrt()
}

/// The hyperbolic tangent.
pub fn tanh<T: Real>(x: T) -> T {
    x.tanh()
}

/// `eˣ − 1`, exact where `x` is small.
pub fn exp_m1<T: Real>(x: T) -> T {
    x.exp_m1()
}

/// `ln(1 + x)`, exact where `x` is small.
pub fn ln_1p<T: Real>(x: T) -> T {
    x.ln_1p()
}

/// The error function, `2/√π` times the integral of `e^(−t²)` from 0 to `x`.
pub fn erf<T: Real>(x: T) -> T {
    x.erf()
}

/// `x` to a whole power, by repeated squaring.
pub fn powi<T: Real>(x: T, exponent: u64) -> T {
    x.powi(exponent)
}

/// `ln(1 + eˣ)`: near zero for small `x`, near `x` for large.
pub fn softplus<T: Real>(x: T) -> T {
    let (largest, distance) = if x > T::ZERO { (x, x) } else { (T::ZERO, -x) };
    largest + ln_1p(exp(-distance))
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
    let (blocks, rest) = xs.as_chunks::<LANES>();
    let (others, other_rest) = ys.as_chunks::<LANES>();
    for (block, other) in blocks.iter().zip(others) {
        for (sum, (x, y)) in sums.iter_mut().zip(block.iter().zip(other)) {
            *sum += *x * *y;
        }
    }
    for (sum, (x, y)) in sums.iter_mut().zip(rest.iter().zip(other_rest)) {
        *sum += *x * *y;
    }
    sums.into_iter().fold(T::ZERO, Add::add)
}
