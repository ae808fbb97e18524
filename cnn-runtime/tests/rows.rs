//! What the kernels of one sample share, against the same in scalars, on this machine's instruction set and on the one of
//! every machine of its kind.
#![cfg(feature = "simd")]
#![allow(
    clippy::inline_always,
    clippy::items_after_statements,
    clippy::needless_range_loop
)]

use cnn_runtime::Rng;
use cnn_runtime::lanes::{self, Lanes, Level, Simd};
use cnn_runtime::rows;

fn levels() -> [Level; 2] {
    [lanes::level(), Level::baseline()]
}

fn random<const COUNT: usize>(seed: u64) -> [f32; COUNT] {
    let mut values = [0.0; COUNT];
    Rng::new(seed).fill_uniform(&mut values, 1.0);
    values
}

fn is_close(one: f32, other: f32) -> bool {
    (one - other).abs() < 1e-5
}

#[test]
fn tiles_cover_a_range_and_end_with_it() {
    assert_eq!(rows::starts(28, 16).collect::<Vec<_>>(), [0, 12]);
    assert_eq!(rows::starts(32, 16).collect::<Vec<_>>(), [0, 16]);
    assert_eq!(rows::starts(5, 16).collect::<Vec<_>>(), [0]);
}

#[test]
fn taps_are_in_the_order_of_the_weights() {
    let taps = rows::taps(100, &[0, 10], &[0, 2, 4]);
    assert_eq!(taps, [0, 2, 4, 10, 12, 14, 100, 102, 104, 110, 112, 114]);
    assert_eq!(rows::taps(100, &[0, 10], &[0]), [0, 10, 100, 110]);
}

#[test]
fn kernels_slide_over_a_tile() {
    const PITCH: usize = 40;
    const STARTS: [usize; 2] = rows::taps(0, &[0, PITCH], &[0]);
    const COLUMNS: [usize; 3] = [0, 1, 2];
    let values: [f32; 4 * PITCH] = random(1);
    let kernels = [random::<6>(2), random::<6>(3)];
    let mut map = [[[0.0; 32]; 3]; 2];
    #[inline(always)]
    fn tile<S: Lanes>(
        simd: S,
        values: &[f32],
        kernels: &[[f32; 6]; 2],
        map: &mut [[[f32; 32]; 3]; 2],
    ) {
        let mut sums = [[[lanes::splat(simd, 1.0); 2]; 3]; 2];
        rows::correlate(simd, kernels, &STARTS, &COLUMNS, values, PITCH, &mut sums);
        for m in 0..2 {
            for r in 0..3 {
                for v in 0..2 {
                    rows::store_part(simd, &mut map[m][r][v * S::COUNT..], sums[m][r][v]);
                }
            }
        }
    }
    for level in levels() {
        let width = lanes::dispatch!(level, simd => {
            simd.vectorize(#[inline(always)] || tile(simd, &values, &kernels, &mut map));
            count(simd)
        });
        for m in 0..2 {
            for r in 0..3 {
                for x in 0..2 * width {
                    let tap = |k: usize| STARTS[k / 3] + COLUMNS[k % 3];
                    let products = (0..6).map(|k| kernels[m][k] * values[tap(k) + PITCH * r + x]);
                    let sum = 1.0 + products.sum::<f32>();
                    assert!(is_close(map[m][r][x], sum), "{level:?} {m} {r} {x}");
                }
            }
        }
    }
}

fn count<S: Lanes>(_: S) -> usize {
    S::COUNT
}

#[test]
fn windows_are_pooled_whether_vectors_pair_or_not() {
    #[inline(always)]
    fn pooled<S: Lanes, const ROWS: usize, const VECTORS: usize>(
        simd: S,
        values: &[[f32; 64]; 4],
        map: &mut [[f32; 32]; 2],
    ) {
        let mut tile = [[lanes::splat(simd, 0.0); VECTORS]; ROWS];
        for r in 0..ROWS {
            for v in 0..VECTORS {
                tile[r][v] = rows::load_part(simd, &values[r][v * S::COUNT..]);
            }
        }
        for pair in 0..rows::pairs::<ROWS, VECTORS>() {
            let largest = rows::pool(simd, &tile, pair);
            rows::store_pair::<S, ROWS, VECTORS, _>(simd, map, [0, 0], pair, largest);
        }
    }
    let values = [random(1), random(2), random(3), random(4)];
    for level in levels() {
        for [row_count, vectors] in [[2, 1], [2, 3], [4, 1], [4, 2]] {
            let mut map = [[0.0; 32]; 2];
            let width = lanes::dispatch!(level, simd => {
                match [row_count, vectors] {
                    [2, 1] => pooled::<_, 2, 1>(simd, &values, &mut map),
                    [2, 3] => pooled::<_, 2, 3>(simd, &values, &mut map),
                    [4, 1] => pooled::<_, 4, 1>(simd, &values, &mut map),
                    _ => pooled::<_, 4, 2>(simd, &values, &mut map),
                }
                count(simd)
            });
            for y in 0..row_count / 2 {
                for x in 0..vectors * width / 2 {
                    let window = [[0, 0], [0, 1], [1, 0], [1, 1]];
                    let window = window.map(|[wy, wx]| values[2 * y + wy][2 * x + wx]);
                    let largest = window.into_iter().fold(f32::NEG_INFINITY, f32::max);
                    assert!(
                        is_close(map[y][x], largest),
                        "{level:?} {row_count}×{vectors} {y} {x}"
                    );
                }
            }
        }
    }
}

#[test]
fn rows_are_multiplied_with_values() {
    let weights: [[f32; 39]; 11] = core::array::from_fn(|row| random(row as u64));
    let values: [f32; 39] = random(99);
    for level in levels() {
        let dots: [f32; 11] = lanes::dispatch!(level, simd => rows::dot(simd, &weights, &values));
        for (dot, row) in dots.iter().zip(&weights) {
            let sum: f32 = row.iter().zip(&values).map(|(w, v)| w * v).sum();
            assert!(is_close(*dot, sum), "{level:?} {dot} {sum}");
        }
    }
}

#[test]
fn parts_of_vectors_leave_what_is_beyond_alone() {
    for level in levels() {
        let mut places = [7.0; 4];
        lanes::dispatch!(level, simd => {
            let vector = rows::load_part(simd, &[1.0, 2.0, 3.0]);
            rows::store_part(simd, &mut places[..2], vector);
        });
        assert!(
            places
                .iter()
                .zip([1.0, 2.0, 7.0, 7.0])
                .all(|(one, other)| is_close(*one, other))
        );
    }
}
