//! Which values a dropout keeps: random bits that are counted rather than drawn in turn.
//!
//! A bit depends on the batch, the sample, the layer and the value alone, so that it is the same whoever asks, and when.

/// What the dropouts of one sample draw from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Masks(u64);

/// Which values one dropout keeps of one sample.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mask {
    /// Where the numbers start.
    pub(crate) start: u32,
    /// What they are spread with.
    pub(crate) spread: u32,
    /// Numbers below this one are left out.
    pub(crate) threshold: u32,
}

impl Masks {
    /// Those of a sample: its batch's key, and how many samples of the batch come before it.
    pub fn of(key: u64, sample: usize) -> Self {
        Self(mixed(key.wrapping_add(mixed(sample as u64))))
    }

    /// That of a layer, which leaves a value out with probability `p`.
    pub fn mask(self, layer: usize, p: f64) -> Mask {
        let key = mixed(self.0.wrapping_add(layer as u64));
        Mask {
            start: key as u32,
            spread: (key >> 32) as u32,
            threshold: (p * f64::from(u32::MAX)) as u32,
        }
    }
}

impl Mask {
    /// Whether the value at `index` is kept.
    #[inline]
    pub fn keeps(&self, index: usize) -> bool {
        hashed((index as u32).wrapping_add(self.start)) ^ self.spread >= self.threshold
    }
}

/// A generator's step and its output function: `SplitMix64` (Steele, Lea and Flood, 2014).
fn mixed(state: u64) -> u64 {
    let z = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// A permutation of the numbers in which each bit of the input changes half of the output's: `lowbias32` (Wellons, 2018).
// Elsewhere it is a step of loops over vectors, whose instruction set it must share.
#[allow(clippy::inline_always)]
#[inline(always)]
pub(crate) fn hashed(x: u32) -> u32 {
    let x = (x ^ (x >> 16)).wrapping_mul(0x7feb_352d);
    let x = (x ^ (x >> 15)).wrapping_mul(0x846c_a68b);
    x ^ (x >> 16)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_many_are_left_out_as_is_asked_for() {
        const COUNT: usize = 100_000;
        for p in [0.0, 0.1, 0.5, 0.9] {
            let mask = Masks::of(7, 3).mask(2, p);
            let kept = (0..COUNT).filter(|index| mask.keeps(*index)).count();
            // Five standard deviations of a binomial distribution.
            let room = 5.0 * (COUNT as f64 * p * (1.0 - p)).sqrt();
            assert!(
                (kept as f64 - COUNT as f64 * (1.0 - p)).abs() <= room,
                "{p}: {kept}"
            );
        }
    }

    #[test]
    fn batches_samples_layers_and_values_differ() {
        let kept = |key, sample, layer| -> u64 {
            let mask = Masks::of(key, sample).mask(layer, 0.5);
            (0..64)
                .map(|index| u64::from(mask.keeps(index)) << index)
                .sum()
        };
        let all = [
            kept(1, 0, 0),
            kept(2, 0, 0),
            kept(1, 1, 0),
            kept(1, 0, 1),
            kept(2, 1, 1),
        ];
        for (index, mask) in all.iter().enumerate() {
            // Two independent masks of 64 values have 32 of them in common, and hardly ever less than 12 or more than 52.
            let common = |other: &u64| (mask ^ other).count_zeros();
            assert!(
                all[..index]
                    .iter()
                    .all(|other| (12..=52).contains(&common(other)))
            );
            assert!((12..=52).contains(&mask.count_ones()));
        }
    }

    /// Expected from an implementation in Python.
    #[test]
    fn masks_never_change() {
        let mask = Masks::of(7, 3).mask(2, 0.5);
        let kept: Vec<_> = (0..16).map(|index| u8::from(mask.keeps(index))).collect();
        assert_eq!(kept, [0, 1, 0, 1, 0, 1, 0, 0, 1, 0, 1, 0, 1, 0, 0, 0]);
    }
}
