//! The command as a door: `net.rs` is checked in, made by
//! `cargo run -p cnn-codegen -- examples/networks/worked-example-1.toml -o examples/command/src/net.rs`.
//!
//! Prints the numbers of the first worked example: 3×3 input, 2×2 filter, 2×2 output, squared error.

// Generated code keeps to the default lints.
#[allow(clippy::pedantic)]
mod net;

use cnn_runtime::{Totals, Trainable, Zeroed};
use net::{Conv1, Input, Parameters, Target, WorkedExample1, Workspace};

const INPUT: Input = [[[1.0, 2.0, 3.0], [4.0, 5.0, 6.0], [7.0, 8.0, 9.0]]];
const TARGET: Target = [[[36.0, 47.0], [67.0, 78.0]]];
const PARAMETERS: Parameters = Parameters {
    conv1: Conv1 {
        weight: [[[[1.0, 2.0], [3.0, 4.0]]]],
    },
};

fn main() {
    let (workspace, gradients, totals) = forward_and_backward();
    println!("output          {:?}", workspace.activations.conv1[0]);
    println!("loss            {}", totals.loss);
    println!("output's delta  {:?}", workspace.deltas.conv1[0]);
    println!("filter's gradient {:?}", gradients.conv1.weight[0][0]);
}

fn forward_and_backward() -> (Workspace, Parameters, Totals) {
    let mut workspace = Workspace::ZERO;
    let mut gradients = Parameters::ZERO;
    let totals = WorkedExample1::gradients(
        &PARAMETERS,
        &[INPUT],
        &[TARGET],
        1,
        &mut workspace,
        &mut gradients,
    );
    (workspace, gradients, totals)
}

#[cfg(test)]
mod tests {
    use super::forward_and_backward;
    use std::{env, fs, path::Path};

    #[test]
    fn the_numbers_are_those_of_a_calculation_by_hand() {
        let (workspace, gradients, totals) = forward_and_backward();
        let loss = 0.5 * (1.0 + 1.0);
        // The weight gradient is the input's windows under the delta: 1 − 5, 2 − 6, 4 − 8, 5 − 9.
        assert_eq!(
            (workspace.activations.conv1, workspace.deltas.conv1),
            ([[[37.0, 47.0], [67.0, 77.0]]], [[[1.0, 0.0], [0.0, -1.0]]])
        );
        assert_eq!(gradients.conv1.weight, [[[[-4.0, -4.0], [-4.0, -4.0]]]]);
        assert_eq!(totals.loss.to_bits(), f64::to_bits(loss));
    }

    #[test]
    fn the_checked_in_code_is_up_to_date() {
        let package = Path::new(env!("CARGO_MANIFEST_DIR"));
        let text = fs::read_to_string(package.join("../networks/worked-example-1.toml"));
        let code = cnn_codegen::compile(
            &text.expect("the file can be read"),
            "worked-example-1.toml",
            &cnn_codegen::Options::default(),
        );
        let code = code.expect("the network is valid");
        assert!(
            code.text() == include_str!("net.rs"),
            "run the command at the top of main.rs"
        );
    }
}
