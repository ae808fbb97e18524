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
