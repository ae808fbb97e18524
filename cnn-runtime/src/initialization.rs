//! First values of parameters.

use crate::math::Real;
use crate::rng::Rng;
use crate::tensor::Tensor;

/// Fills a tensor from a uniform distribution in `-bound..bound`.
pub fn uniform<T: Tensor>(tensor: &mut T, bound: f64, rng: &mut Rng) {
    for value in tensor.values_mut() {
        *value = T::Scalar::from_f64((2.0 * rng.uniform() - 1.0) * bound);
    }
}

/// Fills a tensor from a normal distribution with mean zero.
pub fn normal<T: Tensor>(tensor: &mut T, standard_deviation: f64, rng: &mut Rng) {
    for value in tensor.values_mut() {
        *value = T::Scalar::from_f64(rng.normal() * standard_deviation);
    }
}
