//! Functions of every lane, each with its largest error in units in the last place of the exact result: as measured at
//! every 32nd number of the whole range, with fused multiply-adds and without.

use super::{Simd, splat};
use core::f32::consts::{FRAC_1_SQRT_2, LOG2_E};
use fearless_simd::{Bytes as _, Select as _, SimdBase as _, SimdFloat as _, SimdInt as _};

/// `ln 2` in two parts, the first of which has few digits, so that its whole multiples are exact.
const LN_2: [f32; 2] = [0.693_359_4, -2.121_944_4e-4];

/// `eˣ` to 1.1 units in the last place; `x` below −87 counts as −87.
#[inline(always)]
pub fn exp<S: Simd>(simd: S, x: S::f32s) -> S::f32s {
    let (rest, scale) = reduced_exp(simd, x);
    (rest + 1.0) * scale
}

/// `eˣ − 1` to 1.6 units in the last place, however small `x` is.
#[inline(always)]
pub fn exp_m1<S: Simd>(simd: S, x: S::f32s) -> S::f32s {
    let (rest, scale) = reduced_exp(simd, x);
    rest.mul_add(scale, scale - 1.0)
}

/// `eʳ − 1` and `2ⁿ`, where `x = n ln 2 + r` with a small `r`.
#[inline(always)]
fn reduced_exp<S: Simd>(simd: S, x: S::f32s) -> (S::f32s, S::f32s) {
    /// Adding it rounds to a whole number.
    const ROUND: f32 = 12_582_912.0;
    /// `(eʳ − 1 − r) / r²` around zero, highest power first (Cephes).
    const SERIES: [f32; 6] = [
        1.987_569_1e-4,
        1.398_199_9e-3,
        8.333_452e-3,
        4.166_579_6e-2,
        1.666_666_5e-1,
        0.5,
    ];
    let x = x.max(splat(simd, -87.0)).min(splat(simd, 88.0));
    let whole = x.mul_add(splat(simd, LOG2_E), splat(simd, ROUND)) - ROUND;
    let rest = whole.mul_add(splat(simd, -LN_2[0]), x);
    let rest = whole.mul_add(splat(simd, -LN_2[1]), rest);
    let power = (series(simd, &SERIES, rest) * rest).mul_add(rest, rest);
    let exponent: S::i32s = whole.to_int();
    (power, ((exponent + 127) << 23).bitcast::<S::f32s>())
}

/// A polynomial, highest power first.
#[inline(always)]
fn series<S: Simd>(simd: S, coefficients: &[f32], x: S::f32s) -> S::f32s {
    let mut sum = splat(simd, coefficients[0]);
    for coefficient in &coefficients[1..] {
        sum = sum.mul_add(x, splat(simd, *coefficient));
    }
    sum
}

/// The natural logarithm to 0.9 units in the last place, of normal numbers above zero.
#[inline(always)]
pub fn ln<S: Simd>(simd: S, x: S::f32s) -> S::f32s {
    /// The bits of `√½`.
    const ROOT: i32 = 0x3f35_04f3;
    /// `(ln(1 + f) − f + f²/2) / f³` from `√½ − 1` to `√2 − 1`, highest power first.
    const SERIES: [f32; 8] = [
        -7.634_482e-2,
        1.276_157e-1,
        -1.316_018_6e-1,
        1.420_175_9e-1,
        -1.662_335_7e-1,
        2.000_122_7e-1,
        -2.500_082e-1,
        3.333_333e-1,
    ];
    let bits = x.bitcast::<S::i32s>();
    let exponent = (bits - ROOT) >> 23;
    let f = (bits - (exponent << 23)).bitcast::<S::f32s>() - 1.0;
    let whole: S::f32s = exponent.to_float();
    let square = f * f;
    let small = (series(simd, &SERIES, f) * f - 0.5).mul_add(square, whole * LN_2[1]);
    whole.mul_add(splat(simd, LN_2[0]), f + small)
}

/// `ln(1 + x)` to 1.3 units in the last place, of numbers that are not negative, however small.
#[inline(always)]
pub fn ln_1p<S: Simd>(simd: S, x: S::f32s) -> S::f32s {
    let sum = x + 1.0;
    // What the sum has lost.
    let lost = x - (sum - 1.0);
    ln(simd, sum) + lost / sum
}

/// The logistic function `1 / (1 + e⁻ˣ)`, to 2.5 units in the last place; `x` below −88 counts as −88.
#[inline(always)]
pub fn sigmoid<S: Simd>(simd: S, x: S::f32s) -> S::f32s {
    splat(simd, 1.0) / (exp(simd, -x) + 1.0)
}

/// `ln(1 + eˣ)` to 2.1 units in the last place, where it is not below that of −87.
#[inline(always)]
pub fn softplus<S: Simd>(simd: S, x: S::f32s) -> S::f32s {
    let size = x.max(-x);
    x.max(0.0) + ln_1p(simd, exp(simd, -size))
}

/// `x` where positive, else `alpha · (eˣ − 1)`: an ELU.
#[inline(always)]
pub fn elu<S: Simd>(simd: S, x: S::f32s, alpha: f32) -> S::f32s {
    x.simd_gt(splat(simd, 0.0))
        .select(x, exp_m1(simd, x) * alpha)
}

/// The hyperbolic tangent, to 1.4 units in the last place.
#[inline(always)]
pub fn tanh<S: Simd>(simd: S, x: S::f32s) -> S::f32s {
    /// Odd powers of `x` from `x³`, highest first (Cephes), for `|x|` below 0.625.
    const SERIES: [f32; 5] = [
        -5.704_988_7e-3,
        2.063_909e-2,
        -5.373_971_5e-2,
        1.333_144_2e-1,
        -3.333_328e-1,
    ];
    let size = x.max(-x);
    let square = x * x;
    let small = (series(simd, &SERIES, square) * square).mul_add(x, x);
    let large = splat(simd, 1.0) - splat(simd, 2.0) / (exp(simd, size + size) + 1.0);
    size.simd_lt(splat(simd, 0.625))
        .select(small, large.copysign(x))
}

/// The error function, `2/√π` times the integral of `e^(−t²)` from 0 to `x`, to 1.4 units in the last place.
#[inline(always)]
pub fn erf<S: Simd>(simd: S, x: S::f32s) -> S::f32s {
    /// `erf(x)/x − 1` in powers of `x²`, highest first, for `|x|` below 0.93.
    const SMALL: [f32; 6] = [
        -5.953_741e-4,
        4.985_940_6e-3,
        -2.676_172e-2,
        1.128_168_26e-1,
        -3.761_248e-1,
        1.283_791_5e-1,
    ];
    /// `−ln(1 − erf(x)) / x` for `x` up to 4, beyond which `erf(x)` is rounded to one.
    const LARGE: [f32; 6] = [
        -2.145_951_6e-4,
        3.219_976_6e-3,
        -2.290_603_3e-2,
        1.052_868_6e-1,
        6.356_994e-1,
        1.128_52,
    ];
    let size = x.max(-x).min(splat(simd, 4.0));
    let small = (series(simd, &SMALL, x * x)).mul_add(x, x);
    let rest = exp(simd, -(series(simd, &LARGE, size) * size));
    let large = splat(simd, 1.0) - rest;
    size.simd_lt(splat(simd, 0.93))
        .select(small, large.copysign(x))
}

/// The normal distribution `(1 + erf(x / √2)) / 2`, to 1e-7.
#[inline(always)]
pub fn normal<S: Simd>(simd: S, x: S::f32s) -> S::f32s {
    erf(simd, x * FRAC_1_SQRT_2).mul_add(splat(simd, 0.5), splat(simd, 0.5))
}
