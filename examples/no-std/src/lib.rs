//! A network that learns and infers on a bare machine: no `std`, no heap, all memory in one `static`.

#![no_std]

// Generated code keeps to the default lints.
#[allow(clippy::pedantic)]
pub mod net {
    //! Generated from `net.toml`.
    include!(concat!(env!("OUT_DIR"), "/net.rs"));
}

use cnn_runtime::{Model, Parameters as _, Rng, Totals, Trainable, Zeroed, argmax};
use net::{Bars, Input, Optimizer, Parameters, Target, Workspace};
use static_cell::ConstStaticCell;

static LEARNER: ConstStaticCell<Learner> = ConstStaticCell::new(Learner {
    parameters: Parameters::ZERO,
    gradients: Parameters::ZERO,
    optimizer: Optimizer::ZERO,
    workspace: Workspace::ZERO,
});

/// Everything that training needs: all of it zeros, so that it takes no room in the program's image.
pub struct Learner {
    parameters: Parameters,
    gradients: Parameters,
    optimizer: Optimizer,
    workspace: Workspace,
}

impl Learner {
    /// The program's one learner, with its first values drawn; `None` if it was taken before.
    pub fn take() -> Option<&'static mut Self> {
        let learner = LEARNER.try_take()?;
        let mut rng = Rng::new(Bars::SETTINGS.seed);
        Bars::initialize(&mut learner.parameters, &mut rng);
        Some(learner)
    }

    /// One step of training on a batch; gives the loss before the step.
    pub fn step(&mut self, inputs: &[Input], targets: &[Target]) -> Totals {
        self.gradients.clear();
        let totals = Bars::gradients(
            &self.parameters,
            inputs,
            targets,
            inputs.len(),
            &mut self.workspace,
            &mut self.gradients,
        );
        let learning_rate = Bars::SETTINGS.learning_rate as f32;
        Bars::update(
            &mut self.parameters,
            &self.gradients,
            &mut self.optimizer,
            learning_rate,
        );
        totals
    }

    /// The class of one sample.
    pub fn classify(&mut self, input: &Input) -> usize {
        argmax(Bars::forward(
            &self.parameters,
            input,
            &mut self.workspace.activations,
        ))
    }
}
