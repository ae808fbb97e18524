//! A slow, obvious interpreter of networks in `f64`: what everything else is tested against.
//!
//! Each layer is written as its definition. There is no backward pass to get wrong: the forward pass notes the
//! derivative of each scalar operation, and the chain rule does the rest.

mod activation;
mod layers;
mod loss;
mod optimizer;
mod schedule;
mod tape;

pub use loss::{loss, weight};
pub use optimizer::Optimizer;
pub use schedule::LearningRate;

use crate::Network;
use crate::network::Source;
use crate::training::Loss;
use tape::{Tape, Variable};

/// A flat tensor with its name in PyTorch's state dict: `conv1.weight`.
#[derive(Clone, Debug, PartialEq)]
pub struct Tensor {
    /// The layer's name and the parameter's.
    pub name: String,
    /// The values in reading order.
    pub values: Vec<f64>,
}

impl Tensor {
    fn zeros_like(&self) -> Self {
        Self {
            name: self.name.clone(),
            values: vec![0.0; self.values.len()],
        }
    }

    fn add(&mut self, other: &Self) {
        for (sum, value) in self.values.iter_mut().zip(&other.values) {
            *sum += value;
        }
    }
}

/// Interprets a checked network.
#[derive(Clone, Copy, Debug)]
pub struct Reference<'a> {
    network: &'a Network,
}

impl<'a> Reference<'a> {
    /// The interpreter of `network`.
    pub fn new(network: &'a Network) -> Self {
        Self { network }
    }

    /// All parameters, with values drawn from `value`.
    pub fn parameters(self, mut value: impl FnMut() -> f64) -> Vec<Tensor> {
        let mut tensors = Vec::new();
        for layer in &self.network.layers {
            for parameter in &layer.parameters {
                let elements = 0..parameter.shape.elements();
                tensors.push(Tensor {
                    name: format!("{}.{}", layer.name, parameter.name),
                    values: elements.map(|_| value()).collect(),
                });
            }
        }
        tensors
    }

    /// Every layer's output for one sample.
    ///
    /// # Panics
    /// If the parameters or the input do not fit the network.
    pub fn forward(self, parameters: &[Tensor], input: &[f64]) -> Trace {
        self.check(parameters, input);
        let mut tape = Tape::default();
        let input = tape.variables(input);
        let variables = |tensor: &Tensor| (tensor.name.clone(), tape.variables(&tensor.values));
        let (names, parameters): (Vec<_>, Vec<_>) = parameters.iter().map(variables).unzip();
        let mut layers: Vec<Vec<Variable>> = Vec::new();
        let mut unread = parameters.as_slice();
        for layer in &self.network.layers {
            let (own, rest) = unread.split_at(layer.parameters.len());
            unread = rest;
            let read = |source: &Source| match source {
                Source::Input => input.as_slice(),
                Source::Layer(index) => &layers[*index],
            };
            let inputs: Vec<_> = layer.inputs.iter().map(read).collect();
            layers.push(layers::forward(&mut tape, layer, own, &inputs));
        }
        Trace {
            tape,
            input,
            names,
            parameters,
            layers,
        }
    }

    fn check(self, parameters: &[Tensor], input: &[f64]) {
        assert_eq!(input.len(), self.network.input.elements(), "the input");
        let layers = self.network.layers.iter();
        let expected: Vec<_> = layers.flat_map(|layer| &layer.parameters).collect();
        assert_eq!(parameters.len(), expected.len(), "the parameters");
        for (tensor, parameter) in parameters.iter().zip(expected) {
            let (values, elements) = (tensor.values.len(), parameter.shape.elements());
            assert_eq!(values, elements, "{}", tensor.name);
        }
    }

    /// What the network puts out.
    pub fn output(self) -> Source {
        match self.network.layers.len() {
            0 => Source::Input,
            count => Source::Layer(count - 1),
        }
    }

    /// What a loss reads: the output, but the logits where the loss brings its own softmax or sigmoid.
    pub fn judged(self, loss: &Loss) -> Source {
        match self.network.layers.last() {
            Some(last) if loss.includes(&last.kind) => last.inputs[0],
            _ => self.output(),
        }
    }

    /// The cost of a batch, the mean over its samples by their weights, and the cost's gradients.
    ///
    /// # Panics
    /// If the parameters, an input or a target do not fit the network.
    pub fn batch(
        self,
        loss: &Loss,
        parameters: &[Tensor],
        inputs: &[Vec<f64>],
        targets: &[Vec<f64>],
    ) -> Batch {
        let weights = targets.iter().map(|target| weight(loss, target));
        let share = 1.0 / weights.sum::<f64>();
        let judged = self.judged(loss);
        let mut batch = Batch {
            cost: 0.0,
            parameters: parameters.iter().map(Tensor::zeros_like).collect(),
            inputs: Vec::new(),
        };
        for (input, target) in inputs.iter().zip(targets) {
            let trace = self.forward(parameters, input);
            let (cost, delta) = loss::loss(loss, &trace.values(judged), target);
            batch.cost += share * cost;
            let delta: Vec<_> = delta.iter().map(|delta| share * delta).collect();
            let gradients = trace.backward(judged, &delta);
            let learns = self.network.layers.iter().flat_map(|layer| {
                let parameters = layer.parameters.iter();
                parameters.map(|_| !layer.is_frozen)
            });
            let sums = batch.parameters.iter_mut().zip(&gradients.parameters);
            for ((sum, gradient), _) in sums.zip(learns).filter(|(_, learns)| *learns) {
                sum.add(gradient);
            }
            batch.inputs.push(gradients.input);
        }
        batch
    }
}

/// A forward pass of one sample, with all that its backward pass needs.
#[derive(Clone, Debug)]
pub struct Trace {
    tape: Tape,
    input: Vec<Variable>,
    names: Vec<String>,
    parameters: Vec<Vec<Variable>>,
    layers: Vec<Vec<Variable>>,
}

impl Trace {
    /// The values that a layer put out, or the input.
    ///
    /// # Panics
    /// If there is no such layer.
    pub fn values(&self, source: Source) -> Vec<f64> {
        self.tape.values(self.variables(source))
    }

    /// The gradients of a cost whose derivatives with respect to the values of `source` are `delta`.
    ///
    /// # Panics
    /// If there is no such layer, or `delta` does not fit it.
    pub fn backward(&self, source: Source, delta: &[f64]) -> Gradients {
        let deltas = self.tape.backward(self.variables(source), delta);
        let tensor = |(name, variables): (&String, &Vec<Variable>)| Tensor {
            name: name.clone(),
            values: deltas.of(variables),
        };
        let parameters = self.names.iter().zip(&self.parameters);
        Gradients {
            parameters: parameters.map(tensor).collect(),
            layers: self.layers.iter().map(|layer| deltas.of(layer)).collect(),
            input: deltas.of(&self.input),
        }
    }

    fn variables(&self, source: Source) -> &[Variable] {
        match source {
            Source::Input => &self.input,
            Source::Layer(index) => &self.layers[index],
        }
    }
}

/// The derivatives of one sample's cost.
#[derive(Clone, Debug, PartialEq)]
pub struct Gradients {
    /// With respect to each parameter, in the order and with the names of the parameters.
    pub parameters: Vec<Tensor>,
    /// With respect to each layer's output: its delta. Zero where the cost does not depend on the layer.
    pub layers: Vec<Vec<f64>>,
    /// With respect to the input.
    pub input: Vec<f64>,
}

/// The cost of a batch and its derivatives.
#[derive(Clone, Debug, PartialEq)]
pub struct Batch {
    /// The mean of the samples' costs.
    pub cost: f64,
    /// The derivatives with respect to each parameter; zero where it is frozen.
    pub parameters: Vec<Tensor>,
    /// The derivatives with respect to each sample's input.
    pub inputs: Vec<Vec<f64>>,
}
