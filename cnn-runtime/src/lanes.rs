//! Samples side by side: the memory and the vectors of the simd kernels.
//!
//! A block is as many samples as the machine's vectors are wide: sixteen with AVX-512, eight with AVX2, four elsewhere.
//! A tensor of a block is a nested array of [`Vector`]s, one lane for each sample, so that what a layer computes for one
//! sample in scalars it computes for a block in vectors.
//!
//! Everything here is inlined: the instruction set belongs to the function that has chosen it.

#![allow(clippy::inline_always)]

mod routes;

pub use crate::dispatch_lanes as dispatch;
pub use fearless_simd::{Level, Simd, SimdBase, SimdFloat};
pub use routes::{Route, end_routes, exchange, route, window, window_mut};

/// What the kernels call vectors and their methods by.
pub mod prelude {
    pub use super::{Lanes, Room, Vector};
    pub use fearless_simd::{Select as _, Simd as _, SimdBase as _, SimdFloat as _, f32x16};
}

use crate::zeroed::Zeroed;
use bytemuck::{Pod, Zeroable};
use fearless_simd::{Bytes as _, Select as _};

/// The most samples that a block can have.
pub const MOST: usize = 16;

/// An instruction set whose vectors are stored as plain arrays.
pub trait Lanes: Simd<f32s: SimdBase<Self, Array: Pod>> {
    /// The samples of a block.
    const COUNT: usize = <Self::f32s as SimdBase<Self>>::LEN;
}

impl<S: Simd<f32s: SimdBase<S, Array: Pod>>> Lanes for S {}

/// One value of each sample of a block: `[f32; 8]` with AVX2.
pub type Vector<S> = <<S as Simd>::f32s as SimdBase<S>>::Array;

/// Room for one value of each sample of the largest block.
///
/// Memory is laid out before the instruction set is known; [`view`] sees as much of it as a tensor needs.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[repr(C, align(64))]
pub struct Room([f32; MOST]);

// SAFETY: it is an array of numbers as large as its alignment: every bit pattern is a value, and nothing is padding.
unsafe impl Zeroable for Room {}
// SAFETY: as above.
unsafe impl Pod for Room {}

impl Zeroed for Room {
    const ZERO: Self = Self([0.0; MOST]);
}

/// A tensor of vectors in the room that it has.
///
/// # Panics
/// If it does not fit.
#[inline(always)]
pub fn view<T: Pod>(room: &[Room]) -> &T {
    bytemuck::from_bytes(&bytemuck::cast_slice(room)[..size_of::<T>()])
}

/// The same, to be written to.
///
/// # Panics
/// If it does not fit.
#[inline(always)]
pub fn view_mut<T: Pod>(room: &mut [Room]) -> &mut T {
    bytemuck::from_bytes_mut(&mut bytemuck::cast_slice_mut(room)[..size_of::<T>()])
}

/// As many tensors of vectors as the room has space for, to be written to.
#[inline(always)]
pub fn views_mut<T: Pod>(room: &mut [Room]) -> &mut [T] {
    let values: &mut [f32] = bytemuck::cast_slice_mut(room);
    let count = size_of_val(values) / size_of::<T>();
    bytemuck::cast_slice_mut(&mut values[..count * (size_of::<T>() / size_of::<f32>())])
}

/// The machine's instruction set; without `std`, the one that the program is compiled for.
pub fn level() -> Level {
    #[cfg(feature = "std")]
    return Level::new();
    #[cfg(not(feature = "std"))]
    return Level::baseline();
}

/// Evaluates an expression with the token of an instruction set, of which few are distinguished to keep compiling short:
/// `dispatch!(level, simd => work(simd))`.
#[cfg(all(
    any(target_arch = "x86", target_arch = "x86_64"),
    target_feature = "sse2"
))]
#[doc(hidden)]
#[macro_export]
macro_rules! dispatch_lanes {
    ($level:expr, $simd:pat => $work:expr) => {{
        let level: $crate::lanes::Level = $level;
        if let Some($simd) = level.as_avx512() {
            $work
        } else if let Some($simd) = level.as_avx2() {
            $work
        } else if let Some($simd) = level.as_sse2() {
            $work
        } else {
            unreachable!("programs are compiled for SSE2")
        }
    }};
}

/// Evaluates an expression with the token of an instruction set, of which there is one here:
/// `dispatch!(level, simd => work(simd))`.
#[cfg(not(all(
    any(target_arch = "x86", target_arch = "x86_64"),
    target_feature = "sse2"
)))]
#[doc(hidden)]
#[macro_export]
macro_rules! dispatch_lanes {
    ($level:expr, $simd:pat => $work:expr) => {
        match $level {
            #[cfg(all(target_arch = "aarch64", target_feature = "neon"))]
            $crate::lanes::Level::Neon($simd) => $work,
            #[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
            $crate::lanes::Level::WasmSimd128($simd) => $work,
            #[cfg(not(any(
                all(target_arch = "aarch64", target_feature = "neon"),
                all(target_arch = "wasm32", target_feature = "simd128")
            )))]
            $crate::lanes::Level::Fallback($simd) => $work,
            _ => unreachable!("there is one instruction set"),
        }
    };
}

/// Whether the machine is taken to have 32 registers, as with AVX-512, rather than 16.
#[inline(always)]
pub const fn is_wide<S: Lanes>() -> bool {
    S::COUNT == MOST
}

/// A vector from memory.
#[inline(always)]
pub fn load<S: Lanes>(simd: S, value: &Vector<S>) -> S::f32s {
    S::f32s::load_array_ref(simd, value)
}

/// A vector with the same value in every lane.
#[inline(always)]
pub fn splat<S: Simd>(simd: S, value: f32) -> S::f32s {
    S::f32s::splat(simd, value)
}

/// Sets all values to zero.
#[inline(always)]
pub fn clear<S: Lanes>(_: S, values: &mut [Vector<S>]) {
    bytemuck::fill_zeroes(values);
}

/// The sum of all lanes of all values.
#[inline(always)]
pub fn sum<S: Lanes>(simd: S, values: &[Vector<S>]) -> f32 {
    let (chunks, rest) = values.as_chunks::<8>();
    // Eight sums at a time, so that none waits for the one before.
    let mut sums = [splat(simd, 0.0); 8];
    for chunk in chunks {
        for (sum, value) in sums.iter_mut().zip(chunk) {
            *sum += load(simd, value);
        }
    }
    for (sum, value) in sums.iter_mut().zip(rest) {
        *sum += load(simd, value);
    }
    let [a, b, c, d, e, f, g, h] = sums;
    (((a + b) + (c + d)) + ((e + f) + (g + h))).reduce_sum()
}

/// A square of as many vectors as each has lanes, with rows and columns exchanged; further vectors mean nothing.
#[inline(always)]
fn transpose<S: Lanes>(mut square: [S::f32s; MOST]) -> [S::f32s; MOST] {
    let width = S::COUNT;
    // Zipping the halves once for each bit of an index turns rows into columns.
    for _ in 0..width.ilog2() {
        let mut zipped = square;
        for row in 0..width / 2 {
            let (low, high) = square[row].interleave(square[row + width / 2]);
            zipped[2 * row] = low;
            zipped[2 * row + 1] = high;
        }
        square = zipped;
    }
    square
}

/// Puts samples side by side; lanes without a sample repeat the first one.
///
/// `samples` are of one length, and so is `block`.
#[inline(always)]
pub fn gather<S: Lanes>(simd: S, samples: &[&[f32]], block: &mut [Vector<S>]) {
    let Some(first) = samples.first() else { return };
    let mut rows = [*first; MOST];
    for (row, sample) in rows.iter_mut().zip(samples) {
        *row = sample;
    }
    let mut squares = block.chunks_exact_mut(S::COUNT);
    let mut start = 0;
    for columns in &mut squares {
        let mut square = [splat(simd, 0.0); MOST];
        for (values, row) in square.iter_mut().zip(&rows).take(S::COUNT) {
            *values = S::f32s::from_slice(simd, &row[start..start + S::COUNT]);
        }
        for (column, values) in columns.iter_mut().zip(transpose::<S>(square)) {
            values.store_array(column);
        }
        start += S::COUNT;
    }
    for (index, value) in squares.into_remainder().iter_mut().enumerate() {
        for (lane, row) in value.as_mut().iter_mut().zip(&rows) {
            *lane = row[start + index];
        }
    }
}

/// Puts the samples of a block one after the other again: `rows[lane][i] = block[i][lane]`. What is in a row beyond the
/// block's values stays as it is.
#[inline(always)]
pub fn scatter<S: Lanes, const CHUNKS: usize>(
    simd: S,
    block: &[Vector<S>],
    rows: &mut [[Room; CHUNKS]; MOST],
) {
    let squares = block.chunks_exact(S::COUNT);
    let rest = squares.remainder();
    let mut start = 0;
    for columns in squares {
        let mut square = [splat(simd, 0.0); MOST];
        for (values, column) in square.iter_mut().zip(columns) {
            *values = load(simd, column);
        }
        for (row, values) in rows.iter_mut().zip(transpose::<S>(square)).take(S::COUNT) {
            let row: &mut [f32] = bytemuck::cast_slice_mut(row);
            values.store_slice(&mut row[start..start + S::COUNT]);
        }
        start += S::COUNT;
    }
    for (index, value) in rest.iter().enumerate() {
        for (row, lane) in rows.iter_mut().zip(value.as_ref()) {
            let row: &mut [f32] = bytemuck::cast_slice_mut(row);
            row[start + index] = *lane;
        }
    }
}

/// Sixteen values of a row of a block's samples.
#[inline(always)]
pub fn chunk<S: Simd>(simd: S, values: &Room) -> fearless_simd::f32x16<S> {
    fearless_simd::f32x16::load_array_ref(simd, &values.0)
}

/// `eˣ` to 2 units in the last place; `x` below −87 counts as −87.
#[inline(always)]
pub fn exp<S: Simd>(simd: S, x: S::f32s) -> S::f32s {
    /// `ln 2` in two parts, the first of which has few digits, so that its whole multiples are exact.
    const LN_2: [f32; 2] = [0.693_359_4, -2.121_944_4e-4];
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
    let whole = x.mul_add(splat(simd, core::f32::consts::LOG2_E), splat(simd, ROUND)) - ROUND;
    let rest = whole.mul_add(splat(simd, -LN_2[0]), x);
    let rest = whole.mul_add(splat(simd, -LN_2[1]), rest);
    let mut power = splat(simd, SERIES[0]);
    for coefficient in &SERIES[1..] {
        power = power.mul_add(rest, splat(simd, *coefficient));
    }
    let power = (power * rest).mul_add(rest, rest) + 1.0;
    let exponent: S::i32s = whole.to_int();
    power * ((exponent + 127) << 23).bitcast::<S::f32s>()
}

/// The logistic function `1 / (1 + e⁻ˣ)`.
#[inline(always)]
pub fn sigmoid<S: Simd>(simd: S, x: S::f32s) -> S::f32s {
    splat(simd, 1.0) / (exp(simd, -x) + 1.0)
}

/// The hyperbolic tangent.
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
    let mut small = splat(simd, SERIES[0]);
    for coefficient in &SERIES[1..] {
        small = small.mul_add(square, splat(simd, *coefficient));
    }
    let small = (small * square).mul_add(x, x);
    let large = splat(simd, 1.0) - splat(simd, 2.0) / (exp(simd, size + size) + 1.0);
    size.simd_lt(splat(simd, 0.625))
        .select(small, large.copysign(x))
}
