//! What is held back from the training set, and what follows from it.

use crate::data::{Data, Task};
use crate::fields::Fields;
use crate::grammar::{Form, Key, KeyInfo, Limits, Word, Words};
use crate::refusal::Refusal;
use std::fmt;
use std::ops::Bound;

/// The `[validation]` section, checked.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Validation {
    /// The share of the training set that is not learnt: above 0 and below 1.
    pub fraction: f64,
    /// What tells the better of two epochs.
    pub monitor: Monitor,
    /// How many epochs without anything better end the training.
    pub patience: Option<usize>,
    /// By how much an epoch must be better to count.
    pub min_delta: f64,
    /// Whether the parameters of the best epoch are the result, and not those of the last.
    pub keep_best: bool,
}

/// A figure of the validation samples.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Monitor {
    /// The loss: less is better.
    #[default]
    Loss,
    /// The share of samples whose class is found: more is better.
    Accuracy,
}

const FRACTION: Key<f64> = Key::or(
    "fraction",
    Form::Number(Limits {
        from: Bound::Excluded(0.0),
        to: Bound::Excluded(1.0),
    }),
    "0.1",
    "The share of the training set that is held back.",
);
const MONITOR: Key<Monitor> = Key::or(
    "monitor",
    Form::words::<Monitor>(),
    "\"loss\"",
    "What tells the better of two epochs.",
);
const PATIENCE: Key<usize> = Key::optional(
    "patience",
    Form::Whole {
        min: 1,
        max: 1_000_000,
    },
    "no epoch is left out",
    "How many epochs without anything better end the training.",
);
const MIN_DELTA: Key<f64> = Key::or(
    "min_delta",
    Form::Number(Limits {
        from: Bound::Included(0.0),
        to: Bound::Included(1000.0),
    }),
    "0.0",
    "By how much an epoch must be better to count.",
);
const KEEP_BEST: Key<bool> = Key::or(
    "keep_best",
    Form::Boolean,
    "true",
    "Whether the parameters of the best epoch are the result, and not those of the last.",
);

/// The keys of `[validation]`.
pub(crate) const KEYS: &[KeyInfo] = &[
    FRACTION.info,
    MONITOR.info,
    PATIENCE.info,
    MIN_DELTA.info,
    KEEP_BEST.info,
];

impl Validation {
    pub(crate) fn read(fields: Fields<'_>, data: &Data) -> Result<Self, Refusal> {
        let monitor = fields.get(&MONITOR)?;
        if monitor == Monitor::Accuracy && data.task != Task::Classification {
            let task = data.task.word();
            return Err(Refusal::new(format!("there is no accuracy in a {task}"))
                .key(MONITOR.info.name)
                .help("write `monitor = \"loss\"`"));
        }
        Ok(Self {
            fraction: fields.get(&FRACTION)?,
            monitor,
            patience: fields.find(&PATIENCE),
            min_delta: fields.get(&MIN_DELTA)?,
            keep_best: fields.get(&KEEP_BEST)?,
        })
    }
}

/// One line with every setting.
impl fmt::Display for Validation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            fraction,
            monitor,
            patience,
            min_delta,
            keep_best,
        } = self;
        write!(
            f,
            "{fraction} of the training set, monitor {}",
            monitor.word()
        )?;
        if let Some(epochs) = patience {
            write!(f, ", patience {epochs}")?;
        }
        write!(
            f,
            ", min delta {min_delta}, keep {}",
            if *keep_best { "the best" } else { "the last" }
        )
    }
}

impl Words for Monitor {
    const WORDS: &'static [(Self, Word)] = &[
        (Self::Loss, Word::new("loss", "The loss: less is better.")),
        (
            Self::Accuracy,
            Word::new("accuracy", "The share of classes found: more is better."),
        ),
    ];
}
