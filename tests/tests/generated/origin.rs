//! What the explanations of backpropagation in convolutional networks say, each statement a test of its name, on
//! generated code.

#[allow(dead_code)]
#[path = "../../../cnn-spec/tests/origin/examples.rs"]
mod examples;
#[path = "../../../cnn-spec/tests/origin/textbook.rs"]
mod textbook;

use cnn_spec::Network;
use cnn_tests::close::assert_close_at;
use cnn_tests::flat::{Batch, Tensors, one_hot};
use cnn_tests::generated::{EXAMPLES, Generated, ORIGIN, find};
use cnn_tests::probe;
use examples::Example;
use textbook::{full, turned_by_180_degrees, valid};

fn parse(toml: &str) -> Network {
    cnn_spec::parse(toml, "origin.toml").unwrap_or_else(|report| panic!("{report}"))
}

/// Equal but for the rounding of `exp` and `ln`; all figures are of the size of one or whole numbers.
fn assert_close(values: &[f64], expected: &[f64]) {
    assert_close_at("a figure", values, expected, 1e-14);
}

fn owned(tensors: &[&[f64]]) -> Tensors {
    tensors.iter().map(|values| values.to_vec()).collect()
}

/// What generated code makes of an example.
struct Found {
    gradients: Tensors,
    input_gradient: Vec<f64>,
}

impl Example {
    /// The example's network behind a probe.
    fn generated(&self) -> &'static Generated {
        find(ORIGIN, &parse(self.toml).name)
    }

    fn batch(&self) -> Batch {
        Batch {
            inputs: vec![self.input.to_vec()],
            targets: vec![self.target.to_vec()],
        }
    }

    fn probed_parameters(&self) -> Tensors {
        let probe = probe::parameters(&parse(self.toml).input);
        probe.into_iter().chain(owned(self.parameters)).collect()
    }

    fn backward(&self) -> Found {
        let code = self.generated().code;
        let (cost, mut gradients) = code.gradients(&self.probed_parameters(), &self.batch());
        assert_close(&[cost], &[self.cost]);
        let own = gradients.split_off(2);
        Found {
            gradients: own,
            input_gradient: gradients.swap_remove(1),
        }
    }

    /// Compares generated code with every figure of the example.
    fn check(&self) {
        let code = self.generated().code;
        let output = code.forward(&self.probed_parameters(), self.input);
        assert_close(&output, self.output);

        let found = self.backward();
        assert_eq!(found.gradients.len(), self.gradients.len());
        for (gradient, expected) in found.gradients.iter().zip(self.gradients) {
            assert_close(gradient, expected);
        }
        assert_close(&found.input_gradient, self.input_gradient);
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
        assert_close(&example.backward().gradients[0], &textbook);
    }
}

#[test]
fn input_gradient_is_the_full_convolution_of_delta_and_turned_kernel() {
    for example in [examples::CROSS_CORRELATION, examples::WORKED_EXAMPLE_1] {
        let turned = turned_by_180_degrees(example.parameters[0]);
        let textbook = full(&example.delta(), &turned);
        assert_close(&example.backward().input_gradient, &textbook);
    }
}

#[test]
fn bias_gradient_is_the_sum_of_delta() {
    let example = examples::CROSS_CORRELATION;
    let sum: f64 = example.delta().iter().sum();
    assert_close(&example.backward().gradients[1], &[sum]);
}

#[test]
fn bias_per_position_has_delta_as_its_gradient() {
    examples::POSITION_BIAS.check();
    let delta = examples::POSITION_BIAS.delta();
    assert_close(&examples::POSITION_BIAS.backward().gradients[1], &delta);
}

#[test]
fn max_pooling_routes_delta_to_the_largest_and_to_the_first_of_equals() {
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
}

#[test]
fn relu_stops_the_delta_at_zero_and_below() {
    examples::RELU.check();
}

#[test]
fn losses_have_the_deltas_of_the_textbook() {
    examples::MEAN_SQUARED_ERROR.check();
    examples::SOFTMAX_CROSS_ENTROPY.check();
}

#[test]
fn gradient_descent_steps_against_the_gradient() {
    let example = examples::WORKED_EXAMPLE_1;
    let code = find(EXAMPLES, "worked-example-1").code;
    let steps = code.steps(&owned(example.parameters), &example.batch(), 1);
    // [1 −2; 0 3] − 0.1 · [2 4; 8 10]
    assert_close(&steps[0][0], &[0.8, -2.4, -0.8, 2.0]);
}

#[test]
fn output_size_is_h_minus_k_plus_2p_over_s_plus_1() {
    examples::STRIDE_AND_PADDING.check();
}

/// Ten outputs, one of them to be high.
fn white_image(label: usize) -> Batch {
    Batch {
        inputs: vec![vec![1.0; 784]],
        targets: vec![one_hot(label, 10)],
    }
}

#[test]
fn network_of_the_origin_as_one_would_write_it_today() {
    let code = find(EXAMPLES, "digits").code;
    let shapes: Vec<_> = code.tensors().iter().map(|info| info.shape).collect();
    assert_eq!(shapes, [&[3, 1, 5, 5][..], &[3], &[10, 432], &[10]]);

    // A white image and kernels of ones: each map is 25 plus its bias, so 0 (below zero before the ReLU), 25 and 27.
    // Every row of the dense layer is its own number: j · 144 · (0 + 25 + 27) + j.
    let rows: Vec<f64> = (0..10).flat_map(|j| [f64::from(j); 432]).collect();
    let biases: Vec<f64> = (0..10).map(f64::from).collect();
    let parameters = owned(&[&[1.0; 75], &[-26.0, 0.0, 2.0], &rows, &biases]);
    let expected: Vec<f64> = (0..10).map(|j| f64::from(j * (144 * 52 + 1))).collect();
    assert_close(&code.forward(&parameters, &[1.0; 784]), &expected);

    // The last logit is 7489 ahead: the cost of label 8 is that, and δ is −1 at the label and 1 at the last.
    let (cost, gradients) = code.gradients(&parameters, &white_image(8));
    assert_close(&[cost], &[7489.0]);
    let [conv_weight, conv_bias, dense_weight, dense_bias] = &gradients[..] else {
        panic!("two layers with weight and bias");
    };
    assert_close(
        dense_bias,
        &[0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, -1.0, 1.0],
    );
    let last_row = [[0.0; 144], [25.0; 144], [27.0; 144]].concat();
    assert_close(&dense_weight[9 * 432..], &last_row);
    // Each of the 144 pooled values of a living map gets 9 − 8 = 1 and hands it to one position.
    assert_close(conv_bias, &[0.0, 144.0, 144.0]);
    assert_close(conv_weight, &[[0.0; 25], [144.0; 25], [144.0; 25]].concat());
}

#[test]
fn network_of_the_origin_as_in_the_text() {
    let code = find(EXAMPLES, "digits-textbook").code;
    // Kernels of zeros: every σ(0) is ½. Rows of ones with bias −216 = −432 / 2: the output is ½ too.
    let parameters = owned(&[&[0.0; 75], &[0.0; 3], &vec![1.0; 4320], &[-216.0; 10]]);
    assert_close(&code.forward(&parameters, &[1.0; 784]), &[0.5; 10]);

    let (cost, gradients) = code.gradients(&parameters, &white_image(0));
    assert_close(&[cost], &[1.25]); // ½ · 10 · ¼
    let [conv_weight, conv_bias, dense_weight, dense_bias] = &gradients[..] else {
        panic!("two layers with weight and bias");
    };
    // δ = (a − y) ⊙ σ'(0) = ±½ · ¼
    let delta: Vec<f64> = (0..10)
        .map(|j| if j == 0 { -0.125 } else { 0.125 })
        .collect();
    assert_close(dense_bias, &delta);
    let rows: Vec<f64> = delta.iter().flat_map(|delta| [0.5 * delta; 432]).collect();
    assert_close(dense_weight, &rows);
    // Each pooled value gets 9/8 − 1/8 = 1, hands it to one position, and there it meets σ'(0) = ¼: 144 / 4.
    assert_close(conv_bias, &[36.0; 3]);
    assert_close(conv_weight, &[36.0; 75]);
}

/// Compares the network of a file in `examples/networks`, as it is, with an example's figures.
fn check_file(name: &str, example: &Example) {
    let code = find(EXAMPLES, name).code;
    let parameters = owned(example.parameters);
    assert_close(&code.forward(&parameters, example.input), example.output);
    let (cost, gradients) = code.gradients(&parameters, &example.batch());
    assert_close(&[cost], &[example.cost]);
    assert_close(&gradients.concat(), &example.gradients.concat());
}

#[test]
fn worked_example_of_one_filter() {
    examples::WORKED_EXAMPLE_1.check();
    check_file("worked-example-1", &examples::WORKED_EXAMPLE_1);
}

#[test]
fn worked_example_of_two_filters() {
    examples::WORKED_EXAMPLE_2.check();
    check_file("worked-example-2", &examples::WORKED_EXAMPLE_2);
}

#[test]
fn convolution_is_a_dense_layer_with_tied_weights() {
    let (convolution, dense) = (examples::WORKED_EXAMPLE_1, examples::CONVOLUTION_AS_DENSE);
    convolution.check();
    dense.check();
    let (convolution, dense) = (convolution.backward(), dense.backward());
    let entries = &dense.gradients[0];
    let tied = examples::TIED.map(|places| places.iter().map(|&place| entries[place]).sum());
    assert_close(&tied, &convolution.gradients[0]);
    assert_close(&dense.input_gradient, &convolution.input_gradient);
}
