//! How a network is trained: losses, optimizer, schedule, epochs, batch and seed.

mod loss;
pub(crate) mod objective;
mod optimizer;
mod schedule;

pub use loss::{Classes, Loss};
pub use objective::{Objective, Target};
pub use optimizer::{AdamSettings, Adjustment, MuonSettings, Optimizer};
pub use schedule::{Anneal, Curve, OneCycle, ReduceOnPlateau, Schedule, ThresholdMode, Warmup};

use crate::fields::Fields;
use crate::grammar::{Form, Key, KeyInfo, Limits, MAX_SIZE};
use crate::refusal::Refusal;
use loss::LOSS;
use objective::OBJECTIVES;
use optimizer::{OPTIMIZER, OPTIMIZERS};
use schedule::{SCHEDULE, SCHEDULES};
use std::ops::Bound;

/// The `[training]` section, checked, but for its losses.
#[derive(Clone, Debug, PartialEq)]
pub struct Training {
    /// How the parameters follow the gradient.
    pub optimizer: Optimizer,
    /// What is done to the gradient before.
    pub clip: Option<Clip>,
    /// How much of the weights' running average is kept in a step; the average is then what is evaluated and saved.
    pub ema_decay: Option<f64>,
    /// How the learning rate changes.
    pub schedule: Schedule,
    /// How often the training set is gone through.
    pub epochs: usize,
    /// Samples of which a batch is made.
    pub batch_size: usize,
    /// Batches per update: their gradients' mean is followed.
    pub accumulation_steps: usize,
    /// Where the random numbers start.
    pub seed: u64,
}

/// How large a gradient may be.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Clip {
    /// The gradient as a whole keeps its direction and gets at most this norm; PyTorch's `clip_grad_norm_`.
    Norm(f64),
    /// Each of its values is between this and its opposite; PyTorch's `clip_grad_value_`.
    Value(f64),
}

/// Rates and penalties: large enough for any use, small enough for `f32`.
const fn up_to_1000(from: Bound<f64>) -> Form {
    Form::Number(Limits {
        from,
        to: Bound::Included(1000.0),
    })
}

const LIMIT: Form = Form::Number(Limits {
    from: Bound::Included(1e-30),
    to: Bound::Included(1e6),
});
const CLIP_GRAD_NORM: Key<f64> = Key::optional(
    "clip_grad_norm",
    LIMIT,
    "the gradient is as long as it is",
    "The largest norm that a gradient may have, of all parameters together.",
);
const CLIP_GRAD_VALUE: Key<f64> = Key::optional(
    "clip_grad_value",
    LIMIT,
    "the gradient is as large as it is",
    "The largest size that each value of a gradient may have.",
);
const EMA_DECAY: Key<f64> = Key::optional(
    "ema_decay",
    Form::Number(Limits {
        from: Bound::Included(0.0),
        to: Bound::Included(0.999_999),
    }),
    "the weights themselves are evaluated and saved",
    "How much of the weights' running average is kept in a step; it is evaluated and saved.",
);
const ACCUMULATION_STEPS: Key<usize> = Key::or(
    "accumulation_steps",
    Form::Whole {
        min: 1,
        max: MAX_SIZE,
    },
    "1",
    "Batches per update.",
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
    "Samples per batch.",
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
    OBJECTIVES,
    OPTIMIZER.info,
    CLIP_GRAD_NORM.info,
    CLIP_GRAD_VALUE.info,
    EMA_DECAY.info,
    SCHEDULE.info,
    EPOCHS.info,
    BATCH_SIZE.info,
    ACCUMULATION_STEPS.info,
    SEED.info,
];

impl Training {
    pub(crate) fn read(fields: Fields<'_>) -> Result<Self, Refusal> {
        let optimizer = fields
            .variant(&OPTIMIZER, OPTIMIZERS)
            .unwrap_or_else(|| Err(Refusal::new("there is no optimizer")));
        let schedule = fields.variant(&SCHEDULE, SCHEDULES);
        Ok(Self {
            optimizer: optimizer?,
            clip: read_clip(fields)?,
            ema_decay: fields.find(&EMA_DECAY),
            schedule: schedule.unwrap_or_else(|| Ok(Schedule::default()))?,
            epochs: fields.get(&EPOCHS)?,
            batch_size: fields.get(&BATCH_SIZE)?,
            accumulation_steps: fields.get(&ACCUMULATION_STEPS)?,
            seed: fields.get(&SEED)?,
        })
    }
}

fn read_clip(fields: Fields<'_>) -> Result<Option<Clip>, Refusal> {
    match (fields.find(&CLIP_GRAD_NORM), fields.find(&CLIP_GRAD_VALUE)) {
        (Some(_), Some(_)) => Err(Refusal::new(
            "a gradient is clipped by its norm or by its values, not by both",
        )
        .key(CLIP_GRAD_VALUE.info.name)
        .label("there is `clip_grad_norm` already")
        .help("drop one of the two")),
        (Some(norm), None) => Ok(Some(Clip::Norm(norm))),
        (None, value) => Ok(value.map(Clip::Value)),
    }
}
