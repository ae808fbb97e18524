//! A small example of a layer, computed by the reference interpreter: every number of it can be checked by hand.

use super::figure::{Tensor, sum};
use super::kind::Tiny;
use cnn_spec::layer::Kind;
use cnn_spec::network::{Layer, Source};
use cnn_spec::reference::{Gradients, Masks, Reference};
use cnn_spec::{Network, Shape};

/// Weights: small, and none of them zero, so that every term of a sum shows.
const WEIGHTS: &[f64] = &[1.0, -1.0, 2.0, 3.0, -2.0, 1.0, -3.0, 2.0, 1.0];
/// What is taken for the loss's gradient with respect to the output.
const DELTAS: &[f64] = &[2.0, 1.0, -1.0, 3.0, -2.0, 1.0, 4.0];
/// Sums of whole numbers are written out up to this length; others are harder to follow.
const MAX_TERMS: usize = 9;
const MAX_FRACTIONS: usize = 2;

/// A layer with numbers.
pub struct Example {
    /// What goes in: one value, or several that the layer joins.
    pub inputs: Vec<Tensor>,
    /// What the layer learns.
    pub parameters: Vec<Tensor>,
    /// What it puts out.
    pub output: Tensor,
    /// What is taken for the gradient of a loss with respect to that.
    pub delta: Tensor,
    /// The loss's gradients with respect to what goes in.
    pub input_deltas: Vec<Tensor>,
    /// The loss's gradients with respect to what the layer learns.
    pub gradients: Vec<Tensor>,
    /// For each output, its derivatives with respect to both.
    slopes: Vec<Slopes>,
}

/// Derivatives with respect to what goes in, and to what is learnt.
struct Slopes {
    inputs: Vec<Vec<f64>>,
    parameters: Vec<Vec<f64>>,
}

impl Example {
    /// Computes the example; none if its file is no network.
    pub fn new(tiny: &Tiny) -> Option<Self> {
        let network = cnn_spec::parse(&tiny.toml(), "tiny.toml").ok()?;
        Some(Self::of(&network, tiny))
    }

    fn of(network: &Network, tiny: &Tiny) -> Self {
        let reference = Reference::new(network);
        let layer = &network.layers[network.layers.len() - 1];
        let size = network.input.elements();
        let inputs = repeated(&tiny.values, size * tiny.batch);
        let samples: Vec<_> = inputs.chunks(size).collect();
        let mut weights = tiny.weights.as_deref().unwrap_or(WEIGHTS).iter().cycle();
        let parameters = reference.parameters(|| weights.next().copied().unwrap_or_default());
        let masks = masks(layer, tiny.batch);
        let trace = reference
            .with_masks(&masks)
            .forward_in_training(&parameters, &samples);
        let learnt = parameters.iter().zip(&layer.parameters);
        let learnt = learnt.filter(|(_, parameter)| parameter.is_learnt());
        let learnt: Vec<_> = learnt.map(|(tensor, _)| tensor.values.clone()).collect();

        let put_out = trace.values(reference.output());
        let deltas = repeated(DELTAS, put_out.len());
        let slopes = |delta: &[f64]| Slopes::of(&trace.backward(reference.output(), delta), layer);
        let unit = |index: usize| {
            let mut unit = vec![0.0; deltas.len()];
            unit[index] = 1.0;
            slopes(&unit)
        };
        let names = Names {
            layer,
            batch: tiny.batch,
        };
        let gradients = slopes(&deltas);
        Self {
            inputs: names.inputs("", layer.inputs.iter().map(|&source| trace.values(source))),
            parameters: names.parameters("", learnt),
            output: names.value("output", &layer.output_shape, put_out),
            input_deltas: names.inputs("_delta", gradients.inputs),
            gradients: names.parameters("∂loss/∂", gradients.parameters),
            slopes: (0..deltas.len()).map(unit).collect(),
            delta: names.value("delta", &layer.output_shape, deltas),
        }
    }

    /// The derivative of each output, where it depends on the input in its own place alone.
    pub fn derivative(&self) -> Option<Tensor> {
        let [input] = &self.inputs[..] else {
            return None;
        };
        let count = input.values.len();
        let is_vector = input.dims.len() == 1 && self.slopes.len() == count && count > 1;
        let of = |output: usize, input: usize| self.slopes[output].inputs[0][input];
        let is_alone =
            |output: usize| (0..count).all(|input| input == output || of(output, input) == 0.0);
        (is_vector && (0..count).all(is_alone)).then(|| Tensor {
            name: "derivative".to_owned(),
            dims: vec![count],
            values: (0..count).map(|place| of(place, place)).collect(),
        })
    }

    /// One output written out, where it is a weighted sum.
    pub fn output_by_hand(&self) -> Option<String> {
        let written = (0..self.output.values.len()).map(|index| {
            let slopes = &self.slopes[index];
            let inputs = slopes.inputs.iter().zip(&self.inputs);
            let products: Vec<_> = inputs
                .flat_map(|(slopes, input)| products(slopes, &input.values))
                .collect();
            let biases = slopes.parameters.iter().zip(&self.parameters);
            let biases = biases.filter(|(_, parameter)| parameter.name == "bias");
            let bias: f64 = biases
                .flat_map(|(slopes, bias)| slopes.iter().zip(&bias.values))
                .map(|(slope, bias)| slope * bias)
                .sum();
            let sum: f64 = products.iter().map(|[slope, value]| slope * value).sum();
            let is_sum = (sum + bias - self.output.values[index]).abs() < 1e-9;
            (is_sum && products.len() > 1).then_some((index, products, bias))
        });
        let all: Option<Vec<_>> = written.collect();
        let (index, products, bias) = longest(all?, |(_, products, _)| products.len())?;
        line(&self.output, index, &products, bias)
    }

    /// A gradient of each tensor that is learnt, written out as the sum over all outputs.
    pub fn gradients_by_hand(&self) -> Vec<String> {
        let parameters = self.gradients.iter().enumerate();
        parameters
            .filter_map(|(tensor, gradient)| {
                let slopes = |output: usize| &self.slopes[output].parameters[tensor];
                self.by_hand(gradient, slopes, |slope, delta| [delta, slope])
            })
            .collect()
    }

    /// The same for what goes in.
    pub fn input_deltas_by_hand(&self) -> Vec<String> {
        let inputs = self.input_deltas.iter().enumerate();
        inputs
            .filter_map(|(tensor, input)| {
                let slopes = |output: usize| &self.slopes[output].inputs[tensor];
                self.by_hand(input, slopes, |slope, delta| [slope, delta])
            })
            .collect()
    }

    fn by_hand<'a>(
        &'a self,
        gradient: &Tensor,
        slopes: impl Fn(usize) -> &'a Vec<f64>,
        product: impl Fn(f64, f64) -> [f64; 2],
    ) -> Option<String> {
        let written = (0..gradient.values.len()).map(|index| {
            let terms = self.delta.values.iter().enumerate();
            let terms = terms.map(|(output, delta)| (slopes(output)[index], *delta));
            let terms = terms.filter(|(slope, _)| *slope != 0.0);
            let products: Vec<_> = terms.map(|(slope, delta)| product(slope, delta)).collect();
            (index, products)
        });
        let (index, products) = longest(written.collect(), |(_, products)| products.len())?;
        line(gradient, index, &products, 0.0)
    }
}

/// The first of the longest.
fn longest<T>(all: Vec<T>, length: impl Fn(&T) -> usize) -> Option<T> {
    let length_of = &length;
    all.into_iter().rev().max_by_key(|one| length_of(one))
}

/// `name[0][1] = 2·3 − 1·4 = 2`, unless it is too long to follow.
fn line(tensor: &Tensor, index: usize, products: &[[f64; 2]], rest: f64) -> Option<String> {
    let are_easy = products
        .iter()
        .flatten()
        .all(|value| (value * 4.0).fract() == 0.0);
    let most = if are_easy { MAX_TERMS } else { MAX_FRACTIONS };
    let is_plain = matches!(products, [[1.0, _] | [_, 1.0]]) && rest == 0.0;
    let fits = (1..=most).contains(&products.len()) && !is_plain;
    fits.then(|| format!("{} = {}", tensor.element(index), sum(products, rest)))
}

fn products(slopes: &[f64], values: &[f64]) -> Vec<[f64; 2]> {
    let pairs = slopes.iter().zip(values);
    let there = pairs.filter(|(slope, _)| **slope != 0.0);
    there.map(|(&slope, &value)| [slope, value]).collect()
}

fn repeated(values: &[f64], count: usize) -> Vec<f64> {
    values.iter().copied().cycle().take(count).collect()
}

/// A dropout keeps two of three.
pub(super) fn masks(layer: &Layer, batch: usize) -> Masks {
    let Kind::Dropout(dropout) = &layer.kind else {
        return Masks::new();
    };
    let count = layer.output_shape.elements();
    let unit = if dropout.of_maps {
        count / layer.output_shape.dims()[0]
    } else {
        1
    };
    let mask: Vec<_> = (0..count).map(|index| index / unit % 3 != 1).collect();
    Masks::from([(layer.name.clone(), vec![mask; batch])])
}

impl Slopes {
    fn of(gradients: &Gradients, layer: &Layer) -> Self {
        let input = |source: &Source| match source {
            Source::Input => gradients.input.clone(),
            Source::Layer(index) => gradients.layers[*index].clone(),
        };
        let parameters = gradients.parameters.iter().zip(&layer.parameters);
        Self {
            inputs: layer.inputs.iter().map(input).collect(),
            parameters: parameters
                .filter(|(_, parameter)| parameter.is_learnt())
                .map(|(tensor, _)| tensor.values.clone())
                .collect(),
        }
    }
}

/// What values are called, and the shapes that they have.
struct Names<'a> {
    layer: &'a Layer,
    batch: usize,
}

impl Names<'_> {
    /// Of the whole batch, if there is more than one sample.
    fn value(&self, name: &str, shape: &Shape, values: Vec<f64>) -> Tensor {
        let batch = (self.batch > 1).then_some(self.batch);
        Tensor {
            name: name.to_owned(),
            dims: batch.iter().chain(shape.dims()).copied().collect(),
            values,
        }
    }

    /// `input`, or `input1` and `input2`.
    fn inputs(&self, ending: &str, values: impl IntoIterator<Item = Vec<f64>>) -> Vec<Tensor> {
        let shapes = &self.layer.input_shapes;
        let named = |(index, (shape, values)): (usize, (&Shape, Vec<f64>))| {
            let number = if shapes.len() > 1 {
                (index + 1).to_string()
            } else {
                String::new()
            };
            self.value(&format!("input{number}{ending}"), shape, values)
        };
        shapes.iter().zip(values).enumerate().map(named).collect()
    }

    /// Those that are learnt, as PyTorch calls them.
    fn parameters(&self, beginning: &str, values: Vec<Vec<f64>>) -> Vec<Tensor> {
        let parameters = self.layer.parameters.iter();
        let learnt = parameters.filter(|parameter| parameter.is_learnt());
        learnt
            .zip(values)
            .map(|(parameter, values)| Tensor {
                name: format!("{beginning}{}", parameter.name),
                dims: parameter.shape.dims().to_vec(),
                values,
            })
            .collect()
    }
}
