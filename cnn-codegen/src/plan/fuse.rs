//! Steps that are one kernel on vectors: a convolution with its padding, activation and max pool, and in inference with
//! its batch norm; a dense layer or a sum with its activation.

use super::layout::is_in_memory;
use super::{Operation, Plan, Purpose, Step, ValueId};
use cnn_spec::layer::{
    Activation, AvgPool2d, BatchNorm, ChannelShuffle, Conv2d, ConvTranspose2d, Dense, Dropout,
    GlobalPool, Kind, LayerNorm, MaxPool2d, PRelu, Padding, Pair, Upsample2d,
};
use std::iter;

/// Steps that one kernel computes together.
pub struct Group<'n> {
    /// The names of its layers: `conv1_relu1_pool1`.
    pub name: String,
    /// What is computed.
    pub kernel: Kernel<'n>,
    /// The first of its layers; it alone may learn.
    pub layer: String,
    /// What it reads; the first value, if it joins several.
    pub input: ValueId,
    /// The other values that it joins.
    pub others: Vec<ValueId>,
    /// What its input is without padding: the value whose delta it writes.
    pub source: ValueId,
    /// What its first layer puts out, before activation and pool.
    pub sums: ValueId,
    /// What it writes.
    pub output: ValueId,
    /// What that is good for.
    pub purpose: Purpose,
}

/// What a group computes.
#[derive(Clone, Copy)]
pub enum Kernel<'n> {
    /// A convolution, what it does to its sums, and the largest of them in each window of a pool.
    Conv2d {
        conv: &'n Conv2d,
        norm: Option<FoldedNorm<'n>>,
        activation: Option<Activation>,
        pool: Option<&'n MaxPool2d>,
    },
    /// A convolution the other way round.
    ConvTranspose2d(&'n ConvTranspose2d),
    /// A dense layer and what it does to its sums.
    Dense {
        dense: &'n Dense,
        activation: Option<Activation>,
    },
    /// The same function of each value.
    Activation(Activation),
    /// The same with learnt slopes.
    PRelu(PRelu),
    /// The largest value of each window, where no convolution takes the pool in.
    MaxPool2d(&'n MaxPool2d),
    /// The mean of each window.
    AvgPool2d(&'n AvgPool2d),
    /// One value of each map.
    GlobalPool(GlobalPool),
    /// The mean of windows that divide the maps as evenly as can be.
    AdaptiveAvgPool2d,
    /// Values become blocks.
    Upsample2d(Upsample2d),
    /// Zeros around maps.
    ZeroPad(Padding),
    /// The same values in another shape.
    Reshape,
    /// The same maps in another order.
    ChannelShuffle(ChannelShuffle),
    /// Logits become probabilities.
    Softmax,
    /// Logits become the logarithms of probabilities.
    LogSoftmax,
    /// Values are brought to mean zero and variance one.
    LayerNorm(&'n LayerNorm),
    /// Channels are, over the whole batch, and what is done to them then.
    BatchNorm {
        norm: &'n BatchNorm,
        activation: Option<Activation>,
    },
    /// In training some values are left out.
    Dropout(&'n Dropout),
    /// The sum of several values, and what is done to it.
    Add { activation: Option<Activation> },
    /// Several values one after the other.
    Concat,
    /// Nothing; the delta of a value is the sum of those of its aliases.
    Fork,
}

/// A batch norm in inference: a factor of each channel's sums, and what is added to them.
#[derive(Clone, Copy)]
pub struct FoldedNorm<'n> {
    /// The layer.
    pub norm: &'n BatchNorm,
    /// What it puts out, which has its name.
    pub output: ValueId,
}

/// What becomes of a batch norm after a convolution.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Norms {
    /// It is a group: in training it waits for the whole batch.
    Apart,
    /// It is a part of the convolution: in inference its mean and variance are known.
    Folded,
}

impl Group<'_> {
    /// What it reads.
    pub fn inputs(&self) -> impl Iterator<Item = ValueId> {
        iter::once(self.input).chain(self.others.iter().copied())
    }

    /// The zeros around what a convolution sends a delta to: none where that has them itself.
    pub fn padding(&self, conv: &Conv2d) -> Padding {
        if self.source == self.input {
            return Padding::default();
        }
        conv.padding
    }

    /// The values whose deltas it writes, if they need any.
    pub fn sources(&self) -> impl Iterator<Item = ValueId> {
        iter::once(self.source).chain(self.others.iter().copied())
    }
}

/// After this, the steps up to what losses read are groups in order, each of which one kernel computes. Padding is no
/// group where it stands in memory.
pub fn for_losses<'n>(plan: &Plan<'n>) -> Vec<Group<'n>> {
    groups(plan, |purpose| purpose.loss, Norms::Apart)
}

/// The same outside of training: batch norms are folded into the convolutions before them.
pub fn for_evaluation<'n>(plan: &Plan<'n>) -> Vec<Group<'n>> {
    groups(plan, |purpose| purpose.loss, Norms::Folded)
}

/// The same for the steps up to the output.
pub fn for_output<'n>(plan: &Plan<'n>) -> Vec<Group<'n>> {
    groups(plan, |purpose| purpose.output, Norms::Folded)
}

fn groups<'n>(
    plan: &Plan<'n>,
    is_wanted: impl Fn(Purpose) -> bool,
    norms: Norms,
) -> Vec<Group<'n>> {
    let mut steps = plan
        .steps
        .iter()
        .filter(|step| is_wanted(step.purpose))
        .peekable();
    let mut groups: Vec<Group> = Vec::new();
    let mut padded = None;
    while let Some(step) = steps.next() {
        if is_in_memory(plan, step) {
            padded = Some(step.input());
            continue;
        }
        let mut group = first(step);
        group.source = padded.take().unwrap_or(group.input);
        while let Some((step, kernel)) = steps
            .peek()
            .and_then(|next| Some((*next, joined(plan, &group, next, norms)?)))
        {
            steps.next();
            group.kernel = kernel;
            group.name = format!("{}_{}", group.name, step.name);
            group.output = step.output;
        }
        groups.push(group);
    }
    groups
}

/// The step between the scores and the output, where the loss takes its input.
pub fn after_scores<'n>(plan: &Plan<'n>) -> Option<Group<'n>> {
    let is_after = |step: &&Step| step.purpose.output && !step.purpose.loss;
    plan.steps.iter().find(is_after).map(first)
}

fn kernel(operation: Operation<'_>) -> Kernel<'_> {
    let kind = match operation {
        Operation::ZeroPad(padding) => return Kernel::ZeroPad(padding),
        Operation::Fork => return Kernel::Fork,
        Operation::Layer(kind) => kind,
    };
    match kind {
        Kind::Conv2d(conv) => Kernel::Conv2d {
            conv,
            norm: None,
            activation: None,
            pool: None,
        },
        Kind::ConvTranspose2d(conv) => Kernel::ConvTranspose2d(conv),
        Kind::Dense(dense) => Kernel::Dense {
            dense,
            activation: None,
        },
        Kind::Activation(activation) => Kernel::Activation(*activation),
        Kind::PRelu(prelu) => Kernel::PRelu(*prelu),
        Kind::MaxPool2d(pool) => Kernel::MaxPool2d(pool),
        Kind::AvgPool2d(pool) => Kernel::AvgPool2d(pool),
        Kind::GlobalPool(pool) => Kernel::GlobalPool(*pool),
        Kind::AdaptiveAvgPool2d(_) => Kernel::AdaptiveAvgPool2d,
        Kind::Upsample2d(upsample) => Kernel::Upsample2d(*upsample),
        Kind::ZeroPad2d(pad) => Kernel::ZeroPad(pad.padding),
        Kind::Flatten(_) | Kind::Reshape(_) => Kernel::Reshape,
        Kind::ChannelShuffle(shuffle) => Kernel::ChannelShuffle(*shuffle),
        Kind::Softmax(_) => Kernel::Softmax,
        Kind::LogSoftmax(_) => Kernel::LogSoftmax,
        Kind::LayerNorm(norm) => Kernel::LayerNorm(norm),
        Kind::BatchNorm(norm) => Kernel::BatchNorm {
            norm,
            activation: None,
        },
        Kind::Dropout(dropout) => Kernel::Dropout(dropout),
        Kind::Add(_) => Kernel::Add { activation: None },
        Kind::Concat(_) => Kernel::Concat,
    }
}

fn first<'n>(step: &Step<'n>) -> Group<'n> {
    Group {
        name: step.name.clone(),
        kernel: kernel(step.operation),
        layer: step.name.clone(),
        input: step.input(),
        others: step.inputs[1..].to_vec(),
        source: step.input(),
        sums: step.output,
        output: step.output,
        purpose: step.purpose,
    }
}

/// The kernel that computes the next step too, if one can.
fn joined<'n>(plan: &Plan, group: &Group<'n>, next: &Step<'n>, norms: Norms) -> Option<Kernel<'n>> {
    let Operation::Layer(kind) = next.operation else {
        return None;
    };
    let reads = |step: &&Step| step.inputs.contains(&group.output);
    if next.inputs != [group.output] || plan.steps.iter().filter(reads).count() > 1 {
        return None;
    }
    match (group.kernel, kind) {
        (
            Kernel::Conv2d {
                conv,
                norm: None,
                activation: None,
                pool: None,
            },
            Kind::BatchNorm(norm),
        ) if norms == Norms::Folded => Some(Kernel::Conv2d {
            conv,
            norm: Some(FoldedNorm {
                norm,
                output: next.output,
            }),
            activation: None,
            pool: None,
        }),
        (
            Kernel::Conv2d {
                conv,
                norm,
                activation,
                pool: None,
            },
            Kind::MaxPool2d(pool),
        ) if is_partition(pool) => Some(Kernel::Conv2d {
            conv,
            norm,
            activation,
            pool: Some(pool),
        }),
        (kernel, Kind::Activation(activation)) if is_taken_in(*activation) => {
            with_activation(kernel, *activation)
        }
        _ => None,
    }
}

/// The kernel with an activation at its end, if it can have one.
fn with_activation(kernel: Kernel, activation: Activation) -> Option<Kernel> {
    let activation = Some(activation);
    match kernel {
        Kernel::Conv2d {
            conv,
            norm,
            activation: None,
            pool: None,
        } => Some(Kernel::Conv2d {
            conv,
            norm,
            activation,
            pool: None,
        }),
        Kernel::Dense {
            dense,
            activation: None,
        } => Some(Kernel::Dense { dense, activation }),
        Kernel::BatchNorm {
            norm,
            activation: None,
        } => Some(Kernel::BatchNorm { norm, activation }),
        Kernel::Add { activation: None } => Some(Kernel::Add { activation }),
        _ => None,
    }
}

/// Whether another kernel can apply an activation to what it computes.
///
/// Each of these grows with its input, so that the largest of several sums is found before it is applied, and its
/// derivative can be told from its output, so that its input need not be kept.
fn is_taken_in(activation: Activation) -> bool {
    match activation {
        Activation::Relu
        | Activation::LeakyRelu { .. }
        | Activation::Relu6
        | Activation::Elu { .. }
        | Activation::Selu
        | Activation::Sigmoid
        | Activation::HardSigmoid
        | Activation::Tanh => true,
        Activation::Gelu { .. }
        | Activation::Silu
        | Activation::Softplus { .. }
        | Activation::HardSwish => false,
    }
}

/// Whether the windows lie side by side, and each fits the registers.
fn is_partition(pool: &MaxPool2d) -> bool {
    pool.window.kernel_size.height * pool.window.kernel_size.width <= 12
        && pool.window.stride == pool.window.kernel_size
        && pool.window.padding
            == Pair {
                height: 0,
                width: 0,
            }
}
