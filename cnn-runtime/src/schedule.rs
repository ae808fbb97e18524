//! The learning rate in the course of a training, with PyTorch's definitions.

use core::f64::consts::PI;

/// How the learning rate changes: a curve, and a warm-up that it is multiplied by.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Schedule {
    /// How training begins.
    pub warmup: Option<Warmup>,
    /// What holds all along.
    pub curve: Curve,
}

/// A factor that grows from step to step up to 1; PyTorch's `LinearLR`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Warmup {
    /// The steps that it takes.
    pub steps: usize,
    /// The first factor.
    pub start_factor: f64,
}

/// How the learning rate changes from the optimizer's on.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum Curve {
    /// It does not.
    #[default]
    Constant,
    /// `· γ` every so many epochs; PyTorch's `StepLR`.
    Step {
        /// The epochs between two steps.
        step_size: usize,
        /// The factor of a step.
        gamma: f64,
    },
    /// `· γ` after each of some epochs; PyTorch's `MultiStepLR`.
    MultiStep {
        /// The epochs.
        milestones: &'static [usize],
        /// The factor of a step.
        gamma: f64,
    },
    /// `· γ` in every epoch; PyTorch's `ExponentialLR`.
    Exponential {
        /// The factor of an epoch.
        gamma: f64,
    },
    /// `η + ½ (rate − η) (1 + cos(π epoch / T))`; PyTorch's `CosineAnnealingLR`.
    Cosine {
        /// `T`: the epochs down to the smallest rate; all epochs, if there is none.
        t_max: Option<usize>,
        /// `η`: the smallest rate.
        eta_min: f64,
    },
    /// `· (1 − epoch / T)^power` down to zero; PyTorch's `PolynomialLR`.
    Polynomial {
        /// `T`: the epochs down to zero; all epochs, if there is none.
        total_iters: Option<usize>,
        /// The power.
        power: f64,
    },
    /// Up to the optimizer's rate and down again, step by step; PyTorch's `OneCycleLR` without cycles of the momentum.
    OneCycle(OneCycle),
    /// `· factor` when the loss no longer falls; PyTorch's `ReduceLROnPlateau` in mode `min`.
    ReduceOnPlateau(ReduceOnPlateau),
}

/// The settings of [`Curve::OneCycle`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct OneCycle {
    /// The share of all steps that goes up.
    pub pct_start: f64,
    /// Whether it goes from rate to rate along a line, and not along half a cosine.
    pub is_linear: bool,
    /// How many times smaller than the optimizer's rate the first one is.
    pub div_factor: f64,
    /// How many times smaller than the first rate the last one is.
    pub final_div_factor: f64,
    /// Whether it comes down as it went up before it goes to the last rate.
    pub three_phase: bool,
}

/// The settings of [`Curve::ReduceOnPlateau`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ReduceOnPlateau {
    /// What the rate is multiplied by.
    pub factor: f64,
    /// How many epochs in a row may bring nothing.
    pub patience: usize,
    /// By how much the loss must fall to count.
    pub threshold: f64,
    /// Whether the threshold is a part of the best loss, and not a difference.
    pub is_relative: bool,
    /// The epochs after a reduction that do not count.
    pub cooldown: usize,
    /// The smallest rate.
    pub min_lr: f64,
}

/// How far a training is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// The epochs that are over.
    pub epoch: usize,
    /// All epochs.
    pub epochs: usize,
    /// The steps that are over, of all epochs.
    pub step: usize,
    /// All steps.
    pub steps: usize,
}

/// A learning rate that follows a [`Schedule`]. Only plateaus of the loss change it for good.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LearningRate {
    /// What it follows.
    pub schedule: Schedule,
    /// The rate that the schedule starts from, reduced on plateaus.
    pub base: f64,
    /// The lowest loss of an epoch so far.
    pub best: f64,
    /// The epochs since then.
    pub bad_epochs: usize,
    /// The epochs that do not count yet.
    pub cooldown: usize,
}

impl LearningRate {
    /// Before the first epoch.
    pub fn new(schedule: Schedule, base: f64) -> Self {
        Self {
            schedule,
            base,
            best: f64::INFINITY,
            bad_epochs: 0,
            cooldown: 0,
        }
    }

    /// The rate of the next step.
    pub fn at(&self, progress: Progress) -> f64 {
        let warmup = self.schedule.warmup;
        let warmup = warmup.map_or(1.0, |warmup| warmup.factor(progress.step));
        warmup * self.schedule.curve.rate(self.base, progress)
    }

    /// Takes note of an epoch's loss.
    pub fn observe(&mut self, loss: f64) {
        let Curve::ReduceOnPlateau(plateau) = self.schedule.curve else {
            return;
        };
        if loss < plateau.bound(self.best) {
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
            self.base = plateau.reduced(self.base);
            self.cooldown = plateau.cooldown;
            self.bad_epochs = 0;
        }
    }
}

impl Warmup {
    fn factor(&self, step: usize) -> f64 {
        if step >= self.steps {
            return 1.0;
        }
        self.start_factor + (1.0 - self.start_factor) * step as f64 / self.steps as f64
    }
}

impl Curve {
    fn rate(&self, base: f64, progress: Progress) -> f64 {
        let Progress { epoch, epochs, .. } = progress;
        let share = |total: Option<usize>| epoch as f64 / total.unwrap_or(epochs).max(1) as f64;
        match *self {
            Self::Constant | Self::ReduceOnPlateau(_) => base,
            Self::Step { step_size, gamma } => base * power(gamma, epoch / step_size.max(1)),
            Self::MultiStep { milestones, gamma } => {
                let passed = milestones.iter().filter(|milestone| **milestone <= epoch);
                base * power(gamma, passed.count())
            }
            Self::Exponential { gamma } => base * power(gamma, epoch),
            Self::Cosine { t_max, eta_min } => anneal(base, eta_min, share(t_max)),
            Self::Polynomial { total_iters, power } => {
                base * libm::pow(1.0 - share(total_iters).min(1.0), power)
            }
            Self::OneCycle(cycle) => cycle.rate(base, progress),
        }
    }
}

impl OneCycle {
    fn rate(&self, largest: f64, Progress { step, steps, .. }: Progress) -> f64 {
        let first = largest / self.div_factor;
        let last = first / self.final_div_factor;
        let up = self.pct_start * steps as f64;
        let (start, top, end) = (0.0, up - 1.0, steps as f64 - 1.0);
        let down = if self.three_phase {
            2.0 * up - 2.0
        } else {
            top
        };
        let low = if self.three_phase { first } else { largest };
        match step as f64 {
            step if step <= top => self.between(first, largest, share(step, start, top)),
            step if step <= down => self.between(largest, low, share(step, top, down)),
            step => self.between(low, last, share(step, down, end)),
        }
    }

    fn between(&self, from: f64, to: f64, share: f64) -> f64 {
        if self.is_linear {
            from + (to - from) * share
        } else {
            anneal(from, to, share)
        }
    }
}

impl ReduceOnPlateau {
    /// What a loss must be below to count as lower than the best.
    fn bound(&self, best: f64) -> f64 {
        if self.is_relative {
            best * (1.0 - self.threshold)
        } else {
            best - self.threshold
        }
    }

    fn reduced(&self, rate: f64) -> f64 {
        // PyTorch's `eps`: smaller changes are none.
        const LEAST: f64 = 1e-8;
        let reduced = (self.factor * rate).max(self.min_lr);
        if rate - reduced > LEAST {
            reduced
        } else {
            rate
        }
    }
}

/// Half a cosine.
fn anneal(from: f64, to: f64, share: f64) -> f64 {
    to + 0.5 * (from - to) * (1.0 + libm::cos(PI * share))
}

/// The share of the way from `start` to `end`.
fn share(step: f64, start: f64, end: f64) -> f64 {
    if end > start {
        ((step - start) / (end - start)).min(1.0)
    } else {
        1.0
    }
}

fn power(factor: f64, times: usize) -> f64 {
    libm::pow(factor, times as f64)
}
