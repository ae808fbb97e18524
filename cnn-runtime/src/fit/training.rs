//! A training in its course: epoch after epoch, saved where that is due.

use super::epoch::{self, Course, State};
use super::finite::Flaw;
use super::watch::Watch;
use super::{Fit, Observer, Parts, StepReport};
use crate::augment;
use crate::checkpoint::{Checkpoint, Keeper, Moment, Position, Tally};
use crate::data::Split;
use crate::error::Error;
use crate::evaluate::evaluate_with;
use crate::metrics::{EpochReport, Score};
use crate::model::{Parameters, Trainable};
use crate::schedule::LearningRate;
use std::path::Path;
use std::time::Instant;

/// A training between two epochs, or where a checkpoint left it within one.
pub struct Training<'a, M: Trainable> {
    fit: &'a Fit,
    parts: Parts<'a>,
    state: State<M>,
    tally: Tally,
    outlook: Outlook<M>,
    keeper: Option<Keeper<'a>>,
}

/// What changes from epoch to epoch.
struct Outlook<M: Trainable> {
    /// The epochs that are over.
    epoch: usize,
    rate: LearningRate,
    watch: Option<Watch<M::Parameters>>,
    is_over: bool,
}

impl<'a, M: Trainable> Training<'a, M> {
    /// Before the first step.
    pub fn new(fit: &'a Fit, data: &'a Split) -> Self {
        let parts = Parts::new::<M>(fit, data);
        let keeper = |path: &'a Path| Keeper::new::<M>(path, fit, data);
        Self {
            fit,
            state: State::new(fit.batch_size.get().min(parts.learnt.len()), fit),
            parts,
            tally: Tally::default(),
            outlook: Outlook {
                epoch: 0,
                rate: LearningRate::new(fit.schedule, fit.learning_rate),
                watch: fit.validation.map(Watch::new),
                is_over: fit.epochs == 0,
            },
            keeper: fit
                .checkpoints
                .as_ref()
                .map(|checkpoints| keeper(&checkpoints.path)),
        }
    }

    /// Where a checkpoint of the same training left it.
    pub fn resume(fit: &'a Fit, data: &'a Split, checkpoint: &Checkpoint<M>) -> Self {
        let mut training = Self::new(fit, data);
        training.state.optimizer.clone_from(&checkpoint.optimizer);
        training.tally = checkpoint.position.tally;
        training.outlook.restore(checkpoint);
        if let Some(keeper) = &mut training.keeper {
            keeper.found(checkpoint);
        }
        training
    }

    /// Trains to the end.
    pub fn run(
        mut self,
        parameters: &mut M::Parameters,
        mut observer: impl Observer,
    ) -> Result<Score, Error> {
        while !self.outlook.is_over {
            self.epoch(parameters, &mut observer)
                .map_err(|error| name_checkpoint(error, self.keeper.as_ref()))?;
        }
        match self.outlook.watch.as_ref().and_then(Watch::best) {
            Some(best) => parameters.copy_from(best),
            None => self.state.finish(parameters),
        }
        Ok(evaluate_with(
            &mut self.state.workers,
            parameters,
            &self.parts.test,
        ))
    }

    /// Learns what is left of an epoch, and measures what came of it.
    fn epoch(
        &mut self,
        parameters: &mut M::Parameters,
        observer: &mut impl Observer,
    ) -> Result<(), Error> {
        let mut report = self.learn(parameters, observer)?;
        let Outlook {
            epoch,
            rate,
            watch,
            is_over,
        } = &mut self.outlook;
        *epoch += 1;
        self.tally = Tally::default();
        if let Some(score) = report.measured() {
            rate.observe(score.loss);
        }
        if let (Some(watch), Some(score)) = (&mut *watch, report.validation) {
            report.is_best = Some(watch.see(score, self.state.saved(parameters)));
        }
        observer.epoch(&report)?;
        *is_over = *epoch == self.fit.epochs
            || self.fit.is_reached(&report)
            || watch.as_ref().is_some_and(Watch::is_over);
        if self
            .fit
            .every()
            .is_some_and(|every| every.ends_with_epoch(*epoch) || *is_over)
        {
            let optimizer = &self.state.optimizer;
            self.outlook
                .keep(&mut self.keeper, self.tally, parameters, optimizer)?;
        }
        Ok(())
    }

    fn learn(
        &mut self,
        parameters: &mut M::Parameters,
        observer: &mut impl Observer,
    ) -> Result<EpochReport, Error> {
        let Self {
            fit,
            parts,
            state,
            tally: start,
            outlook,
            keeper,
        } = self;
        let epoch = outlook.epoch + 1;
        let course = Course {
            data: parts.train,
            order: &fit.order::<M>(&parts.learnt, epoch),
            batch_size: fit.batch_size.get(),
            accumulation_steps: fit.accumulation_steps.get(),
            rate: outlook.rate,
            epoch: outlook.epoch,
            epochs: fit.epochs,
            key: augment::key(fit.seed, epoch),
            start: *start,
            skips_not_finite: fit.skips_not_finite,
        };
        let begin = Instant::now();
        let tally = epoch::train(parameters, state, &course, |after| {
            observer.step(&StepReport {
                epoch,
                step: after.tally.batches,
                steps: course.batches(),
                samples: course.order.len(),
                totals: after.tally.totals,
            })?;
            if !after.ends_step {
                return Ok(());
            }
            let step = course.steps_until(after.tally.batches);
            let is_due = fit.every().is_some_and(|every| every.ends_with_step(step));
            let is_interrupted = observer.is_interrupted();
            if is_due || is_interrupted {
                outlook.keep(keeper, after.tally, after.parameters, after.optimizer)?;
            }
            if is_interrupted {
                return Err(Error::Interrupted {
                    epoch,
                    step: after.tally.batches,
                    checkpoint: None,
                });
            }
            Ok(())
        })?;
        let seconds = begin.elapsed().as_secs_f64();
        if let Some(flaw) = Flaw::of_parameters(&*parameters) {
            return Err(flaw.at(epoch, tally.batches));
        }
        let mut measure = |exam| state.evaluate(parameters, exam);
        let validation = parts.validation.as_ref().map(&mut measure);
        let test = validation.is_none().then(|| measure(&parts.test));
        let train = Score::from(tally.totals);
        Ok(EpochReport {
            epoch,
            train: Score {
                accuracy: train.accuracy.filter(|_| parts.train.classes() > 0),
                ..train
            },
            validation,
            test,
            is_best: None,
            skipped: tally.skipped,
            learning_rate: course.learning_rate(0),
            seconds,
            samples_per_s: (tally.totals.samples - start.totals.samples) as f64 / seconds,
        })
    }
}

impl<M: Trainable> Outlook<M> {
    fn restore(&mut self, checkpoint: &Checkpoint<M>) {
        let position = &checkpoint.position;
        self.epoch = position.epoch;
        self.is_over = position.is_over;
        self.rate = LearningRate {
            schedule: self.rate.schedule,
            base: position.rate,
            best: position.rate_best,
            bad_epochs: position.rate_bad_epochs,
            cooldown: position.rate_cooldown,
        };
        if let Some(watch) = &mut self.watch {
            watch.restore(position, checkpoint.best.as_deref());
        }
    }

    fn position(&self, tally: Tally) -> Position {
        let mut position = Position {
            epoch: self.epoch,
            tally,
            rate: self.rate.base,
            rate_best: self.rate.best,
            rate_bad_epochs: self.rate.bad_epochs,
            rate_cooldown: self.rate.cooldown,
            is_over: self.is_over,
            ..Position::default()
        };
        if let Some(watch) = &self.watch {
            watch.note(&mut position);
        }
        position
    }

    /// Saves the training, unless it holds anything that is not finite: the file keeps the last good state.
    fn keep(
        &self,
        keeper: &mut Option<Keeper<'_>>,
        tally: Tally,
        parameters: &M::Parameters,
        optimizer: &M::Optimizer,
    ) -> Result<(), Error> {
        let Some(keeper) = keeper else {
            return Ok(());
        };
        if let Some(flaw) = Flaw::of_parameters(parameters) {
            return Err(flaw.at(self.epoch + 1, tally.batches));
        }
        keeper.keep(&Moment::<M> {
            parameters,
            optimizer,
            best: self.watch.as_ref().and_then(Watch::best),
            position: self.position(tally),
        })
    }
}

/// Names the last checkpoint where it helps.
fn name_checkpoint(mut error: Error, keeper: Option<&Keeper<'_>>) -> Error {
    if let Error::NotFinite { checkpoint, .. } | Error::Interrupted { checkpoint, .. } = &mut error
    {
        *checkpoint = keeper.and_then(Keeper::kept).map(Path::to_owned);
    }
    error
}
