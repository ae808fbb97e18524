//! What every generated network implements.

use crate::batch::{Part, Statistics};
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
    /// A class label, or a tensor of the output's shape; [`Labelled`](crate::Labelled) where another output is compared with
    /// the sample itself.
    type Target: Target;
    /// What the optimizer remembers from step to step.
    type Optimizer: OptimizerState<Scalar = Self::Scalar>;
    /// Activations and deltas of one worker.
    type Workspace: Zeroed + Send;
    /// What batch norms have to know of all samples of a batch; `()` where there are none.
    type Statistics: Statistics;

    /// The `[training]` section.
    const SETTINGS: Settings;
    /// The `[data]` section.
    const DATA: settings::Data = settings::Data::DEFAULT;
    /// What the values of the output say, which follows from the loss and the last layer.
    const OUTPUTS: settings::Outputs = settings::Outputs::Logits;
    /// The `[augmentation]` section.
    const AUGMENTATION: settings::Augmentation = settings::Augmentation::NONE;
    /// The `[validation]` section, if there is one.
    const VALIDATION: Option<settings::Validation> = None;
    /// How often the samples of a batch are gone through. Where batch norms are, each sample waits there for all others,
    /// forward and backward.
    const PHASES: usize = 1;
    /// The fewest samples of a batch.
    const MIN_BATCH: usize = 1;
    /// The most samples that can wait in a workspace.
    const MAX_WAITING: usize = usize::MAX;

    /// Adds the gradients of `loss / batch_size`, summed over the samples, to `gradients`.
    ///
    /// Inputs and targets are a batch, or one worker's part of it; `batch_size` counts the whole batch. Where classes
    /// have weights, a batch's gradients are to be multiplied by [`Totals::scale`] before the update.
    ///
    /// With more than one of [`Self::PHASES`], inputs and targets are a whole batch of [`Self::MIN_BATCH`] to
    /// [`Self::MAX_WAITING`], and [`Self::track`] comes next. Dropouts choose anew with each call on the same workspace.
    ///
    /// # Panics
    ///
    /// If there are more samples that wait for each other than the workspace has places for.
    fn gradients(
        parameters: &Self::Parameters,
        inputs: &[Self::Input],
        targets: &[Self::Target],
        batch_size: usize,
        workspace: &mut Self::Workspace,
        gradients: &mut Self::Parameters,
    ) -> Totals;

    /// One of the phases of [`Self::gradients`] for a part of a batch, which has its workspace for itself through all of
    /// them.
    ///
    /// `statistics` are those of the whole batch: what [`Self::statistics`] gives for all its parts after the phase before,
    /// merged.
    fn phase(
        phase: usize,
        parameters: &Self::Parameters,
        samples: (&[Self::Input], &[Self::Target]),
        part: Part,
        statistics: &Self::Statistics,
        workspace: &mut Self::Workspace,
        gradients: &mut Self::Parameters,
    ) -> Totals {
        let _ = (phase, statistics);
        let (inputs, targets) = samples;
        let batch_size = part.batch_size;
        Self::gradients(
            parameters, inputs, targets, batch_size, workspace, gradients,
        )
    }

    /// What the batch norms know of the samples in a workspace; none where there are none.
    fn statistics(workspace: &Self::Workspace) -> Option<&Self::Statistics> {
        let _ = workspace;
        None
    }

    /// Takes a batch into the running averages of batch norms.
    fn track(parameters: &mut Self::Parameters, statistics: &Self::Statistics) {
        let _ = (parameters, statistics);
    }

    /// The loss and the hits of some samples, without gradients. Where several outputs are judged, the loss is the sum of
    /// theirs, and hits are those of the network's output.
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

/// Everything that a network learns, and the running averages that it keeps, as named tensors in PyTorch's order.
pub trait Parameters: Zeroed + Clone + Send + Sync + 'static {
    /// The type of every value.
    type Scalar: Real;

    /// The tensors: `conv1.weight`, `conv1.bias`, ….
    const TENSORS: &'static [TensorInfo];

    /// The values of the tensor at `index` in [`Self::TENSORS`]; empty if there is none.
    fn tensor(&self, index: usize) -> &[Self::Scalar];

    /// The same, to be written to.
    fn tensor_mut(&mut self, index: usize) -> &mut [Self::Scalar];

    /// The indices in [`Self::TENSORS`] of what follows its gradient.
    fn learnt() -> impl Iterator<Item = usize> {
        let is_learnt = |index: &usize| Self::TENSORS[*index].role == Role::Learnt;
        (0..Self::TENSORS.len()).filter(is_learnt)
    }

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
    /// What becomes of it in training.
    pub role: Role,
}

/// What becomes of a tensor in training.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Role {
    /// It follows its gradient.
    #[default]
    Learnt,
    /// It is a running average of what a layer has seen.
    Average,
    /// It counts the batches that a layer has seen: a whole number.
    Count,
}

impl TensorInfo {
    /// The name and shape of a tensor that is learnt.
    pub const fn new(name: &'static str, shape: &'static [usize]) -> Self {
        Self {
            name,
            shape,
            role: Role::Learnt,
        }
    }

    /// The same tensor in another role.
    #[must_use]
    pub const fn with_role(self, role: Role) -> Self {
        Self { role, ..self }
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
