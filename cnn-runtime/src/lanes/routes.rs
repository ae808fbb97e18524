//! Deltas that are followed one by one, with the channels of one sample side by side.
//!
//! Behind a max pool one position of each window has a delta, another one in each sample. Where there are channels
//! enough to fill a vector, each sample is worked on by itself, and only where it has a delta.

use super::{Lanes, MOST, Vector, load, splat};
use bytemuck::{Pod, Zeroable};
use fearless_simd::{Bytes as _, SimdBase as _, SimdFloat as _};

/// A delta, and the position that it goes to.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[repr(C)]
pub struct Route {
    /// The first position of the window that the kernel sees, counted row by row.
    pub position: u32,
    /// The delta of what the kernel computes there.
    pub delta: f32,
}

// SAFETY: two numbers of four bytes: every bit pattern is a value, and there is no padding.
unsafe impl Zeroable for Route {}
// SAFETY: as above.
unsafe impl Pod for Route {}

impl Route {
    /// What ends a list: it leads out of every tensor.
    pub const END: Self = Self {
        position: u32::MAX,
        delta: 0.0,
    };
}

/// Adds the deltas of some windows to the lists of map `map`, of which `counts` holds the lengths: each sample's own, but
/// for those that are zero. Window `k` begins at `begins[k]`, and what is in `offsets[k]` beyond. Of each as many are used
/// as a vector has lanes.
#[inline(always)]
pub fn route<S: Lanes, const ROUTES: usize, const MAPS: usize>(
    begins: S::f32s,
    offsets: [S::f32s; MOST],
    deltas: [S::f32s; MOST],
    map: usize,
    routes: &mut [[[Route; ROUTES]; MAPS]; MOST],
    counts: &mut [usize; MOST],
) {
    let (offsets, deltas) = (transpose::<S>(offsets), transpose::<S>(deltas));
    for lane in 0..S::COUNT {
        let list = &mut routes[lane][map];
        let positions: S::i32s = (begins + offsets[lane]).to_int();
        let (low, high) = positions.bitcast::<S::f32s>().interleave(deltas[lane]);
        let pairs = [low.to_array(), high.to_array()];
        let candidates: &[Route] = bytemuck::cast_slice(&pairs);
        let mut count = counts[lane];
        for route in candidates {
            if let Some(place) = list.get_mut(count) {
                *place = *route;
            }
            count += usize::from(route.delta.to_bits() != 0);
        }
        counts[lane] = count;
    }
}

/// Ends the lists of map `map`.
#[inline(always)]
pub fn end_routes<S: Lanes, const ROUTES: usize, const MAPS: usize>(
    _: S,
    map: usize,
    routes: &mut [[[Route; ROUTES]; MAPS]; MOST],
    counts: &[usize; MOST],
) {
    for (routes, &count) in routes.iter_mut().zip(counts).take(S::COUNT) {
        if let Some(place) = routes[map].get_mut(count) {
            *place = Route::END;
        }
    }
}

/// What a kernel sees of a sample from a position on: none if that is [`Route::END`].
#[inline(always)]
pub fn window<T, const SPAN: usize>(sample: &[T], position: u32) -> Option<&[T; SPAN]> {
    sample.get(position as usize..)?.first_chunk()
}

/// The same, to be written to.
#[inline(always)]
pub fn window_mut<T, const SPAN: usize>(sample: &mut [T], position: u32) -> Option<&mut [T; SPAN]> {
    sample.get_mut(position as usize..)?.first_chunk_mut()
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

/// Exchanges samples and channels: `to[j][y][x][k] = from[k][top + y][left + x][j]`, where `j` and `k` count up to the
/// lanes of a vector. Of fewer channels, the missing ones are zero.
#[inline(always)]
pub fn exchange<
    S: Lanes,
    const H: usize,
    const W: usize,
    const ROWS: usize,
    const COLUMNS: usize,
>(
    simd: S,
    from: &[[[Vector<S>; W]; H]],
    [top, left]: [usize; 2],
    to: &mut [[[Vector<S>; COLUMNS]; ROWS]],
) {
    for y in 0..ROWS {
        for x in 0..COLUMNS {
            let mut square = [splat(simd, 0.0); MOST];
            for j in 0..from.len().min(S::COUNT) {
                square[j] = load(simd, &from[j][top + y][left + x]);
            }
            let square = transpose::<S>(square);
            for j in 0..to.len().min(S::COUNT) {
                square[j].store_array(&mut to[j][y][x]);
            }
        }
    }
}
