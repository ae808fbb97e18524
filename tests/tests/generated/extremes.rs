//! Inputs that are nothing, next to nothing, and far too much: where the mathematics has a number, so has the code.

use cnn_spec::training::Loss;
use cnn_tests::close::assert_close;
use cnn_tests::flat::Batch;
use cnn_tests::generated::{EXAMPLES, Generated, PYTORCH};

/// Samples of a network, multiplied with a factor.
fn scaled(network: &Generated, factor: f64) -> Batch {
    let mut batch = network.code.samples(5, 2);
    for value in batch.inputs.iter_mut().flatten() {
        *value *= factor;
    }
    batch
}

fn is_finite_everywhere(network: &Generated, factor: f64) {
    let batch = scaled(network, factor);
    let parameters = network.code.initial(6);
    let about = format!("{} at {factor:e}", network.name);
    for input in &batch.inputs {
        let output = network.code.forward(&parameters, input);
        assert!(
            output.iter().all(|value| value.is_finite()),
            "{about}: {output:?}"
        );
    }
    let (cost, gradients) = network.code.gradients(&parameters, &batch);
    assert!(cost.is_finite(), "{about}: a cost of {cost}");
    for (info, gradient) in network.code.tensors().iter().zip(&gradients) {
        let is_finite = gradient.iter().all(|value| value.is_finite());
        assert!(is_finite, "{about}: the gradient of {}", info.name);
    }
}

#[test]
fn networks_in_double_precision_stay_finite() {
    for network in PYTORCH {
        for factor in [0.0, 1e-310, 1e3, 1e60] {
            is_finite_everywhere(network, factor);
        }
    }
}

/// The largest take minutes without optimization, and consist of nothing that smaller ones have not.
#[test]
fn networks_in_vectors_stay_finite() {
    let is_small = |network: &&Generated| {
        let spec = cnn_spec::parse(network.toml, network.name).unwrap();
        cnn_spec::Summary::new(&spec).totals.training < 50_000_000
    };
    for network in EXAMPLES.iter().filter(is_small) {
        for factor in [0.0, 1e-40, 1e3, 1e12] {
            is_finite_everywhere(network, factor);
        }
    }
}

/// With saturated logits too, the cost is the logarithm of the sum of all powers, taken from the largest one.
#[test]
fn saturated_softmax_costs_what_it_should() {
    let mut count = 0;
    for network in EXAMPLES {
        let spec = cnn_spec::parse(network.toml, network.name).unwrap();
        let [objective] = spec.objectives.as_slice() else {
            continue;
        };
        let is_softmax = matches!(objective.loss, Loss::SoftmaxCrossEntropy(_));
        if !is_softmax || spec.depends_on_batches() {
            continue;
        }
        count += 1;
        let (batch, parameters) = (scaled(network, 1e12), network.code.initial(6));
        let costs = batch
            .inputs
            .iter()
            .zip(&batch.targets)
            .map(|(input, target)| {
                let logits = network.code.forward(&parameters, input);
                let largest = logits.iter().copied().fold(f64::MIN, f64::max);
                let powers: f64 = logits.iter().map(|z| (z - largest).exp()).sum();
                let of_class: f64 = logits.iter().zip(target).map(|(z, t)| z * t).sum();
                largest - of_class + powers.ln()
            });
        let expected = costs.sum::<f64>() / batch.inputs.len() as f64;
        let (cost, _) = network.code.gradients(&parameters, &batch);
        assert_close(network.name, &[cost], &[expected], 1e-5);
    }
    assert!(count > 3);
}
