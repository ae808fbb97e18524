//! Flags on what is held back, and what follows from it.

use crate::settings::{Monitor, Validation};
use clap::Args;
use std::num::NonZeroUsize;

#[derive(Args)]
#[command(next_help_heading = "Validation")]
pub struct ValidationArguments {
    /// Hold this share of the training set back, such as 0.1, and test at the end only; 0 holds nothing back
    #[arg(long = "validation", value_name = "SHARE", value_parser = share)]
    fraction: Option<f64>,

    /// What tells the better of two epochs
    #[arg(
        long,
        value_enum,
        hide_possible_values = true,
        value_name = "loss|accuracy"
    )]
    monitor: Option<Monitor>,

    /// Stop after so many epochs without anything better
    #[arg(long, value_name = "N")]
    patience: Option<NonZeroUsize>,

    /// By how much an epoch must be better to count
    #[arg(long, value_name = "X", value_parser = min_delta)]
    min_delta: Option<f64>,

    /// End with the parameters of the last epoch, not with those of the best
    #[arg(long)]
    keep_last: bool,
}

impl ValidationArguments {
    /// The section of the network's file, with what is given changed; any of the flags is as good as the section.
    pub fn merge(&self, own: Option<Validation>) -> Option<Validation> {
        let is_wanted = self.fraction.is_some()
            || self.monitor.is_some()
            || self.patience.is_some()
            || self.min_delta.is_some()
            || self.keep_last;
        let own = own.or(is_wanted.then_some(Validation::DEFAULT))?;
        let validation = Validation {
            fraction: self.fraction.unwrap_or(own.fraction),
            monitor: self.monitor.unwrap_or(own.monitor),
            patience: self.patience.map(NonZeroUsize::get).or(own.patience),
            min_delta: self.min_delta.unwrap_or(own.min_delta),
            keep_best: own.keep_best && !self.keep_last,
        };
        (validation.fraction > 0.0).then_some(validation)
    }
}

fn share(text: &str) -> Result<f64, String> {
    match text.parse() {
        Ok(share) if (0.0..1.0).contains(&share) => Ok(share),
        _ => Err("a share is a number from 0 to below 1, such as 0.1".into()),
    }
}

fn min_delta(text: &str) -> Result<f64, String> {
    match text.parse() {
        Ok(delta) if f64::is_finite(delta) && delta >= 0.0 => Ok(delta),
        _ => Err("a difference is a number from 0, such as 0.001".into()),
    }
}
