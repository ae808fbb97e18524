//! The networks in `examples/networks`: what each must come to, by hand.

use cnn_spec::layer::Kind;
use cnn_spec::network::{Distribution, Dtype, Source};
use cnn_spec::training::{Loss, Optimizer, Schedule};
use cnn_spec::{Network, Summary};
use std::fs;
use std::path::PathBuf;

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../examples/networks")
}

fn network(name: &str) -> Network {
    let text = fs::read_to_string(folder().join(name)).unwrap();
    cnn_spec::parse(&text, name).unwrap_or_else(|report| panic!("{report}"))
}

/// Name and output shape of each layer.
fn outputs(network: &Network) -> Vec<(&str, Vec<usize>)> {
    let layers = network.layers.iter();
    layers
        .map(|layer| (layer.name.as_str(), layer.output_shape.dims().to_vec()))
        .collect()
}

#[test]
fn every_example_is_a_network_with_training() {
    let mut count = 0;
    for entry in fs::read_dir(folder()).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        assert!(network(&name).training.is_some(), "{name}");
        count += 1;
    }
    assert!(count >= 13);
}

#[test]
fn digits_is_the_network_of_the_origin() {
    let network = network("digits.toml");
    let expected = [
        ("conv1", vec![3, 24, 24]),
        ("relu1", vec![3, 24, 24]),
        ("pool1", vec![3, 12, 12]),
        ("dense1", vec![10]),
    ];
    assert_eq!(outputs(&network), expected);
    assert_eq!(network.layers[3].input_shape().elements(), 432);
    assert_eq!(network.layers[0].inputs, [Source::Input]);
    assert_eq!(network.layers[3].inputs, [Source::Layer(2)]);
    // 3·(25 + 1) + 10·(432 + 1)
    assert_eq!(network.parameter_count(), 4408);
    let totals = Summary::new(&network).totals;
    // 3·24·24·25 + 432·10, and twice the first with three times the second.
    assert_eq!(totals.forward, 47_520);
    assert_eq!(totals.training, 99_360);
    let conv = &network.layers[0].parameters[0];
    assert_eq!(conv.shape.dims(), [3, 1, 5, 5]);
    assert_eq!(conv.distribution, Distribution::Uniform { bound: 0.2 });
}

#[test]
fn digits_textbook_has_sigmoids_and_the_quadratic_cost() {
    let network = network("digits-textbook.toml");
    let names: Vec<&str> = outputs(&network).iter().map(|(name, _)| *name).collect();
    assert_eq!(names, ["conv1", "sigmoid1", "pool1", "dense1", "sigmoid2"]);
    let training = network.training.unwrap();
    assert_eq!(network.objectives[0].loss, Loss::Quadratic);
    assert_eq!(training.schedule, Schedule::default());
    assert_eq!(
        (training.epochs, training.batch_size, training.seed),
        (10, 10, 0)
    );
    let sgd = Optimizer::Sgd {
        learning_rate: 1.0,
        momentum: 0.0,
        nesterov: false,
        weight_decay: 0.0,
    };
    assert_eq!(training.optimizer, sgd);
}

#[test]
fn lenet5_has_its_well_known_size() {
    let network = network("lenet5.toml");
    let expected = [
        ("conv1", vec![6, 28, 28]),
        ("relu1", vec![6, 28, 28]),
        ("pool1", vec![6, 14, 14]),
        ("conv2", vec![16, 10, 10]),
        ("relu2", vec![16, 10, 10]),
        ("pool2", vec![16, 5, 5]),
        ("dense1", vec![120]),
        ("relu3", vec![120]),
        ("dense2", vec![84]),
        ("relu4", vec![84]),
        ("dense3", vec![10]),
    ];
    assert_eq!(outputs(&network), expected);
    assert_eq!(network.parameter_count(), 61_706);
    let totals = Summary::new(&network).totals;
    assert_eq!(totals.forward, 416_520);
    assert_eq!(totals.training, 1_131_960);
}

#[test]
fn mlp_flattens_first() {
    let network = network("mlp.toml");
    let expected = [
        ("flatten1", vec![784]),
        ("dense1", vec![128]),
        ("relu1", vec![128]),
        ("dense2", vec![10]),
    ];
    assert_eq!(outputs(&network), expected);
    assert_eq!(network.parameter_count(), 784 * 128 + 128 + 128 * 10 + 10);
}

#[test]
fn resnet20_has_three_stages_of_residual_blocks() {
    let network = network("resnet20.toml");
    let stage = |inputs: usize, outputs: usize| {
        // No bias, but a norm's weight and bias for each channel.
        let conv = |inputs: usize, size: usize| outputs * (inputs * size * size + 2);
        let shortcut = if inputs == outputs {
            0
        } else {
            conv(inputs, 1)
        };
        conv(inputs, 3) + 5 * conv(outputs, 3) + shortcut
    };
    let expected = 16 * 11 + stage(16, 16) + stage(16, 32) + stage(32, 64) + 650;
    assert_eq!(network.parameter_count(), expected);
    let joins = network
        .layers
        .iter()
        .filter(|layer| layer.inputs.len() == 2);
    assert_eq!(joins.count(), 9);
    let last = network
        .layers
        .iter()
        .rev()
        .find(|layer| layer.inputs.len() == 2)
        .unwrap();
    assert_eq!(
        (last.name.as_str(), last.output_shape.dims()),
        ("residual9", &[64, 7, 7][..])
    );
}

#[test]
fn the_autoencoder_puts_out_what_went_in() {
    let network = network("autoencoder.toml");
    assert_eq!(network.output(), &network.input);
    let code = network.layers.iter().find(|layer| layer.name == "code");
    assert_eq!(code.unwrap().output_shape.dims(), [16]);
}

#[test]
fn the_worked_examples_fit_on_paper() {
    let first = network("worked-example-1.toml");
    assert_eq!(outputs(&first), [("conv1", vec![1, 2, 2])]);
    let second = network("worked-example-2.toml");
    assert_eq!(
        outputs(&second),
        [("conv1", vec![1, 2, 2]), ("conv2", vec![1, 1, 1])]
    );
    for network in [&first, &second] {
        assert_eq!(network.dtype, Dtype::F64);
        assert_eq!(network.input.dims(), [1, 3, 3]);
        for layer in &network.layers {
            assert!(matches!(layer.kind, Kind::Conv2d(_)));
            let weights: Vec<_> = layer.parameters.iter().map(|p| p.shape.dims()).collect();
            assert_eq!(weights, [[1, 1, 2, 2]]);
        }
    }
    assert_eq!(first.objectives[0].loss, Loss::Quadratic);
    assert_eq!(second.objectives[0].loss, Loss::Mse);
}
