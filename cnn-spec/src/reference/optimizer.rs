//! The update rules as PyTorch's documentation states them.

use super::Tensor;
use crate::training::{AdamSettings, Optimizer as Rule, Schedule};

/// An update rule and what it remembers from step to step.
#[derive(Clone, Debug)]
pub struct Optimizer {
    rule: Rule,
    steps: i32,
    first_moments: Vec<Tensor>,
    second_moments: Vec<Tensor>,
}

/// What is known of one parameter's value during a step.
struct Slot<'a> {
    value: &'a mut f64,
    gradient: f64,
    first_moment: &'a mut f64,
    second_moment: &'a mut f64,
}

impl Optimizer {
    /// A rule before its first step over parameters like these.
    pub fn new(rule: Rule, parameters: &[Tensor]) -> Self {
        let zeros: Vec<_> = parameters.iter().map(Tensor::zeros_like).collect();
        Self {
            rule,
            steps: 0,
            first_moments: zeros.clone(),
            second_moments: zeros,
        }
    }

    /// Moves the parameters one step; `factor` is the schedule's factor of the learning rate.
    pub fn step(&mut self, parameters: &mut [Tensor], gradients: &[Tensor], factor: f64) {
        self.steps += 1;
        for (index, parameter) in parameters.iter_mut().enumerate() {
            for (element, value) in parameter.values.iter_mut().enumerate() {
                let slot = Slot {
                    value,
                    gradient: gradients[index].values[element],
                    first_moment: &mut self.first_moments[index].values[element],
                    second_moment: &mut self.second_moments[index].values[element],
                };
                update(&self.rule, factor, self.steps, slot);
            }
        }
    }
}

fn update(rule: &Rule, factor: f64, steps: i32, slot: Slot<'_>) {
    match *rule {
        Rule::Sgd {
            learning_rate,
            momentum,
            nesterov,
            weight_decay,
        } => {
            let gradient = slot.gradient + weight_decay * *slot.value;
            let velocity = slot.first_moment;
            *velocity = momentum * *velocity + gradient;
            let direction = if nesterov {
                gradient + momentum * *velocity
            } else {
                *velocity
            };
            *slot.value -= factor * learning_rate * direction;
        }
        Rule::Adam(settings) => {
            let gradient = slot.gradient + settings.weight_decay * *slot.value;
            adam(&settings, factor, steps, Slot { gradient, ..slot });
        }
        Rule::AdamW(settings) => {
            *slot.value -= factor * settings.learning_rate * settings.weight_decay * *slot.value;
            adam(&settings, factor, steps, slot);
        }
    }
}

fn adam(settings: &AdamSettings, factor: f64, steps: i32, slot: Slot<'_>) {
    let [beta1, beta2] = settings.betas;
    let (m, v, gradient) = (slot.first_moment, slot.second_moment, slot.gradient);
    *m = beta1 * *m + (1.0 - beta1) * gradient;
    *v = beta2 * *v + (1.0 - beta2) * gradient * gradient;
    let mean = *m / (1.0 - beta1.powi(steps));
    let square = *v / (1.0 - beta2.powi(steps));
    *slot.value -= factor * settings.learning_rate * mean / (square.sqrt() + settings.epsilon);
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
