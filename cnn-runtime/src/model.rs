//! What every generated network implements.

use crate::math::Real;
use crate::rng::Rng;
use crate::schedule::Schedule;
use crate::settings;
use crate::target::{Target, argmax};
use crate::tensor::Tensor;
use crate::zeroed::Zeroed;
use core::ops::AddAssign;

/// A generated network: its types and its forward pass.
pub trait Model: 'static {
    /// The type of every value: `f32` or `f64`.
    type Scalar: Real;
    /// One sample: `[[[f32; W]; H]; C]` or `[f32; features]`.
    type Input: Tensor<Scalar = Self::Scalar>;
    /// What the network puts out for one sample.
    type Output: Tensor<Scalar = Self::Scalar>;
    /// What it has learnt.
    type Parameters: Parameters<Scalar = Self::Scalar>;
    /// What the layers put out for one sample.
    type Activations: Zeroed + Send;
    /// What [`Model::forward_batch`] works in.
    type BatchActivations: Zeroed + Send;

    /// The name in the TOML file.
    const NAME: &'static str;
    /// `[C, H, W]` or `[features]`.
    const INPUT_SHAPE: &'static [usize];
    /// The shape of the output, likewise.
    const OUTPUT_SHAPE: &'static [usize];
    /// The table of layers: shapes, parameters and costs.
    const SUMMARY: &'static str;

    /// Draws first values for all parameters.
    fn initialize(parameters: &mut Self::Parameters, rng: &mut Rng);

    /// The output for one sample.
    fn forward<'a>(
        parameters: &Self::Parameters,
        input: &Self::Input,
        activations: &'a mut Self::Activations,
    ) -> &'a Self::Output;

    /// The outputs for any number of samples: `outputs[n]` is that for `inputs[n]`.
    ///
    /// Where there are more of one than of the other, the rest is left alone.
    fn forward_batch(
        parameters: &Self::Parameters,
        inputs: &[Self::Input],
        outputs: &mut [Self::Output],
        activations: &mut Self::BatchActivations,
    );
}

/// A generated network whose file has a `[training]` section.
pub trait Trainable: Model {
    /// A class label, or a tensor of the output's shape.
    type Target: Target;
    /// What the optimizer remembers from step to step.
    type Optimizer: OptimizerState<Scalar = Self::Scalar>;
    /// Activations and deltas of one worker.
    type Workspace: Zeroed + Send;

    /// The `[training]` section.
    const SETTINGS: Settings;
    /// The `[data]` section.
    const DATA: settings::Data = settings::Data::DEFAULT;
    /// The `[augmentation]` section.
    const AUGMENTATION: settings::Augmentation = settings::Augmentation::NONE;
    /// The `[validation]` section, if there is one.
    const VALIDATION: Option<settings::Validation> = None;

    /// Adds the gradients of `loss / batch_size`, summed over the samples, to `gradients`.
    ///
    /// Inputs and targets are a batch, or one worker's part of it; `batch_size` counts the whole batch. Where classes
    /// have weights, a batch's gradients are to be multiplied by [`Totals::scale`] before the update.
    fn gradients(
        parameters: &Self::Parameters,
        inputs: &[Self::Input],
        targets: &[Self::Target],
        batch_size: usize,
        workspace: &mut Self::Workspace,
        gradients: &mut Self::Parameters,
    ) -> Totals;

    /// The loss and the hits of some samples, without gradients.
    fn evaluate(
        parameters: &Self::Parameters,
        inputs: &[Self::Input],
        targets: &[Self::Target],
        workspace: &mut Self::Workspace,
    ) -> Totals;

    /// One step of the optimizer.
    fn update(
        parameters: &mut Self::Parameters,
        gradients: &Self::Parameters,
        optimizer: &mut Self::Optimizer,
        learning_rate: Self::Scalar,
    );

    /// The running average of the parameters, if the optimizer keeps one: this is evaluated and saved in their place.
    fn average(optimizer: &Self::Optimizer) -> Option<&Self::Parameters> {
        let _ = optimizer;
        None
    }
}

/// What an optimizer remembers from step to step: all that is needed to go on as if nothing had happened.
///
/// A memory has a tensor for each parameter that it is of: `velocity.conv1.weight`.
pub trait OptimizerState: Zeroed + Clone + Send + Sync + 'static {
    /// The type of every value.
    type Scalar: Real;

    /// The name of the number at `index`, such as `step`; none after the last one.
    fn number_name(index: usize) -> Option<&'static str> {
        let _ = index;
        None
    }

    /// The name of a memory, such as `velocity`; none after the last one.
    fn memory_name(memory: usize) -> Option<&'static str> {
        let _ = memory;
        None
    }

    /// The number at `index`; zero if there is none.
    fn number(&self, index: usize) -> f64 {
        let _ = index;
        0.0
    }

    /// Sets that number.
    fn set_number(&mut self, index: usize, value: f64) {
        let _ = (index, value);
    }

    /// What a memory keeps of the parameter at `index` in [`Parameters::TENSORS`]; empty if nothing is kept of it.
    fn tensor(&self, memory: usize, index: usize) -> &[Self::Scalar] {
        let _ = (memory, index);
        &[]
    }

    /// The same, to be written to.
    fn tensor_mut(&mut self, memory: usize, index: usize) -> &mut [Self::Scalar] {
        let _ = (memory, index);
        &mut []
    }
}

/// Everything that a network learns, as named tensors in PyTorch's order.
pub trait Parameters: Zeroed + Clone + Send + Sync + 'static {
    /// The type of every value.
    type Scalar: Real;

    /// The tensors: `conv1.weight`, `conv1.bias`, ….
    const TENSORS: &'static [TensorInfo];

    /// The values of the tensor at `index` in [`Self::TENSORS`]; empty if there is none.
    fn tensor(&self, index: usize) -> &[Self::Scalar];

    /// The same, to be written to.
    fn tensor_mut(&mut self, index: usize) -> &mut [Self::Scalar];

    /// Sets every value to zero.
    fn clear(&mut self) {
        for index in 0..Self::TENSORS.len() {
            self.tensor_mut(index).fill(Self::Scalar::ZERO);
        }
    }

    /// Multiplies every value.
    fn scale(&mut self, factor: Self::Scalar) {
        for index in 0..Self::TENSORS.len() {
            for value in self.tensor_mut(index) {
                *value = *value * factor;
            }
        }
    }

    /// Becomes equal to another set.
    fn copy_from(&mut self, other: &Self) {
        for index in 0..Self::TENSORS.len() {
            self.tensor_mut(index).copy_from_slice(other.tensor(index));
        }
    }

    /// Adds another set, value by value.
    fn add(&mut self, other: &Self) {
        for index in 0..Self::TENSORS.len() {
            for (sum, value) in self.tensor_mut(index).iter_mut().zip(other.tensor(index)) {
                *sum += *value;
            }
        }
    }
}

/// The name and shape of one tensor of [`Parameters`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TensorInfo {
    /// As in PyTorch's state dict: `conv1.weight`.
    pub name: &'static str,
    /// As in PyTorch: `[out_channels, in_channels, height, width]`.
    pub shape: &'static [usize],
}

impl TensorInfo {
    /// A tensor's name and shape.
    pub const fn new(name: &'static str, shape: &'static [usize]) -> Self {
        Self { name, shape }
    }
}

/// The `[training]` section of a network's file.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Settings {
    /// How often the training set is gone through.
    pub epochs: usize,
    /// Samples per batch.
    pub batch_size: usize,
    /// Batches per update.
    pub accumulation_steps: usize,
    /// The learning rate that the schedule starts from.
    pub learning_rate: f64,
    /// How it changes.
    pub schedule: Schedule,
    /// Where the random numbers start.
    pub seed: u64,
}

/// Sums over samples.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Totals {
    /// The sum of the losses.
    pub loss: f64,
    /// Samples whose largest output is the target's class.
    pub correct: usize,
    /// Samples.
    pub samples: usize,
    /// The sum of what the samples weigh in the mean: their number, unless classes have weights.
    pub weight: f64,
}

impl Totals {
    /// The totals of one sample: its loss, and whether the largest output is the target's class.
    pub fn of<O: Tensor>(loss: O::Scalar, output: &O, target: &impl Target) -> Self {
        Self {
            loss: loss.to_f64(),
            correct: usize::from(argmax(output) == target.label()),
            samples: 1,
            weight: 1.0,
        }
    }

    /// The totals of a sample that weighs something else than one.
    #[must_use]
    pub fn weighted(self, weight: impl Real) -> Self {
        let weight = weight.to_f64();
        Self { weight, ..self }
    }

    /// What makes the gradients of a batch those of the mean of its losses: 1, unless classes have weights.
    pub fn scale(&self) -> f64 {
        self.samples as f64 / self.weight
    }
}

impl AddAssign for Totals {
    fn add_assign(&mut self, other: Self) {
        self.loss += other.loss;
        self.correct += other.correct;
        self.samples += other.samples;
        self.weight += other.weight;
    }
}
