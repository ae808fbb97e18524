//! A smooth random field of displacements.

#![allow(
    clippy::inline_always,
    reason = "the caller has chosen the instruction set"
)]

use super::vectorized;
use crate::math::Real;
use crate::rng::Rng;
use crate::settings::Elastic;

/// Columns that are smoothed side by side: enough sums to keep vectors busy, few enough to stay in registers.
const BLOCK: usize = 32;

/// Where each pixel of a picture moves: uniform random numbers in `-1..1`, smoothed by a Gaussian and multiplied by α.
///
/// Outside the picture the numbers are zero. The Gaussian ends at 3σ; its weights sum to one.
pub struct Field<R> {
    width: usize,
    /// The Gaussian from its left end to its right one.
    kernel: Vec<R>,
    alpha: R,
    /// The random numbers of one axis; rows are filled up to whole blocks with zeros.
    raw: Vec<[R; BLOCK]>,
    /// A row of them smoothed along columns, with zeros before and after.
    smooth: Vec<R>,
    /// Ways right, then ways down.
    ways: [Vec<[R; BLOCK]>; 2],
}

impl<R: Real> Field<R> {
    pub fn new(Elastic { alpha, sigma }: Elastic, [height, width]: [usize; 2]) -> Self {
        let kernel = gaussian(sigma);
        let blocks = width.div_ceil(BLOCK);
        let zeros = || vec![[R::ZERO; BLOCK]; height * blocks];
        Self {
            width,
            alpha: R::from_f64(alpha),
            raw: zeros(),
            smooth: vec![R::ZERO; blocks * BLOCK + kernel.len()],
            ways: [zeros(), zeros()],
            kernel: kernel.into_iter().map(R::from_f64).collect(),
        }
    }

    /// The ways right and down of a row of pixels.
    pub fn row(&self, y: usize) -> [&[R]; 2] {
        let blocks = self.blocks();
        [0, 1].map(|axis| &self.ways[axis][y * blocks..].as_flattened()[..self.width])
    }

    /// Draws a new field.
    pub fn draw(&mut self, rng: &mut Rng) {
        let (width, blocks) = (self.width, self.blocks());
        for axis in 0..2 {
            for row in self.raw.chunks_exact_mut(blocks) {
                scatter(rng, &mut row.as_flattened_mut()[..width]);
            }
            vectorized(
                #[inline(always)]
                || self.smooth(axis),
            );
        }
    }

    /// The blocks of a row.
    fn blocks(&self) -> usize {
        self.width.div_ceil(BLOCK)
    }

    /// Smooths the random numbers into the ways along one axis.
    #[inline(always)]
    fn smooth(&mut self, axis: usize) {
        let blocks = self.blocks();
        let reach = self.kernel.len() / 2;
        for (y, ways) in self.ways[axis].chunks_exact_mut(blocks).enumerate() {
            // The rows that the kernel reaches, and its weights for them.
            let first = y.saturating_sub(reach);
            let weights = &self.kernel[reach + first - y..];
            let columns = self.smooth[reach..].chunks_exact_mut(BLOCK);
            for (block, column) in columns.take(blocks).enumerate() {
                let rows = self.raw.iter().skip(first * blocks + block).step_by(blocks);
                column.copy_from_slice(&weighted(rows, weights));
            }
            for (block, ways) in ways.iter_mut().enumerate() {
                let windows = self.smooth[block * BLOCK..].windows(BLOCK);
                let windows = windows.filter_map(|window| window.first_chunk());
                *ways = weighted(windows, &self.kernel).map(|sum| sum * self.alpha);
            }
        }
    }
}

/// The sums of weighted blocks, column by column.
#[inline(always)]
fn weighted<'a, R: Real>(
    blocks: impl Iterator<Item = &'a [R; BLOCK]>,
    weights: &[R],
) -> [R; BLOCK] {
    let mut sums = [R::ZERO; BLOCK];
    for (block, weight) in blocks.zip(weights) {
        for (sum, value) in sums.iter_mut().zip(block) {
            *sum += *weight * *value;
        }
    }
    sums
}

/// The weights of a Gaussian at whole pixels, from −3σ to 3σ.
fn gaussian(sigma: f64) -> Vec<f64> {
    let reach = libm::ceil(3.0 * sigma) as i32;
    let weight = |x: i32| libm::exp(-f64::from(x * x) / (2.0 * sigma * sigma));
    let sum: f64 = (-reach..=reach).map(weight).sum();
    (-reach..=reach).map(|x| weight(x) / sum).collect()
}

/// Fills a row with uniform numbers in `-1..1`, of 16 bits each: what is smoothed needs no more.
fn scatter<R: Real>(rng: &mut Rng, values: &mut [R]) {
    let unit = 1.0 / 32_767.5;
    for values in values.chunks_mut(4) {
        let bits = rng.bits();
        for (index, value) in values.iter_mut().enumerate() {
            let number = (bits >> (16 * index)) as u16;
            *value = R::from_f64(f64::from(number) * unit - 1.0);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FIELDS: &str = include_str!("../../../tests/pytorch/elastic.txt");

    /// `tests/pytorch/augmentation.py` says what the figures are of.
    #[test]
    fn fields_are_smoothed_as_by_pytorch() {
        for line in FIELDS.lines() {
            let figures: Vec<f64> = line
                .split(' ')
                .map(|figure| figure.parse().unwrap())
                .collect();
            let (&[height, width, alpha, sigma], expected) = figures.split_first_chunk().unwrap();
            let [height, width] = [height, width].map(|size| size as usize);
            let mut field = Field::new(Elastic { alpha, sigma }, [height, width]);
            for (row, numbers) in field
                .raw
                .chunks_exact_mut(width.div_ceil(BLOCK))
                .enumerate()
            {
                let numbers = &mut numbers.as_flattened_mut()[..width];
                for (column, number) in numbers.iter_mut().enumerate() {
                    *number = (2.0 + 3.0 * row as f64 + 11.0 * column as f64).cos();
                }
            }
            field.smooth(1);
            let ways: Vec<f64> = (0..height).flat_map(|y| field.row(y)[1].to_vec()).collect();
            assert_eq!(ways.len(), expected.len());
            for (way, expected) in ways.iter().zip(expected) {
                assert!(
                    (way - expected).abs() < 1e-12 * alpha,
                    "{way} is not {expected}"
                );
            }
        }
    }

    #[test]
    fn random_numbers_are_uniform() {
        let mut values = vec![0.0_f64; 100_002];
        scatter(&mut Rng::new(1), &mut values);
        let count = values.len() as f64;
        let mean = values.iter().sum::<f64>() / count;
        let variance = values.iter().map(|value| value * value).sum::<f64>() / count;
        assert!(
            mean.abs() < 0.01 && (variance - 1.0 / 3.0).abs() < 0.01,
            "{mean}, {variance}"
        );
        assert!(values.iter().all(|value| (-1.0..=1.0).contains(value)));
    }

    #[test]
    fn both_ways_differ_and_so_does_the_next_field() {
        let mut field = Field::<f32>::new(
            Elastic {
                alpha: 34.0,
                sigma: 4.0,
            },
            [28, 28],
        );
        let mut rng = Rng::new(1);
        let mut draw = || {
            field.draw(&mut rng);
            field.ways.clone()
        };
        let ([right, down], next) = (draw(), draw());
        assert_ne!(right, down);
        assert_ne!([right, down], next);
    }
}
