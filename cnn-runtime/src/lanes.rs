//! Sixteen samples side by side: the memory and the vectors of the simd kernels.
//!
//! A tensor of a block of samples is a nested array of [`Lanes`], one lane for each sample. What a layer computes for
//! one sample in scalars it computes for sixteen in vectors of the machine's own width: one vector with AVX-512, two
//! parts with AVX2, four elsewhere.
//!
//! Everything here is inlined: the instruction set belongs to the function that has chosen it.

#![allow(clippy::inline_always)]

pub use fearless_simd::{Level, Simd, SimdBase, SimdFloat, dispatch};

/// What the kernels call vectors and their methods by.
pub mod prelude {
    pub use fearless_simd::{Select as _, Simd, SimdBase as _, SimdFloat as _, f32x16};
}

use fearless_simd::{Bytes as _, Select as _};

use crate::zeroed::Zeroed;

/// How many samples stand side by side.
pub const LANES: usize = 16;

/// One value of sixteen samples.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[repr(C, align(64))]
pub struct Lanes(pub [f32; LANES]);

// SAFETY: it holds nothing but an array of numbers, for which all bits zero is a value.
unsafe impl bytemuck::Zeroable for Lanes {}

impl Zeroed for Lanes {
    const ZERO: Self = Self([0.0; LANES]);
}

impl Lanes {
    /// One part of the lanes in a register.
    #[inline(always)]
    pub fn load<S: Simd>(&self, simd: S, part: usize) -> S::f32s {
        let start = part * S::f32s::LEN;
        S::f32s::from_slice(simd, &self.0[start..start + S::f32s::LEN])
    }

    /// Writes one part of the lanes.
    #[inline(always)]
    pub fn store<S: Simd>(&mut self, _: S, part: usize, value: S::f32s) {
        let start = part * S::f32s::LEN;
        value.store_slice(&mut self.0[start..start + S::f32s::LEN]);
    }
}

/// The machine's instruction set; without `std`, the one that the program is compiled for.
pub fn level() -> Level {
    #[cfg(feature = "std")]
    return Level::new();
    #[cfg(not(feature = "std"))]
    return Level::baseline();
}

/// How many registers hold all lanes.
#[inline(always)]
pub const fn parts<S: Simd>() -> usize {
    LANES / S::f32s::LEN
}

/// Whether one register holds all lanes; the machine then has 32 of them, else 16 are counted on.
#[inline(always)]
pub const fn is_wide<S: Simd>() -> bool {
    S::f32s::LEN == LANES
}

/// A vector with the same value in every lane.
#[inline(always)]
pub fn splat<S: Simd>(simd: S, value: f32) -> S::f32s {
    S::f32s::splat(simd, value)
}

/// The sum of all lanes of all values.
#[inline(always)]
pub fn sum<S: Simd>(simd: S, values: &[Lanes]) -> f32 {
    let (chunks, rest) = values.as_chunks::<4>();
    // Eight sums at a time, so that none waits for the one before.
    let mut sums = [[splat(simd, 0.0); 2]; 4];
    for chunk in chunks {
        for (sum, value) in sums.iter_mut().zip(chunk) {
            for part in 0..parts::<S>() {
                sum[part % 2] += value.load(simd, part);
            }
        }
    }
    for value in rest {
        for part in 0..parts::<S>() {
            sums[0][part % 2] += value.load(simd, part);
        }
    }
    let [first, second, third, fourth] = sums.map(|[even, odd]| even + odd);
    ((first + second) + (third + fourth)).reduce_sum()
}

/// Sixteen rows become columns: `columns[i][j] = rows[j][i]`.
#[inline(always)]
pub fn transpose<S: Simd>(simd: S, rows: &[&[f32; LANES]; LANES], columns: &mut [Lanes; LANES]) {
    let width = S::f32s::LEN;
    for part in 0..parts::<S>() {
        for piece in 0..parts::<S>() {
            let start = piece * width;
            let mut square = [splat(simd, 0.0); LANES];
            for row in 0..width {
                let values = &rows[part * width + row][start..start + width];
                square[row] = S::f32s::from_slice(simd, values);
            }
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
            for row in 0..width {
                columns[start + row].store(simd, part, square[row]);
            }
        }
    }
}

/// Puts up to sixteen samples side by side; lanes without a sample repeat the first one.
///
/// `samples` are of one length, and so is `block`.
#[inline(always)]
pub fn gather<S: Simd>(simd: S, samples: &[&[f32]], block: &mut [Lanes]) {
    let Some(first) = samples.first() else { return };
    let mut rows = [*first; LANES];
    for (row, sample) in rows.iter_mut().zip(samples) {
        *row = sample;
    }
    let (squares, rest) = block.as_chunks_mut::<LANES>();
    let chunks = rows.map(|row| row.as_chunks::<LANES>().0);
    for (index, columns) in squares.iter_mut().enumerate() {
        let mut square = [&[0.0; LANES]; LANES];
        for (row, chunks) in square.iter_mut().zip(&chunks) {
            *row = &chunks[index];
        }
        transpose(simd, &square, columns);
    }
    let start = first.len() - rest.len();
    for (index, lanes) in rest.iter_mut().enumerate() {
        for (lane, row) in lanes.0.iter_mut().zip(&rows) {
            *lane = row[start + index];
        }
    }
}

/// Puts the samples of a block one after the other again: `rows[lane][chunk][i] = block[16 chunk + i][lane]`, with zeros
/// after the last value.
#[inline(always)]
pub fn scatter<S: Simd, const CHUNKS: usize>(
    simd: S,
    block: &[Lanes],
    rows: &mut [[Lanes; CHUNKS]; LANES],
) {
    let (squares, rest) = block.as_chunks::<LANES>();
    let mut columns = [Lanes::ZERO; LANES];
    let mut last = [Lanes::ZERO; LANES];
    last[..rest.len()].copy_from_slice(rest);
    let last = (!rest.is_empty()).then_some(&last);
    for (chunk, square) in squares.iter().chain(last).enumerate() {
        let mut lanes = [&[0.0; LANES]; LANES];
        for (row, value) in lanes.iter_mut().zip(square) {
            *row = &value.0;
        }
        transpose(simd, &lanes, &mut columns);
        for (row, column) in rows.iter_mut().zip(&columns) {
            row[chunk] = *column;
        }
    }
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
