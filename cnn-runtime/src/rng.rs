//! Seeded random numbers, the same on every platform.

use crate::math::Real;
use crate::tensor::Tensor;
use rand::{RngExt, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;

/// The generator behind initialisation, shuffling and synthetic data: xoshiro256++ (Blackman and Vigna, 2019).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rng(Xoshiro256PlusPlus);

impl Rng {
    /// A generator that always gives the same numbers for the same seed.
    pub fn new(seed: u64) -> Self {
        Self(Xoshiro256PlusPlus::seed_from_u64(seed))
    }

    /// One of many independent generators of the same seed: one per epoch, one per image.
    pub fn stream(seed: u64, stream: u64) -> Self {
        let start: u64 = Xoshiro256PlusPlus::seed_from_u64(seed).random();
        Self::new(start.wrapping_add(stream))
    }

    /// 64 random bits.
    pub fn bits(&mut self) -> u64 {
        self.0.random()
    }

    /// Uniform in `0..1`.
    pub fn uniform(&mut self) -> f64 {
        self.0.random()
    }

    /// Standard normal, by the polar method (Marsaglia and Bray, 1964).
    pub fn normal(&mut self) -> f64 {
        loop {
            let [u, v] = [(); 2].map(|()| 2.0 * self.uniform() - 1.0);
            let square = u * u + v * v;
            if square > 0.0 && square < 1.0 {
                return u * libm::sqrt(-2.0 * libm::log(square) / square);
            }
        }
    }

    /// Uniform in `0..end`.
    ///
    /// # Panics
    /// If `end` is zero.
    pub fn below(&mut self, end: usize) -> usize {
        // Through u64, so that 32-bit and 64-bit machines draw the same numbers.
        self.0.random_range(0..end as u64) as usize
    }

    /// Fills a tensor from a uniform distribution in `-bound..bound`.
    pub fn fill_uniform<T: Tensor>(&mut self, tensor: &mut T, bound: f64) {
        for value in tensor.values_mut() {
            *value = T::Scalar::from_f64((2.0 * self.uniform() - 1.0) * bound);
        }
    }

    /// Fills a tensor from a normal distribution with mean zero.
    pub fn fill_normal<T: Tensor>(&mut self, tensor: &mut T, standard_deviation: f64) {
        for value in tensor.values_mut() {
            *value = T::Scalar::from_f64(self.normal() * standard_deviation);
        }
    }

    /// Puts the items into a random order: Fisher and Yates.
    pub fn shuffle<T>(&mut self, items: &mut [T]) {
        for end in (2..=items.len()).rev() {
            let chosen = self.below(end);
            items.swap(end - 1, chosen);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The expected numbers come from an implementation in Python of what the authors of xoshiro256++ and of
    /// `SplitMix64`, which makes its state from the seed, have published.
    #[test]
    #[allow(clippy::float_cmp)]
    fn numbers_are_those_of_xoshiro() {
        let first = |seed| {
            let mut rng = Rng::new(seed);
            [(); 3].map(|()| rng.uniform())
        };
        assert_eq!(
            first(0),
            [
                0.324_575_268_031_406_7,
                0.382_239_296_511_673_43,
                0.359_617_207_647_355_3
            ]
        );
        assert_eq!(
            first(42),
            [
                0.814_305_145_122_909_9,
                0.318_821_040_061_661_1,
                0.983_894_168_177_488_8
            ]
        );
    }

    #[test]
    fn shuffles_are_those_of_fisher_and_yates() {
        let shuffled = |mut rng: Rng| {
            let mut items = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9];
            rng.shuffle(&mut items);
            items
        };
        assert_eq!(shuffled(Rng::new(7)), [3, 8, 9, 4, 6, 7, 2, 5, 1, 0]);
        assert_eq!(shuffled(Rng::stream(7, 1)), [0, 9, 5, 3, 1, 8, 6, 2, 4, 7]);
        assert_eq!(shuffled(Rng::stream(7, 2)), [1, 3, 6, 9, 7, 2, 0, 8, 5, 4]);
    }
}
