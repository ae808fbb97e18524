//! The update rules as PyTorch's documentation states them.

use super::Tensor;
use crate::training::{AdamSettings, Optimizer as Rule, Schedule};

/// An update rule and what it remembers from step to step.
#[derive(Clone, Debug)]
pub struct Optimizer {
    rule: Rule,
    steps: i32,
    /// First and second moment of each value's gradient; SGD keeps its velocity in the first.
    moments: Vec<[f64; 2]>,
}

impl Optimizer {
    /// A rule before its first step over parameters like these.
    pub fn new(rule: Rule, parameters: &[Tensor]) -> Self {
        let values = parameters.iter().flat_map(|tensor| &tensor.values);
        Self {
            rule,
            steps: 0,
            moments: values.map(|_| [0.0; 2]).collect(),
        }
    }

    /// Moves the parameters one step; `factor` is the schedule's factor of the learning rate.
    pub fn step(&mut self, parameters: &mut [Tensor], gradients: &[Tensor], factor: f64) {
        self.steps += 1;
        let rate = factor * self.rule.learning_rate();
        let values = parameters.iter_mut().flat_map(|tensor| &mut tensor.values);
        let gradients = gradients.iter().flat_map(|tensor| &tensor.values);
        for ((value, &gradient), moments) in values.zip(gradients).zip(&mut self.moments) {
            *value -= match &self.rule {
                Rule::Sgd {
                    momentum,
                    nesterov,
                    weight_decay,
                    ..
                } => {
                    let gradient = gradient + weight_decay * *value;
                    let [velocity, _] = moments;
                    *velocity = momentum * *velocity + gradient;
                    if *nesterov {
                        rate * (gradient + momentum * *velocity)
                    } else {
                        rate * *velocity
                    }
                }
                Rule::Adam(settings) => {
                    let gradient = gradient + settings.weight_decay * *value;
                    rate * adam(settings, self.steps, gradient, moments)
                }
                Rule::AdamW(settings) => {
                    let decay = rate * settings.weight_decay * *value;
                    decay + rate * adam(settings, self.steps, gradient, moments)
                }
            };
        }
    }
}

/// `m̂ / (√v̂ + ε)` after taking `gradient` into the moments `m` and `v`.
fn adam(settings: &AdamSettings, steps: i32, gradient: f64, [m, v]: &mut [f64; 2]) -> f64 {
    let [beta1, beta2] = settings.betas;
    *m = beta1 * *m + (1.0 - beta1) * gradient;
    *v = beta2 * *v + (1.0 - beta2) * gradient * gradient;
    let mean = *m / (1.0 - beta1.powi(steps));
    let square = *v / (1.0 - beta2.powi(steps));
    mean / (square.sqrt() + settings.epsilon)
}

/// The schedule's factor of the learning rate in `epoch` (from zero) of `epochs`.
pub fn schedule_factor(schedule: Schedule, epoch: usize, epochs: usize) -> f64 {
    match schedule {
        Schedule::Constant => 1.0,
        Schedule::Cosine => {
            let angle = std::f64::consts::PI * epoch as f64 / epochs as f64;
            f64::midpoint(1.0, angle.cos())
        }
    }
}
