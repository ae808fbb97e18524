//! Once through the training set, on several threads.

use super::shard::{self, Sum, Sums};
use super::signal::Signal;
use super::tasks::{Task, Tasks};
use crate::data::Dataset;
use crate::error::Error;
use crate::math::Real;
use crate::model::{Parameters, Totals, Trainable};
use crate::worker::{Worker, Workers};
use crate::zeroed::Zeroed;
use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{PoisonError, RwLock};
use std::thread;

/// What a network is trained with, beside its parameters.
pub struct State<M: Trainable> {
    optimizer: Box<M::Optimizer>,
    sums: Sums<M>,
    pub workers: Workers<M>,
}

impl<M: Trainable> State<M> {
    /// Room for batches of up to `batch_size` samples.
    pub fn new(batch_size: usize, threads: NonZeroUsize) -> Self {
        Self {
            optimizer: Zeroed::boxed(),
            sums: Sums::new(batch_size),
            workers: Workers::new(threads),
        }
    }
}

/// One epoch's course through the data.
pub struct Course<'a> {
    pub data: &'a Dataset,
    /// The samples in the order in which they are learnt.
    pub order: &'a [u32],
    pub batch_size: usize,
    pub learning_rate: f64,
}

impl Course<'_> {
    /// The number of batches: all are of one size, but for the last.
    pub fn batches(&self) -> usize {
        self.order.len().div_ceil(self.batch_size)
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
        tasks: Tasks::default(),
        offered: Signal::default(),
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
        crew.lead(leader, &mut state.optimizer, &mut after_step)
    })
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
    tasks: Tasks,
    /// There are tasks, or the epoch is over.
    offered: Signal,
    is_summed: AtomicBool,
    /// The gradients of a batch are summed, or the epoch is over.
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
        optimizer: &mut M::Optimizer,
        after_step: &mut impl FnMut(usize, Totals) -> Result<(), Error>,
    ) -> Result<Totals, Stop> {
        let _end = End(self);
        let mut totals = Totals::default();
        for step in 1..=self.course.batches() {
            self.sum(worker, step - 1);
            totals += self.update(optimizer, step)?;
            after_step(step, totals).map_err(Stop::Error)?;
        }
        Ok(totals)
    }

    /// Sums the gradients of a batch, with whoever helps.
    fn sum(&self, worker: &mut Worker<M>, batch: usize) {
        let shards = shard::count(self.course.batch(batch).len());
        self.is_summed.store(false, Ordering::Relaxed);
        self.tasks.offer(batch, shards);
        self.offered.notify();
        self.learn(worker, 0);
        let is_over = || self.is_over.load(Ordering::Acquire);
        self.summed
            .wait_until(|| self.is_summed.load(Ordering::Acquire) || is_over());
        assert!(!is_over(), "a helping thread panicked");
    }

    /// Learns shards of the current batch while there are any that nobody has taken.
    fn learn(&self, worker: &mut Worker<M>, home: usize) {
        while let Some(task) = self.tasks.take(home) {
            self.learn_shard(worker, task);
        }
    }

    fn learn_shard(&self, worker: &mut Worker<M>, Task { batch, shard }: Task) {
        let batch = self.course.batch(batch);
        let indices = &batch[shard::range(shard, batch.len())];
        {
            let parameters = self
                .parameters
                .read()
                .unwrap_or_else(PoisonError::into_inner);
            let Sum { gradients, totals } = &mut *self.sums.get(shard);
            gradients.clear();
            *totals = worker.learn(
                &parameters,
                self.course.data,
                indices,
                batch.len(),
                gradients,
            );
        }
        if self.sums.add(shard, shard::count(batch.len())) {
            self.is_summed.store(true, Ordering::Release);
            self.summed.notify();
        }
    }

    /// Updates the parameters with the gradients of the batch.
    fn update(&self, optimizer: &mut M::Optimizer, step: usize) -> Result<Totals, Stop> {
        let mut sum = self.sums.get(0);
        if !sum.totals.loss.is_finite() {
            return Err(Stop::NotFinite { step });
        }
        let scale = sum.totals.scale();
        if scale != 1.0 {
            sum.gradients.scale(M::Scalar::from_f64(scale));
        }
        let mut parameters = self
            .parameters
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        let learning_rate = M::Scalar::from_f64(self.course.learning_rate);
        M::update(&mut parameters, &sum.gradients, optimizer, learning_rate);
        Ok(sum.totals)
    }
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
