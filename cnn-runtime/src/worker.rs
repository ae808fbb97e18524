//! What threads need to work on samples.

use crate::augment::Augmenter;
use crate::batch::Part;
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
    samples: Samples<M>,
    workspace: Box<M::Workspace>,
    augmenter: Option<Augmenter<M::Scalar>>,
    /// Where targets are numbers: what they are compared with.
    outputs: Option<Outputs<M>>,
}

/// Room for some samples as numbers.
pub struct Samples<M: Trainable> {
    inputs: Box<[M::Input]>,
    targets: Box<[M::Target]>,
}

impl<M: Trainable> Samples<M> {
    pub fn new(count: usize) -> Self {
        Self {
            inputs: bytemuck::allocation::zeroed_slice_box(count),
            targets: vec![M::Target::from_label(0); count].into(),
        }
    }

    /// The first ones.
    pub fn first(&self, count: usize) -> (&[M::Input], &[M::Target]) {
        (&self.inputs[..count], &self.targets[..count])
    }

    /// Gathers samples, varied if there is something to vary them; `key` says how.
    fn gather(
        &mut self,
        data: &Dataset,
        indices: &[u32],
        key: u64,
        mut augmenter: Option<&mut Augmenter<M::Scalar>>,
    ) {
        let samples = self.inputs.iter_mut().zip(&mut self.targets);
        for ((input, target), index) in samples.zip(indices) {
            let (sample, mut rng) = (*index as usize, Rng::stream(key, u64::from(*index)));
            match &mut augmenter {
                Some(augmenter) => augmenter.gather(data, sample, &mut rng, input.values_mut()),
                None => data.gather(sample, input),
            }
            data.gather_target(sample, input, target);
            if let Some(augmenter) = &mut augmenter {
                augmenter.spoil(&mut rng, M::INPUT_SHAPE, input.values_mut());
            }
        }
    }
}

/// The outputs for a chunk of samples, and what they are computed in.
struct Outputs<M: Trainable> {
    values: Box<[M::Output]>,
    activations: Box<M::BatchActivations>,
}

impl<M: Trainable> Worker<M> {
    fn new(augmentation: Augmentation) -> Self {
        Self {
            samples: Samples::new(CHUNK),
            workspace: Zeroed::boxed(),
            augmenter: Augmenter::new(augmentation, M::INPUT_SHAPE),
            outputs: None,
        }
    }

    /// Adds the gradients of some samples, which stand at `part` of a batch; `key` says how they are varied.
    pub fn learn(
        &mut self,
        parameters: &M::Parameters,
        data: &Dataset,
        indices: &[u32],
        part: Part,
        key: u64,
        gradients: &mut M::Parameters,
    ) -> Totals {
        let mut totals = Totals::default();
        for (chunk, first) in indices.chunks(CHUNK).zip((part.first..).step_by(CHUNK)) {
            self.samples
                .gather(data, chunk, key, self.augmenter.as_mut());
            totals += M::phase(
                0,
                parameters,
                self.samples.first(chunk.len()),
                Part { first, ..part },
                &Zeroed::ZERO,
                &mut self.workspace,
                gradients,
            );
        }
        totals
    }

    /// Gathers samples that are to be learnt in several phases.
    pub fn gather(&mut self, samples: &mut Samples<M>, data: &Dataset, indices: &[u32], key: u64) {
        samples.gather(data, indices, key, self.augmenter.as_mut());
    }

    /// The loss and the hits of a chunk of samples, and how far off the outputs are where targets are numbers.
    pub fn evaluate(
        &mut self,
        parameters: &M::Parameters,
        data: &Dataset,
        chunk: &[u32],
    ) -> (Totals, Deviations) {
        self.samples.gather(data, chunk, 0, None);
        let (inputs, targets) = self.samples.first(chunk.len());
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
