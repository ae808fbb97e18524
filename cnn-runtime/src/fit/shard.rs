//! A part of a batch, with all that is needed to work on it alone.

use crate::data::Dataset;
use crate::model::{Parameters, Totals, Trainable};
use crate::target::Target;
use crate::zeroed::Zeroed;
use std::ops::Range;

/// The most shards that a batch is cut into, and so the most threads that a step can keep busy.
pub const MAX_SHARDS: usize = 8;

/// Shards are multiples of the samples that vector kernels work on side by side.
const LANES: usize = 16;

/// The samples per shard of a batch.
///
/// The cut depends on the size of the batch alone. Since the gradients of shards are added in their order, the sum has
/// the same bits for any number of threads.
pub fn size(batch: usize) -> usize {
    batch.div_ceil(MAX_SHARDS).next_multiple_of(LANES)
}

/// The number of shards of a batch.
pub fn count(batch: usize) -> usize {
    batch.div_ceil(size(batch))
}

/// The positions of one shard's samples in its batch.
pub fn range(shard: usize, batch: usize) -> Range<usize> {
    let size = size(batch);
    shard * size..batch.min((shard + 1) * size)
}

/// The samples of a shard and what one thread makes of them.
pub struct Shard<M: Trainable> {
    inputs: Box<[M::Input]>,
    targets: Box<[M::Target]>,
    workspace: Box<M::Workspace>,
    pub gradients: Box<M::Parameters>,
    pub totals: Totals,
}

impl<M: Trainable> Shard<M> {
    pub fn new(capacity: usize) -> Self {
        Self {
            inputs: bytemuck::allocation::zeroed_slice_box(capacity),
            targets: vec![M::Target::from_label(0); capacity].into(),
            workspace: Zeroed::boxed(),
            gradients: Zeroed::boxed(),
            totals: Totals::default(),
        }
    }

    /// The gradients of the samples at `indices`, which are a part of a batch of `batch_size`.
    pub fn learn(
        &mut self,
        parameters: &M::Parameters,
        data: &Dataset,
        indices: &[u32],
        batch_size: usize,
    ) {
        self.gather(data, indices);
        self.gradients.clear();
        self.totals = M::gradients(
            parameters,
            &self.inputs[..indices.len()],
            &self.targets[..indices.len()],
            batch_size,
            &mut self.workspace,
            &mut self.gradients,
        );
    }

    fn gather(&mut self, data: &Dataset, indices: &[u32]) {
        let samples = self.inputs.iter_mut().zip(&mut self.targets);
        for ((input, target), index) in samples.zip(indices) {
            let index = *index as usize;
            data.gather(index, input);
            *target = M::Target::from_label(data.labels()[index].into());
        }
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
    fn sizes_of_some_batches() {
        assert_eq!(
            [1, 16, 64, 100, 128, 129, 1000].map(size),
            [16, 16, 16, 16, 16, 32, 128]
        );
        assert_eq!(
            [1, 16, 64, 100, 128, 129, 1000].map(count),
            [1, 1, 4, 7, 8, 5, 8]
        );
    }
}
