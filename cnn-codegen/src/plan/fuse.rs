//! Steps that are one kernel on lanes: a convolution with its padding, activation and max pool; a dense layer with its
//! activation.

use super::{Operation, Plan, Step, ValueId};
use cnn_spec::layer::{Activation, AvgPool2d, Conv2d, Dense, Kind, MaxPool2d, Pair};

/// Steps that one kernel computes together.
pub struct Group<'n> {
    /// The names of its layers: `conv1_relu1_pool1`.
    pub name: String,
    /// What is computed.
    pub kernel: Kernel<'n>,
    /// The first of its layers; it alone may learn.
    pub layer: String,
    /// What it reads.
    pub input: ValueId,
    /// What its input is without padding: the value whose delta it writes.
    pub source: ValueId,
    /// What its first layer puts out, before activation and pool.
    pub sums: ValueId,
    /// What it writes.
    pub output: ValueId,
}

/// What a group computes.
#[derive(Clone, Copy)]
pub enum Kernel<'n> {
    /// A convolution, what it does to its sums, and the largest of them in each window of a pool.
    Conv2d {
        conv: &'n Conv2d,
        activation: Option<Activation>,
        pool: Option<&'n MaxPool2d>,
    },
    /// A dense layer and what it does to its sums.
    Dense {
        dense: &'n Dense,
        activation: Option<Activation>,
    },
    /// The same function of each value.
    Activation(Activation),
    /// The largest value of each window, where no convolution takes the pool in.
    MaxPool2d(&'n MaxPool2d),
    /// The mean of each window.
    AvgPool2d(&'n AvgPool2d),
    /// Maps become a vector.
    Flatten,
    /// Logits become probabilities.
    Softmax,
}

/// Whether there are kernels on lanes for all that a network computes: chains of the layers that have some.
pub fn serves(plan: &Plan) -> bool {
    let mut before = ValueId::INPUT;
    plan.steps.iter().all(|step| {
        let is_known = match step.operation {
            // A softmax over the channels of maps has none.
            Operation::Layer(Kind::Softmax(_)) => plan.value(step.output).shape.rank() == 1,
            Operation::Layer(kind) => kernel(kind).is_some(),
            Operation::ZeroPad(_) => true,
            Operation::Fork => false,
        };
        let reads_before = step.inputs == [std::mem::replace(&mut before, step.output)];
        is_known && reads_before
    })
}

/// After this, the steps up to the scores are groups in order, each of which one kernel computes. Padding is no group:
/// it stands in memory.
pub fn fuse<'n>(plan: &Plan<'n>) -> Vec<Group<'n>> {
    fuse_until(plan, plan.scores)
}

/// The same for the steps up to a value.
pub fn fuse_until<'n>(plan: &Plan<'n>, last: ValueId) -> Vec<Group<'n>> {
    let mut steps = plan
        .steps
        .iter()
        .filter(|step| step.output <= last)
        .peekable();
    let mut groups: Vec<Group> = Vec::new();
    let mut padded = None;
    while let Some(step) = steps.next() {
        let Operation::Layer(kind) = step.operation else {
            padded = Some(step.input());
            continue;
        };
        let mut group = first(step, kind);
        group.source = padded.take().unwrap_or(group.input);
        while let Some(step) = steps.next_if(|next| joined(&group.kernel, next).is_some()) {
            group.kernel = joined(&group.kernel, step).unwrap_or(group.kernel);
            group.name = format!("{}_{}", group.name, step.name);
            group.output = step.output;
        }
        groups.push(group);
    }
    groups
}

/// The softmax between the scores and the output, where the loss takes its input.
pub fn after_scores<'n>(plan: &Plan<'n>) -> Option<Group<'n>> {
    let step = plan.steps.iter().find(|step| step.output > plan.scores)?;
    match step.operation {
        Operation::Layer(kind) => Some(first(step, kind)),
        Operation::ZeroPad(_) | Operation::Fork => None,
    }
}

/// Whether an activation has a formula on lanes.
fn is_on_lanes(activation: Activation) -> bool {
    matches!(
        activation,
        Activation::Relu | Activation::LeakyRelu { .. } | Activation::Sigmoid | Activation::Tanh
    )
}

/// The kernel of a kind of layer, if there is one.
fn kernel(kind: &Kind) -> Option<Kernel<'_>> {
    let kernel = match kind {
        Kind::Conv2d(conv) => Kernel::Conv2d {
            conv,
            activation: None,
            pool: None,
        },
        Kind::Dense(dense) => Kernel::Dense {
            dense,
            activation: None,
        },
        Kind::Activation(activation) if is_on_lanes(*activation) => Kernel::Activation(*activation),
        Kind::MaxPool2d(pool) => Kernel::MaxPool2d(pool),
        Kind::AvgPool2d(pool) => Kernel::AvgPool2d(pool),
        Kind::Softmax(_) => Kernel::Softmax,
        Kind::Flatten(_) => Kernel::Flatten,
        _ => return None,
    };
    Some(kernel)
}

fn first<'n>(step: &Step<'n>, kind: &'n Kind) -> Group<'n> {
    let kernel = kernel(kind).expect("other networks have plain kernels");
    Group {
        name: step.name.clone(),
        kernel,
        layer: step.name.clone(),
        input: step.input(),
        source: step.input(),
        sums: step.output,
        output: step.output,
    }
}

/// The kernel that computes the next step too, if one can.
///
/// Every activation grows with its input, so that the largest of several sums is found before it is applied.
fn joined<'n>(kernel: &Kernel<'n>, next: &Step<'n>) -> Option<Kernel<'n>> {
    let Operation::Layer(next) = next.operation else {
        return None;
    };
    match (*kernel, next) {
        (
            Kernel::Conv2d {
                conv,
                activation: None,
                pool: None,
            },
            Kind::Activation(activation),
        ) => Some(Kernel::Conv2d {
            conv,
            activation: Some(*activation),
            pool: None,
        }),
        (
            Kernel::Conv2d {
                conv,
                activation,
                pool: None,
            },
            Kind::MaxPool2d(pool),
        ) if is_partition(pool) => Some(Kernel::Conv2d {
            conv,
            activation,
            pool: Some(pool),
        }),
        (
            Kernel::Dense {
                dense,
                activation: None,
            },
            Kind::Activation(activation),
        ) => Some(Kernel::Dense {
            dense,
            activation: Some(*activation),
        }),
        _ => None,
    }
}

/// Whether the windows lie side by side, and each fits the registers.
fn is_partition(pool: &MaxPool2d) -> bool {
    pool.kernel_size.height * pool.kernel_size.width <= 12
        && pool.stride == pool.kernel_size
        && pool.padding
            == Pair {
                height: 0,
                width: 0,
            }
}
