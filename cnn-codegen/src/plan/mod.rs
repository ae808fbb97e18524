//! What is computed from what, and where it is kept: the network on its way to code.
//!
//! Passes, in order, each with the invariant that it leaves:
//! 1. [`lower`]: no `flatten` is left before a dense layer, which reads maps as they are; no convolution pads
//!    its own input; a sequence is maps of a single row; every value has a name and the shape it is stored in, and is known to need a delta or not.
//! 2. [`fork`]: no value that needs a delta is read twice, be it by a loss.
//! 3. [`fuse`], for kernels on lanes: steps that one kernel computes are a group.
//! 4. [`layout`], likewise: padding is no step, but zeros around the value that it pads.
//! 5. [`route`], likewise: which gradients are computed only where there is a delta.
//! 6. [`tile`], likewise: what of a kernel's output is computed at a time fits the registers.
//!
//! For one sample on vectors, [`stage`] follows [`fuse`], with tiles of [`spatial`]: each group is one function or a few,
//! and what they put out takes turns in buffers.

pub mod depthwise;
mod fork;
pub mod fuse;
pub mod layout;
mod lower;
pub mod plane;
pub mod route;
mod runs;
pub mod spatial;
pub mod stage;
pub mod tile;
pub mod turns;

use cnn_spec::layer::{Dimensions, Kind, Padding};
use cnn_spec::network::{Network, Parameter};
use cnn_spec::shape::Shape;
use cnn_spec::training::Objective;

/// The steps of a network over the values that they read and write.
pub struct Plan<'n> {
    /// The network that is planned.
    pub network: &'n Network,
    /// Everything that is computed; the network's input comes first.
    pub values: Vec<Value>,
    /// What computes it, in order.
    pub steps: Vec<Step<'n>>,
    /// What the forward pass returns.
    pub output: ValueId,
    /// What is judged in training, the output first; empty where there is no training.
    pub heads: Vec<Head<'n>>,
}

/// A value that a loss judges.
pub struct Head<'n> {
    /// How it is judged.
    pub objective: &'n Objective,
    /// What the loss reads: what the judged layer puts out, or the logits before a layer that the loss includes.
    pub scores: ValueId,
}

/// An index into [`Plan::values`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ValueId(usize);

impl ValueId {
    /// The network's input.
    pub const INPUT: Self = Self(0);
}

/// A tensor that exists while a sample is computed.
pub struct Value {
    /// `input`, or the name of the step that computes it.
    pub name: String,
    /// The shape that it is stored in.
    pub shape: Shape,
    /// Whether the backward pass needs the loss's gradient with respect to it.
    pub has_delta: bool,
    /// The value that this one is under another name, for one of its readers.
    pub original: Option<ValueId>,
}

/// One operation over values.
pub struct Step<'n> {
    /// The layer's name, or one made of it.
    pub name: String,
    /// What is computed.
    pub operation: Operation<'n>,
    /// What it learns, or keeps frozen.
    pub parameters: &'n [Parameter],
    /// Whether training changes that.
    pub learns: bool,
    /// What it reads: one value, or several that it joins.
    pub inputs: Vec<ValueId>,
    /// What it writes; a fork, what it reads.
    pub output: ValueId,
    /// What it is good for.
    pub purpose: Purpose,
}

/// What a step, or several, are good for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Purpose {
    /// The network's output is computed from what it writes.
    pub output: bool,
    /// What a loss reads is: deltas come back to it.
    pub loss: bool,
}

/// What a step computes.
#[derive(Clone, Copy)]
pub enum Operation<'n> {
    /// A layer of the network; a convolution finds its padding in its input.
    Layer(&'n Kind),
    /// Zeros around feature maps.
    ZeroPad(Padding),
    /// Nothing: each reader of a value gets an alias of it. The value's delta is the sum of theirs.
    Fork,
}

impl<'n> Plan<'n> {
    /// Plans a network.
    pub fn new(network: &'n Network) -> Self {
        let mut plan = lower::lower(network);
        fork::fork(&mut plan);
        plan
    }

    /// Whether some steps serve only other outputs than the network's, which training alone computes.
    pub fn has_auxiliaries(&self) -> bool {
        self.steps.iter().any(|step| !step.purpose.output)
    }

    /// Whether a loss reads a value, under whatever name.
    pub fn is_judged(&self, id: ValueId) -> bool {
        let mut heads = self.heads.iter();
        heads.any(|head| self.original(head.scores) == self.original(id))
    }

    /// The value with this index.
    pub fn value(&self, id: ValueId) -> &Value {
        &self.values[id.0]
    }

    /// The values that this one is under other names.
    pub fn aliases(&self, original: ValueId) -> impl Iterator<Item = ValueId> {
        let ids = (0..self.values.len()).map(ValueId);
        ids.filter(move |id| self.value(*id).original == Some(original))
    }

    /// The value that this one is under another name; itself, if it is no alias.
    pub fn original(&self, id: ValueId) -> ValueId {
        self.value(id).original.unwrap_or(id)
    }

    /// The samples of a batch, if they wait for each other at batch norms while they are learnt.
    pub fn waiting(&self) -> Option<usize> {
        let training = self.network.training.as_ref()?;
        let is_norm = |step: &Step| matches!(step.kind(), Some(Kind::BatchNorm(_)));
        self.steps
            .iter()
            .any(is_norm)
            .then_some(training.batch_size)
    }

    /// The steps that have parameters.
    pub fn learning_steps(&self) -> impl Iterator<Item = &Step<'n>> {
        self.steps.iter().filter(|step| !step.parameters.is_empty())
    }
}

impl<'n> Step<'n> {
    /// The kind of its layer, if it computes one.
    pub fn kind(&self) -> Option<&'n Kind> {
        match self.operation {
            Operation::Layer(kind) => Some(kind),
            Operation::ZeroPad(_) | Operation::Fork => None,
        }
    }

    /// What it reads; the first value, if it joins several.
    pub fn input(&self) -> ValueId {
        self.inputs[0]
    }

    /// The shape that a parameter is stored in: PyTorch's, but what slides along one dimension has a height of 1.
    pub fn stored(&self, parameter: &Parameter) -> Shape {
        let mut dims = parameter.shape.dims().to_vec();
        if let Operation::Layer(Kind::Conv2d(conv)) = self.operation
            && conv.dimensions == Dimensions::One
            && dims.len() > 1
        {
            dims.insert(dims.len() - 1, 1);
        }
        Shape::new(dims).expect("as many values as before")
    }

    /// The stored shapes of what it reads and writes: `1×28×28 → 3×24×24`.
    pub fn shapes(&self, plan: &Plan) -> String {
        let shape = |id: &ValueId| plan.value(*id).shape.to_string();
        let inputs: Vec<_> = self.inputs.iter().map(shape).collect();
        format!("{} → {}", inputs.join(", "), shape(&self.output))
    }
}
