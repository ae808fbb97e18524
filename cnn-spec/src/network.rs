//! The checked network: names, final shapes, parameters. Nothing is left to resolve.

use crate::augmentation::Augmentation;
use crate::data::Data;
use crate::layer::Kind;
use crate::names;
use crate::shape::Shape;
use crate::training::{Objective, Training};
use crate::validation::Validation;

/// A network that passed every check.
#[derive(Clone, Debug, PartialEq)]
pub struct Network {
    /// The name of the generated type: a Rust identifier in `UpperCamelCase`.
    pub name: String,
    /// The type of every value.
    pub dtype: Dtype,
    /// The shape of one sample.
    pub input: Shape,
    /// The layers in an order in which each comes after everything that it reads.
    pub layers: Vec<Layer>,
    /// What training minimises the sum of, the last layer's first; empty where it is not trained.
    pub objectives: Vec<Objective>,
    /// How it is trained; without it only the forward pass is generated.
    pub training: Option<Training>,
    /// What it is trained on.
    pub data: Data,
    /// How samples are varied each time they are learnt.
    pub augmentation: Augmentation,
    /// What is held back from the training set; without it, nothing.
    pub validation: Option<Validation>,
}

/// For each layer, whether one of some values is computed from it.
pub(crate) fn needed_for(layers: &[Layer], values: impl IntoIterator<Item = Source>) -> Vec<bool> {
    let mut is_needed = vec![false; layers.len()];
    let mut open: Vec<_> = values.into_iter().collect();
    while let Some(source) = open.pop() {
        if let Source::Layer(index) = source
            && let Some(layer) = layers.get(index)
            && !std::mem::replace(&mut is_needed[index], true)
        {
            open.extend(&layer.inputs);
        }
    }
    is_needed
}

/// One layer of a [`Network`].
#[derive(Clone, Debug, PartialEq)]
pub struct Layer {
    /// A Rust identifier in `snake_case`, unique in the network.
    pub name: String,
    /// What it computes.
    pub kind: Kind,
    /// Where it reads its values: in one place, or in several that it joins.
    pub inputs: Vec<Source>,
    /// The shapes of what it reads, in the same order.
    pub input_shapes: Vec<Shape>,
    /// The shape of what it puts out.
    pub output_shape: Shape,
    /// What it learns and what it keeps beside that, in PyTorch's order.
    pub parameters: Vec<Parameter>,
    /// What the learning rate is multiplied by for its parameters.
    pub learning_rate_factor: f64,
    /// Whether its parameters stay as they are.
    pub is_frozen: bool,
}

impl Layer {
    /// Whether training changes it.
    pub fn learns(&self) -> bool {
        self.parameters.iter().any(Parameter::is_learnt) && !self.is_frozen
    }

    /// The shape of what it reads; of the first value, if it joins several.
    pub fn input_shape(&self) -> &Shape {
        &self.input_shapes[0]
    }
}

/// Where a layer reads its values.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Source {
    /// The network's input.
    Input,
    /// The output of the layer with this index.
    Layer(usize),
}

/// One tensor that a layer learns, or keeps while it learns.
#[derive(Clone, Debug, PartialEq)]
pub struct Parameter {
    /// `weight`, `bias`, `running_mean`, …, as in PyTorch.
    pub name: &'static str,
    /// Its shape, as in PyTorch.
    pub shape: Shape,
    /// Where its first values come from.
    pub distribution: Distribution,
    /// What becomes of it in training.
    pub role: Role,
}

/// What becomes of a tensor in training.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// It follows its gradient.
    Learnt,
    /// It is a running average of what the layer has seen; PyTorch calls it a buffer.
    Average,
    /// It counts the batches that the layer has seen.
    Count,
}

impl Parameter {
    /// Whether it follows a gradient.
    pub fn is_learnt(&self) -> bool {
        self.role == Role::Learnt
    }

    /// Whether it is a matrix: a dense layer's weight, or the kernels of a convolution, a row for each output channel.
    pub fn is_matrix(&self) -> bool {
        self.name == "weight" && self.shape.rank() > 1
    }
}

/// The distribution that a parameter's first values are drawn from.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Distribution {
    /// All the same.
    Constant {
        /// The value.
        value: f64,
    },
    /// Uniform in `-bound..bound`.
    Uniform {
        /// Half the width.
        bound: f64,
    },
    /// Normal with mean zero.
    Normal {
        /// The standard deviation.
        standard_deviation: f64,
    },
}

/// The type of every value of a network.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Dtype {
    /// 32-bit floating point.
    #[default]
    F32,
    /// 64-bit floating point.
    F64,
}

impl Dtype {
    /// Rust's name of the type.
    pub fn name(self) -> &'static str {
        match self {
            Self::F32 => "f32",
            Self::F64 => "f64",
        }
    }

    /// The size of one value in bytes.
    pub fn bytes(self) -> usize {
        match self {
            Self::F32 => 4,
            Self::F64 => 8,
        }
    }
}

impl Network {
    /// The shape of what the network puts out.
    pub fn output(&self) -> &Shape {
        self.layers
            .last()
            .map_or(&self.input, |layer| &layer.output_shape)
    }

    /// The shape of what a layer reads from `source`.
    pub fn shape(&self, source: Source) -> &Shape {
        match source {
            Source::Input => &self.input,
            Source::Layer(index) => &self.layers[index].output_shape,
        }
    }

    /// For each layer, whether the network's output is computed from it; the others only help to train.
    pub fn needed_for_output(&self) -> Vec<bool> {
        let last = self.layers.len().checked_sub(1);
        self.needed_for(last.map(Source::Layer))
    }

    /// For each layer, whether one of some values is computed from it.
    pub fn needed_for(&self, values: impl IntoIterator<Item = Source>) -> Vec<bool> {
        needed_for(&self.layers, values)
    }

    /// What the loss of an objective takes: the output that it judges, but the logits where the loss brings its own softmax
    /// or sigmoid.
    pub fn scores(&self, objective: &Objective) -> Source {
        let judged = &self.layers[objective.layer];
        if objective.loss.includes(&judged.kind) {
            judged.inputs[0]
        } else {
            Source::Layer(objective.layer)
        }
    }

    /// How many values the network learns.
    pub fn parameter_count(&self) -> usize {
        self.layers
            .iter()
            .flat_map(|layer| &layer.parameters)
            .filter(|parameter| parameter.is_learnt())
            .map(|p| p.shape.elements())
            .sum()
    }

    /// Whether what training makes of a sample depends on the batch that it is in.
    pub fn depends_on_batches(&self) -> bool {
        let is_of_batches =
            |layer: &Layer| matches!(layer.kind, Kind::BatchNorm(_) | Kind::Dropout(_));
        self.layers.iter().any(is_of_batches)
    }

    /// Gives the network another name.
    ///
    /// # Errors
    /// Why the generated code cannot carry it.
    pub fn rename(&mut self, name: &str) -> Result<(), String> {
        let taken = |layer: &&Layer| names::type_name(&layer.name) == name;
        if let Some(reason) = names::refuse_network(name) {
            return Err(reason);
        }
        if let Some(layer) = self.layers.iter().find(taken) {
            return Err(format!(
                "the layer `{}` has a type of this name",
                layer.name
            ));
        }
        name.clone_into(&mut self.name);
        Ok(())
    }
}
