//! Vectors within one sample: what the kernels of a single forward pass share.
//!
//! A vector holds neighbouring values of a row. Everything here is inlined: the instruction set belongs to the function
//! that has chosen it.

#![allow(clippy::inline_always)]

use crate::lanes::{MOST, Simd, SimdBase, SimdFloat, splat};
use crate::tensor::Tensor;

/// Where tiles of `size` begin that cover `0..count`: side by side, but for the last, which ends where the range does.
#[inline(always)]
pub fn starts(count: usize, size: usize) -> impl Iterator<Item = usize> {
    (0..count.div_ceil(size)).map(move |tile| (tile * size).min(count.saturating_sub(size)))
}

/// How far from the first value under a kernel the value under each of its weights is.
///
/// The weights are those of `LENGTH / (rows.len() * columns.len())` channels, which are `channel` values apart; `rows` and
/// `columns` are the distances within a channel. With `[0]` for the columns it is where each row of weights begins.
///
/// # Panics
/// If there are no rows or no columns.
pub const fn taps<const LENGTH: usize>(
    channel: usize,
    rows: &[usize],
    columns: &[usize],
) -> [usize; LENGTH] {
    let mut taps = [0; LENGTH];
    let mut index = 0;
    while index < LENGTH {
        let (row, column) = (index / columns.len(), index % columns.len());
        taps[index] = row / rows.len() * channel + rows[row % rows.len()] + columns[column];
        index += 1;
    }
    taps
}

/// Slides some kernels over a tile of positions, whose rows are `pitch` values apart.
///
/// ```text
/// sums[m][r][v] += Σ kernels[m][j][k] · values[starts[j] + columns[k] + pitch · r + width · v ..]    over j, k
/// ```
///
/// # Panics
/// If there are fewer than `MAPS` kernels, if they have fewer weights, or if a tap leads out of `values`.
#[inline(always)]
#[allow(clippy::needless_range_loop)]
pub fn correlate<
    S: Simd,
    K: Tensor<Scalar = f32>,
    const STARTS: usize,
    const COLUMNS: usize,
    const MAPS: usize,
    const ROWS: usize,
    const VECTORS: usize,
>(
    simd: S,
    kernels: &[K],
    starts: &[usize; STARTS],
    columns: &[usize; COLUMNS],
    values: &[f32],
    pitch: usize,
    sums: &mut [[[S::f32s; VECTORS]; ROWS]; MAPS],
) {
    let width = S::f32s::LEN;
    let mut reach = 0;
    for k in 0..COLUMNS {
        reach = reach.max(columns[k]);
    }
    let span = reach + pitch * (ROWS - 1) + width * VECTORS;
    for j in 0..STARTS {
        // One check for the whole tile and all columns.
        let window = &values[starts[j]..][..span];
        for k in 0..COLUMNS {
            let mut weights = [splat(simd, 0.0); MAPS];
            for m in 0..MAPS {
                let (kernel, _) = kernels[m].values().as_chunks::<COLUMNS>();
                weights[m] = splat(simd, kernel[j][k]);
            }
            for r in 0..ROWS {
                for v in 0..VECTORS {
                    let start = columns[k] + pitch * r + width * v;
                    let value = S::f32s::from_slice(simd, &window[start..start + width]);
                    for m in 0..MAPS {
                        sums[m][r][v] = value.mul_add(weights[m], sums[m][r][v]);
                    }
                }
            }
        }
    }
}

/// How many pairs of vectors the pooled rows of a tile are; the last may be one vector twice.
#[inline(always)]
pub const fn pairs<const ROWS: usize, const VECTORS: usize>() -> usize {
    (ROWS / 2 * VECTORS).div_ceil(2)
}

/// The row and the vector that a pair's `second` or first half comes from.
#[inline(always)]
const fn place<const ROWS: usize, const VECTORS: usize>(pair: usize, second: usize) -> [usize; 2] {
    let last = ROWS / 2 * VECTORS - 1;
    let index = 2 * pair + second;
    let index = if index < last { index } else { last };
    [index / VECTORS, index % VECTORS]
}

/// The largest values of the 2×2 windows of a pair of vectors, for [`store_pair`].
#[inline(always)]
pub fn pool<S: Simd, const ROWS: usize, const VECTORS: usize>(
    _: S,
    tile: &[[S::f32s; VECTORS]; ROWS],
    pair: usize,
) -> S::f32s {
    let [r, v] = place::<ROWS, VECTORS>(pair, 0);
    let first = tile[2 * r][v].max(tile[2 * r + 1][v]);
    let [r, v] = place::<ROWS, VECTORS>(pair, 1);
    let second = tile[2 * r][v].max(tile[2 * r + 1][v]);
    let (even, odd) = first.deinterleave(second);
    even.max(odd)
}

/// Writes what [`pool`] has found, half a vector in each of two places, to the map that has the tile's windows at row `y`
/// and column `x`.
///
/// # Panics
/// If the tile leaves the map.
#[inline(always)]
pub fn store_pair<S: Simd, const ROWS: usize, const VECTORS: usize, const WIDTH: usize>(
    _: S,
    map: &mut [[f32; WIDTH]],
    [y, x]: [usize; 2],
    pair: usize,
    values: S::f32s,
) {
    let half = S::f32s::LEN / 2;
    let (first, second) = values.as_slice().split_at(half);
    let [r, v] = place::<ROWS, VECTORS>(pair, 0);
    map[y + r][x + half * v..][..half].copy_from_slice(first);
    let [r, v] = place::<ROWS, VECTORS>(pair, 1);
    map[y + r][x + half * v..][..half].copy_from_slice(second);
}

/// Up to a vector of values, with zeros after the last.
#[inline(always)]
pub fn load_part<S: Simd>(simd: S, values: &[f32]) -> S::f32s {
    if let Some(values) = values.get(..S::f32s::LEN) {
        return S::f32s::from_slice(simd, values);
    }
    let mut vector = splat(simd, 0.0);
    vector.as_mut_slice()[..values.len()].copy_from_slice(values);
    vector
}

/// Writes as much of a vector as there is room for.
#[inline(always)]
pub fn store_part<S: Simd>(_: S, places: &mut [f32], vector: S::f32s) {
    if let Some(places) = places.get_mut(..S::f32s::LEN) {
        return vector.store_slice(places);
    }
    places.copy_from_slice(&vector.as_slice()[..places.len()]);
}

/// The dot products of some rows of weights with `values`.
///
/// # Panics
/// If there are fewer than `ROWS` rows, or if they are shorter than `values`.
#[inline(always)]
#[allow(clippy::needless_range_loop)]
pub fn dot<S: Simd, const ROWS: usize, const LENGTH: usize>(
    simd: S,
    rows: &[[f32; LENGTH]],
    values: &[f32],
) -> [f32; ROWS] {
    let width = S::f32s::LEN;
    let rest = LENGTH / width * width;
    let mut sums = [splat(simd, 0.0); ROWS];
    for start in (0..rest).step_by(width) {
        let value = S::f32s::from_slice(simd, &values[start..start + width]);
        for r in 0..ROWS {
            let row = S::f32s::from_slice(simd, &rows[r][start..start + width]);
            sums[r] = row.mul_add(value, sums[r]);
        }
    }
    let mut dots = [0.0; ROWS];
    for start in (0..ROWS).step_by(width) {
        let end = (start + width).min(ROWS);
        store_part(simd, &mut dots[start..end], totals(simd, &sums[start..end]));
    }
    for r in 0..ROWS {
        for i in rest..LENGTH {
            dots[r] += rows[r][i] * values[i];
        }
    }
    dots
}

/// The sum of each of up to as many vectors as one has lanes, all in one vector.
#[inline(always)]
fn totals<S: Simd>(simd: S, vectors: &[S::f32s]) -> S::f32s {
    let mut sums = [splat(simd, 0.0); MOST];
    sums[..vectors.len()].copy_from_slice(vectors);
    // Each round adds neighbouring lanes, and halves the number of vectors.
    let mut count = S::f32s::LEN;
    while count > 1 {
        count /= 2;
        for index in 0..count {
            let (even, odd) = sums[2 * index].deinterleave(sums[2 * index + 1]);
            sums[index] = even + odd;
        }
    }
    sums[0]
}
