//! How a network is trained: loss, optimizer, schedule, epochs, batch and seed.

mod loss;
mod optimizer;
mod schedule;

pub(crate) use loss::LOSS;
pub use loss::{Classes, Loss};
pub use optimizer::{AdamSettings, Optimizer};
pub use schedule::Schedule;

use crate::fields::Fields;
use crate::grammar::{Form, Key, KeyInfo, Limits, MAX_SIZE};
use crate::refusal::Refusal;
use loss::LOSSES;
use optimizer::{OPTIMIZER, OPTIMIZERS};
use schedule::SCHEDULE;
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

/// Rates and penalties: large enough for any use, small enough for `f32`.
const fn up_to_1000(from: Bound<f64>) -> Form {
    Form::Number(Limits {
        from,
        to: Bound::Included(1000.0),
    })
}

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

impl Training {
    pub(crate) fn read(fields: Fields<'_>) -> Result<Self, Refusal> {
        let optimizer = fields
            .variant(&OPTIMIZER, OPTIMIZERS)
            .unwrap_or_else(|| Err(Refusal::new("there is no optimizer")));
        let loss = fields
            .variant(&LOSS, LOSSES)
            .unwrap_or_else(|| Err(Refusal::new("there is no loss")));
        Ok(Self {
            loss: loss?,
            optimizer: optimizer?,
            schedule: fields.get(&SCHEDULE)?,
            epochs: fields.get(&EPOCHS)?,
            batch_size: fields.get(&BATCH_SIZE)?,
            seed: fields.get(&SEED)?,
        })
    }
}
