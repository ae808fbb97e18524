//! Measuring a network on a data set, on several threads.

use crate::data::Dataset;
use crate::metrics::{Confusion, Score};
use crate::model::{Model, Totals, Trainable};
use crate::target::argmax;
use crate::worker::{CHUNK, Worker, Workers};
use crate::zeroed::Zeroed;
use std::num::NonZeroUsize;
use std::ops::Range;
use std::thread;

/// The loss and accuracy of a network over a data set that fits it ([`Dataset::check`]).
pub fn evaluate<M: Trainable>(
    parameters: &M::Parameters,
    data: &Dataset,
    threads: NonZeroUsize,
) -> Score {
    evaluate_with(&mut Workers::<M>::new(threads), parameters, data)
}

/// The same, in memory that is there already.
pub fn evaluate_with<M: Trainable>(
    workers: &mut Workers<M>,
    parameters: &M::Parameters,
    data: &Dataset,
) -> Score {
    // One for each chunk, to be added in order: so any number of threads gives the same bits.
    let mut totals = vec![Totals::default(); data.len().div_ceil(CHUNK)];
    let per_thread = totals.len().div_ceil(workers.count());
    let (own, others) = totals.split_at_mut(per_thread);
    thread::scope(|scope| {
        let parts = others.chunks_mut(per_thread).zip(&mut workers.helpers);
        for (first, (totals, worker)) in (per_thread..).step_by(per_thread).zip(parts) {
            scope.spawn(move || evaluate_chunks(worker, parameters, data, first, totals));
        }
        evaluate_chunks(&mut workers.leader, parameters, data, 0, own);
    });
    let mut sum = Totals::default();
    for totals in totals {
        sum += totals;
    }
    sum.into()
}

/// Fills in the totals of the chunks from `first` on.
fn evaluate_chunks<M: Trainable>(
    worker: &mut Worker<M>,
    parameters: &M::Parameters,
    data: &Dataset,
    first: usize,
    totals: &mut [Totals],
) {
    for (chunk, totals) in (first..).zip(totals) {
        let samples = chunk * CHUNK..data.len().min((chunk + 1) * CHUNK);
        *totals = worker.evaluate(parameters, data, samples);
    }
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
