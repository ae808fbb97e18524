//! Schedules: how the learning rate changes.

use crate::grammar::{Form, Key, Word, Words};

/// The learning rate from epoch to epoch, as a factor of the optimizer's.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Schedule {
    /// The same in every epoch.
    #[default]
    Constant,
    /// `½ (1 + cos(π epoch / epochs))`: PyTorch's `CosineAnnealingLR` with `T_max = epochs`.
    Cosine,
}

pub(super) const SCHEDULE: Key<Schedule> = Key::or(
    "schedule",
    Form::words::<Schedule>(),
    "\"constant\"",
    "How the learning rate changes from epoch to epoch.",
);

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
