//! Handing out the shards of a batch to whoever is free.

use super::shard::MAX_SHARDS;
use std::sync::atomic::{AtomicU64, Ordering};

/// A shard in one of an epoch's rounds, in each of which a batch is gone through.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Task {
    pub round: usize,
    pub shard: usize,
}

/// The shards of the current round that nobody has taken yet: its number in the upper half, a bit for each in the lower.
#[derive(Default)]
pub struct Tasks(AtomicU64);

const _: () = assert!(MAX_SHARDS <= 32, "every shard has a bit");

impl Tasks {
    /// Offers the shards of a round, after all those of the one before have been taken.
    pub fn offer(&self, round: usize, shards: usize) {
        let free = (1 << shards) - 1;
        self.0.store((round as u64) << 32 | free, Ordering::Release);
    }

    /// Whether any shard is left.
    pub fn any(&self) -> bool {
        self.0.load(Ordering::Acquire) as u32 != 0
    }

    /// Takes the first shard from `home` on, or else from the start, so that as a rule a thread gets the shards whose
    /// gradients are in its cache.
    pub fn take(&self, home: usize) -> Option<Task> {
        let first = |free: u32| {
            let from_home = free & (u32::MAX << home);
            let free = if from_home == 0 { free } else { from_home };
            free.trailing_zeros()
        };
        let taken = |tasks: u64| match tasks as u32 {
            0 => None,
            free => Some(tasks & !(1 << first(free))),
        };
        let tasks = self
            .0
            .fetch_update(Ordering::AcqRel, Ordering::Acquire, taken)
            .ok()?;
        Some(Task {
            round: (tasks >> 32) as usize,
            shard: first(tasks as u32) as usize,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_shard_is_taken_once_from_home_on() {
        let tasks = Tasks::default();
        assert_eq!(tasks.take(0), None);
        for round in [0, 7, u32::MAX as usize] {
            tasks.offer(round, MAX_SHARDS);
            let taken: Vec<_> = std::iter::from_fn(|| tasks.take(5)).collect();
            let expected = [5, 6, 7, 0, 1, 2, 3, 4].map(|shard| Task { round, shard });
            assert_eq!(taken, expected);
            assert!(!tasks.any());
        }
    }
}
