//! Optimizers: how the parameters follow the gradient.

mod keys;

pub(super) use keys::{OPTIMIZER, OPTIMIZERS};

use crate::grammar::Words;

/// An update rule with its hyperparameters, defined as in PyTorch.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Optimizer {
    /// Stochastic gradient descent (`torch.optim.SGD`, dampening 0).
    Sgd {
        /// The step along the gradient.
        learning_rate: f64,
        /// How much of the last step is kept.
        momentum: f64,
        /// Whether the gradient is taken ahead of the momentum's step.
        nesterov: bool,
        /// The L2 penalty added to the gradient.
        weight_decay: f64,
    },
    /// Adam (`torch.optim.Adam`): Kingma and Ba, 2015.
    Adam(AdamSettings),
    /// Adam with decoupled weight decay (`torch.optim.AdamW`): Loshchilov and Hutter, 2019.
    AdamW(AdamSettings),
    /// Adam that looks ahead along the first moment (`torch.optim.NAdam`): Dozat, 2016.
    NAdam {
        /// The length of a step.
        learning_rate: f64,
        /// The decay rates of the first and second moment.
        betas: [f64; 2],
        /// Keeps the division finite.
        epsilon: f64,
        /// The L2 penalty added to the gradient.
        weight_decay: f64,
        /// How fast the first decay rate grows from half of itself to the whole.
        momentum_decay: f64,
    },
    /// Steps scaled by a running mean square of the gradient (`torch.optim.RMSprop`): Hinton, 2012.
    RmsProp {
        /// The length of a step.
        learning_rate: f64,
        /// The decay rate of the mean square.
        alpha: f64,
        /// Keeps the division finite.
        epsilon: f64,
        /// The L2 penalty added to the gradient.
        weight_decay: f64,
        /// How much of the last step is kept.
        momentum: f64,
        /// Whether the variance takes the place of the mean square.
        centered: bool,
    },
    /// Steps scaled by the sum of all squares of the gradient (`torch.optim.Adagrad`): Duchi et al., 2011.
    Adagrad {
        /// The length of a step.
        learning_rate: f64,
        /// How fast steps shrink: as `1 / (1 + t · decay)` after `t` steps.
        learning_rate_decay: f64,
        /// Keeps the division finite.
        epsilon: f64,
        /// The L2 penalty added to the gradient.
        weight_decay: f64,
    },
    /// Steps of one length, of which only the sign is learnt: Chen et al., 2023.
    Lion {
        /// The length of a step.
        learning_rate: f64,
        /// How much of the momentum is in a step, and how much of it is kept.
        betas: [f64; 2],
        /// How fast the weights themselves decay.
        weight_decay: f64,
    },
    /// Orthogonal steps for matrices (`torch.optim.Muon`, but in full precision): Jordan et al., 2024; AdamW for the
    /// rest. A convolution's kernels are a matrix with a row for each output channel.
    Muon(MuonSettings),
}

/// The hyperparameters of [`Optimizer::Muon`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct MuonSettings {
    /// The length of a matrix's step.
    pub learning_rate: f64,
    /// How much of the running mean of gradients is kept.
    pub momentum: f64,
    /// Whether the gradient is taken ahead of the momentum's step.
    pub nesterov: bool,
    /// How fast the weights themselves decay.
    pub weight_decay: f64,
    /// The least norm that a step is divided by.
    pub epsilon: f64,
    /// The iterations of Newton and Schulz.
    pub ns_steps: usize,
    /// How a matrix's shape changes its learning rate.
    pub adjustment: Adjustment,
    /// How all that is no matrix learns.
    pub adamw: AdamSettings,
}

/// How the learning rate of [`Optimizer::Muon`] depends on the shape of a matrix; PyTorch's `adjust_lr_fn`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Adjustment {
    /// `√max(1, rows / columns)`.
    Original,
    /// `0.2 √max(rows, columns)`: as long as AdamW's steps.
    MatchRmsAdamW,
}

impl Adjustment {
    /// The factor for a matrix of so many rows and columns.
    pub fn factor(self, rows: usize, columns: usize) -> f64 {
        match self {
            Self::Original => (rows as f64 / columns as f64).max(1.0).sqrt(),
            Self::MatchRmsAdamW => 0.2 * (rows.max(columns) as f64).sqrt(),
        }
    }
}

impl MuonSettings {
    /// The coefficients of the iteration: `X ← a X + b (X Xᵀ) X + c (X Xᵀ)² X`.
    pub const NEWTON_SCHULZ: [f64; 3] = [3.4445, -4.7750, 2.0315];
}

/// The hyperparameters that [`Optimizer::Adam`] and [`Optimizer::AdamW`] share.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct AdamSettings {
    /// The length of a step.
    pub learning_rate: f64,
    /// The decay rates of the first and second moment.
    pub betas: [f64; 2],
    /// Keeps the division finite.
    pub epsilon: f64,
    /// L2 penalty (Adam) or decay of the weights themselves (AdamW).
    pub weight_decay: f64,
    /// Whether the second moment of the largest size so far is what scales steps.
    pub amsgrad: bool,
}

impl Optimizer {
    /// The learning rate that the schedule starts from.
    pub fn learning_rate(&self) -> f64 {
        match self {
            Self::Adam(settings) | Self::AdamW(settings) => settings.learning_rate,
            Self::Muon(settings) => settings.learning_rate,
            Self::Sgd { learning_rate, .. }
            | Self::NAdam { learning_rate, .. }
            | Self::RmsProp { learning_rate, .. }
            | Self::Adagrad { learning_rate, .. }
            | Self::Lion { learning_rate, .. } => *learning_rate,
        }
    }

    /// The name with every hyperparameter: `adagrad, learning rate 0.01, …`.
    pub fn describe(&self) -> String {
        match self {
            Self::Sgd {
                learning_rate,
                momentum,
                nesterov,
                weight_decay,
            } => {
                let kind = if *nesterov {
                    "Nesterov momentum"
                } else {
                    "momentum"
                };
                format!(
                    "sgd, learning rate {learning_rate}, {kind} {momentum}, weight decay {weight_decay}"
                )
            }
            Self::Adam(settings) => format!("adam, {}", settings.describe()),
            Self::AdamW(settings) => format!("adamw, {}", settings.describe()),
            Self::NAdam {
                learning_rate,
                betas: [first, second],
                epsilon,
                weight_decay,
                momentum_decay,
            } => format!(
                "nadam, learning rate {learning_rate}, betas {first} and {second}, epsilon {epsilon:e}, weight decay \
                 {weight_decay}, momentum decay {momentum_decay}"
            ),
            Self::RmsProp {
                learning_rate,
                alpha,
                epsilon,
                weight_decay,
                momentum,
                centered,
            } => {
                let centered = if *centered { ", centered" } else { "" };
                format!(
                    "rmsprop, learning rate {learning_rate}, alpha {alpha}, epsilon {epsilon:e}, weight decay \
                     {weight_decay}, momentum {momentum}{centered}"
                )
            }
            Self::Adagrad {
                learning_rate,
                learning_rate_decay,
                epsilon,
                weight_decay,
            } => format!(
                "adagrad, learning rate {learning_rate}, learning rate decay {learning_rate_decay}, epsilon \
                 {epsilon:e}, weight decay {weight_decay}"
            ),
            Self::Lion {
                learning_rate,
                betas: [first, second],
                weight_decay,
            } => format!(
                "lion, learning rate {learning_rate}, betas {first} and {second}, weight decay {weight_decay}"
            ),
            Self::Muon(settings) => settings.describe(),
        }
    }
}

impl AdamSettings {
    fn describe(&self) -> String {
        let Self {
            learning_rate,
            betas: [first, second],
            epsilon,
            weight_decay,
            amsgrad,
        } = self;
        let amsgrad = if *amsgrad { ", amsgrad" } else { "" };
        format!(
            "learning rate {learning_rate}, betas {first} and {second}, epsilon {epsilon:e}, weight decay \
             {weight_decay}{amsgrad}"
        )
    }
}

impl MuonSettings {
    fn describe(&self) -> String {
        let Self {
            learning_rate,
            momentum,
            nesterov,
            weight_decay,
            epsilon,
            ns_steps,
            adjustment,
            adamw,
        } = self;
        let kind = if *nesterov {
            "Nesterov momentum"
        } else {
            "momentum"
        };
        format!(
            "muon, learning rate {learning_rate} ({}), {kind} {momentum}, weight decay {weight_decay}, epsilon \
             {epsilon:e}, {ns_steps} iterations; the rest adamw, {}",
            adjustment.word(),
            adamw.describe()
        )
    }
}
