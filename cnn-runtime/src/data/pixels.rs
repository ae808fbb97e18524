//! How bytes become numbers in `0..=1`.

use crate::math::Real;

/// Writes every byte's 255th part.
pub fn write<R: Real>(bytes: &[u8], values: &mut [R]) {
    #[cfg(feature = "simd")]
    crate::lanes::dispatch!(
        crate::lanes::level(),
        simd => fearless_simd::Simd::vectorize(simd, #[inline(always)] || divide(bytes, values))
    );
    #[cfg(not(feature = "simd"))]
    divide(bytes, values);
}

/// `x/255 = 257x/65536 + x/(255·65536)`, where the first product is exact: the bits of a division, in half the time.
#[allow(
    clippy::inline_always,
    reason = "the caller has chosen the instruction set"
)]
#[inline(always)]
fn divide<R: Real>(bytes: &[u8], values: &mut [R]) {
    let (most, rest) = (257.0 / 65536.0, 1.0 / (255.0 * 65536.0));
    let (most, rest) = (R::from_f64(most), R::from_f64(rest));
    for (value, byte) in values.iter_mut().zip(bytes) {
        let x = R::from_f64(f64::from(*byte));
        *value = x * most + x * rest;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_byte_has_the_bits_of_the_quotient() {
        let bytes: Vec<_> = (0..=u8::MAX).collect();
        let (mut single, mut double) = ([0.0_f32; 256], [0.0_f64; 256]);
        write(&bytes, &mut single);
        write(&bytes, &mut double);
        for byte in bytes {
            let index = usize::from(byte);
            assert_eq!(single[index].to_bits(), (f32::from(byte) / 255.0).to_bits());
            assert_eq!(double[index].to_bits(), (f64::from(byte) / 255.0).to_bits());
        }
    }
}
