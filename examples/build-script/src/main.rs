//! The door for build scripts: learns an exclusive or, with a training loop of its own.

// Generated code keeps to the default lints; the bound of two inputs' first weights happens to be √½.
#[allow(clippy::approx_constant, clippy::pedantic)]
mod net {
    include!(concat!(env!("OUT_DIR"), "/net.rs"));
}

use cnn_runtime::{Model, Rng, Trainable, Zeroed};
use net::{Activations, Input, Optimizer, Parameters, Target, Workspace, Xor};

const INPUTS: [Input; 4] = [[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]];
const TARGETS: [Target; 4] = [[0.0], [1.0], [1.0], [0.0]];

fn main() {
    let parameters = train();
    for input in INPUTS {
        let [a, b] = input;
        println!("{a} xor {b} = {:.3}", output(&parameters, input));
    }
}

fn train() -> Parameters {
    let settings = Xor::SETTINGS;
    let mut parameters = Parameters::ZERO;
    let mut optimizer = Optimizer::ZERO;
    let mut workspace = Workspace::ZERO;
    Xor::initialize(&mut parameters, &mut Rng::new(settings.seed));
    for _ in 0..settings.epochs {
        let mut gradients = Parameters::ZERO;
        Xor::gradients(
            &parameters,
            &INPUTS,
            &TARGETS,
            settings.batch_size,
            &mut workspace,
            &mut gradients,
        );
        let learning_rate = settings.learning_rate as f32;
        Xor::update(&mut parameters, &gradients, &mut optimizer, learning_rate);
    }
    parameters
}

fn output(parameters: &Parameters, input: Input) -> f32 {
    let mut activations = Activations::ZERO;
    Xor::forward(parameters, &input, &mut activations)[0]
}

#[cfg(test)]
mod tests {
    use super::{INPUTS, TARGETS, output, train};

    #[test]
    fn the_network_learns_all_four_cases() {
        let parameters = train();
        for (input, [target]) in INPUTS.into_iter().zip(TARGETS) {
            let output = output(&parameters, input);
            assert!((output - target).abs() < 0.05, "{input:?} gives {output}");
        }
    }
}
