//! Generated code beside PyTorch's figures, the reference interpreter and finite differences.

use cnn_spec::Network;
use cnn_spec::reference::weight;
use cnn_tests::close::assert_close;
use cnn_tests::figures::{Figures, ordered};
use cnn_tests::flat::{Batch, Tensors};
use cnn_tests::generated::{Generated, PYTORCH, PYTORCH_PROBED, find};
use cnn_tests::probe;
use cnn_tests::witness::{Witness, differences};

fn parse(generated: &Generated) -> Network {
    cnn_spec::parse(generated.toml, generated.name).unwrap_or_else(|report| panic!("{report}"))
}

/// Visits every network with its figures.
fn each(visit: impl Fn(&Generated, &Figures, &Tensors)) {
    assert!(PYTORCH.len() >= 60, "{} networks", PYTORCH.len());
    for generated in PYTORCH {
        let figures = Figures::read(generated.name);
        let parameters = ordered(&figures.parameters, generated.code.tensors());
        visit(generated, &figures, &parameters);
    }
}

fn assert_tensors(
    generated: &Generated,
    what: &str,
    ours: &Tensors,
    theirs: &Tensors,
    tolerance: f64,
) {
    let tensors = generated.code.tensors();
    assert_eq!((ours.len(), theirs.len()), (tensors.len(), tensors.len()));
    for (info, (ours, theirs)) in tensors.iter().zip(ours.iter().zip(theirs)) {
        let what = format!("{}: {what} of {}", generated.name, info.name);
        assert_close(&what, ours, theirs, tolerance);
    }
}

#[test]
fn every_figure_belongs_to_a_generated_network_of_its_own() {
    each(|generated, figures, _| assert_eq!(generated.toml, figures.toml));
    let names = |networks: &[Generated]| networks.iter().map(|n| n.name).collect::<Vec<_>>();
    assert_eq!(names(PYTORCH), names(PYTORCH_PROBED));
    let mut sorted = names(PYTORCH);
    sorted.dedup();
    assert_eq!(sorted.len(), PYTORCH.len());
}

#[test]
fn outputs_are_those_of_pytorch_and_of_the_reference() {
    each(|generated, figures, parameters| {
        let network = parse(generated);
        let batch = figures.batch();
        for (input, output) in batch.inputs.iter().zip(&figures.outputs) {
            let ours = generated.code.forward(parameters, input);
            let reference = Witness::new(&network).forward(parameters, input);
            assert_close(generated.name, &ours, output, 1e-12);
            assert_close(generated.name, &ours, &reference, 1e-12);
        }
    });
}

#[test]
fn costs_and_gradients_are_those_of_pytorch_and_of_the_reference() {
    each(|generated, figures, parameters| {
        let network = parse(generated);
        let batch = figures.batch();
        let (cost, gradients) = generated.code.gradients(parameters, &batch);
        let (reference_cost, reference) = Witness::new(&network).gradients(parameters, &batch);
        let theirs = ordered(&figures.gradients, generated.code.tensors());

        assert_close(generated.name, &[cost], &[figures.loss], 1e-12);
        assert_close(generated.name, &[cost], &[reference_cost], 1e-12);
        if !network.depends_on_batches() {
            let alone = generated.code.cost(parameters, &batch);
            assert_eq!(cost.to_bits(), alone.to_bits());
        }
        assert_tensors(generated, "gradient", &gradients, &theirs, 1e-12);
        assert_tensors(generated, "gradient", &gradients, &reference, 1e-12);
    });
}

#[test]
fn steps_are_those_of_pytorch_and_of_the_reference() {
    each(|generated, figures, parameters| {
        let network = parse(generated);
        let batch = figures.batch();
        assert_eq!(figures.steps.len(), 3);
        let ours = generated.code.steps(parameters, &batch, 3);
        let reference = Witness::new(&network).steps(parameters, &batch, 3);
        for (index, (ours, theirs)) in ours.iter().zip(&figures.steps).enumerate() {
            let what = format!("step {index}");
            let theirs = ordered(theirs, generated.code.tensors());
            assert_tensors(generated, &what, ours, &theirs, 1e-12);
            assert_tensors(generated, &what, ours, &reference[index], 1e-12);
        }
    });
}

#[test]
fn an_optimizer_is_its_state() {
    each(|generated, figures, parameters| {
        let batch = figures.batch();
        let steps = generated.code.steps(parameters, &batch, 3);
        let resumed = generated.code.resumed_steps(parameters, &batch, 3);
        assert_eq!(steps, resumed, "{}", generated.name);
    });
}

/// The same, with zeros for frozen layers: their gradients are not computed.
fn thawed(network: &Network, mut tensors: Tensors) -> Tensors {
    let layers = network.layers.iter();
    let is_frozen = layers.flat_map(|layer| layer.parameters.iter().map(|_| layer.is_frozen));
    for (values, _) in tensors
        .iter_mut()
        .zip(is_frozen)
        .filter(|(_, frozen)| *frozen)
    {
        values.fill(0.0);
    }
    tensors
}

#[test]
fn gradients_are_finite_differences() {
    each(|generated, figures, parameters| {
        let batch = figures.batch();
        let (_, gradients) = generated.code.gradients(parameters, &batch);
        let network = parse(generated);
        let is_of_batches = network.depends_on_batches();
        let differences = differences(generated.code, parameters, &batch, is_of_batches);
        let differences = thawed(&network, differences);
        assert_tensors(generated, "gradient", &gradients, &differences, 1e-7);
    });
}

#[test]
fn deltas_of_the_input_are_those_of_pytorch() {
    // A sample of the others is not to be had alone: the reference is compared for them.
    let alone = |probed: &&Generated| !parse(probed).depends_on_batches();
    for probed in PYTORCH_PROBED.iter().filter(alone) {
        let figures = Figures::read(probed.name);
        let tensors = find(PYTORCH, probed.name).code.tensors();
        let mut parameters = probe::parameters(&parse(probed).input).to_vec();
        parameters.extend(ordered(&figures.parameters, tensors));

        let samples = figures.batch().samples();
        // Where classes have weights, they have the same in all losses.
        let loss = &parse(probed).objectives[0].loss;
        let weight_of = |batch: &Batch| -> f64 {
            let weights = batch.targets.iter().map(|target| weight(loss, target));
            weights.sum()
        };
        let weights = weight_of(&figures.batch());
        for (sample, theirs) in samples.iter().zip(&figures.input_gradients) {
            let (_, gradients) = probed.code.gradients(&parameters, sample);
            let share = weight_of(sample) / weights;
            let delta: Vec<_> = gradients[1].iter().map(|d| share * d).collect();
            assert_close(probed.name, &delta, theirs, 1e-12);
        }
    }
}

#[test]
fn deltas_of_the_input_are_finite_differences() {
    for probed in PYTORCH_PROBED {
        let figures = Figures::read(probed.name);
        let tensors = find(PYTORCH, probed.name).code.tensors();
        let mut parameters = probe::parameters(&parse(probed).input).to_vec();
        parameters.extend(ordered(&figures.parameters, tensors));

        let batch = figures.batch();
        let (_, gradients) = probed.code.gradients(&parameters, &batch);
        let network = parse(probed);
        let is_of_batches = network.depends_on_batches();
        let differences = differences(probed.code, &parameters, &batch, is_of_batches);
        let differences = thawed(&network, differences);
        assert_tensors(probed, "gradient", &gradients, &differences, 1e-7);
    }
}
