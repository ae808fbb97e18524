//! Which epoch was the best, and when to stop waiting for a better one.

use crate::checkpoint::Position;
use crate::metrics::Score;
use crate::model::Parameters;
use crate::settings::{Monitor, Validation};

/// Sees every epoch's validation, and keeps the parameters of the best if that is wanted.
pub struct Watch<P> {
    settings: Validation,
    best: f64,
    /// Epochs since the best one.
    waited: usize,
    kept: Option<Box<P>>,
}

impl<P: Parameters> Watch<P> {
    pub fn new(settings: Validation) -> Self {
        Self {
            settings,
            best: f64::NEG_INFINITY,
            waited: 0,
            kept: None,
        }
    }

    /// Goes on from a checkpoint.
    pub fn restore(&mut self, position: &Position, best: Option<&P>) {
        self.best = position.watch_best;
        self.waited = position.watch_waited;
        if let Some(best) = best {
            self.kept.get_or_insert_with(P::boxed).copy_from(best);
        }
    }

    /// What of it belongs into a checkpoint, beside the parameters of the best epoch.
    pub fn note(&self, position: &mut Position) {
        position.watch_best = self.best;
        position.watch_waited = self.waited;
    }

    /// Whether an epoch is better than all before, by more than it takes to count; a score that is no number is not.
    pub fn see(&mut self, score: Score, parameters: &P) -> bool {
        let merit = match self.settings.monitor {
            Monitor::Loss => -score.loss,
            Monitor::Accuracy => score.accuracy.unwrap_or(f64::NAN),
        };
        let is_best = merit > self.best + self.settings.min_delta;
        if is_best {
            self.best = merit;
            self.waited = 0;
            if self.settings.keep_best {
                self.kept.get_or_insert_with(P::boxed).copy_from(parameters);
            }
        } else {
            self.waited += 1;
        }
        is_best
    }

    /// Whether nothing better has come for too long.
    pub fn is_over(&self) -> bool {
        self.settings
            .patience
            .is_some_and(|epochs| self.waited >= epochs)
    }

    /// The parameters of the best epoch, if they were kept.
    pub fn best(&self) -> Option<&P> {
        self.kept.as_deref()
    }
}
