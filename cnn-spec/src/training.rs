//! How a network is trained: loss, optimizer, schedule, epochs, batch and seed.

use crate::fields::{Fields, Type};
use crate::grammar::{Form, Key, KeyInfo, Limits, MAX_SIZE, Tagged, TypeInfo, Word, Words};
use crate::refusal::Refusal;
use std::ops::Bound;

/// The `[training]` section, checked.
#[derive(Clone, Debug, PartialEq)]
pub struct Training {
    /// What is minimised.
    pub loss: Loss,
    /// How the parameters follow the gradient.
    pub optimizer: Optimizer,
    /// How the learning rate changes from epoch to epoch.
    pub schedule: Schedule,
    /// How often the training set is gone through.
    pub epochs: usize,
    /// Samples per update.
    pub batch_size: usize,
    /// Where the random numbers start.
    pub seed: u64,
}

/// The cost of an output `a` beside its target `y`; a batch's cost is the mean over its samples.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Loss {
    /// `−ln softmax(a)[label]`; PyTorch's `cross_entropy` on logits.
    SoftmaxCrossEntropy,
    /// `mean((a − y)²)` over the outputs; PyTorch's `mse_loss`.
    Mse,
    /// `½ Σ (a − y)²`: the textbook's quadratic cost.
    Quadratic,
}

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

impl Loss {
    /// Whether it is defined for classes alone.
    pub fn needs_class(self) -> bool {
        self == Self::SoftmaxCrossEntropy
    }
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

/// The learning rate from epoch to epoch, as a factor of the optimizer's.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Schedule {
    /// The same in every epoch.
    #[default]
    Constant,
    /// `½ (1 + cos(π epoch / epochs))`: PyTorch's `CosineAnnealingLR` with `T_max = epochs`.
    Cosine,
}

/// Rates and penalties: large enough for any use, small enough for `f32`.
const fn up_to_1000(from: Bound<f64>) -> Form {
    Form::Number(Limits {
        from,
        to: Bound::Included(1000.0),
    })
}

pub(crate) const LOSS: Key<Loss> =
    Key::required("loss", Form::words::<Loss>(), "What is minimised.");
const OPTIMIZER: Key<Optimizer> = Key::required(
    "optimizer",
    Form::Tagged(&Tagged {
        noun: "optimizer",
        common: &[],
        types: || OPTIMIZERS.iter().map(|known| known.info).collect(),
        elsewhere: &[],
    }),
    "How the parameters follow the gradient.",
);
const SCHEDULE: Key<Schedule> = Key::or(
    "schedule",
    Form::words::<Schedule>(),
    "\"constant\"",
    "How the learning rate changes from epoch to epoch.",
);
const EPOCHS: Key<usize> = Key::or(
    "epochs",
    Form::Whole {
        min: 1,
        max: 1_000_000,
    },
    "10",
    "How often the training set is gone through.",
);
const BATCH_SIZE: Key<usize> = Key::or(
    "batch_size",
    Form::Whole {
        min: 1,
        max: MAX_SIZE,
    },
    "64",
    "Samples per update.",
);
const SEED: Key<u64> = Key::or(
    "seed",
    Form::Whole {
        min: 0,
        max: i64::MAX as u64,
    },
    "0",
    "Where the random numbers start.",
);

/// The keys of `[training]`.
pub(crate) const KEYS: &[KeyInfo] = &[
    LOSS.info,
    OPTIMIZER.info,
    SCHEDULE.info,
    EPOCHS.info,
    BATCH_SIZE.info,
    SEED.info,
];

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

const OPTIMIZERS: &[Type<Optimizer>] = &[
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

impl Training {
    pub(crate) fn read(fields: Fields<'_>) -> Result<Self, Refusal> {
        let optimizer = fields
            .variant(&OPTIMIZER, OPTIMIZERS)
            .unwrap_or_else(|| Err(Refusal::new("there is no optimizer")));
        Ok(Self {
            loss: fields.get(&LOSS)?,
            optimizer: optimizer?,
            schedule: fields.get(&SCHEDULE)?,
            epochs: fields.get(&EPOCHS)?,
            batch_size: fields.get(&BATCH_SIZE)?,
            seed: fields.get(&SEED)?,
        })
    }
}

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

impl Words for Loss {
    const WORDS: &'static [(Self, Word)] = &[
        (
            Self::SoftmaxCrossEntropy,
            Word::new("softmax_cross_entropy", "−ln softmax(a)[label], on logits."),
        ),
        (
            Self::Mse,
            Word::new("mse", "mean((a − y)²) over the outputs."),
        ),
        (
            Self::Quadratic,
            Word::new("quadratic", "½ Σ (a − y)², the textbook's cost."),
        ),
    ];
}

impl Words for Schedule {
    const WORDS: &'static [(Self, Word)] = &[
        (
            Self::Constant,
            Word::new("constant", "The same in every epoch."),
        ),
        (
            Self::Cosine,
            Word::new(
                "cosine",
                "Half a cosine down to zero: ½ (1 + cos(π epoch / epochs)).",
            ),
        ),
    ];
}
