//! How an optimizer is written: its keys, what they take, and how they are read.

use super::{AdamSettings, Adjustment, MuonSettings, Optimizer};
use crate::fields::{Fields, Type};
use crate::grammar::{Form, Key, KeyInfo, Limits, Presence, Tagged, TypeInfo, Word, Words};
use crate::refusal::Refusal;
use crate::training::up_to_1000;
use std::ops::Bound;

pub const OPTIMIZER: Key<Optimizer> = Key::required(
    "optimizer",
    Form::Tagged(&Tagged {
        noun: "optimizer",
        common: &[],
        types: || OPTIMIZERS.iter().map(|known| known.info).collect(),
        open: &[],
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
const DECAY_RATE: Limits = Limits {
    from: Bound::Included(0.0),
    to: Bound::Included(0.999_999),
};
const SMALL: Form = Form::Number(Limits {
    from: Bound::Included(1e-30),
    to: Bound::Included(1.0),
});
const BETAS: Key<[f64; 2]> = Key::or(
    "betas",
    Form::Numbers(DECAY_RATE),
    "[0.9, 0.999]",
    "The decay rates of the first and second moment.",
);
const EPSILON: Key<f64> = Key::or("epsilon", SMALL, "1e-8", "Keeps the division finite.");

const AMSGRAD: Key<bool> = Key::or(
    "amsgrad",
    Form::Boolean,
    "false",
    "Whether the largest second moment so far is what scales steps.",
);
const NADAM_LEARNING_RATE: Key<f64> = Key::or(
    "learning_rate",
    up_to_1000(Bound::Excluded(0.0)),
    "0.002",
    "The length of a step along the gradient.",
);
const MOMENTUM_DECAY: Key<f64> = Key::or(
    "momentum_decay",
    up_to_1000(Bound::Included(0.0)),
    "0.004",
    "How fast the first decay rate grows from half of itself to the whole.",
);
const SCALED_LEARNING_RATE: Key<f64> = Key::or(
    "learning_rate",
    up_to_1000(Bound::Excluded(0.0)),
    "0.01",
    "The length of a step along the gradient.",
);
const ALPHA: Key<f64> = Key::or(
    "alpha",
    Form::Number(DECAY_RATE),
    "0.99",
    "The decay rate of the mean square of the gradient.",
);
const CENTERED: Key<bool> = Key::or(
    "centered",
    Form::Boolean,
    "false",
    "Whether the variance of the gradient takes the place of its mean square.",
);
const LEARNING_RATE_DECAY: Key<f64> = Key::or(
    "learning_rate_decay",
    up_to_1000(Bound::Included(0.0)),
    "0.0",
    "How fast steps shrink: as 1 / (1 + t · decay) after t steps.",
);
const ADAGRAD_EPSILON: Key<f64> = Key::or("epsilon", SMALL, "1e-10", "Keeps the division finite.");
const LION_LEARNING_RATE: Key<f64> = Key::or(
    "learning_rate",
    up_to_1000(Bound::Excluded(0.0)),
    "0.0001",
    "The length of a step.",
);
const LION_BETAS: Key<[f64; 2]> = Key::or(
    "betas",
    Form::Numbers(DECAY_RATE),
    "[0.9, 0.99]",
    "How much of the momentum is in a step, and how much of it is kept.",
);
const LION_WEIGHT_DECAY: Key<f64> = Key::or(
    "weight_decay",
    up_to_1000(Bound::Included(0.0)),
    "0.0",
    "How fast the weights themselves decay.",
);
const MUON_MOMENTUM: Key<f64> = Key::or(
    "momentum",
    Form::Number(DECAY_RATE),
    "0.95",
    "How much of the running mean of gradients is kept.",
);
const MUON_NESTEROV: Key<bool> = Key::or(
    "nesterov",
    Form::Boolean,
    "true",
    "Whether the gradient is taken ahead of the momentum's step.",
);
const MUON_WEIGHT_DECAY: Key<f64> = Key::or(
    "weight_decay",
    up_to_1000(Bound::Included(0.0)),
    "0.1",
    "How fast the weights themselves decay.",
);
const MUON_EPSILON: Key<f64> = Key::or(
    "epsilon",
    SMALL,
    "1e-7",
    "The least norm that a step is divided by.",
);
const NS_STEPS: Key<usize> = Key::or(
    "ns_steps",
    Form::Whole { min: 1, max: 99 },
    "5",
    "The iterations of Newton and Schulz.",
);
const ADJUSTMENT: Key<Adjustment> = Key::or(
    "adjust_learning_rate",
    Form::words::<Adjustment>(),
    "\"original\"",
    "How a matrix's shape changes its learning rate.",
);
const ADAMW: KeyInfo = KeyInfo {
    name: "adamw",
    form: Form::Table(&[
        LEARNING_RATE.info,
        BETAS.info,
        EPSILON.info,
        DECOUPLED_WEIGHT_DECAY.info,
    ]),
    presence: Presence::Optional("the defaults of `adamw`"),
    doc: "How all that is no matrix learns.",
};

impl Words for Adjustment {
    const WORDS: &'static [(Self, Word)] = &[
        (
            Self::Original,
            Word::new("original", "By √max(1, rows / columns)."),
        ),
        (
            Self::MatchRmsAdamW,
            Word::new(
                "match_rms_adamw",
                "By 0.2 √max(rows, columns): steps are as long as AdamW's.",
            ),
        ),
    ];
}

pub const OPTIMIZERS: &[Type<Optimizer>] = &[
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
                AMSGRAD.info,
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
                AMSGRAD.info,
            ],
        },
        read: |fields| read_adam(fields, &DECOUPLED_WEIGHT_DECAY).map(Optimizer::AdamW),
    },
    Type {
        info: TypeInfo {
            name: "nadam",
            doc: "Adam that looks ahead along the first moment.",
            keys: &[
                NADAM_LEARNING_RATE.info,
                BETAS.info,
                EPSILON.info,
                WEIGHT_DECAY.info,
                MOMENTUM_DECAY.info,
            ],
        },
        read: read_nadam,
    },
    Type {
        info: TypeInfo {
            name: "rmsprop",
            doc: "Steps scaled by a running mean square of the gradient.",
            keys: &[
                SCALED_LEARNING_RATE.info,
                ALPHA.info,
                EPSILON.info,
                WEIGHT_DECAY.info,
                MOMENTUM.info,
                CENTERED.info,
            ],
        },
        read: read_rmsprop,
    },
    Type {
        info: TypeInfo {
            name: "adagrad",
            doc: "Steps scaled by the sum of all squares of the gradient.",
            keys: &[
                SCALED_LEARNING_RATE.info,
                LEARNING_RATE_DECAY.info,
                ADAGRAD_EPSILON.info,
                WEIGHT_DECAY.info,
            ],
        },
        read: read_adagrad,
    },
    Type {
        info: TypeInfo {
            name: "lion",
            doc: "Steps of one length, of which only the sign is learnt.",
            keys: &[
                LION_LEARNING_RATE.info,
                LION_BETAS.info,
                LION_WEIGHT_DECAY.info,
            ],
        },
        read: read_lion,
    },
    Type {
        info: TypeInfo {
            name: "muon",
            doc: "Orthogonal steps for matrices, AdamW for the rest.",
            keys: &[
                LEARNING_RATE.info,
                MUON_MOMENTUM.info,
                MUON_NESTEROV.info,
                MUON_WEIGHT_DECAY.info,
                MUON_EPSILON.info,
                NS_STEPS.info,
                ADJUSTMENT.info,
                ADAMW,
            ],
        },
        read: read_muon,
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
        amsgrad: fields.get(&AMSGRAD)?,
    })
}

fn read_nadam(fields: Fields<'_>) -> Result<Optimizer, Refusal> {
    Ok(Optimizer::NAdam {
        learning_rate: fields.get(&NADAM_LEARNING_RATE)?,
        betas: fields.get(&BETAS)?,
        epsilon: fields.get(&EPSILON)?,
        weight_decay: fields.get(&WEIGHT_DECAY)?,
        momentum_decay: fields.get(&MOMENTUM_DECAY)?,
    })
}

fn read_rmsprop(fields: Fields<'_>) -> Result<Optimizer, Refusal> {
    Ok(Optimizer::RmsProp {
        learning_rate: fields.get(&SCALED_LEARNING_RATE)?,
        alpha: fields.get(&ALPHA)?,
        epsilon: fields.get(&EPSILON)?,
        weight_decay: fields.get(&WEIGHT_DECAY)?,
        momentum: fields.get(&MOMENTUM)?,
        centered: fields.get(&CENTERED)?,
    })
}

fn read_adagrad(fields: Fields<'_>) -> Result<Optimizer, Refusal> {
    Ok(Optimizer::Adagrad {
        learning_rate: fields.get(&SCALED_LEARNING_RATE)?,
        learning_rate_decay: fields.get(&LEARNING_RATE_DECAY)?,
        epsilon: fields.get(&ADAGRAD_EPSILON)?,
        weight_decay: fields.get(&WEIGHT_DECAY)?,
    })
}

fn read_lion(fields: Fields<'_>) -> Result<Optimizer, Refusal> {
    Ok(Optimizer::Lion {
        learning_rate: fields.get(&LION_LEARNING_RATE)?,
        betas: fields.get(&LION_BETAS)?,
        weight_decay: fields.get(&LION_WEIGHT_DECAY)?,
    })
}

fn read_muon(fields: Fields<'_>) -> Result<Optimizer, Refusal> {
    let adamw = fields.section(ADAMW.name).unwrap_or_default();
    Ok(Optimizer::Muon(MuonSettings {
        learning_rate: fields.get(&LEARNING_RATE)?,
        momentum: fields.get(&MUON_MOMENTUM)?,
        nesterov: fields.get(&MUON_NESTEROV)?,
        weight_decay: fields.get(&MUON_WEIGHT_DECAY)?,
        epsilon: fields.get(&MUON_EPSILON)?,
        ns_steps: fields.get(&NS_STEPS)?,
        adjustment: fields.get(&ADJUSTMENT)?,
        adamw: read_adam(adamw, &DECOUPLED_WEIGHT_DECAY)?,
    }))
}
