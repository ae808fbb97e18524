//! Softmax regression written by hand, in place of generated code: `I` inputs, `O` classes.

use cnn_runtime::schedule::Curve;
use cnn_runtime::{
    Model, OptimizerState, Parameters, Rng, Schedule, Settings, TensorInfo, Totals, Trainable,
    Zeroed, argmax, bytemuck,
};

pub struct Linear<const I: usize, const O: usize>;

#[derive(Clone, Debug, PartialEq)]
pub struct Weights<const I: usize, const O: usize> {
    pub weight: [[f32; I]; O],
    pub bias: [f32; O],
}

// SAFETY: all fields are arrays of floats.
unsafe impl<const I: usize, const O: usize> bytemuck::Zeroable for Weights<I, O> {}

impl<const I: usize, const O: usize> Zeroed for Weights<I, O> {
    const ZERO: Self = Self {
        weight: Zeroed::ZERO,
        bias: Zeroed::ZERO,
    };
}

impl<const I: usize, const O: usize> Parameters for Weights<I, O> {
    type Scalar = f32;

    const TENSORS: &'static [TensorInfo] = &[
        TensorInfo::new("dense1.weight", &[O, I]),
        TensorInfo::new("dense1.bias", &[O]),
    ];

    fn tensor(&self, index: usize) -> &[f32] {
        match index {
            0 => self.weight.as_flattened(),
            1 => &self.bias,
            _ => &[],
        }
    }

    fn tensor_mut(&mut self, index: usize) -> &mut [f32] {
        match index {
            0 => self.weight.as_flattened_mut(),
            1 => &mut self.bias,
            _ => &mut [],
        }
    }
}

impl<const I: usize, const O: usize> Model for Linear<I, O> {
    type Scalar = f32;
    type Input = [f32; I];
    type Output = [f32; O];
    type Parameters = Weights<I, O>;
    type Activations = [f32; O];
    type BatchActivations = [f32; O];

    const NAME: &'static str = "Linear";
    const INPUT_SHAPE: &'static [usize] = &[I];
    const OUTPUT_SHAPE: &'static [usize] = &[O];
    const SUMMARY: &'static str = "dense1: in → out";

    fn initialize(parameters: &mut Self::Parameters, rng: &mut Rng) {
        let bound = 1.0 / (I as f64).sqrt();
        rng.fill_uniform(&mut parameters.weight, bound);
        rng.fill_uniform(&mut parameters.bias, bound);
    }

    fn forward<'a>(
        parameters: &Self::Parameters,
        input: &Self::Input,
        activations: &'a mut Self::Activations,
    ) -> &'a Self::Output {
        for (output, (row, bias)) in activations
            .iter_mut()
            .zip(parameters.weight.iter().zip(&parameters.bias))
        {
            *output = row.iter().zip(input).fold(*bias, |sum, (w, x)| sum + w * x);
        }
        activations
    }

    fn forward_batch(
        parameters: &Self::Parameters,
        inputs: &[Self::Input],
        outputs: &mut [Self::Output],
        activations: &mut Self::BatchActivations,
    ) {
        for (input, output) in inputs.iter().zip(outputs) {
            *output = *Self::forward(parameters, input, activations);
        }
    }
}

/// The loss, and in `outputs` its gradient with respect to them.
fn softmax_cross_entropy<const O: usize>(outputs: &mut [f32; O], target: usize) -> f64 {
    let largest = outputs[argmax(outputs)];
    for value in &mut *outputs {
        *value = (*value - largest).exp();
    }
    let sum: f32 = outputs.iter().sum();
    for value in &mut *outputs {
        *value /= sum;
    }
    let loss = -f64::from(outputs[target].ln());
    outputs[target] -= 1.0;
    loss
}

/// What plain gradient descent remembers.
#[derive(Clone, Debug)]
pub struct Nothing;

// SAFETY: there are no fields.
unsafe impl bytemuck::Zeroable for Nothing {}

impl Zeroed for Nothing {
    const ZERO: Self = Self;
}

impl OptimizerState for Nothing {
    type Scalar = f32;
}

impl<const I: usize, const O: usize> Trainable for Linear<I, O> {
    type Target = usize;
    type Optimizer = Nothing;
    type Workspace = [f32; O];
    type Statistics = ();

    const SETTINGS: Settings = Settings {
        epochs: 3,
        batch_size: 64,
        accumulation_steps: 1,
        learning_rate: 0.1,
        schedule: Schedule {
            warmup: None,
            curve: Curve::Constant,
        },
        seed: 0,
    };

    fn gradients(
        parameters: &Self::Parameters,
        inputs: &[Self::Input],
        targets: &[usize],
        batch_size: usize,
        workspace: &mut Self::Workspace,
        gradients: &mut Self::Parameters,
    ) -> Totals {
        let mut totals = Totals::default();
        for (input, target) in inputs.iter().zip(targets) {
            Self::forward(parameters, input, workspace);
            totals.correct += usize::from(argmax(workspace) == *target);
            totals.loss += softmax_cross_entropy(workspace, *target);
            totals.samples += 1;
            totals.weight += 1.0;
            for (output, delta) in workspace
                .iter()
                .map(|delta| delta / batch_size as f32)
                .enumerate()
            {
                gradients.bias[output] += delta;
                for (gradient, value) in gradients.weight[output].iter_mut().zip(input) {
                    *gradient += delta * value;
                }
            }
        }
        totals
    }

    fn evaluate(
        parameters: &Self::Parameters,
        inputs: &[Self::Input],
        targets: &[usize],
        workspace: &mut Self::Workspace,
    ) -> Totals {
        let mut totals = Totals::default();
        for (input, target) in inputs.iter().zip(targets) {
            Self::forward(parameters, input, workspace);
            totals.correct += usize::from(argmax(workspace) == *target);
            totals.loss += softmax_cross_entropy(workspace, *target);
            totals.samples += 1;
            totals.weight += 1.0;
        }
        totals
    }

    fn update(
        parameters: &mut Self::Parameters,
        gradients: &Self::Parameters,
        _optimizer: &mut Self::Optimizer,
        learning_rate: f32,
    ) {
        for index in 0..Self::Parameters::TENSORS.len() {
            for (value, gradient) in parameters
                .tensor_mut(index)
                .iter_mut()
                .zip(gradients.tensor(index))
            {
                *value -= learning_rate * gradient;
            }
        }
    }
}
