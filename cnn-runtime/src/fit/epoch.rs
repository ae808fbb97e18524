//! Once through the training set, on several threads.

use super::shard::{self, Sum, Sums, Waiting};
use super::signal::Signal;
use super::tasks::{Task, Tasks};
use super::{Fit, MAX_THREADS};
use crate::batch::Part;
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
    optimizer: Box<M::Optimizer>,
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
}

impl Course<'_> {
    /// The number of batches: all are of one size, but for the last.
    pub fn batches(&self) -> usize {
        self.order.len().div_ceil(self.batch_size)
    }

    /// The learning rate of the step that a batch belongs to.
    pub fn learning_rate(&self, batch: usize) -> f64 {
        let steps = self.batches().div_ceil(self.accumulation_steps);
        self.rate.at(Progress {
            epoch: self.epoch,
            epochs: self.epochs,
            step: self.epoch * steps + batch / self.accumulation_steps,
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

/// Learns every sample of the course once; `after_step` hears of every step, from 1, and the totals so far.
///
/// # Errors
/// What `after_step` returns, or the step at which the loss was not finite. The parameters are then as before that
/// step.
pub fn train<M: Trainable>(
    parameters: &mut M::Parameters,
    state: &mut State<M>,
    course: &Course,
    mut after_step: impl FnMut(usize, Totals) -> Result<(), Error>,
) -> Result<Totals, Stop> {
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
        };
        crew.lead(leader, learner, &mut after_step)
    })
}

/// What updates are made with.
struct Learner<'a, M: Trainable> {
    optimizer: &'a mut M::Optimizer,
    accumulated: Option<&'a mut M::Parameters>,
}

/// Why an epoch ended early.
pub enum Stop {
    NotFinite { step: usize },
    Error(Error),
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
        after_step: &mut impl FnMut(usize, Totals) -> Result<(), Error>,
    ) -> Result<Totals, Stop> {
        let _end = End(self);
        let mut totals = Totals::default();
        for step in 1..=self.course.batches() {
            self.sum(worker, step - 1);
            totals += self.update(&mut learner, step)?;
            after_step(step, totals).map_err(Stop::Error)?;
        }
        Ok(totals)
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
    fn update(&self, learner: &mut Learner<M>, step: usize) -> Result<Totals, Stop> {
        let mut sum = self.sums.get(0);
        if !sum.totals.loss.is_finite() {
            return Err(Stop::NotFinite { step });
        }
        if M::PHASES > 1 {
            M::track(&mut write(&self.parameters), &read(self.statistics));
        }
        let batches = self.course.step(step - 1);
        let scale = sum.totals.scale() / batches.len() as f64;
        if scale.total_cmp(&1.0).is_ne() {
            sum.gradients.scale(M::Scalar::from_f64(scale));
        }
        let Learner {
            optimizer,
            accumulated,
        } = learner;
        let gradients = match accumulated {
            None => &*sum.gradients,
            Some(accumulated) => {
                if step == batches.start + 1 {
                    accumulated.clear();
                }
                accumulated.add(&sum.gradients);
                if step < batches.end {
                    return Ok(sum.totals);
                }
                accumulated
            }
        };
        let mut parameters = write(&self.parameters);
        let learning_rate = M::Scalar::from_f64(self.course.learning_rate(step - 1));
        M::update(&mut parameters, gradients, optimizer, learning_rate);
        Ok(sum.totals)
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
