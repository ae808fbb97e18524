//! Which values dropouts keep, of the samples of a block side by side.

use super::{Lanes, MOST};
use crate::dropout::{Masks, hashed};
use fearless_simd::SimdBase as _;

/// What the dropouts of a block draw from.
#[derive(Clone, Copy, Debug)]
pub struct BlockMasks([Masks; MOST]);

/// Which values one dropout keeps of each sample of a block.
#[derive(Clone, Copy, Debug)]
pub struct BlockMask {
    /// Where the numbers of each sample start.
    starts: [u32; MOST],
    /// What they are spread with.
    spreads: [u32; MOST],
    /// Numbers below this one are left out.
    threshold: u32,
}

impl BlockMasks {
    /// Those of a block: its batch's key, and how many samples of the batch come before the block.
    pub fn of(key: u64, first: usize) -> Self {
        Self(core::array::from_fn(|lane| Masks::of(key, first + lane)))
    }

    /// That of a layer, which leaves a value out with probability `p`.
    pub fn mask(&self, layer: usize, p: f64) -> BlockMask {
        let masks = self.0.map(|masks| masks.mask(layer, p));
        BlockMask {
            starts: masks.map(|mask| mask.start),
            spreads: masks.map(|mask| mask.spread),
            threshold: masks[0].threshold,
        }
    }
}

impl BlockMask {
    /// `factor` for each sample whose value at `index` is kept, and zero for the others.
    #[inline(always)]
    pub fn factors<S: Lanes>(&self, simd: S, index: usize, factor: f32) -> S::f32s {
        let mut factors = [0.0; MOST];
        for (lane, place) in factors.iter_mut().enumerate().take(S::COUNT) {
            let number = hashed((index as u32).wrapping_add(self.starts[lane]));
            let is_kept = number ^ self.spreads[lane] >= self.threshold;
            *place = if is_kept { factor } else { 0.0 };
        }
        S::f32s::from_slice(simd, &factors[..S::COUNT])
    }
}
