//! A slow, obvious interpreter of networks in `f64`: what everything else is tested against.
//!
//! Each layer is written as its definition. There is no backward pass to get wrong: the forward pass notes the
//! derivative of each scalar operation, and the chain rule does the rest.

mod activation;
mod batch;
mod layers;
mod loss;
mod optimizer;
mod schedule;
mod tape;

pub use loss::{loss, weight};
pub use optimizer::Optimizer;
pub use schedule::LearningRate;

use crate::Network;
use crate::layer::Kind;
use crate::network::Source;
use crate::training::Loss;
use std::collections::BTreeMap;
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

/// For each dropout, by its name, and for each sample: which of its values are kept.
pub type Masks = BTreeMap<String, Vec<Vec<bool>>>;

/// Interprets a checked network.
#[derive(Clone, Copy, Debug)]
pub struct Reference<'a> {
    network: &'a Network,
    masks: Option<&'a Masks>,
}

/// What samples are computed for: some layers make a difference.
#[derive(Clone, Copy, Debug)]
enum Purpose<'a> {
    /// Each sample stands for itself.
    Inference,
    /// The samples are a batch, of which dropouts keep what their masks say.
    Training(Option<&'a Masks>),
}

impl<'a> Reference<'a> {
    /// The interpreter of `network`.
    pub fn new(network: &'a Network) -> Self {
        Self {
            network,
            masks: None,
        }
    }

    /// The same, whose dropouts keep what `masks` says of the samples of a batch.
    #[must_use]
    pub fn with_masks(self, masks: &'a Masks) -> Self {
        Self {
            masks: Some(masks),
            ..self
        }
    }

    /// What is interpreted.
    pub fn network(self) -> &'a Network {
        self.network
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

    /// Every layer's output for one sample, as in inference.
    ///
    /// # Panics
    /// If the parameters or the input do not fit the network.
    pub fn forward(self, parameters: &[Tensor], input: &[f64]) -> Trace {
        self.trace(parameters, &[input], Purpose::Inference)
    }

    /// Every layer's output for a batch, as in training; of dropouts, what the masks keep.
    ///
    /// # Panics
    /// If the parameters, an input or a mask do not fit the network.
    pub fn forward_in_training(self, parameters: &[Tensor], inputs: &[&[f64]]) -> Trace {
        self.trace(parameters, inputs, Purpose::Training(self.masks))
    }

    /// Every layer's output for some samples.
    fn trace(self, parameters: &[Tensor], inputs: &[&[f64]], purpose: Purpose) -> Trace {
        self.check(parameters, inputs);
        let mut tape = Tape::default();
        let inputs: Samples = inputs.iter().map(|input| tape.variables(input)).collect();
        let variables = |tensor: &Tensor| (tensor.name.clone(), tape.variables(&tensor.values));
        let (names, parameters): (Vec<_>, Vec<_>) = parameters.iter().map(variables).unzip();
        let mut layers: Vec<Samples> = Vec::new();
        let mut unread = parameters.as_slice();
        for layer in &self.network.layers {
            let (own, rest) = unread.split_at(layer.parameters.len());
            unread = rest;
            let read = |source: &Source| match source {
                Source::Input => inputs.as_slice(),
                Source::Layer(index) => &layers[*index],
            };
            let joined: Vec<_> = layer.inputs.iter().map(read).collect();
            let outputs = match &layer.kind {
                Kind::BatchNorm(norm) => {
                    batch::norm(&mut tape, norm, layer, own, joined[0], purpose)
                }
                Kind::Dropout(dropout) => {
                    batch::dropout(&mut tape, dropout, layer, joined[0], purpose)
                }
                _ => (0..inputs.len())
                    .map(|sample| {
                        let inputs: Vec<_> = joined
                            .iter()
                            .map(|samples| samples[sample].as_slice())
                            .collect();
                        layers::forward(&mut tape, layer, own, &inputs)
                    })
                    .collect(),
            };
            layers.push(outputs);
        }
        Trace {
            tape,
            inputs,
            names,
            parameters,
            layers,
        }
    }

    fn check(self, parameters: &[Tensor], inputs: &[&[f64]]) {
        for input in inputs {
            assert_eq!(input.len(), self.network.input.elements(), "the input");
        }
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
    /// If the parameters, an input, a target or a mask do not fit the network.
    pub fn batch(
        self,
        loss: &Loss,
        parameters: &[Tensor],
        inputs: &[Vec<f64>],
        targets: &[Vec<f64>],
    ) -> Batch {
        let weights = targets.iter().map(|target| weight(loss, target));
        let share = 1.0 / weights.sum::<f64>();
        let mut batch = Batch {
            cost: 0.0,
            parameters: parameters.iter().map(Tensor::zeros_like).collect(),
            inputs: Vec::new(),
            tracked: parameters.to_vec(),
        };
        // A tape of one sample is short, but it may be of no use alone.
        let together = if self.network.depends_on_batches() {
            inputs.len()
        } else {
            1
        };
        for (inputs, targets) in inputs.chunks(together).zip(targets.chunks(together)) {
            self.add(&mut batch, loss, parameters, share, (inputs, targets));
        }
        batch
    }

    /// Adds the costs of some samples and their derivatives.
    fn add(
        self,
        batch: &mut Batch,
        loss: &Loss,
        parameters: &[Tensor],
        share: f64,
        (inputs, targets): (&[Vec<f64>], &[Vec<f64>]),
    ) {
        let judged = self.judged(loss);
        let values: Vec<_> = inputs.iter().map(Vec::as_slice).collect();
        let trace = self.trace(parameters, &values, Purpose::Training(self.masks));
        let mut deltas = Vec::new();
        for (output, target) in trace.samples(judged).iter().zip(targets) {
            let (cost, delta) = loss::loss(loss, &trace.tape.values(output), target);
            batch.cost += share * cost;
            deltas.extend(delta.iter().map(|delta| share * delta));
        }
        let gradients = trace.backward(judged, &deltas);
        let learns = self.network.layers.iter().flat_map(|layer| {
            let parameters = layer.parameters.iter();
            parameters.map(|parameter| parameter.is_learnt() && !layer.is_frozen)
        });
        let sums = batch.parameters.iter_mut().zip(&gradients.parameters);
        for ((sum, gradient), _) in sums.zip(learns).filter(|(_, learns)| *learns) {
            sum.add(gradient);
        }
        let size = self.network.input.elements();
        let inputs = gradients.input.chunks(size).map(<[f64]>::to_vec);
        batch.inputs.extend(inputs);
        batch::track(self.network, &mut batch.tracked, &trace);
    }
}

/// The values of each sample.
type Samples = Vec<Vec<Variable>>;

/// A forward pass, with all that its backward pass needs.
#[derive(Clone, Debug)]
pub struct Trace {
    tape: Tape,
    inputs: Samples,
    names: Vec<String>,
    parameters: Samples,
    layers: Vec<Samples>,
}

impl Trace {
    /// The values that a layer put out, or the input: one sample after the other.
    ///
    /// # Panics
    /// If there is no such layer.
    pub fn values(&self, source: Source) -> Vec<f64> {
        self.tape.values(&self.samples(source).concat())
    }

    /// The gradients of a cost whose derivatives with respect to the values of `source` are `delta`.
    ///
    /// # Panics
    /// If there is no such layer, or `delta` does not fit it.
    pub fn backward(&self, source: Source, delta: &[f64]) -> Gradients {
        let deltas = self.tape.backward(&self.samples(source).concat(), delta);
        let tensor = |(name, variables): (&String, &Vec<Variable>)| Tensor {
            name: name.clone(),
            values: deltas.of(variables),
        };
        let parameters = self.names.iter().zip(&self.parameters);
        let layers = self.layers.iter();
        Gradients {
            parameters: parameters.map(tensor).collect(),
            layers: layers.map(|layer| deltas.of(&layer.concat())).collect(),
            input: deltas.of(&self.inputs.concat()),
        }
    }

    fn samples(&self, source: Source) -> &[Vec<Variable>] {
        match source {
            Source::Input => &self.inputs,
            Source::Layer(index) => &self.layers[index],
        }
    }
}

/// The derivatives of a cost.
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
    /// The derivatives with respect to each parameter; zero where it is frozen, and where it is no parameter but an
    /// average.
    pub parameters: Vec<Tensor>,
    /// The derivatives with respect to each sample's input.
    pub inputs: Vec<Vec<f64>>,
    /// The parameters as they were, and the running averages after this batch.
    pub tracked: Vec<Tensor>,
}
