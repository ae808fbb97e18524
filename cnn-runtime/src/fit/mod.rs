//! The training loop.

mod epoch;
mod shard;
mod signal;
mod tasks;

use crate::data::Split;
use crate::error::Error;
use crate::evaluate::evaluate_with;
use crate::metrics::{EpochReport, Score};
use crate::model::{Model, Settings, Totals, Trainable};
use crate::rng::Rng;
use crate::schedule::{LearningRate, Schedule};
use crate::zeroed::Zeroed;
use epoch::{Course, State, Stop};
use std::num::NonZeroUsize;
use std::time::Instant;

/// The most threads that a training step can keep busy.
pub const MAX_THREADS: NonZeroUsize = NonZeroUsize::new(shard::MAX_SHARDS).unwrap();

/// How a network is trained.
///
/// The same settings, data and first values give the same bits, whatever the number of threads.
///
/// ```no_run
/// use cnn_runtime::data::digits;
/// use cnn_runtime::{EpochReport, Error, Fit, Trainable};
///
/// fn train<Digits: Trainable>() -> Result<(), Error> {
///     let fit = Fit { epochs: 3, ..Fit::new::<Digits>() };
///     let data = digits::split()?;
///     let mut parameters = fit.initialize::<Digits>();
///     fit.run::<Digits>(&mut parameters, &data, |epoch: &EpochReport| println!("{epoch}"))?;
///     Ok(())
/// }
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Fit {
    /// How often the training set is gone through.
    pub epochs: usize,
    /// Samples per batch; the last one of an epoch may be smaller.
    pub batch_size: NonZeroUsize,
    /// Batches per step, of whose gradients the mean is followed; the last step of an epoch may have fewer.
    pub accumulation_steps: NonZeroUsize,
    /// The learning rate that the schedule starts from.
    pub learning_rate: f64,
    /// How it changes.
    pub schedule: Schedule,
    /// Where first values and the order of samples start.
    pub seed: u64,
    /// Threads to work with; more than [`MAX_THREADS`] are of no use.
    pub threads: NonZeroUsize,
    /// Stop after the first epoch with at least this test accuracy (`0..=1`).
    pub target_accuracy: Option<f64>,
}

impl Fit {
    /// The settings in the network's file, on all processors that help.
    pub fn new<M: Trainable>() -> Self {
        let Settings {
            epochs,
            batch_size,
            accumulation_steps,
            learning_rate,
            schedule,
            seed,
        } = M::SETTINGS;
        let processors = std::thread::available_parallelism().unwrap_or(NonZeroUsize::MIN);
        Self {
            epochs,
            batch_size: NonZeroUsize::new(batch_size).unwrap_or(NonZeroUsize::MIN),
            accumulation_steps: NonZeroUsize::new(accumulation_steps).unwrap_or(NonZeroUsize::MIN),
            learning_rate,
            schedule,
            seed,
            threads: processors.min(MAX_THREADS),
            target_accuracy: None,
        }
    }

    /// Draws first values from the seed.
    pub fn initialize<M: Model>(&self) -> Box<M::Parameters> {
        let mut parameters = M::Parameters::boxed();
        M::initialize(&mut parameters, &mut Rng::new(self.seed));
        parameters
    }

    /// Trains a network from the parameters given, and measures it after every epoch.
    ///
    /// Gives the score on the test set at the end. Where the optimizer keeps a running average of the parameters, that
    /// is what is measured, and what they are at the end.
    ///
    /// # Errors
    /// If data and network do not fit, if the loss is no longer finite, or whatever the observer returns. The
    /// parameters are then as the last good step left them.
    pub fn run<M: Trainable>(
        &self,
        parameters: &mut M::Parameters,
        data: &Split,
        mut observer: impl Observer,
    ) -> Result<Score, Error> {
        data.train.check::<M>()?;
        data.test.check::<M>()?;
        let mut state = State::<M>::new(
            self.batch_size.get().min(data.train.len()),
            self.accumulation_steps,
            self.threads.min(MAX_THREADS),
        );
        let mut rate = LearningRate::new(self.schedule, self.learning_rate);
        for epoch in 1..=self.epochs {
            let report = self.epoch(epoch, parameters, &mut state, rate, data, &mut observer)?;
            rate.observe(report.test_loss);
            observer.epoch(&report)?;
            if self
                .target_accuracy
                .is_some_and(|target| report.test_accuracy >= target)
            {
                break;
            }
        }
        state.finish(parameters);
        Ok(evaluate_with(&mut state.workers, parameters, &data.test))
    }

    fn epoch<M: Trainable>(
        &self,
        epoch: usize,
        parameters: &mut M::Parameters,
        state: &mut State<M>,
        rate: LearningRate,
        data: &Split,
        observer: &mut impl Observer,
    ) -> Result<EpochReport, Error> {
        let course = Course {
            data: &data.train,
            order: &order(data.train.len(), self.seed, epoch),
            batch_size: self.batch_size.get(),
            accumulation_steps: self.accumulation_steps.get(),
            rate,
            epoch: epoch - 1,
            epochs: self.epochs,
        };
        let samples = data.train.len();
        let steps = course.batches();
        let learning_rate = course.learning_rate(0);
        let start = Instant::now();
        let totals = epoch::train(parameters, state, &course, |step, totals| {
            observer.step(&StepReport {
                epoch,
                step,
                steps,
                samples,
                totals,
            })
        });
        let seconds = start.elapsed().as_secs_f64();
        let train = totals.map(Score::from).map_err(|stop| match stop {
            Stop::NotFinite { step } => Error::NotFinite { epoch, step },
            Stop::Error(error) => error,
        })?;
        let test = state.evaluate(parameters, &data.test);
        Ok(EpochReport {
            epoch,
            train_loss: train.loss,
            train_accuracy: train.accuracy,
            test_loss: test.loss,
            test_accuracy: test.accuracy,
            learning_rate,
            seconds,
            samples_per_s: samples as f64 / seconds,
        })
    }
}

/// The order in which an epoch goes through the samples; it depends on nothing that happened before.
fn order(samples: usize, seed: u64, epoch: usize) -> Vec<u32> {
    let mut order: Vec<u32> = (0..samples as u32).collect();
    Rng::stream(seed, epoch as u64).shuffle(&mut order);
    order
}

/// What one step brought.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct StepReport {
    /// The epoch, from 1.
    pub epoch: usize,
    /// The batch in this epoch, from 1.
    pub step: usize,
    /// The number of batches in this epoch.
    pub steps: usize,
    /// The number of samples in this epoch.
    pub samples: usize,
    /// Losses and hits of this epoch so far.
    pub totals: Totals,
}

/// Hears how the training goes, and may end it with an error.
///
/// A closure over [`EpochReport`] is an observer.
pub trait Observer {
    /// Called after every step.
    ///
    /// # Errors
    /// What is to end the training.
    fn step(&mut self, report: &StepReport) -> Result<(), Error> {
        let _ = report;
        Ok(())
    }

    /// Called after every epoch.
    ///
    /// # Errors
    /// What is to end the training.
    fn epoch(&mut self, report: &EpochReport) -> Result<(), Error>;
}

impl<F: FnMut(&EpochReport)> Observer for F {
    fn epoch(&mut self, report: &EpochReport) -> Result<(), Error> {
        self(report);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_epoch_has_its_own_permutation() {
        let [first, second] = [1, 2].map(|epoch| order(1_000, 7, epoch));
        assert_ne!(first, second);
        assert_eq!(first, order(1_000, 7, 1));
        for mut order in [first, second] {
            order.sort_unstable();
            assert!(order.into_iter().eq(0..1_000));
        }
    }

    /// Expected from an implementation in Python of the published generators.
    #[test]
    fn the_order_of_an_epoch_never_changes() {
        assert_eq!(order(10, 7, 1), [0, 9, 5, 3, 1, 8, 6, 2, 4, 7]);
        assert_eq!(order(10, 7, 2), [1, 3, 6, 9, 7, 2, 0, 8, 5, 4]);
    }
}
