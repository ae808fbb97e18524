//! The networks of `examples/networks` as they are, in single precision, beside the reference in double precision.

use cnn_tests::close::assert_close;
use cnn_tests::generated::{EXAMPLES, Generated};
use cnn_tests::witness::Witness;

const TOLERANCE: f64 = 1e-5;

fn network(example: &Generated) -> cnn_spec::Network {
    cnn_spec::parse(example.toml, example.name).unwrap_or_else(|report| panic!("{report}"))
}

#[test]
fn outputs_of_the_examples_are_those_of_the_reference() {
    for example in EXAMPLES {
        let network = network(example);
        let (parameters, batch) = (example.code.initial(1), example.code.samples(2, 2));
        for input in &batch.inputs {
            let ours = example.code.forward(&parameters, input);
            let theirs = Witness::new(&network).forward(&parameters, input);
            assert_close(example.name, &ours, &theirs, TOLERANCE);
        }
    }
}

#[test]
fn costs_and_gradients_of_the_examples_are_those_of_the_reference() {
    // The tape of a batch is long, and rounding errors grow from norm to norm: `cnn-kernel-tests` compares the others.
    for example in EXAMPLES
        .iter()
        .filter(|example| !network(example).depends_on_batches())
    {
        let network = network(example);
        let (parameters, batch) = (example.code.initial(3), example.code.samples(4, 2));
        let (cost, gradients) = example.code.gradients(&parameters, &batch);
        let (their_cost, theirs) = Witness::new(&network).gradients(&parameters, &batch);
        assert_close(example.name, &[cost], &[their_cost], TOLERANCE);
        assert_eq!(gradients.len(), theirs.len());
        for (info, (ours, theirs)) in example
            .code
            .tensors()
            .iter()
            .zip(gradients.iter().zip(&theirs))
        {
            let what = format!("{}: gradient of {}", example.name, info.name);
            assert_close(&what, ours, theirs, TOLERANCE);
        }
    }
}
