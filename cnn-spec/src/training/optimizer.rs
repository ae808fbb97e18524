//! Optimizers: how the parameters follow the gradient.

use super::up_to_1000;
use crate::fields::{Fields, Type};
use crate::grammar::{Form, Key, Limits, Tagged, TypeInfo};
use crate::refusal::Refusal;
use std::ops::Bound;

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
}

impl Optimizer {
    /// The learning rate that the schedule starts from.
    pub fn learning_rate(&self) -> f64 {
        match self {
            Self::Sgd { learning_rate, .. } => *learning_rate,
            Self::Adam(settings) | Self::AdamW(settings) => settings.learning_rate,
        }
    }
}

pub(super) const OPTIMIZER: Key<Optimizer> = Key::required(
    "optimizer",
    Form::Tagged(&Tagged {
        noun: "optimizer",
        common: &[],
        types: || OPTIMIZERS.iter().map(|known| known.info).collect(),
        elsewhere: &[],
    }),
    "How the parameters follow the gradient.",
);
const LEARNING_RATE: Key<f64> = Key::or(
    "learning_rate",
    up_to_1000(Bound::Excluded(0.0)),
    "0.001",
    "The length of a step along the gradient.",
);
const MOMENTUM: Key<f64> = Key::or(
    "momentum",
    Form::Number(Limits {
        from: Bound::Included(0.0),
        to: Bound::Excluded(1.0),
    }),
    "0.0",
    "How much of the last step is kept.",
);
const NESTEROV: Key<bool> = Key::or(
    "nesterov",
    Form::Boolean,
    "false",
    "Whether the gradient is taken ahead of the momentum's step.",
);
const WEIGHT_DECAY: Key<f64> = Key::or(
    "weight_decay",
    up_to_1000(Bound::Included(0.0)),
    "0.0",
    "The L2 penalty, added to the gradient as `weight_decay · w`.",
);
const DECOUPLED_WEIGHT_DECAY: Key<f64> = Key::or(
    "weight_decay",
    up_to_1000(Bound::Included(0.0)),
    "0.01",
    "How fast the weights themselves decay.",
);
// The upper limits keep 1 − β and ε from vanishing in f32.
const BETAS: Key<[f64; 2]> = Key::or(
    "betas",
    Form::Numbers(Limits {
        from: Bound::Included(0.0),
        to: Bound::Included(0.999_999),
    }),
    "[0.9, 0.999]",
    "The decay rates of the first and second moment.",
);
const EPSILON: Key<f64> = Key::or(
    "epsilon",
    Form::Number(Limits {
        from: Bound::Included(1e-30),
        to: Bound::Included(1.0),
    }),
    "1e-8",
    "Keeps the division finite.",
);

pub(super) const OPTIMIZERS: &[Type<Optimizer>] = &[
    Type {
        info: TypeInfo {
            name: "sgd",
            doc: "Stochastic gradient descent.",
            keys: &[
                LEARNING_RATE.info,
                MOMENTUM.info,
                NESTEROV.info,
                WEIGHT_DECAY.info,
            ],
        },
        read: read_sgd,
    },
    Type {
        info: TypeInfo {
            name: "adam",
            doc: "Adam: steps scaled by running moments of the gradient.",
            keys: &[
                LEARNING_RATE.info,
                BETAS.info,
                EPSILON.info,
                WEIGHT_DECAY.info,
            ],
        },
        read: |fields| read_adam(fields, &WEIGHT_DECAY).map(Optimizer::Adam),
    },
    Type {
        info: TypeInfo {
            name: "adamw",
            doc: "Adam with decoupled weight decay.",
            keys: &[
                LEARNING_RATE.info,
                BETAS.info,
                EPSILON.info,
                DECOUPLED_WEIGHT_DECAY.info,
            ],
        },
        read: |fields| read_adam(fields, &DECOUPLED_WEIGHT_DECAY).map(Optimizer::AdamW),
    },
];

fn read_sgd(fields: Fields<'_>) -> Result<Optimizer, Refusal> {
    let momentum = fields.get(&MOMENTUM)?;
    let nesterov = fields.get(&NESTEROV)?;
    if nesterov && momentum == 0.0 {
        return Err(Refusal::new(
            "Nesterov's method looks ahead along the momentum, and there is none",
        )
        .key(NESTEROV.info.name)
        .label("needs `momentum` above 0")
        .help("add `momentum = 0.9`, or drop `nesterov`"));
    }
    Ok(Optimizer::Sgd {
        learning_rate: fields.get(&LEARNING_RATE)?,
        momentum,
        nesterov,
        weight_decay: fields.get(&WEIGHT_DECAY)?,
    })
}

fn read_adam(fields: Fields<'_>, weight_decay: &Key<f64>) -> Result<AdamSettings, Refusal> {
    Ok(AdamSettings {
        learning_rate: fields.get(&LEARNING_RATE)?,
        betas: fields.get(&BETAS)?,
        epsilon: fields.get(&EPSILON)?,
        weight_decay: fields.get(weight_decay)?,
    })
}
