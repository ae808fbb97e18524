//! Measuring a network on a data set, on several threads.

use crate::data::Dataset;
use crate::metrics::{Confusion, Score};
use crate::model::{Model, Totals, Trainable};
use crate::target::{Target, argmax};
use crate::zeroed::Zeroed;
use std::num::NonZeroUsize;
use std::ops::Range;
use std::thread;

/// Samples that are measured at a time, whatever the number of threads, so that sums of losses have the same bits.
const CHUNK: usize = 64;

/// The loss and accuracy of a network over a data set that fits it ([`Dataset::check`]).
pub fn evaluate<M: Trainable>(
    parameters: &M::Parameters,
    data: &Dataset,
    threads: NonZeroUsize,
) -> Score {
    let mut chunks = vec![Totals::default(); data.len().div_ceil(CHUNK)];
    let per_thread = chunks.len().div_ceil(threads.get());
    thread::scope(|scope| {
        for (worker, chunks) in chunks.chunks_mut(per_thread).enumerate() {
            scope.spawn(move || {
                let mut inputs: Box<[M::Input]> = bytemuck::allocation::zeroed_slice_box(CHUNK);
                let mut targets = vec![M::Target::from_label(0); CHUNK];
                let mut workspace = M::Workspace::boxed();
                for (index, totals) in (worker * per_thread..).zip(chunks) {
                    let samples = index * CHUNK..data.len().min((index + 1) * CHUNK);
                    let count = samples.len();
                    for ((input, target), sample) in
                        inputs.iter_mut().zip(&mut targets).zip(samples)
                    {
                        data.gather(sample, input);
                        *target = M::Target::from_label(data.labels()[sample].into());
                    }
                    *totals = M::evaluate(
                        parameters,
                        &inputs[..count],
                        &targets[..count],
                        &mut workspace,
                    );
                }
            });
        }
    });
    let mut sum = Totals::default();
    for totals in chunks {
        sum += totals;
    }
    sum.into()
}

/// Which classes a network takes for which, over a data set that fits it ([`Dataset::check`]).
pub fn confusion<M: Model>(
    parameters: &M::Parameters,
    data: &Dataset,
    threads: NonZeroUsize,
) -> Confusion {
    let per_thread = data.len().div_ceil(threads.get());
    let mut sum = Confusion::new(data.classes());
    thread::scope(|scope| {
        let workers: Vec<_> = (0..data.len())
            .step_by(per_thread)
            .map(|start| start..data.len().min(start + per_thread))
            .map(|samples| scope.spawn(|| confusion_of::<M>(parameters, data, samples)))
            .collect();
        for worker in workers {
            match worker.join() {
                Ok(part) => sum.add(&part),
                Err(panic) => std::panic::resume_unwind(panic),
            }
        }
    });
    sum
}

fn confusion_of<M: Model>(
    parameters: &M::Parameters,
    data: &Dataset,
    samples: Range<usize>,
) -> Confusion {
    let mut confusion = Confusion::new(data.classes());
    let mut input = M::Input::boxed();
    let mut activations = M::Activations::boxed();
    for sample in samples {
        data.gather(sample, &mut *input);
        let output = M::forward(parameters, &input, &mut activations);
        confusion.count(data.labels()[sample].into(), argmax(output));
    }
    confusion
}
