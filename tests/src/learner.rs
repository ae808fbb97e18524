//! How generated networks learn, behind the same face.

use crate::flat::{Batch, Flat, FromFlat, Network, Tensors, accumulate, load, store};
use cnn_runtime::fit::StepReport;
use cnn_runtime::math::Real;
use cnn_runtime::schedule::{LearningRate, Progress};
use cnn_runtime::{
    Checkpoint, EpochReport, Error, Fit, Observer, OptimizerState, Parameters, Split, Trainable,
    Zeroed,
};
use std::path::Path;

/// A generated network that learns.
pub trait Learner: Network {
    /// What would be saved after each of so many steps on the same batch, every step an epoch of its own.
    fn steps(&self, parameters: &[Vec<f64>], batch: &Batch, count: usize) -> Vec<Tensors>;

    /// The same, where before each step the optimizer's state goes by its names into a new optimizer.
    fn resumed_steps(&self, parameters: &[Vec<f64>], batch: &Batch, count: usize) -> Vec<Tensors>;

    /// The settings in the network's file.
    fn settings(&self) -> Fit;

    /// What a whole training makes of first values; those that the seed gives, if there are none.
    ///
    /// # Errors
    /// As [`Fit::run`].
    fn train(
        &self,
        fit: &Fit,
        first: Option<&[Vec<f64>]>,
        data: &Split,
        observer: &mut dyn Observer,
    ) -> Result<Tensors, Error>;

    /// What the rest of a training makes of its checkpoint.
    ///
    /// # Errors
    /// As [`Checkpoint::read`] and [`Fit::resume`].
    fn resume(
        &self,
        fit: &Fit,
        checkpoint: &Path,
        data: &Split,
        observer: &mut dyn Observer,
    ) -> Result<Tensors, Error>;
}

impl<M: Trainable> Learner for Flat<M>
where
    M::Target: FromFlat,
{
    fn steps(&self, parameters: &[Vec<f64>], batch: &Batch, count: usize) -> Vec<Tensors> {
        steps::<M>(parameters, batch, count, |_| {})
    }

    fn resumed_steps(&self, parameters: &[Vec<f64>], batch: &Batch, count: usize) -> Vec<Tensors> {
        steps::<M>(parameters, batch, count, replace::<M>)
    }

    fn settings(&self) -> Fit {
        Fit::new::<M>()
    }

    fn train(
        &self,
        fit: &Fit,
        first: Option<&[Vec<f64>]>,
        data: &Split,
        observer: &mut dyn Observer,
    ) -> Result<Tensors, Error> {
        let mut parameters = fit.initialize::<M>();
        if let Some(first) = first {
            load::<M>(&mut parameters, first);
        }
        fit.run::<M>(&mut parameters, data, Forward(observer))?;
        Ok(store::<M>(&parameters))
    }

    fn resume(
        &self,
        fit: &Fit,
        checkpoint: &Path,
        data: &Split,
        observer: &mut dyn Observer,
    ) -> Result<Tensors, Error> {
        let checkpoint = Checkpoint::<M>::read(checkpoint)?;
        let mut parameters = M::Parameters::boxed();
        fit.resume(&checkpoint, &mut parameters, data, Forward(observer))?;
        Ok(store::<M>(&parameters))
    }
}

/// Tells another observer everything.
struct Forward<'a>(&'a mut dyn Observer);

impl Observer for Forward<'_> {
    fn step(&mut self, report: &StepReport) -> Result<(), Error> {
        self.0.step(report)
    }

    fn epoch(&mut self, report: &EpochReport) -> Result<(), Error> {
        self.0.epoch(report)
    }

    fn is_interrupted(&self) -> bool {
        self.0.is_interrupted()
    }
}

/// What would be saved after each step; `before` comes before each.
fn steps<M: Trainable>(
    parameters: &[Vec<f64>],
    batch: &Batch,
    count: usize,
    before: impl Fn(&mut Box<M::Optimizer>),
) -> Vec<Tensors>
where
    M::Target: FromFlat,
{
    let settings = M::SETTINGS;
    let mut loaded = M::Parameters::boxed();
    load::<M>(&mut loaded, parameters);
    let mut gradients = M::Parameters::boxed();
    let mut optimizer = M::Optimizer::boxed();
    let mut rate = LearningRate::new(settings.schedule, settings.learning_rate);
    let mut step = |epoch| {
        let epochs = settings.epochs;
        let progress = Progress {
            epoch,
            epochs,
            step: epoch,
            steps: epochs,
        };
        before(&mut optimizer);
        gradients.clear();
        let mut workspace = M::Workspace::boxed();
        let cost = accumulate::<M>(&loaded, batch, &mut workspace, &mut gradients);
        if let Some(statistics) = M::statistics(&workspace) {
            M::track(&mut loaded, statistics);
        }
        let learning_rate = Real::from_f64(rate.at(progress));
        M::update(&mut loaded, &gradients, &mut optimizer, learning_rate);
        rate.observe(cost);
        store::<M>(M::average(&optimizer).unwrap_or(&loaded))
    };
    (0..count).map(&mut step).collect()
}

/// Puts a new optimizer with the same state in its place.
fn replace<M: Trainable>(from: &mut Box<M::Optimizer>) {
    let mut to = M::Optimizer::boxed();
    let numbers = (0..).take_while(|index| M::Optimizer::number_name(*index).is_some());
    for index in numbers {
        to.set_number(index, from.number(index));
    }
    let memories = (0..).take_while(|memory| M::Optimizer::memory_name(*memory).is_some());
    for memory in memories {
        for index in 0..M::Parameters::TENSORS.len() {
            let values = from.tensor(memory, index);
            to.tensor_mut(memory, index).copy_from_slice(values);
        }
    }
    *from = to;
}
