//! Random networks: compiled in one batch, run, and compared with the reference interpreter.

use cnn_codegen::Options;
use cnn_spec::Network;
use cnn_tests::close::{assert_close_at, largest};
use cnn_tests::flat::{Batch, Tensors};
use cnn_tests::package::Package;
use cnn_tests::random;
use cnn_tests::witness::Witness;
use std::fmt::Write as _;
use std::path::Path;

/// What the generated program prints of one network: parameters, inputs, targets, outputs, cost and gradients.
type Printed = [Tensors; 6];

/// What a norm takes away again, such as a bias before it, has a gradient of nothing but the rounding of larger numbers.
const LEAST: f64 = 1e-2;

#[test]
fn random_networks_compute_what_the_reference_computes() {
    agree("plain", "f64", random::count(300), 1e-12);
}

#[test]
fn random_networks_compute_it_in_vectors_too() {
    // Each is compiled for several instruction sets.
    agree("simd", "f32", random::count(64).div_ceil(4), 1e-4);
}

fn agree(folder: &str, dtype: &str, count: u64, tolerance: f64) {
    let networks: Vec<_> = (0..count)
        .map(|number| random::network(number, dtype))
        .collect();
    let printed = run(folder, &networks);
    assert_eq!(printed.len(), networks.len());
    for (number, (toml, printed)) in networks.iter().zip(printed).enumerate() {
        compare(
            &format!("network {number}:\n{toml}\n"),
            &parse(toml),
            printed,
            tolerance,
        );
    }
}

fn parse(toml: &str) -> Network {
    cnn_spec::parse(toml, "random.toml").unwrap_or_else(|report| panic!("{report}"))
}

/// Compiles the networks into one program and runs it.
fn run(folder: &str, networks: &[String]) -> Vec<Printed> {
    let compile = |toml: &String| {
        cnn_codegen::compile(toml, "random.toml", &Options::default())
            .unwrap_or_else(|report| panic!("{report}\n{toml}"))
    };
    let codes: Vec<_> = networks.iter().map(compile).collect();
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("random_{folder}"));
    let package = Package::new(
        folder,
        &["std", "simd"],
        codes.iter().map(cnn_codegen::Code::text),
    );

    let flat = concat!(env!("CARGO_MANIFEST_DIR"), "/src/flat.rs");
    let mut main = String::from(
        "fn print(seed: u64, network: &dyn flat::Network) {
            let (parameters, batch) = (network.initial(seed), network.samples(seed, 3));
            let output = |input: &Vec<f64>| network.forward(&parameters, input);
            let outputs: Vec<_> = batch.inputs.iter().map(output).collect();
            let (cost, gradients) = network.gradients(&parameters, &batch);
            let printed = [&parameters, &batch.inputs, &batch.targets, &outputs, &vec![vec![cost]], &gradients];
            println!(\"{printed:?}\");
        }
        fn main() {\n",
    );
    for (number, code) in codes.iter().enumerate() {
        let name = code.name();
        let _ = writeln!(
            main,
            "print({number}, &flat::Flat::<network_{number}::{name}>::NEW);"
        );
    }
    package.root(
        "src/main.rs",
        &format!("#[path = {flat:?}]\nmod flat;"),
        "mod",
        &(main + "}\n"),
    );

    let output = package.cargo(&["run", "--quiet", "--offline"]);
    let lines = String::from_utf8(output.stdout).expect("the program prints text");
    let read = |line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
    lines.lines().map(read).collect()
}

fn compare(what: &str, network: &Network, printed: Printed, tolerance: f64) {
    let [parameters, inputs, targets, outputs, cost, gradients] = printed;
    let witness = Witness::new(network);
    let batch = Batch { inputs, targets };
    for (input, output) in batch.inputs.iter().zip(&outputs) {
        let theirs = witness.forward(&parameters, input);
        assert_close_at(
            &format!("{what}output"),
            output,
            &theirs,
            tolerance * largest(&theirs),
        );
    }
    let (their_cost, theirs) = witness.gradients(&parameters, &batch);
    assert_close_at(
        &format!("{what}cost"),
        &cost[0],
        &[their_cost],
        tolerance * their_cost.abs(),
    );
    assert_eq!(gradients.len(), theirs.len());
    let layers = network.layers.iter();
    let is_frozen: Vec<_> = layers
        .flat_map(|layer| layer.parameters.iter().map(|_| layer.is_frozen))
        .collect();
    // Kernels on lanes may sum up the bias of a frozen layer beside its delta; no update reads it.
    let learnt = |(index, _): &(usize, _)| !is_frozen[*index];
    let gradients = gradients.iter().zip(&theirs).enumerate();
    for (index, (ours, theirs)) in gradients.filter(learnt) {
        assert_close_at(
            &format!("{what}gradient {index}"),
            ours,
            theirs,
            tolerance * largest(theirs).max(LEAST),
        );
    }
}
