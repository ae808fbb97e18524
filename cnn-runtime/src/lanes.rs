//! Samples side by side: the memory and the vectors of the simd kernels.
//!
//! A block is as many samples as the machine's vectors are wide: sixteen with AVX-512, eight with AVX2, four elsewhere.
//! A tensor of a block is a nested array of [`Vector`]s, one lane for each sample, so that what a layer computes for one
//! sample in scalars it computes for a block in vectors.
//!
//! Everything here is inlined: the instruction set belongs to the function that has chosen it.

#![allow(clippy::inline_always)]

mod functions;
mod masks;
mod routes;

pub use crate::dispatch_lanes as dispatch;
pub use fearless_simd::{Level, Simd, SimdBase, SimdFloat};
pub use functions::{elu, erf, exp, exp_m1, ln, ln_1p, normal, sigmoid, softplus, tanh};
pub use masks::{BlockMask, BlockMasks};
pub use routes::{Route, end_routes, exchange, route, window, window_mut};

/// What the kernels call vectors and their methods by.
pub mod prelude {
    pub use super::{Lanes, Room, Vector};
    pub use fearless_simd::{Select as _, Simd as _, SimdBase as _, SimdFloat as _, f32x16};
}

use crate::zeroed::Zeroed;
use bytemuck::{Pod, Zeroable};
use fearless_simd::{SimdCombine as _, SimdSplit, f32x4, f32x8};

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

impl Zeroed for Room {}

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

/// Has everything loaded anew that is loaded after this: no instruction, but a wall to the compiler.
///
/// A kernel's taps meet much of the same input. What is kept in a register from one tap to the next pushes a sum out of
/// its own.
#[inline(always)]
pub fn forget() {
    core::sync::atomic::compiler_fence(core::sync::atomic::Ordering::AcqRel);
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

/// The mean and the variance of `count` values, which stand in rows, in the first `samples` lanes.
#[inline(always)]
pub fn moments<'a, S: Lanes>(
    simd: S,
    rows: impl Iterator<Item = &'a [Vector<S>]> + Clone,
    count: f32,
    samples: usize,
) -> [f32; 2] {
    let mean = sum_of_lanes(simd, rows.clone(), samples, None) / count;
    let squares = sum_of_lanes(simd, rows, samples, Some(splat(simd, mean)));
    [mean, squares / count]
}

/// The sum of all values of the first `samples` lanes, or of the squares of their distances from a mean.
#[inline(always)]
fn sum_of_lanes<'a, S: Lanes>(
    simd: S,
    rows: impl Iterator<Item = &'a [Vector<S>]>,
    samples: usize,
    mean: Option<S::f32s>,
) -> f32 {
    // Several sums at a time, so that none waits for the one before.
    let mut sums = [splat(simd, 0.0); 4];
    for row in rows {
        let (chunks, rest) = row.as_chunks::<4>();
        for chunk in chunks {
            for (sum, value) in sums.iter_mut().zip(chunk) {
                *sum = added(simd, *sum, value, mean);
            }
        }
        for (sum, value) in sums.iter_mut().zip(rest) {
            *sum = added(simd, *sum, value, mean);
        }
    }
    let [a, b, c, d] = sums;
    let mut lanes: Vector<S> = Zeroable::zeroed();
    ((a + b) + (c + d)).store_array(&mut lanes);
    lanes.as_ref()[..samples].iter().sum()
}

/// A sum with one more value, or with the square of its distance from a mean.
#[inline(always)]
fn added<S: Lanes>(simd: S, sum: S::f32s, value: &Vector<S>, mean: Option<S::f32s>) -> S::f32s {
    let value = load(simd, value);
    match mean {
        None => sum + value,
        Some(mean) => (value - mean).mul_add(value - mean, sum),
    }
}

/// One in the first `count` lanes, zero in the others.
#[inline(always)]
pub fn first<S: Lanes>(simd: S, count: usize) -> S::f32s {
    let mut lanes: Vector<S> = Zeroable::zeroed();
    lanes.as_mut()[..count].fill(1.0);
    load(simd, &lanes)
}

/// Two squares of four, side by side, each with rows and columns exchanged.
///
/// Written out, because the compiler does not always inline `array::map`.
#[inline(always)]
fn transpose<S: Simd>([a, b, c, d]: [f32x8<S>; 4]) -> [f32x8<S>; 4] {
    let (a, b, c, d) = (a.split(), b.split(), c.split(), d.split());
    let exchange = |a: f32x4<S>, b: f32x4<S>, c: f32x4<S>, d: f32x4<S>| {
        let ((a, c), (b, d)) = (a.interleave(c), b.interleave(d));
        (a.interleave(b), c.interleave(d))
    };
    let (left, right) = (exchange(a.0, b.0, c.0, d.0), exchange(a.1, b.1, c.1, d.1));
    let ((a, b), (c, d)) = left;
    let ((e, f), (g, h)) = right;
    [a.combine(e), b.combine(f), c.combine(g), d.combine(h)]
}

#[cfg(any(target_arch = "x86", target_arch = "x86_64"))]
fearless_simd::kernel!(
    #[inline(always)]
    #[allow(
        unused_unsafe,
        reason = "the intrinsic is unsafe in the oldest supported compiler only"
    )]
    fn prefetch_line(_token: Sse2, value: &f32) {
        #[cfg(target_arch = "x86")]
        use core::arch::x86::{_MM_HINT_T1, _mm_prefetch};
        #[cfg(target_arch = "x86_64")]
        use core::arch::x86_64::{_MM_HINT_T1, _mm_prefetch};
        // SAFETY: a prefetch is a hint, which reads and writes nothing that a program can see.
        unsafe { _mm_prefetch::<_MM_HINT_T1>(core::ptr::from_ref(value).cast()) };
    }
);

/// The lines of the cache that some values lie in, each by its first value.
#[inline(always)]
pub fn lines(values: &[f32]) -> core::slice::Chunks<'_, f32> {
    /// Values in a line.
    const LINE: usize = 16;
    values.chunks(LINE)
}

/// Has the next `count` of some lines brought near, where the machine can: they will be wanted soon.
#[inline(always)]
pub fn prefetch<S: Simd>(simd: S, lines: &mut core::slice::Chunks<'_, f32>, count: usize) {
    #[cfg(any(target_arch = "x86", target_arch = "x86_64"))]
    if let Some(simd) = simd.level().as_sse2() {
        for _ in 0..count {
            if let Some([value, ..]) = lines.next() {
                prefetch_line(simd, value);
            }
        }
    }
}

/// Puts samples side by side: `block[i][lane] = samples[lane][start + i]`. Lanes without a sample repeat the first one.
#[inline(always)]
pub fn gather<S: Lanes>(simd: S, samples: &[&[f32]], start: usize, block: &mut [Vector<S>]) {
    let Some(first) = samples.first() else { return };
    let end = start + block.len();
    let mut rows = [&first[start..end]; MOST];
    for (row, sample) in rows.iter_mut().zip(samples) {
        *row = &sample[start..end];
    }
    if block.len() < 8 {
        for (index, value) in block.iter_mut().enumerate() {
            for (lane, row) in value.as_mut().iter_mut().zip(&rows) {
                *lane = row[index];
            }
        }
        return;
    }
    for piece in 0..block.len().div_ceil(8) {
        // The last piece may overlap the one before.
        let first = (8 * piece).min(block.len() - 8);
        let columns = &mut block[first..first + 8];
        for four in 0..S::COUNT / 4 {
            let square =
                |row: usize| f32x8::from_slice(simd, &rows[4 * four + row][first..first + 8]);
            let squares = transpose([square(0), square(1), square(2), square(3)]);
            for column in 0..4 {
                let (low, high) = squares[column].split();
                low.store_array(&mut columns[column].as_mut().as_chunks_mut().0[four]);
                high.store_array(&mut columns[column + 4].as_mut().as_chunks_mut().0[four]);
            }
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
    if block.len() < 8 {
        for (index, value) in block.iter().enumerate() {
            for (row, lane) in rows.iter_mut().zip(value.as_ref()) {
                values_of(row)[index] = *lane;
            }
        }
        return;
    }
    for piece in 0..block.len().div_ceil(8) {
        let first = (8 * piece).min(block.len() - 8);
        let columns = &block[first..first + 8];
        for four in 0..S::COUNT / 4 {
            let half = |column: usize| {
                f32x4::load_array_ref(simd, &columns[column].as_ref().as_chunks().0[four])
            };
            let square = |column: usize| half(column).combine(half(column + 4));
            let squares = transpose([square(0), square(1), square(2), square(3)]);
            for row in 0..4 {
                squares[row]
                    .store_slice(&mut values_of(&mut rows[4 * four + row])[first..first + 8]);
            }
        }
    }
}

#[inline(always)]
fn values_of(row: &mut [Room]) -> &mut [f32] {
    bytemuck::cast_slice_mut(row)
}

/// Sixteen values of a row of a block's samples.
#[inline(always)]
pub fn chunk<S: Simd>(simd: S, values: &Room) -> fearless_simd::f32x16<S> {
    fearless_simd::f32x16::load_array_ref(simd, &values.0)
}
