//! The cut of a batch into shards, and the sum of their gradients.
//!
//! Both depend on the size of the batch alone: so any number of threads gives the same bits.

use crate::batch::Statistics;
use crate::model::{Parameters, Totals, Trainable};
use crate::worker::Samples;
use crate::zeroed::Zeroed;
use std::ops::Range;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// The most shards that a batch is cut into, and so the most threads that a step can keep busy.
pub const MAX_SHARDS: usize = 8;

/// The fewest samples that are worth a set of gradients of their own.
const MIN_SIZE: usize = 32;

/// Shards are multiples of the samples that vector kernels work on side by side.
const LANES: usize = 16;

/// The samples per shard of a batch.
pub fn size(batch: usize) -> usize {
    batch
        .div_ceil(MAX_SHARDS)
        .next_multiple_of(LANES)
        .max(MIN_SIZE)
}

/// The number of shards of a batch.
pub fn count(batch: usize) -> usize {
    batch.div_ceil(size(batch))
}

/// The most shards of batches up to this size: a smaller one may have more, because they are smaller.
fn most(batch: usize) -> usize {
    batch.div_ceil(MIN_SIZE).min(MAX_SHARDS)
}

/// The positions of one shard's samples in its batch.
pub fn range(shard: usize, batch: usize) -> Range<usize> {
    let size = size(batch);
    shard * size..batch.min((shard + 1) * size)
}

/// Sums over samples of one or more shards.
pub struct Sum<M: Trainable> {
    pub gradients: Box<M::Parameters>,
    pub totals: Totals,
    /// Samples that wait for those of other shards.
    pub waiting: Option<Waiting<M>>,
}

/// The samples of a shard between two phases.
pub struct Waiting<M: Trainable> {
    pub samples: Samples<M>,
    pub workspace: Box<M::Workspace>,
}

impl<M: Trainable> Sum<M> {
    /// Room for shards of up to `size` samples.
    fn new(size: usize) -> Self {
        let waiting = || Waiting {
            samples: Samples::new(size),
            workspace: Zeroed::boxed(),
        };
        Self {
            gradients: Zeroed::boxed(),
            totals: Totals::default(),
            waiting: (M::PHASES > 1).then(waiting),
        }
    }

    fn add(&mut self, other: &Self) {
        self.gradients.add(&other.gradients);
        self.totals += other.totals;
    }
}

/// The sums of all shards of a batch, which become one.
///
/// They are added in pairs, then pairs of pairs, and so on, each into the one with the lower number.
pub struct Sums<M: Trainable> {
    sums: Vec<Mutex<Sum<M>>>,
    /// Whether one half of a pair is there and waits for the other: at the place of the upper half.
    waits: [AtomicBool; MAX_SHARDS],
}

impl<M: Trainable> Sums<M> {
    /// Room for batches of up to `batch_size` samples.
    pub fn new(batch_size: usize) -> Self {
        let sum = |_| Mutex::new(Sum::new(size(batch_size).min(batch_size)));
        Self {
            sums: (0..most(batch_size)).map(sum).collect(),
            waits: Default::default(),
        }
    }

    /// The sum of a shard; when all are added, that of the batch is at zero.
    pub fn get(&self, shard: usize) -> MutexGuard<'_, Sum<M>> {
        self.sums[shard]
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes in what the batch norms know of the samples of all `shards`.
    pub fn merge(&self, shards: usize, statistics: &mut M::Statistics) {
        *statistics = Zeroed::ZERO;
        for shard in 0..shards {
            let sum = self.get(shard);
            let waiting = sum.waiting.as_ref();
            if let Some(own) = waiting.and_then(|waiting| M::statistics(&waiting.workspace)) {
                statistics.merge(own);
            }
        }
    }

    /// Adds a shard's sum to its neighbour's, and on as long as the other half is there; else whoever brings that goes on.
    ///
    /// True for the last one of all `shards`: then the sum is complete.
    pub fn add(&self, shard: usize, shards: usize) -> bool {
        let mut distance = 1;
        while distance < shards {
            let lower = shard - shard % (2 * distance);
            let upper = lower + distance;
            if upper < shards {
                let is_other_there = self.waits[upper].fetch_not(Ordering::AcqRel);
                if !is_other_there {
                    return false;
                }
                self.get(lower).add(&self.get(upper));
            }
            distance *= 2;
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shards_are_a_partition_of_the_batch() {
        for batch in 1..=1_100 {
            let ranges: Vec<_> = (0..count(batch)).map(|shard| range(shard, batch)).collect();
            assert!(ranges.len() <= MAX_SHARDS);
            assert!(
                ranges
                    .iter()
                    .all(|range| !range.is_empty() && range.start % LANES == 0)
            );
            assert!(ranges.into_iter().flatten().eq(0..batch));
        }
    }

    #[test]
    fn no_smaller_batch_has_more_or_larger_shards_than_there_is_room_for() {
        for batch in 1..=1_100 {
            assert!((1..=batch).all(|smaller| count(smaller) <= most(batch)));
            assert!((1..=batch).all(|smaller| size(smaller) <= size(batch)));
        }
    }

    #[test]
    fn sizes_of_some_batches() {
        assert_eq!(
            [1, 32, 64, 100, 256, 257, 1000].map(size),
            [32, 32, 32, 32, 32, 48, 128]
        );
        assert_eq!(
            [1, 32, 64, 100, 256, 257, 1000].map(count),
            [1, 1, 2, 4, 8, 6, 8]
        );
    }
}
