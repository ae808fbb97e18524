//! How far a training is, as numbers.

use crate::model::Totals;

/// How far a training is, and what it has seen so far.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Position {
    /// The epochs that are over.
    pub epoch: usize,
    /// The current one.
    pub tally: Tally,
    /// The learning rate that the schedule starts from, reduced on plateaus.
    pub rate: f64,
    /// The lowest loss that plateaus are told by.
    pub rate_best: f64,
    /// The epochs since then.
    pub rate_bad_epochs: usize,
    /// The epochs that do not count yet.
    pub rate_cooldown: usize,
    /// The best score on the validation samples.
    pub watch_best: f64,
    /// The epochs since then.
    pub watch_waited: usize,
    /// Whether the training has ended, be it before the last epoch.
    pub is_over: bool,
}

/// How far an epoch is.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Tally {
    /// The batches that are learnt.
    pub batches: usize,
    /// Losses and hits so far.
    pub totals: Totals,
    /// The steps that were left out because their numbers were not finite.
    pub skipped: usize,
}

impl Position {
    /// Everything as a number with a name; counts are below 2⁵³.
    pub fn numbers(&self) -> [(&'static str, f64); 14] {
        let Tally {
            batches,
            totals,
            skipped,
        } = self.tally;
        [
            ("epoch", self.epoch as f64),
            ("batch", batches as f64),
            ("loss", totals.loss),
            ("correct", totals.correct as f64),
            ("samples", totals.samples as f64),
            ("weight", totals.weight),
            ("skipped", skipped as f64),
            ("rate", self.rate),
            ("rate_best", self.rate_best),
            ("rate_bad_epochs", self.rate_bad_epochs as f64),
            ("rate_cooldown", self.rate_cooldown as f64),
            ("watch_best", self.watch_best),
            ("watch_waited", self.watch_waited as f64),
            ("is_over", f64::from(self.is_over)),
        ]
    }

    /// The position that has these numbers.
    pub fn from_numbers(number: impl Fn(&str) -> f64) -> Self {
        let count = |name| number(name) as usize;
        Self {
            epoch: count("epoch"),
            tally: Tally {
                batches: count("batch"),
                totals: Totals {
                    loss: number("loss"),
                    correct: count("correct"),
                    samples: count("samples"),
                    weight: number("weight"),
                },
                skipped: count("skipped"),
            },
            rate: number("rate"),
            rate_best: number("rate_best"),
            rate_bad_epochs: count("rate_bad_epochs"),
            rate_cooldown: count("rate_cooldown"),
            watch_best: number("watch_best"),
            watch_waited: count("watch_waited"),
            is_over: number("is_over") > 0.0,
        }
    }
}
