//! Mistakes in generated gradients do not go unseen: each makes a gradient another one.

use cnn_codegen::{Kernels, Options};
use cnn_tests::generated::{PYTORCH_PROBED, find};
use cnn_tests::mutants::{Mutant, mutants};
use cnn_tests::package::Package;
use std::fmt::Write as _;
use std::path::Path;

/// A network for each file of formulas, each behind a probe that shows the delta of its input.
const NETWORKS: [&str; 23] = [
    "add",
    "adaptive_avg_pool2d",
    "avg_pool2d_padding",
    "channel_shuffle",
    "concat",
    "conv1d_everything",
    "conv2d_convolution_everything",
    "conv2d_depthwise_multiplier",
    "conv_transpose2d_everything",
    "dense_after_maps",
    "gelu",
    "global_avg_pool2d",
    "global_max_pool2d",
    "layer_norm_of_maps",
    "loss_binary_cross_entropy_pos_weights",
    "loss_huber_delta",
    "loss_softmax_cross_entropy_everything",
    "max_pool2d_padding",
    "prelu_of_channels",
    "residual",
    "softmax_within",
    "upsample2d_pair",
    "zero_pad2d_sides",
];

/// What is no mistake. Differences from a mean add up to nothing, so that `Σ (z − mean)²` is as well `Σ z (z − mean)` and
/// `Σ (z + mean) (z − mean)`. To shift all its inputs changes nothing in a softmax, but for what is too large for `exp`.
const EQUAL: [&str; 4] = [
    "`z + mean` instead of `z - mean`",
    "`z + mean - mean` instead of `z - mean`",
    "`z + largest` instead of `z - largest`",
    "`z + largest - largest` instead of `z - largest`",
];

/// Compares the gradients of each module with those of the right one.
const MAIN: &str = "
use cnn_runtime::{Model, Parameters, Rng, Target, Tensor, Trainable, Zeroed};
use std::panic::catch_unwind;

/// The gradients of three samples, or nothing after a panic.
fn gradients<M: Trainable<Scalar = f64>>() -> Option<Vec<f64>> {
    catch_unwind(|| {
        let mut rng = Rng::new(5);
        let mut parameters = M::Parameters::boxed();
        // What layers begin with may hide a factor: it is one.
        for index in 0..M::Parameters::TENSORS.len() {
            parameters.tensor_mut(index).fill_with(|| 2.0 * rng.uniform() - 1.0);
        }
        let mut inputs = vec![M::Input::ZERO; 3];
        let outputs: usize = M::OUTPUT_SHAPE.iter().product();
        inputs.iter_mut().for_each(|input| rng.fill_normal(input, 1.0));
        let targets = [2, 0, 1].map(|label| M::Target::from_label(label % outputs));
        let (mut workspace, mut gradients) = (M::Workspace::boxed(), M::Parameters::boxed());
        M::gradients(&parameters, &inputs, &targets, 3, &mut workspace, &mut gradients);
        let tensors = 0..M::Parameters::TENSORS.len();
        tensors.flat_map(|index| gradients.tensor(index).to_vec()).collect()
    })
    .ok()
}

fn compare(number: usize, right: &Option<Vec<f64>>, wrong: &Option<Vec<f64>>) {
    let (Some(right), Some(wrong)) = (right, wrong) else {
        return;
    };
    let largest = right.iter().fold(0.0, |largest: f64, value| largest.max(value.abs()));
    if right.iter().zip(wrong).all(|(a, b)| (a - b).abs() <= 1e-9 * largest) {
        println!(\"{number}\");
    }
}

fn main() {
    std::panic::set_hook(Box::new(|_| {}));
";

/// Every so many mistakes one is tried.
fn stride() -> usize {
    std::env::var("CNN_MUTANTS_STRIDE").map_or(1, |stride| stride.parse().expect("a number"))
}

#[test]
#[ignore = "compiles two thousand modules"]
fn no_mistake_in_a_gradient_goes_unseen() {
    let mut texts = Vec::new();
    let mut mistakes = Vec::new();
    let mut main = MAIN.to_owned();
    for name in NETWORKS {
        let options = Options {
            kernels: Kernels::Plain,
            ..Options::default()
        };
        let code = cnn_codegen::compile(find(PYTORCH_PROBED, name).toml, "net.toml", &options)
            .unwrap_or_else(|report| panic!("{report}"));
        let network = code.name();
        let right = texts.len();
        let _ = writeln!(
            main,
            "let right = gradients::<network_{right}::{network}>();"
        );
        texts.push(code.text().to_owned());
        mistakes.push(name.to_owned());
        let mut mutants = mutants(code.text());
        mutants.retain(|mutant| !EQUAL.iter().any(|equal| mutant.mistake.ends_with(equal)));
        for Mutant { mistake, text } in mutants.into_iter().step_by(stride()) {
            let number = texts.len();
            let _ = writeln!(
                main,
                "compare({number}, &right, &gradients::<network_{number}::{network}>());"
            );
            texts.push(text);
            mistakes.push(format!("{name}, {mistake}"));
        }
    }
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("mutants");
    let package = Package::new(folder, &["std"], texts.iter().map(String::as_str));
    package.root("src/main.rs", "#![allow(warnings)]", "mod", &(main + "}\n"));
    let output = package.cargo(&["run", "--offline"]);
    let numbers = String::from_utf8(output.stdout).expect("text");
    let survivors: Vec<_> = numbers
        .lines()
        .map(|number| &mistakes[number.parse::<usize>().expect("a number")])
        .collect();
    let count = texts.len() - NETWORKS.len();
    println!("{} of {count} mistakes found", count - survivors.len());
    assert!(survivors.is_empty(), "not found: {survivors:#?}");
}
