//! The layers for which a sample of a batch is not one by itself.

use super::activation::elementwise;
use super::layers::mean;
use super::tape::{Tape, Variable};
use super::{Masks, Purpose, Samples, Tensor, Trace};
use crate::Network;
use crate::layer::{BatchNorm, Dropout, Kind};
use crate::network::{Layer, Role};

/// `out = (in − m) / √(v + ε) · w + b` with mean `m` and variance `v` of each channel: those of the batch in training,
/// and else the running averages.
pub(super) fn norm(
    tape: &mut Tape,
    norm: &BatchNorm,
    layer: &Layer,
    parameters: &[Vec<Variable>],
    inputs: &[Vec<Variable>],
    purpose: Purpose,
) -> Samples {
    let channels = layer.input_shape().dims()[0];
    let positions = BatchNorm::positions(layer.input_shape());
    let (learnt, averages) = parameters.split_at(parameters.len() - 3);
    let mut outputs: Samples = inputs.to_vec();
    for channel in 0..channels {
        let place = channel * positions..(channel + 1) * positions;
        let values: Vec<_> = inputs
            .iter()
            .flat_map(|input| &input[place.clone()])
            .copied()
            .collect();
        let mean_value = match purpose {
            Purpose::Inference => averages[0][channel],
            Purpose::Training(_) => mean(tape, &values),
        };
        let centred: Vec<_> = values
            .iter()
            .map(|&x| tape.combine(vec![(x, 1.0), (mean_value, -1.0)]))
            .collect();
        let variance = match purpose {
            Purpose::Inference => averages[1][channel],
            Purpose::Training(_) => {
                let squares = elementwise(tape, &centred, |x| (x * x, 2.0 * x));
                mean(tape, &squares)
            }
        };
        let deviation = tape.map(variance, |v| {
            let root = (v + norm.epsilon).sqrt();
            (root, 0.5 / root)
        });
        let places = outputs
            .iter_mut()
            .flat_map(|output| &mut output[place.clone()]);
        for (place, x) in places.zip(centred) {
            let scaled = tape.divide(x, deviation);
            *place = match learnt {
                [weight, bias] => {
                    tape.sum_of_products(&[(weight[channel], scaled)], Some(bias[channel]))
                }
                _ => scaled,
            };
        }
    }
    outputs
}

/// `out = in / (1 − p)` where the mask keeps it, else zero; in inference the input.
pub(super) fn dropout(
    tape: &mut Tape,
    dropout: &Dropout,
    layer: &Layer,
    inputs: &[Vec<Variable>],
    purpose: Purpose,
) -> Samples {
    let Purpose::Training(masks) = purpose else {
        return inputs.to_vec();
    };
    let masks = masks.map(|masks: &Masks| &masks[&layer.name]);
    let masks = masks.expect("a dropout has masks");
    assert_eq!(masks.len(), inputs.len(), "a mask for each sample");
    let factor = 1.0 / (1.0 - dropout.p);
    let mut output = |(input, mask): (&Vec<Variable>, &Vec<bool>)| {
        assert_eq!(mask.len(), input.len(), "{}", layer.name);
        let kept = input.iter().zip(mask);
        kept.map(|(&x, &is_kept)| tape.combine(vec![(x, if is_kept { factor } else { 0.0 })]))
            .collect()
    };
    inputs.iter().zip(masks).map(&mut output).collect()
}

/// Takes a batch into the running averages of batch norms: `a ← a + momentum · (m − a)` with the batch's mean, or its
/// unbiased variance.
pub(super) fn track(network: &Network, parameters: &mut [Tensor], trace: &Trace) {
    let mut unread = parameters;
    for layer in &network.layers {
        let (own, rest) = unread.split_at_mut(layer.parameters.len());
        unread = rest;
        let Kind::BatchNorm(norm) = &layer.kind else {
            continue;
        };
        let positions = BatchNorm::positions(layer.input_shape());
        let samples = trace.samples(layer.inputs[0]);
        let of_channel = |channel: usize| -> Vec<f64> {
            let place = channel * positions..(channel + 1) * positions;
            let values = samples.iter().flat_map(|sample| &sample[place.clone()]);
            values.map(|&x| trace.tape.value(x)).collect()
        };
        let mut averages = own
            .iter_mut()
            .zip(&layer.parameters)
            .filter(|(_, parameter)| parameter.role == Role::Average);
        for moment in [mean_of, unbiased_variance] {
            let (average, _) = averages.next().expect("a mean and a variance");
            for (channel, value) in average.values.iter_mut().enumerate() {
                *value += norm.momentum * (moment(&of_channel(channel)) - *value);
            }
        }
        own.last_mut().expect("a count").values[0] += 1.0;
    }
}

fn mean_of(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

fn unbiased_variance(values: &[f64]) -> f64 {
    let mean = mean_of(values);
    let squares = values.iter().map(|value| (value - mean) * (value - mean));
    squares.sum::<f64>() / (values.len() - 1) as f64
}
