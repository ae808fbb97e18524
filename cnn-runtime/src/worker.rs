//! What threads need to work on samples.

use crate::data::Dataset;
use crate::model::{Totals, Trainable};
use crate::target::Target;
use crate::zeroed::Zeroed;
use std::num::NonZeroUsize;
use std::ops::Range;

/// The samples that are worked on at a time: enough for the kernels to be at their best, few enough to stay in a cache.
pub const CHUNK: usize = 64;

/// A thread's own memory: a chunk of samples as numbers, and what the network makes of it.
pub struct Worker<M: Trainable> {
    inputs: Box<[M::Input]>,
    targets: Box<[M::Target]>,
    workspace: Box<M::Workspace>,
}

impl<M: Trainable> Worker<M> {
    pub fn new() -> Self {
        Self {
            inputs: bytemuck::allocation::zeroed_slice_box(CHUNK),
            targets: vec![M::Target::from_label(0); CHUNK].into(),
            workspace: Zeroed::boxed(),
        }
    }

    /// Adds the gradients of some samples, which are a part of a batch of `batch_size`.
    pub fn learn(
        &mut self,
        parameters: &M::Parameters,
        data: &Dataset,
        indices: &[u32],
        batch_size: usize,
        gradients: &mut M::Parameters,
    ) -> Totals {
        let mut totals = Totals::default();
        for chunk in indices.chunks(CHUNK) {
            self.gather(data, chunk.iter().map(|index| *index as usize));
            totals += M::gradients(
                parameters,
                &self.inputs[..chunk.len()],
                &self.targets[..chunk.len()],
                batch_size,
                &mut self.workspace,
                gradients,
            );
        }
        totals
    }

    /// The loss and the hits of a chunk of samples.
    pub fn evaluate(
        &mut self,
        parameters: &M::Parameters,
        data: &Dataset,
        chunk: Range<usize>,
    ) -> Totals {
        self.gather(data, chunk.clone());
        M::evaluate(
            parameters,
            &self.inputs[..chunk.len()],
            &self.targets[..chunk.len()],
            &mut self.workspace,
        )
    }

    fn gather(&mut self, data: &Dataset, indices: impl Iterator<Item = usize>) {
        let samples = self.inputs.iter_mut().zip(&mut self.targets);
        for ((input, target), index) in samples.zip(indices) {
            data.gather(index, input);
            data.gather_target(index, input, target);
        }
    }
}

/// The memory of all threads: of the one that leads, and of those that help it.
pub struct Workers<M: Trainable> {
    pub leader: Worker<M>,
    pub helpers: Vec<Worker<M>>,
}

impl<M: Trainable> Workers<M> {
    pub fn new(threads: NonZeroUsize) -> Self {
        Self {
            leader: Worker::new(),
            helpers: (1..threads.get()).map(|_| Worker::new()).collect(),
        }
    }

    pub fn count(&self) -> usize {
        1 + self.helpers.len()
    }
}
