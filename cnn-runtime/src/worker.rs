//! What threads need to work on samples.

use crate::augment::Augmenter;
use crate::data::Dataset;
use crate::exam::Deviations;
use crate::math::Real;
use crate::model::{Totals, Trainable};
use crate::rng::Rng;
use crate::settings::Augmentation;
use crate::target::Target;
use crate::tensor::Tensor;
use crate::zeroed::Zeroed;
use std::num::NonZeroUsize;

/// The samples that are worked on at a time: enough for the kernels to be at their best, few enough to stay in a cache.
pub const CHUNK: usize = 64;

/// A thread's own memory: a chunk of samples as numbers, and what the network makes of it.
pub struct Worker<M: Trainable> {
    inputs: Box<[M::Input]>,
    targets: Box<[M::Target]>,
    workspace: Box<M::Workspace>,
    augmenter: Option<Augmenter<M::Scalar>>,
    /// Where targets are numbers: what they are compared with.
    outputs: Option<Outputs<M>>,
}

/// The outputs for a chunk of samples, and what they are computed in.
struct Outputs<M: Trainable> {
    values: Box<[M::Output]>,
    activations: Box<M::BatchActivations>,
}

impl<M: Trainable> Worker<M> {
    fn new(augmentation: Augmentation) -> Self {
        Self {
            inputs: bytemuck::allocation::zeroed_slice_box(CHUNK),
            targets: vec![M::Target::from_label(0); CHUNK].into(),
            workspace: Zeroed::boxed(),
            augmenter: Augmenter::new(augmentation, M::INPUT_SHAPE),
            outputs: None,
        }
    }

    /// Adds the gradients of some samples, which are a part of a batch of `batch_size`; `key` says how they are varied.
    pub fn learn(
        &mut self,
        parameters: &M::Parameters,
        data: &Dataset,
        indices: &[u32],
        batch_size: usize,
        key: u64,
        gradients: &mut M::Parameters,
    ) -> Totals {
        let mut totals = Totals::default();
        for chunk in indices.chunks(CHUNK) {
            self.gather_varied(data, chunk, key);
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

    /// The loss and the hits of a chunk of samples, and how far off the outputs are where targets are numbers.
    pub fn evaluate(
        &mut self,
        parameters: &M::Parameters,
        data: &Dataset,
        chunk: &[u32],
    ) -> (Totals, Deviations) {
        self.gather(data, chunk);
        let (inputs, targets) = (&self.inputs[..chunk.len()], &self.targets[..chunk.len()]);
        let totals = M::evaluate(parameters, inputs, targets, &mut self.workspace);
        let mut deviations = Deviations::default();
        if data.classes() == 0 {
            let Outputs {
                values,
                activations,
            } = self.outputs.get_or_insert_with(Outputs::new);
            M::forward_batch(parameters, inputs, values, activations);
            for (output, target) in values.iter().zip(targets) {
                deviations.count(
                    output.values().iter().map(|value| value.to_f64()),
                    target.numbers(),
                );
            }
        }
        (totals, deviations)
    }

    fn gather(&mut self, data: &Dataset, indices: &[u32]) {
        let samples = self.inputs.iter_mut().zip(&mut self.targets);
        for ((input, target), index) in samples.zip(indices) {
            data.gather(*index as usize, input);
            data.gather_target(*index as usize, input, target);
        }
    }

    fn gather_varied(&mut self, data: &Dataset, indices: &[u32], key: u64) {
        let Some(augmenter) = &mut self.augmenter else {
            return self.gather(data, indices);
        };
        let samples = self.inputs.iter_mut().zip(&mut self.targets);
        for ((input, target), index) in samples.zip(indices) {
            let mut rng = Rng::stream(key, u64::from(*index));
            augmenter.gather(data, *index as usize, &mut rng, input.values_mut());
            data.gather_target(*index as usize, input, target);
            augmenter.spoil(&mut rng, M::INPUT_SHAPE, input.values_mut());
        }
    }
}

impl<M: Trainable> Outputs<M> {
    fn new() -> Self {
        Self {
            values: bytemuck::allocation::zeroed_slice_box(CHUNK),
            activations: Zeroed::boxed(),
        }
    }
}

/// The memory of all threads: of the one that leads, and of those that help it.
pub struct Workers<M: Trainable> {
    pub leader: Worker<M>,
    pub helpers: Vec<Worker<M>>,
}

impl<M: Trainable> Workers<M> {
    pub fn new(threads: NonZeroUsize, augmentation: Augmentation) -> Self {
        let helper = |_| Worker::new(augmentation);
        Self {
            leader: Worker::new(augmentation),
            helpers: (1..threads.get()).map(helper).collect(),
        }
    }

    pub fn count(&self) -> usize {
        1 + self.helpers.len()
    }
}
