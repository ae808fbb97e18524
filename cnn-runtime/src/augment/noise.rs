//! Normal noise, fast enough for every value of every sample.

use crate::math::Real;
use crate::rng::Rng;

/// Adds normal numbers with this standard deviation.
pub fn add<R: Real>(standard_deviation: f64, rng: &mut Rng, values: &mut [R]) {
    let unit = R::from_f64(standard_deviation);
    for value in values {
        *value += unit * R::from_f64(normal(rng.bits()));
    }
}

/// A number that is normal but for a hair, from 64 random bits.
///
/// 48 coins thrown, their heads counted, and a uniform number from the other 16 bits to fill the gaps between counts. The
/// variance of the sum is 48/4 + 1/12; its fourth moment is that of a normal number but for 1.4 %; no number is beyond
/// ±7.1.
fn normal(bits: u64) -> f64 {
    let heads = (bits >> 16).count_ones();
    let uniform = (f64::from(bits as u16) + 0.5) / 65_536.0 - 0.5;
    (f64::from(heads) - 24.0 + uniform) / libm::sqrt(48.0 / 4.0 + 1.0 / 12.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_moments_are_those_of_a_normal_number() {
        let mut values = vec![1.0_f64; 400_000];
        add(2.0, &mut Rng::new(3), &mut values);
        let count = values.len() as f64;
        let moment = |power| {
            let powers = values
                .iter()
                .map(|value| ((value - 1.0) / 2.0_f64).powi(power));
            powers.sum::<f64>() / count
        };
        assert!(moment(1).abs() < 0.01, "{}", moment(1));
        assert!((moment(2) - 1.0).abs() < 0.01, "{}", moment(2));
        assert!(moment(3).abs() < 0.03, "{}", moment(3));
        assert!((moment(4) - 3.0).abs() < 0.08, "{}", moment(4));
    }

    #[test]
    fn all_bits_equal_is_as_far_as_it_goes() {
        assert!((normal(u64::MAX) - 7.05).abs() < 0.01);
        assert!((normal(0) + normal(u64::MAX)).abs() < 1e-12);
    }
}
