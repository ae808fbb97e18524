//! The training loop.

mod epoch;
mod finite;
mod shard;
mod signal;
mod tasks;
mod training;
mod watch;

use crate::checkpoint::{Checkpoint, Checkpoints, Every};
use crate::data::{Dataset, Split};
use crate::error::Error;
use crate::exam::Exam;
use crate::metrics::{EpochReport, Score};
use crate::model::{Model, Parameters, Settings, Totals, Trainable};
use crate::rng::Rng;
use crate::schedule::Schedule;
use crate::settings::{Augmentation, Monitor, Validation};
use crate::zeroed::Zeroed;
use std::num::NonZeroUsize;
use training::Training;

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
    /// How samples are varied each time they are learnt.
    pub augmentation: Augmentation,
    /// What is held back from the training set, and what follows from it.
    pub validation: Option<Validation>,
    /// Stop after the first epoch with at least this accuracy (`0..=1`): on the validation samples, or else on the test
    /// set.
    pub target_accuracy: Option<f64>,
    /// Where and when the training is saved, to go on later.
    pub checkpoints: Option<Checkpoints>,
    /// Leave out a step whose loss or gradient is infinite or no number, and do not end the training.
    pub skips_not_finite: bool,
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
            augmentation: M::AUGMENTATION,
            validation: M::VALIDATION,
            target_accuracy: None,
            checkpoints: None,
            skips_not_finite: false,
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
    /// If data, network and settings do not fit, if the loss or a gradient is no longer finite, if a checkpoint cannot be
    /// written, if the training is interrupted, or whatever the observer returns. The parameters are then as the last
    /// good step left them.
    pub fn run<M: Trainable>(
        &self,
        parameters: &mut M::Parameters,
        data: &Split,
        observer: impl Observer,
    ) -> Result<Score, Error> {
        self.check::<M>(data)?;
        Training::<M>::new(self, data).run(parameters, observer)
    }

    /// Goes on with a training that was saved, to the same bits as if it had never ended.
    ///
    /// What the parameters are before does not matter.
    ///
    /// # Errors
    /// If the training was begun with other settings or other data, and as [`Fit::run`].
    pub fn resume<M: Trainable>(
        &self,
        checkpoint: &Checkpoint<M>,
        parameters: &mut M::Parameters,
        data: &Split,
        observer: impl Observer,
    ) -> Result<Score, Error> {
        self.check::<M>(data)?;
        checkpoint.check(self, data)?;
        parameters.copy_from(&checkpoint.parameters);
        Training::resume(self, data, checkpoint).run(parameters, observer)
    }

    /// Checks that data, network and settings fit.
    fn check<M: Trainable>(&self, data: &Split) -> Result<(), Error> {
        data.train.check_targets::<M>()?;
        data.test.check_targets::<M>()?;
        let train = &data.train;
        let name = train.name();
        let watches_accuracy = self
            .validation
            .is_some_and(|validation| validation.monitor == Monitor::Accuracy);
        if train.classes() == 0 && (watches_accuracy || self.target_accuracy.is_some()) {
            return Err(Error::mismatch(
                format!("{name}: targets are numbers, for which there is no accuracy"),
                "monitor the loss, and set no target accuracy",
            ));
        }
        if self.validation.is_some() && train.len() == 1 {
            return Err(Error::mismatch(
                format!("{name}: there is one sample, and nothing to hold back"),
                "train without validation, or on more samples",
            ));
        }
        self.check_batches::<M>(train)
    }

    fn every(&self) -> Option<Every> {
        self.checkpoints.as_ref()?.every
    }

    /// Checks that batches are neither too small nor too large for the network.
    fn check_batches<M: Trainable>(&self, train: &Dataset) -> Result<(), Error> {
        let name = train.name();
        let held_back = self
            .validation
            .map_or(0, |part| part.held_back(train.len()));
        let batch = self.batch_size.get().min(train.len() - held_back);
        if batch < M::MIN_BATCH {
            return Err(Error::mismatch(
                format!("{name}: a batch of {batch} is too small for a batch norm"),
                "a value alone has no variance: train with larger batches, or on more samples",
            ));
        }
        if shard::size(batch).min(batch) > M::MAX_WAITING {
            return Err(Error::mismatch(
                format!("{name}: a batch of {batch} is too large for the network's memory"),
                format!(
                    "its file says `batch_size = {}`: write a larger one there",
                    M::SETTINGS.batch_size
                ),
            ));
        }
        Ok(())
    }

    /// The order in which an epoch goes through the samples. A last batch that is too small is left out.
    fn order<M: Trainable>(&self, samples: &[u32], epoch: usize) -> Vec<u32> {
        let mut order = order(samples, self.seed, epoch);
        let rest = order.len() % self.batch_size;
        if rest < M::MIN_BATCH {
            order.truncate(order.len() - rest);
        }
        order
    }

    fn is_reached(&self, report: &EpochReport) -> bool {
        let accuracy = report.measured().and_then(|score| score.accuracy);
        let reached = self.target_accuracy.zip(accuracy);
        reached.is_some_and(|(target, accuracy)| accuracy >= target)
    }
}

/// What becomes of the samples.
struct Parts<'a> {
    train: &'a Dataset,
    /// The training samples that are learnt, in the order of the data set.
    learnt: Vec<u32>,
    /// Those that are not.
    validation: Option<Exam<'a>>,
    test: Exam<'a>,
}

impl<'a> Parts<'a> {
    fn new<M: Trainable>(fit: &Fit, data: &'a Split) -> Self {
        let mut learnt: Vec<u32> = (0..data.train.len() as u32).collect();
        let validation = fit.validation.map(|validation| {
            let count = validation.held_back(learnt.len());
            Exam::on::<M>(&data.train, hold_back(&mut learnt, count, fit.seed))
        });
        Self {
            train: &data.train,
            learnt,
            validation,
            test: Exam::of::<M>(&data.test),
        }
    }
}

/// Takes so many samples out at random; both parts stay in order.
fn hold_back(samples: &mut Vec<u32>, count: usize, seed: u64) -> Vec<u32> {
    // Epochs count from 1, so that no order is drawn from this stream.
    Rng::stream(seed, 0).shuffle(samples);
    let mut held = samples.split_off(samples.len() - count);
    samples.sort_unstable();
    held.sort_unstable();
    held
}

/// The order in which an epoch goes through the samples; it depends on nothing that happened before.
fn order(samples: &[u32], seed: u64, epoch: usize) -> Vec<u32> {
    let mut order = samples.to_vec();
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

    /// Asked after every step: whether the training is to end here, with a last checkpoint and
    /// [`Error::Interrupted`].
    fn is_interrupted(&self) -> bool {
        false
    }
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
        let samples: Vec<u32> = (0..1_000).collect();
        let [first, second] = [1, 2].map(|epoch| order(&samples, 7, epoch));
        assert_ne!(first, second);
        assert_eq!(first, order(&samples, 7, 1));
        for mut order in [first, second] {
            order.sort_unstable();
            assert_eq!(order, samples);
        }
    }

    /// Expected from an implementation in Python of the published generators.
    #[test]
    fn the_order_of_an_epoch_never_changes() {
        let samples: Vec<u32> = (0..10).collect();
        assert_eq!(order(&samples, 7, 1), [0, 9, 5, 3, 1, 8, 6, 2, 4, 7]);
        assert_eq!(order(&samples, 7, 2), [1, 3, 6, 9, 7, 2, 0, 8, 5, 4]);
    }

    #[test]
    fn samples_are_learnt_or_held_back() {
        for (count, fraction, expected) in [(10, 0.2, 2), (10, 0.25, 3), (2, 0.01, 1), (3, 0.99, 2)]
        {
            let validation = Validation {
                fraction,
                ..Validation::DEFAULT
            };
            let mut learnt: Vec<u32> = (0..count).collect();
            let held = hold_back(&mut learnt, validation.held_back(count as usize), 5);
            assert_eq!(held.len(), expected);
            let mut all = [learnt, held].concat();
            all.sort_unstable();
            assert!(all.into_iter().eq(0..count));
        }
    }

    #[test]
    fn what_is_held_back_depends_on_the_seed_alone() {
        let held = |seed| hold_back(&mut (0..100).collect(), 20, seed);
        assert_eq!(held(1), held(1));
        assert_ne!(held(1), held(2));
    }
}
