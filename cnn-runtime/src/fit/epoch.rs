//! Once through the training set, on several threads.

use super::barrier::Barrier;
use super::shard::{self, Shard};
use crate::data::Dataset;
use crate::error::Error;
use crate::math::Real;
use crate::model::{Parameters, Totals, Trainable};
use crate::zeroed::Zeroed;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError, RwLock};
use std::thread;

/// What changes while a network learns, beside its parameters.
pub struct State<M: Trainable> {
    optimizer: Box<M::Optimizer>,
    shards: Vec<Mutex<Shard<M>>>,
}

impl<M: Trainable> State<M> {
    /// Room for batches of up to `batch_size` samples.
    pub fn new(batch_size: usize) -> Self {
        let shard = |_| Mutex::new(Shard::new(shard::size(batch_size)));
        Self {
            optimizer: Zeroed::boxed(),
            shards: (0..shard::count(batch_size)).map(shard).collect(),
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
    pub threads: usize,
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
        shards: &state.shards,
        parameters: RwLock::new(parameters),
        barrier: Barrier::new(course.threads),
        stopped: AtomicBool::new(false),
    };
    thread::scope(|scope| {
        for worker in 1..course.threads {
            let crew = &crew;
            scope.spawn(move || crew.work(worker));
        }
        crew.lead(&mut state.optimizer, &mut after_step)
    })
}

/// Why an epoch ended early.
pub enum Stop {
    NotFinite { step: usize },
    Error(Error),
}

/// The threads of an epoch: all work on shards, then the leader alone takes the step.
struct Crew<'a, M: Trainable> {
    course: &'a Course<'a>,
    shards: &'a [Mutex<Shard<M>>],
    parameters: RwLock<&'a mut M::Parameters>,
    barrier: Barrier,
    stopped: AtomicBool,
}

impl<M: Trainable> Crew<'_, M> {
    fn work(&self, worker: usize) {
        let _guard = self.barrier.guard();
        for batch in self.course.order.chunks(self.course.batch_size) {
            self.learn(worker, batch);
            self.barrier.wait();
            // Here the leader takes the step.
            self.barrier.wait();
            if self.stopped.load(Ordering::Relaxed) {
                return;
            }
        }
    }

    fn lead(
        &self,
        optimizer: &mut M::Optimizer,
        after_step: &mut impl FnMut(usize, Totals) -> Result<(), Error>,
    ) -> Result<Totals, Stop> {
        let _guard = self.barrier.guard();
        let mut totals = Totals::default();
        for (step, batch) in (1..).zip(self.course.order.chunks(self.course.batch_size)) {
            self.learn(0, batch);
            self.barrier.wait();
            let stepped = self.step(step, batch, optimizer).and_then(|batch_totals| {
                totals += batch_totals;
                after_step(step, totals).map_err(Stop::Error)
            });
            self.stopped.store(stepped.is_err(), Ordering::Relaxed);
            self.barrier.wait();
            stepped?;
        }
        Ok(totals)
    }

    /// The gradients of those shards of a batch that are this worker's.
    fn learn(&self, worker: usize, batch: &[u32]) {
        let Course { data, threads, .. } = *self.course;
        let parameters = self
            .parameters
            .read()
            .unwrap_or_else(PoisonError::into_inner);
        for shard in (worker..shard::count(batch.len())).step_by(threads) {
            let indices = &batch[shard::range(shard, batch.len())];
            self.shard(shard)
                .learn(&parameters, data, indices, batch.len());
        }
    }

    /// Adds the gradients of all shards, always in the same order, and updates the parameters.
    fn step(
        &self,
        step: usize,
        batch: &[u32],
        optimizer: &mut M::Optimizer,
    ) -> Result<Totals, Stop> {
        let mut sum = self.shard(0);
        for shard in 1..shard::count(batch.len()) {
            let part = self.shard(shard);
            sum.gradients.add(&part.gradients);
            sum.totals += part.totals;
        }
        if !sum.totals.loss.is_finite() {
            return Err(Stop::NotFinite { step });
        }
        let mut parameters = self
            .parameters
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        let learning_rate = M::Scalar::from_f64(self.course.learning_rate);
        M::update(&mut parameters, &sum.gradients, optimizer, learning_rate);
        Ok(sum.totals)
    }

    fn shard(&self, index: usize) -> MutexGuard<'_, Shard<M>> {
        self.shards[index]
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}
