//! What the reference interpreter and finite differences say of a generated network.

use crate::flat::{Batch, Network, Tensors};
use cnn_spec::layer::Kind;
use cnn_spec::reference::{LearningRate, Masks, Optimizer, Reference, Tensor};
use cnn_spec::training::Training;

/// The reference interpreter behind the face of a generated network.
#[derive(Clone, Copy, Debug)]
pub struct Witness<'a> {
    network: &'a cnn_spec::Network,
}

impl<'a> Witness<'a> {
    /// The witness of a network that can be trained.
    pub fn new(network: &'a cnn_spec::Network) -> Self {
        Self { network }
    }

    fn training(self) -> &'a Training {
        let training = self.network.training.as_ref();
        training.expect("the network is trained")
    }

    fn parameters(self, tensors: &[Vec<f64>]) -> Vec<Tensor> {
        let mut values = tensors.iter().flatten().copied();
        Reference::new(self.network).parameters(|| values.next().expect("enough values"))
    }

    /// The output for one sample.
    pub fn forward(self, tensors: &[Vec<f64>], input: &[f64]) -> Vec<f64> {
        let reference = Reference::new(self.network);
        let trace = reference.forward(&self.parameters(tensors), input);
        trace.values(reference.output())
    }

    /// What the dropouts of a new workspace keep of so many samples.
    fn masks(self, samples: usize) -> Masks {
        let layers = self.network.layers.iter().enumerate();
        let dropouts = layers.filter_map(|(index, layer)| match &layer.kind {
            Kind::Dropout(dropout) => Some((index, layer, dropout)),
            _ => None,
        });
        let masks = dropouts.map(|(index, layer, dropout)| {
            let values = layer.output_shape.elements();
            let together = if dropout.of_maps {
                values / layer.output_shape.dims()[0]
            } else {
                1
            };
            let mask = |sample| {
                let mask = cnn_runtime::Masks::of(0, sample).mask(index, dropout.p);
                let kept = (0..values).map(|value| mask.keeps(value / together));
                kept.collect()
            };
            (layer.name.clone(), (0..samples).map(mask).collect())
        });
        masks.collect()
    }

    /// The mean cost of a batch and its gradients.
    pub fn gradients(self, tensors: &[Vec<f64>], batch: &Batch) -> (f64, Tensors) {
        let masks = self.masks(batch.inputs.len());
        let reference = Reference::new(self.network).with_masks(&masks);
        let parameters = self.parameters(tensors);
        let objectives = &self.network.objectives;
        let figures = reference.batch(objectives, &parameters, &batch.inputs, &batch.targets);
        (figures.cost, values(&figures.parameters))
    }

    /// What would be saved after each of so many steps on the same batch, every step an epoch of its own.
    pub fn steps(self, tensors: &[Vec<f64>], batch: &Batch, count: usize) -> Vec<Tensors> {
        let (training, objectives) = (self.training(), &self.network.objectives);
        let masks = self.masks(batch.inputs.len());
        let reference = Reference::new(self.network).with_masks(&masks);
        let mut parameters = self.parameters(tensors);
        let mut optimizer = Optimizer::new(self.network);
        let mut rate = LearningRate::new(training, 1);
        let step = |_| {
            let figures = reference.batch(objectives, &parameters, &batch.inputs, &batch.targets);
            parameters.clone_from(&figures.tracked);
            optimizer.step(&mut parameters, &figures.parameters, rate.get());
            rate.advance();
            rate.observe(figures.cost);
            values(&optimizer.averaged(&parameters))
        };
        (0..count).map(step).collect()
    }
}

fn values(tensors: &[Tensor]) -> Tensors {
    let values = tensors.iter().map(|tensor| tensor.values.clone());
    values.collect()
}

/// The gradients of a network's mean cost as central differences of the cost itself: from forward passes alone, unless
/// its samples are not each one by itself.
pub fn differences(
    network: &dyn Network,
    tensors: &[Vec<f64>],
    batch: &Batch,
    depends_on_batches: bool,
) -> Tensors {
    // The cube root of the precision: there truncation and rounding weigh the same.
    const STEP: f64 = 6e-6;
    let mut moved = tensors.to_vec();
    let mut slope = |tensor: usize, element: usize| {
        let value = tensors[tensor][element];
        let mut cost = |value| {
            moved[tensor][element] = value;
            if depends_on_batches {
                network.gradients(&moved, batch).0
            } else {
                network.cost(&moved, batch)
            }
        };
        let slope = (cost(value + STEP) - cost(value - STEP)) / (2.0 * STEP);
        moved[tensor][element] = value;
        slope
    };
    let tensors = tensors.iter().enumerate();
    let slopes = tensors.map(|(tensor, values)| {
        let elements = 0..values.len();
        elements.map(|element| slope(tensor, element)).collect()
    });
    slopes.collect()
}
