//! Once through the training set, on several threads.

use super::finite::Flaw;
use super::shard::{self, Sum, Sums, Waiting};
use super::signal::Signal;
use super::tasks::{Task, Tasks};
use super::{Fit, MAX_THREADS};
use crate::batch::Part;
use crate::checkpoint::Tally;
use crate::data::Dataset;
use crate::error::Error;
use crate::evaluate::evaluate_with;
use crate::exam::Exam;
use crate::math::Real;
use crate::metrics::Score;
use crate::model::{Parameters, Totals, Trainable};
use crate::schedule::{LearningRate, Progress};
use crate::worker::{Worker, Workers};
use crate::zeroed::Zeroed;
use std::ops::Range;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::thread;

/// What a network is trained with, beside its parameters.
pub struct State<M: Trainable> {
    pub optimizer: Box<M::Optimizer>,
    sums: Sums<M>,
    /// What batch norms know of the whole batch.
    statistics: RwLock<Box<M::Statistics>>,
    /// Where the gradients of several batches are added up.
    accumulated: Option<Box<M::Parameters>>,
    pub workers: Workers<M>,
}

impl<M: Trainable> State<M> {
    /// Room for batches of up to `batch_size` samples.
    pub fn new(batch_size: usize, fit: &Fit) -> Self {
        Self {
            optimizer: Zeroed::boxed(),
            sums: Sums::new(batch_size),
            statistics: RwLock::new(Zeroed::boxed()),
            accumulated: (fit.accumulation_steps.get() > 1).then(Zeroed::boxed),
            workers: Workers::new(fit.threads.min(MAX_THREADS), fit.augmentation),
        }
    }

    /// What would be saved.
    pub fn saved<'a>(&'a self, parameters: &'a M::Parameters) -> &'a M::Parameters {
        M::average(&self.optimizer).unwrap_or(parameters)
    }

    /// The score of what would be saved.
    pub fn evaluate(&mut self, parameters: &M::Parameters, exam: &Exam<'_>) -> Score {
        let saved = M::average(&self.optimizer).unwrap_or(parameters);
        evaluate_with(&mut self.workers, saved, exam)
    }

    /// Makes the parameters what is to be saved.
    pub fn finish(&self, parameters: &mut M::Parameters) {
        if let Some(average) = M::average(&self.optimizer) {
            parameters.copy_from(average);
        }
    }
}

/// One epoch's course through the data.
pub struct Course<'a> {
    pub data: &'a Dataset,
    /// The samples in the order in which they are learnt.
    pub order: &'a [u32],
    pub batch_size: usize,
    /// The batches of a step.
    pub accumulation_steps: usize,
    pub rate: LearningRate,
    /// The epochs before this one.
    pub epoch: usize,
    /// All epochs.
    pub epochs: usize,
    /// How samples are varied in this epoch, and what dropouts leave out.
    pub key: u64,
    /// What of the epoch is done already.
    pub start: Tally,
    /// Whether steps are left out whose numbers are not finite.
    pub skips_not_finite: bool,
}

impl Course<'_> {
    /// The number of batches: all are of one size, but for the last.
    pub fn batches(&self) -> usize {
        self.order.len().div_ceil(self.batch_size)
    }

    /// The number of steps.
    pub fn steps(&self) -> usize {
        self.batches().div_ceil(self.accumulation_steps)
    }

    /// The steps of the whole training that are over after so many batches of this epoch.
    pub fn steps_until(&self, batches: usize) -> usize {
        self.epoch * self.steps() + batches.div_ceil(self.accumulation_steps)
    }

    /// The learning rate of the step that a batch belongs to.
    pub fn learning_rate(&self, batch: usize) -> f64 {
        let steps = self.steps();
        self.rate.at(Progress {
            epoch: self.epoch,
            epochs: self.epochs,
            step: self.steps_until(batch - batch % self.accumulation_steps),
            steps: self.epochs * steps,
        })
    }

    /// The batches of the step that a batch belongs to.
    fn step(&self, batch: usize) -> Range<usize> {
        let start = batch - batch % self.accumulation_steps;
        start..self.batches().min(start + self.accumulation_steps)
    }

    fn batch(&self, index: usize) -> &[u32] {
        let start = index * self.batch_size;
        &self.order[start..self.order.len().min(start + self.batch_size)]
    }
}

/// A training after a batch.
pub struct After<'a, M: Trainable> {
    pub tally: Tally,
    /// Whether the batch was the last one of its step.
    pub ends_step: bool,
    pub parameters: &'a M::Parameters,
    pub optimizer: &'a M::Optimizer,
}

/// Learns every sample of the course once; `observe` hears of every batch.
///
/// # Errors
/// What `observe` returns, or the step at which the loss or the gradient was not finite. The parameters are then as
/// before that step.
pub fn train<M: Trainable>(
    parameters: &mut M::Parameters,
    state: &mut State<M>,
    course: &Course,
    mut observe: impl FnMut(&After<M>) -> Result<(), Error>,
) -> Result<Tally, Error> {
    let crew = Crew::<M> {
        course,
        parameters: RwLock::new(parameters),
        sums: &state.sums,
        statistics: &state.statistics,
        tasks: Tasks::default(),
        offered: Signal::default(),
        unlearnt: AtomicUsize::new(0),
        is_summed: AtomicBool::new(false),
        summed: Signal::default(),
        is_over: AtomicBool::new(false),
    };
    let shards = shard::count(course.batch(0).len());
    let Workers { leader, helpers } = &mut state.workers;
    let threads = shards.min(1 + helpers.len());
    thread::scope(|scope| {
        for (thread, worker) in (1..threads).zip(helpers) {
            let crew = &crew;
            scope.spawn(move || crew.help(worker, thread * shards / threads));
        }
        let learner = Learner {
            optimizer: &mut *state.optimizer,
            accumulated: state.accumulated.as_deref_mut(),
            is_spoilt: false,
        };
        crew.lead(leader, learner, &mut observe)
    })
}

/// What updates are made with.
struct Learner<'a, M: Trainable> {
    optimizer: &'a mut M::Optimizer,
    accumulated: Option<&'a mut M::Parameters>,
    /// Whether a batch of the current step was not finite.
    is_spoilt: bool,
}

/// The threads of an epoch: whoever is free takes a shard, then the leader takes the step.
///
/// Nobody waits for a helper that has not begun: when the machine is busy, the leader does without.
struct Crew<'a, M: Trainable> {
    course: &'a Course<'a>,
    parameters: RwLock<&'a mut M::Parameters>,
    sums: &'a Sums<M>,
    statistics: &'a RwLock<Box<M::Statistics>>,
    tasks: Tasks,
    /// There are tasks, or the epoch is over.
    offered: Signal,
    /// Shards that have not come to the end of a phase.
    unlearnt: AtomicUsize,
    is_summed: AtomicBool,
    /// A phase is over, after the last one of which the gradients of a batch are summed, or the epoch is over.
    summed: Signal,
    is_over: AtomicBool,
}

impl<M: Trainable> Crew<'_, M> {
    fn help(&self, worker: &mut Worker<M>, home: usize) {
        let _end = End(self);
        while !self.is_over.load(Ordering::Acquire) {
            self.learn(worker, home);
            self.offered
                .wait_until(|| self.tasks.any() || self.is_over.load(Ordering::Acquire));
        }
    }

    fn lead(
        &self,
        worker: &mut Worker<M>,
        mut learner: Learner<M>,
        observe: &mut impl FnMut(&After<M>) -> Result<(), Error>,
    ) -> Result<Tally, Error> {
        let _end = End(self);
        let mut tally = self.course.start;
        while tally.batches < self.course.batches() {
            self.sum(worker, tally.batches);
            let ends_step = self.update(&mut learner, &mut tally)?;
            observe(&After {
                tally,
                ends_step,
                parameters: &read(&self.parameters),
                optimizer: learner.optimizer,
            })?;
        }
        Ok(tally)
    }

    /// Sums the gradients of a batch, with whoever helps.
    fn sum(&self, worker: &mut Worker<M>, batch: usize) {
        let shards = shard::count(self.course.batch(batch).len());
        for phase in 0..M::PHASES {
            if phase > 0 {
                self.sums.merge(shards, &mut write(self.statistics));
            }
            self.unlearnt.store(shards, Ordering::Relaxed);
            self.is_summed.store(false, Ordering::Relaxed);
            self.tasks.offer(M::PHASES * batch + phase, shards);
            self.offered.notify();
            self.learn(worker, 0);
            let is_over = || self.is_over.load(Ordering::Acquire);
            self.summed
                .wait_until(|| self.is_summed.load(Ordering::Acquire) || is_over());
            assert!(!is_over(), "a helping thread panicked");
        }
    }

    /// Learns shards of the current batch while there are any that nobody has taken.
    fn learn(&self, worker: &mut Worker<M>, home: usize) {
        while let Some(Task { round, shard }) = self.tasks.take(home) {
            let (index, phase) = (round / M::PHASES, round % M::PHASES);
            let batch = self.course.batch(index);
            let part = Part {
                batch_size: batch.len(),
                first: shard::range(shard, batch.len()).start,
                key: self.course.key.wrapping_add(index as u64),
            };
            self.learn_shard(worker, phase, shard, part, batch);
            let shards = shard::count(batch.len());
            let is_summed = if phase + 1 < M::PHASES {
                self.unlearnt.fetch_sub(1, Ordering::AcqRel) == 1
            } else {
                self.sums.add(shard, shards)
            };
            if is_summed {
                self.is_summed.store(true, Ordering::Release);
                self.summed.notify();
            }
        }
    }

    fn learn_shard(
        &self,
        worker: &mut Worker<M>,
        phase: usize,
        shard: usize,
        part: Part,
        batch: &[u32],
    ) {
        let Course { data, key, .. } = *self.course;
        let indices = &batch[shard::range(shard, batch.len())];
        let parameters = read(&self.parameters);
        let Sum {
            gradients,
            totals,
            waiting,
        } = &mut *self.sums.get(shard);
        if phase == 0 {
            gradients.clear();
            *totals = Totals::default();
        }
        let Some(Waiting { samples, workspace }) = waiting else {
            *totals = worker.learn(&parameters, data, indices, part, key, gradients);
            return;
        };
        if phase == 0 {
            worker.gather(samples, data, indices, key);
        }
        *totals += M::phase(
            phase,
            &parameters,
            samples.first(indices.len()),
            part,
            &read(self.statistics),
            workspace,
            gradients,
        );
    }

    /// Updates the parameters with the gradients of the batch, once all batches of a step are there.
    ///
    /// True at the end of a step.
    fn update(&self, learner: &mut Learner<M>, tally: &mut Tally) -> Result<bool, Error> {
        let mut sum = self.sums.get(0);
        let batch = tally.batches;
        let batches = self.course.step(batch);
        learner.is_spoilt &= batch > batches.start;
        match Flaw::of_batch(&sum, &read(&self.parameters)) {
            None => tally.totals += sum.totals,
            Some(_) if self.may_skip(tally) => learner.is_spoilt = true,
            Some(flaw) => return Err(flaw.at(self.course.epoch + 1, batch + 1)),
        }
        tally.batches += 1;
        let ends_step = tally.batches == batches.end;
        if learner.is_spoilt {
            tally.skipped += usize::from(ends_step);
            return Ok(ends_step);
        }
        if M::PHASES > 1 {
            M::track(&mut write(&self.parameters), &read(self.statistics));
        }
        let scale = sum.totals.scale() / batches.len() as f64;
        if scale.total_cmp(&1.0).is_ne() {
            sum.gradients.scale(M::Scalar::from_f64(scale));
        }
        let gradients = match &mut learner.accumulated {
            None => &*sum.gradients,
            Some(accumulated) => {
                if batch == batches.start {
                    accumulated.clear();
                }
                accumulated.add(&sum.gradients);
                &**accumulated
            }
        };
        if ends_step {
            let mut parameters = write(&self.parameters);
            let learning_rate = M::Scalar::from_f64(self.course.learning_rate(batch));
            M::update(&mut parameters, gradients, learner.optimizer, learning_rate);
        }
        Ok(ends_step)
    }

    /// Whether a batch may be left out: not the last one, if nothing has been learnt in the whole epoch.
    fn may_skip(&self, tally: &Tally) -> bool {
        let is_hopeless = tally.totals.samples == 0 && tally.batches + 1 == self.course.batches();
        self.course.skips_not_finite && !is_hopeless
    }
}

fn read<T>(lock: &RwLock<T>) -> RwLockReadGuard<'_, T> {
    lock.read().unwrap_or_else(PoisonError::into_inner)
}

fn write<T>(lock: &RwLock<T>) -> RwLockWriteGuard<'_, T> {
    lock.write().unwrap_or_else(PoisonError::into_inner)
}

/// Ends the epoch for all threads when one leaves, also by a panic, lest the others wait for ever.
struct End<'a, 'c, M: Trainable>(&'a Crew<'c, M>);

impl<M: Trainable> Drop for End<'_, '_, M> {
    fn drop(&mut self) {
        self.0.is_over.store(true, Ordering::Release);
        self.0.offered.notify();
        self.0.summed.notify();
    }
}
