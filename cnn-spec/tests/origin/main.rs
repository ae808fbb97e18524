//! What the explanations of backpropagation in convolutional networks say, each statement a test of its name.

mod examples;
mod textbook;

use cnn_spec::Network;
use cnn_spec::network::Source;
use cnn_spec::reference::{Batch, Optimizer, Reference, Tensor};
use cnn_spec::training::{Classes, Loss, Objective};
use examples::Example;
use textbook::{full, turned_by_180_degrees, valid};

fn parse(toml: &str) -> Network {
    cnn_spec::parse(toml, "origin.toml").unwrap_or_else(|report| panic!("{report}"))
}

/// The network's parameters with these values.
fn parameters(network: &Network, values: &[&[f64]]) -> Vec<Tensor> {
    let mut values = values.concat().into_iter();
    let parameters = Reference::new(network).parameters(|| values.next().expect("enough values"));
    assert_eq!(values.next(), None);
    parameters
}

/// What the network puts out, with this loss.
fn judged(network: &Network, loss: Loss) -> Objective {
    Objective::of("output", network.layers.len() - 1, loss)
}

impl Example {
    fn loss(&self) -> Loss {
        match self.loss {
            "quadratic" => Loss::Quadratic,
            "mse" => Loss::Mse,
            _ => Loss::SoftmaxCrossEntropy(Classes::default()),
        }
    }

    fn backward(&self) -> Batch {
        let network = parse(self.toml);
        let parameters = parameters(&network, self.parameters);
        let (inputs, targets) = ([self.input.to_vec()], [self.target.to_vec()]);
        let objective = judged(&network, self.loss());
        Reference::new(&network).batch(&[objective], &parameters, &inputs, &targets)
    }

    /// Compares the reference with every figure of the example.
    fn check(&self) {
        let network = parse(self.toml);
        let reference = Reference::new(&network);
        let trace = reference.forward(&parameters(&network, self.parameters), self.input);
        assert_close(&trace.values(reference.output()), self.output);

        let batch = self.backward();
        assert_close(&[batch.cost], &[self.cost]);
        assert_eq!(batch.parameters.len(), self.gradients.len());
        for (gradient, expected) in batch.parameters.iter().zip(self.gradients) {
            assert_close(&gradient.values, expected);
        }
        assert_close(&batch.inputs[0], self.input_gradient);
    }
}

/// Equal but for the rounding of `exp` and `ln`; all figures are of the size of one or whole numbers.
fn assert_close(values: &[f64], expected: &[f64]) {
    assert_eq!(values.len(), expected.len());
    for (value, expected) in values.iter().zip(expected) {
        let difference = (value - expected).abs();
        assert!(difference < 1e-14, "{values:?} instead of {expected:?}");
    }
}

#[test]
fn convolution_is_a_sliding_dot_product() {
    examples::CROSS_CORRELATION.check();
}

#[test]
fn true_convolution_turns_the_kernel_by_180_degrees() {
    examples::CONVOLUTION.check();
}

#[test]
fn weight_gradient_is_the_valid_cross_correlation_of_input_and_delta() {
    for example in [examples::CROSS_CORRELATION, examples::WORKED_EXAMPLE_1] {
        let textbook = valid(example.input, &example.delta());
        assert_close(&example.backward().parameters[0].values, &textbook);
    }
}

#[test]
fn input_gradient_is_the_full_convolution_of_delta_and_turned_kernel() {
    for example in [examples::CROSS_CORRELATION, examples::WORKED_EXAMPLE_1] {
        let kernel = turned_by_180_degrees(example.parameters[0]);
        let textbook = full(&example.delta(), &kernel);
        assert_close(&example.backward().inputs[0], &textbook);
    }
}

#[test]
fn bias_gradient_is_the_sum_of_delta() {
    let example = examples::CROSS_CORRELATION;
    let sum: f64 = example.delta().iter().sum();
    assert_close(&example.backward().parameters[1].values, &[sum]);
}

#[test]
fn bias_per_position_has_delta_as_its_gradient() {
    examples::POSITION_BIAS.check();
}

#[test]
fn max_pooling_routes_delta_to_the_largest() {
    examples::MAX_POOLING.check();
}

#[test]
fn average_pooling_is_a_convolution_with_fixed_weights() {
    examples::AVERAGE_POOLING.check();
    examples::AVERAGE_POOLING_AS_CONVOLUTION.check();
}

#[test]
fn delta_passes_an_activation_through_its_derivative() {
    examples::SIGMOID.check();
    examples::TANH.check();
    examples::RELU.check();
}

#[test]
fn losses_have_the_deltas_of_the_textbook() {
    examples::MEAN_SQUARED_ERROR.check();
    examples::SOFTMAX_CROSS_ENTROPY.check();
}

#[test]
fn gradient_descent_steps_against_the_gradient() {
    let tensor = |values: &[f64]| {
        vec![Tensor {
            name: "dense1.weight".to_owned(),
            values: values.to_vec(),
        }]
    };
    let mut weights = tensor(&[1.0, 2.0]);
    let network = parse(
        "[network]\nname = \"Step\"\ninput = [2]\n[[layer]]\ntype = \"dense\"\nout_features = 1\nbias = false\n\
         [training]\nloss = \"mse\"\noptimizer = \"sgd\"\n",
    );
    // 1 − ½·2 and 2 − ½·(−4)
    Optimizer::new(&network).step(&mut weights, &tensor(&[2.0, -4.0]), 0.5);
    assert_eq!(weights, tensor(&[0.0, 4.0]));
}

#[test]
fn output_size_is_h_minus_k_plus_2p_over_s_plus_1() {
    examples::STRIDE_AND_PADDING.check();
    for (height, kernel, padding, stride, expected) in [
        (28, 5, 0, 1, 24), // 23/1 + 1
        (24, 2, 0, 2, 12), // 22/2 + 1
        (28, 5, 2, 1, 28), // 27/1 + 1
        (7, 3, 1, 2, 4),   // 6/2 + 1
        (7, 4, 1, 2, 3),   // 5/2 + 1, rounded down
        (11, 3, 0, 3, 3),  // 8/3 + 1, rounded down
    ] {
        let network = parse(&format!(
            "[network]
            name = \"Size\"
            input = [1, {height}, {height}]
            [[layer]]
            type = \"conv2d\"
            out_channels = 1
            kernel_size = {kernel}
            padding = {padding}
            stride = {stride}"
        ));
        assert_eq!(network.output().dims(), [1, expected, expected]);
        let reference = Reference::new(&network);
        let trace = reference.forward(&reference.parameters(|| 1.0), &vec![1.0; height * height]);
        assert_eq!(trace.values(reference.output()).len(), expected * expected);
    }
}

/// 28×28 → 3 kernels of 5×5 → 3×24×24 → 2×2 max pool → 3×12×12 → 432 → 10.
fn origin(activation: &str, output: &str) -> Network {
    parse(&format!(
        "[network]
        name = \"Digits\"
        input = [1, 28, 28]
        [[layer]]
        type = \"conv2d\"
        out_channels = 3
        kernel_size = 5
        activation = \"{activation}\"
        [[layer]]
        type = \"max_pool2d\"
        kernel_size = 2
        [[layer]]
        type = \"dense\"
        in_features = 432
        out_features = 10
        {output}"
    ))
}

#[test]
fn network_of_the_origin_as_one_would_write_it_today() {
    let network = origin("relu", "");
    let shapes: Vec<_> = network
        .layers
        .iter()
        .map(|l| l.output_shape.dims())
        .collect();
    assert_eq!(
        shapes,
        [&[3, 24, 24][..], &[3, 24, 24], &[3, 12, 12], &[10]]
    );
    assert_eq!(network.parameter_count(), 3 * 25 + 3 + 432 * 10 + 10);

    // A white image and kernels of ones: each map is 25 plus its bias, so 0 (below zero before the ReLU), 25 and 27.
    // Every row of the dense layer is its own number: j · 144 · (0 + 25 + 27) + j.
    let rows: Vec<f64> = (0..10).flat_map(|j| [f64::from(j); 432]).collect();
    let biases: Vec<f64> = (0..10).map(f64::from).collect();
    let parameters = parameters(&network, &[&[1.0; 75], &[-26.0, 0.0, 2.0], &rows, &biases]);
    let reference = Reference::new(&network);
    let trace = reference.forward(&parameters, &[1.0; 784]);
    let expected: Vec<f64> = (0..10).map(|j| f64::from(j * (144 * 52 + 1))).collect();
    assert_eq!(trace.values(reference.output()), expected);

    // The last logit is 7489 ahead: the cost of label 8 is that, and δ is −1 at the label and 1 at the last.
    let mut target = vec![0.0; 10];
    target[8] = 1.0;
    let batch = reference.batch(
        &[judged(
            &network,
            Loss::SoftmaxCrossEntropy(Classes::default()),
        )],
        &parameters,
        &[vec![1.0; 784]],
        &[target],
    );
    assert_close(&[batch.cost], &[7489.0]);
    let [conv_weight, conv_bias, dense_weight, dense_bias] = &batch.parameters[..] else {
        panic!("two layers with weight and bias");
    };
    assert_close(
        &dense_bias.values,
        &[0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, -1.0, 1.0],
    );
    assert_close(
        &dense_weight.values[9 * 432..],
        &[[0.0; 144], [25.0; 144], [27.0; 144]].concat(),
    );
    // Each of the 144 pooled values of a living map gets 9 − 8 = 1 and hands it to one position.
    assert_close(&conv_bias.values, &[0.0, 144.0, 144.0]);
    assert_close(
        &conv_weight.values,
        &[[0.0; 25], [144.0; 25], [144.0; 25]].concat(),
    );
}

#[test]
fn network_of_the_origin_as_in_the_text() {
    let network = origin("sigmoid", "activation = \"sigmoid\"");
    // Kernels of zeros: every σ(0) is ½. Rows of ones with bias −216 = −432 / 2: the output is ½ too.
    let parameters = parameters(
        &network,
        &[&[0.0; 75], &[0.0; 3], &vec![1.0; 4320], &[-216.0; 10]],
    );
    let reference = Reference::new(&network);
    let trace = reference.forward(&parameters, &[1.0; 784]);
    assert_eq!(trace.values(reference.output()), [0.5; 10]);

    let mut target = vec![0.0; 10];
    target[0] = 1.0;
    let quadratic = judged(&network, Loss::Quadratic);
    let batch = reference.batch(&[quadratic], &parameters, &[vec![1.0; 784]], &[target]);
    assert_close(&[batch.cost], &[1.25]); // ½ · 10 · ¼
    let [conv_weight, conv_bias, dense_weight, dense_bias] = &batch.parameters[..] else {
        panic!("two layers with weight and bias");
    };
    // δ = (a − y) ⊙ σ'(0) = ±½ · ¼
    let delta: Vec<f64> = (0..10)
        .map(|j| if j == 0 { -0.125 } else { 0.125 })
        .collect();
    assert_close(&dense_bias.values, &delta);
    let rows: Vec<f64> = delta.iter().flat_map(|delta| [0.5 * delta; 432]).collect();
    assert_close(&dense_weight.values, &rows);
    // Each pooled value gets 9/8 − 1/8 = 1, hands it to one position, and there it meets σ'(0) = ¼: 144 / 4.
    assert_close(&conv_bias.values, &[36.0; 3]);
    assert_close(&conv_weight.values, &[36.0; 75]);
}

#[test]
fn worked_example_of_one_filter() {
    examples::WORKED_EXAMPLE_1.check();
}

#[test]
fn worked_example_of_two_filters() {
    let example = examples::WORKED_EXAMPLE_2;
    example.check();

    // Between the two filters stands z = [12 14; 18 20] with its delta 2 (o − y) v = 6 · [2 −1; 1 −1].
    let network = parse(example.toml);
    let reference = Reference::new(&network);
    let trace = reference.forward(&parameters(&network, example.parameters), example.input);
    assert_eq!(trace.values(Source::Layer(0)), [12.0, 14.0, 18.0, 20.0]);
    let gradients = trace.backward(reference.output(), &[6.0]);
    assert_eq!(gradients.layers[0], [12.0, -6.0, 6.0, -6.0]);
}

#[test]
fn convolution_is_a_dense_layer_with_tied_weights() {
    let (convolution, dense) = (examples::WORKED_EXAMPLE_1, examples::CONVOLUTION_AS_DENSE);
    convolution.check();
    dense.check();
    let (convolution, dense) = (convolution.backward(), dense.backward());
    let entries = &dense.parameters[0].values;
    let tied = examples::TIED.map(|places| places.iter().map(|&place| entries[place]).sum());
    assert_close(&tied, &convolution.parameters[0].values);
    assert_close(&dense.inputs[0], &convolution.inputs[0]);
}
