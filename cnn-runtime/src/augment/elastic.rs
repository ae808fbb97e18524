//! A smooth random field of displacements.

use crate::math::Real;
use crate::rng::Rng;
use crate::settings::Elastic;

/// Where each pixel of a picture moves: uniform random numbers in `-1..1`, smoothed by a Gaussian and multiplied by α.
///
/// Outside the picture the numbers are zero. The Gaussian ends at 3σ; its weights sum to one.
pub struct Field<R> {
    width: usize,
    /// The Gaussian from its left end to its right one.
    kernel: Vec<R>,
    alpha: R,
    /// The random numbers of one axis.
    raw: Vec<R>,
    /// A row of them smoothed along columns, with zeros before and after.
    smooth: Vec<R>,
    /// Ways right, then ways down.
    ways: [Vec<R>; 2],
}

impl<R: Real> Field<R> {
    pub fn new(Elastic { alpha, sigma }: Elastic, [height, width]: [usize; 2]) -> Self {
        let kernel = gaussian(sigma);
        let margins = kernel.len() - 1;
        Self {
            width,
            alpha: R::from_f64(alpha),
            raw: vec![R::ZERO; height * width],
            smooth: vec![R::ZERO; width + margins],
            ways: [(); 2].map(|()| vec![R::ZERO; height * width]),
            kernel: kernel.into_iter().map(R::from_f64).collect(),
        }
    }

    /// The way right and down of a pixel.
    #[inline]
    pub fn at(&self, pixel: usize) -> [R; 2] {
        [0, 1].map(|axis| self.ways[axis][pixel])
    }

    /// Draws a new field.
    pub fn draw(&mut self, rng: &mut Rng) {
        for axis in 0..2 {
            scatter(rng, &mut self.raw);
            self.smooth(axis);
        }
    }

    /// Smooths the random numbers into the ways along one axis.
    fn smooth(&mut self, axis: usize) {
        let width = self.width;
        let reach = self.kernel.len() / 2;
        for (y, way) in self.ways[axis].chunks_exact_mut(width).enumerate() {
            let column = &mut self.smooth[reach..][..width];
            column.fill(R::ZERO);
            // The rows that the kernel reaches, and its weights for them.
            let first = y.saturating_sub(reach);
            let rows = self.raw.chunks_exact(width).skip(first);
            for (row, weight) in rows.zip(&self.kernel[reach + first - y..]) {
                add(column, *weight, row);
            }
            way.fill(R::ZERO);
            for (shift, weight) in self.kernel.iter().enumerate() {
                add(way, *weight * self.alpha, &self.smooth[shift..]);
            }
        }
    }
}

/// Adds the weighted values to the sums.
#[inline]
fn add<R: Real>(sums: &mut [R], weight: R, values: &[R]) {
    for (sum, value) in sums.iter_mut().zip(values) {
        *sum += weight * *value;
    }
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
    for values in values.chunks_mut(4) {
        let bits = rng.bits();
        for (index, value) in values.iter_mut().enumerate() {
            let number = (bits >> (16 * index)) as u16;
            *value = R::from_f64(f64::from(number) / 32_767.5 - 1.0);
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
            for (index, number) in field.raw.iter_mut().enumerate() {
                let (row, column) = ((index / width) as f64, (index % width) as f64);
                *number = (2.0 + 3.0 * row + 11.0 * column).cos();
            }
            field.smooth(1);
            assert_eq!(field.ways[1].len(), expected.len());
            for (way, expected) in field.ways[1].iter().zip(expected) {
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
