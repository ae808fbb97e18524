//! Schedules: how the learning rate changes.

mod keys;

pub(super) use keys::{SCHEDULE, SCHEDULES};

use crate::grammar::Words;

/// The learning rate in the course of a training: a curve, and a warm-up that it is multiplied by.
#[derive(Clone, Debug, Default, PartialEq)]
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

/// How the learning rate changes from epoch to epoch, from the optimizer's on.
#[derive(Clone, Debug, Default, PartialEq)]
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
        /// The epochs, growing.
        milestones: Vec<usize>,
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
        /// `T`: the epochs down to the smallest rate; all epochs, if not given.
        t_max: Option<usize>,
        /// `η`: the smallest rate.
        eta_min: f64,
    },
    /// `· (1 − epoch / T)^power` down to zero; PyTorch's `PolynomialLR`.
    Polynomial {
        /// `T`: the epochs down to zero; all epochs, if not given.
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
    /// How it goes from rate to rate.
    pub anneal_strategy: Anneal,
    /// How many times smaller than the optimizer's rate the first one is.
    pub div_factor: f64,
    /// How many times smaller than the first rate the last one is.
    pub final_div_factor: f64,
    /// Whether it comes down as it went up before it goes to the last rate.
    pub three_phase: bool,
}

/// How [`OneCycle`] goes from rate to rate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Anneal {
    /// Along half a cosine.
    Cos,
    /// Along a line.
    Linear,
}

/// The settings of [`Curve::ReduceOnPlateau`]; the loss is what an epoch is judged by.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ReduceOnPlateau {
    /// What the rate is multiplied by.
    pub factor: f64,
    /// How many epochs in a row may bring nothing.
    pub patience: usize,
    /// By how much the loss must fall to count.
    pub threshold: f64,
    /// What the threshold is measured in.
    pub threshold_mode: ThresholdMode,
    /// The epochs after a reduction that do not count.
    pub cooldown: usize,
    /// The smallest rate.
    pub min_lr: f64,
}

/// What a threshold of [`ReduceOnPlateau`] is measured in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ThresholdMode {
    /// In parts of the best loss.
    Relative,
    /// As a difference.
    Absolute,
}

impl Schedule {
    /// The name with the hyperparameters that matter: `step, step_size 30, gamma 0.1`.
    pub fn describe(&self) -> String {
        let curve = self.curve.describe();
        match self.warmup {
            None => curve,
            Some(Warmup {
                steps,
                start_factor,
            }) => format!("{curve}, warmup of {steps} steps from {start_factor}"),
        }
    }
}

impl Curve {
    fn describe(&self) -> String {
        match self {
            Self::Constant => "constant".to_owned(),
            Self::Step { step_size, gamma } => {
                format!("step, step_size {step_size}, gamma {gamma}")
            }
            Self::MultiStep { milestones, gamma } => {
                format!("multi_step, milestones {milestones:?}, gamma {gamma}")
            }
            Self::Exponential { gamma } => format!("exponential, gamma {gamma}"),
            Self::Cosine { t_max, eta_min } => {
                let t_max = t_max.map(|t_max| format!(", t_max {t_max}"));
                let eta_min = (*eta_min > 0.0).then(|| format!(", eta_min {eta_min}"));
                ["cosine".to_owned()]
                    .into_iter()
                    .chain(t_max)
                    .chain(eta_min)
                    .collect()
            }
            Self::Polynomial { total_iters, power } => {
                let total = total_iters.map_or_else(String::new, |t| format!(", total_iters {t}"));
                format!("polynomial{total}, power {power}")
            }
            Self::OneCycle(OneCycle {
                pct_start,
                anneal_strategy,
                div_factor,
                final_div_factor,
                three_phase,
            }) => {
                let phases = if *three_phase { ", three phases" } else { "" };
                format!(
                    "one_cycle, pct_start {pct_start}, {}, div_factor {div_factor}, final_div_factor \
                     {final_div_factor}{phases}",
                    anneal_strategy.word()
                )
            }
            Self::ReduceOnPlateau(ReduceOnPlateau {
                factor,
                patience,
                threshold,
                threshold_mode,
                cooldown,
                min_lr,
            }) => format!(
                "reduce_on_plateau, factor {factor}, patience {patience}, threshold {threshold:e} {}, cooldown \
                 {cooldown}, min_lr {min_lr}",
                threshold_mode.word()
            ),
        }
    }
}
