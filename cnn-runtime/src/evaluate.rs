//! Measuring a network on a data set, on several threads.

use crate::data::Dataset;
use crate::exam::{Deviations, Exam};
use crate::metrics::{Confusion, Score};
use crate::model::{Model, Totals, Trainable};
use crate::settings::Augmentation;
use crate::target::argmax;
use crate::worker::{CHUNK, Worker, Workers};
use crate::zeroed::Zeroed;
use std::iter;
use std::num::NonZeroUsize;
use std::ops::Range;
use std::thread;

/// How good a network is over a data set that fits it ([`Dataset::check_targets`]).
pub fn evaluate<M: Trainable>(
    parameters: &M::Parameters,
    data: &Dataset,
    threads: NonZeroUsize,
) -> Score {
    let mut workers = Workers::<M>::new(threads, Augmentation::NONE);
    evaluate_with(&mut workers, parameters, &Exam::of::<M>(data))
}

/// The same over an exam, in memory that is there already.
pub fn evaluate_with<M: Trainable>(
    workers: &mut Workers<M>,
    parameters: &M::Parameters,
    exam: &Exam<'_>,
) -> Score {
    // One for each chunk, to be added in order: so any number of threads gives the same bits.
    let chunks: Vec<_> = exam.indices.chunks(CHUNK).collect();
    let mut marks = vec![Default::default(); chunks.len()];
    let per_thread = chunks.len().div_ceil(workers.count());
    thread::scope(|scope| {
        let parts = chunks.chunks(per_thread).zip(marks.chunks_mut(per_thread));
        let mut parts = parts.zip(iter::once(&mut workers.leader).chain(&mut workers.helpers));
        let own = parts.next();
        for (part, worker) in parts {
            scope.spawn(move || evaluate_chunks(worker, parameters, exam.data, part));
        }
        if let Some((part, worker)) = own {
            evaluate_chunks(worker, parameters, exam.data, part);
        }
    });
    let (mut totals, mut deviations) = (Totals::default(), Deviations::default());
    for (of_chunk, deviations_of_chunk) in marks {
        totals += of_chunk;
        deviations += deviations_of_chunk;
    }
    exam.score(totals, deviations)
}

/// What is added up over a chunk.
type Marks = (Totals, Deviations);

/// Fills in what the chunks bring.
fn evaluate_chunks<M: Trainable>(
    worker: &mut Worker<M>,
    parameters: &M::Parameters,
    data: &Dataset,
    (chunks, marks): (&[&[u32]], &mut [Marks]),
) {
    for (chunk, marks) in chunks.iter().zip(marks) {
        *marks = worker.evaluate(parameters, data, chunk);
    }
}

/// Which classes a network takes for which, over a data set of classes that fits it ([`Dataset::check`]).
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
    each_output::<M>(parameters, data, samples, |sample, _, output| {
        confusion.count(data.labels()[sample].into(), argmax(output));
    });
    confusion
}

/// Visits some samples: the index, the sample, and what the network puts out for it.
pub(crate) fn each_output<M: Model>(
    parameters: &M::Parameters,
    data: &Dataset,
    samples: Range<usize>,
    mut visit: impl FnMut(usize, &M::Input, &M::Output),
) {
    let mut inputs: Box<[M::Input]> = bytemuck::allocation::zeroed_slice_box(CHUNK);
    let mut outputs: Box<[M::Output]> = bytemuck::allocation::zeroed_slice_box(CHUNK);
    let mut activations = M::BatchActivations::boxed();
    for first in samples.clone().step_by(CHUNK) {
        let count = CHUNK.min(samples.end - first);
        for (input, sample) in inputs[..count].iter_mut().zip(first..) {
            data.gather(sample, input);
        }
        M::forward_batch(
            parameters,
            &inputs[..count],
            &mut outputs[..count],
            &mut activations,
        );
        for (sample, (input, output)) in (first..).zip(inputs[..count].iter().zip(&outputs)) {
            visit(sample, input, output);
        }
    }
}
