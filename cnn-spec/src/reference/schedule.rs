//! The learning rate as PyTorch's documentation states it: from one epoch or step to the next.

use crate::training::{
    Anneal, Curve, OneCycle, ReduceOnPlateau, Schedule, ThresholdMode, Training, Warmup,
};
use std::f64::consts::PI;

/// The learning rate in the course of a training.
#[derive(Clone, Debug)]
pub struct LearningRate {
    schedule: Schedule,
    /// The optimizer's.
    base: f64,
    epochs: usize,
    steps_per_epoch: usize,
    step: usize,
    /// What is left of the optimizer's rate after plateaus.
    reduced: f64,
    best: f64,
    bad_epochs: usize,
    cooldown: usize,
}

impl LearningRate {
    /// Before the first step.
    pub fn new(training: &Training, steps_per_epoch: usize) -> Self {
        let base = training.optimizer.learning_rate();
        Self {
            schedule: training.schedule.clone(),
            base,
            epochs: training.epochs,
            steps_per_epoch,
            step: 0,
            reduced: base,
            best: f64::INFINITY,
            bad_epochs: 0,
            cooldown: 0,
        }
    }

    /// The rate of the next step.
    pub fn get(&self) -> f64 {
        self.warmup() * self.curve()
    }

    /// Goes on to the step after it.
    pub fn advance(&mut self) {
        self.step += 1;
    }

    /// Hears the loss of an epoch.
    pub fn observe(&mut self, loss: f64) {
        if let Curve::ReduceOnPlateau(plateau) = self.schedule.curve {
            self.reduce(&plateau, loss);
        }
    }

    fn warmup(&self) -> f64 {
        match self.schedule.warmup {
            Some(Warmup {
                steps,
                start_factor,
            }) if self.step < steps => {
                start_factor + (1.0 - start_factor) * self.step as f64 / steps as f64
            }
            _ => 1.0,
        }
    }

    fn curve(&self) -> f64 {
        let epoch = self.step / self.steps_per_epoch;
        let multiplied =
            |gamma: f64, times: usize| (0..times).fold(self.base, |rate, _| rate * gamma);
        match &self.schedule.curve {
            Curve::Constant => self.base,
            Curve::Step { step_size, gamma } => multiplied(
                *gamma,
                (1..=epoch).filter(|epoch| epoch % step_size == 0).count(),
            ),
            Curve::MultiStep { milestones, gamma } => multiplied(
                *gamma,
                (1..=epoch)
                    .filter(|epoch| milestones.contains(epoch))
                    .count(),
            ),
            Curve::Exponential { gamma } => multiplied(*gamma, epoch),
            Curve::Cosine { t_max, eta_min } => {
                let angle = PI * epoch as f64 / t_max.unwrap_or(self.epochs) as f64;
                eta_min + (self.base - eta_min) * f64::midpoint(1.0, angle.cos())
            }
            Curve::Polynomial { total_iters, power } => {
                let total = total_iters.unwrap_or(self.epochs);
                self.base * (1.0 - epoch.min(total) as f64 / total as f64).powf(*power)
            }
            Curve::OneCycle(cycle) => self.one_cycle(cycle),
            Curve::ReduceOnPlateau(_) => self.reduced,
        }
    }

    /// The phase that the step is in, from rate to rate.
    fn one_cycle(&self, cycle: &OneCycle) -> f64 {
        let steps = (self.epochs * self.steps_per_epoch) as f64;
        let up = cycle.pct_start * steps;
        let first = self.base / cycle.div_factor;
        let last = first / cycle.final_div_factor;
        // Where each phase ends, and with which rate.
        let phases = if cycle.three_phase {
            vec![
                (up - 1.0, self.base),
                (2.0 * up - 2.0, first),
                (steps - 1.0, last),
            ]
        } else {
            vec![(up - 1.0, self.base), (steps - 1.0, last)]
        };
        let step = self.step as f64;
        let (mut start, mut from) = (0.0, first);
        for (end, to) in phases {
            if step <= end {
                let share = if end > start {
                    (step - start) / (end - start)
                } else {
                    1.0
                };
                return match cycle.anneal_strategy {
                    Anneal::Cos => to + (from - to) / 2.0 * (1.0 + (PI * share).cos()),
                    Anneal::Linear => from + (to - from) * share,
                };
            }
            (start, from) = (end, to);
        }
        last
    }

    fn reduce(&mut self, plateau: &ReduceOnPlateau, loss: f64) {
        let bound = match plateau.threshold_mode {
            ThresholdMode::Relative => self.best * (1.0 - plateau.threshold),
            ThresholdMode::Absolute => self.best - plateau.threshold,
        };
        if loss < bound {
            self.best = loss;
            self.bad_epochs = 0;
        } else {
            self.bad_epochs += 1;
        }
        if self.cooldown > 0 {
            self.cooldown -= 1;
            self.bad_epochs = 0;
        }
        if self.bad_epochs > plateau.patience {
            let reduced = (self.reduced * plateau.factor).max(plateau.min_lr);
            // PyTorch's `eps`: smaller changes are none.
            if self.reduced - reduced > 1e-8 {
                self.reduced = reduced;
            }
            self.cooldown = plateau.cooldown;
            self.bad_epochs = 0;
        }
    }
}
