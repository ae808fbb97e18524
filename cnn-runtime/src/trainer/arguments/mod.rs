//! The flags of a generated trainer.

mod checkpoints;
mod data;
mod predict;
#[cfg(feature = "report")]
mod report;
mod validation;

use crate::fit::{Fit, MAX_THREADS};
use crate::model::Trainable;
use checkpoints::CheckpointArguments;
use clap::{Parser, Subcommand};
pub use data::DataArguments;
pub use predict::PredictArguments;
#[cfg(feature = "report")]
pub use report::{ReportArguments, command};
use std::num::NonZeroUsize;
use std::path::PathBuf;
use validation::ValidationArguments;

/// Trains a network and measures it after every epoch, or puts it to use.
#[derive(Parser)]
#[command(args_conflicts_with_subcommands = true, disable_help_subcommand = true)]
#[command(after_help = "Without --data it learns built-in synthetic digits. \
                        What is not set here is as in the network's file.")]
pub struct Arguments {
    /// Start from these weights instead of random ones
    #[arg(long, value_name = "FILE")]
    pub weights: Option<PathBuf>,

    /// How often to go through the training set; 0 only tests
    #[arg(long, value_name = "N")]
    pub epochs: Option<usize>,

    /// Samples per step
    #[arg(long, value_name = "N")]
    pub batch_size: Option<NonZeroUsize>,

    /// The learning rate that the schedule starts from
    #[arg(long, value_name = "RATE", value_parser = learning_rate)]
    pub learning_rate: Option<f64>,

    /// Where all random numbers start
    #[arg(long, value_name = "N")]
    pub seed: Option<u64>,

    /// Threads to work with; the results are the same for any number
    #[arg(long, value_name = "N")]
    pub threads: Option<NonZeroUsize>,

    /// Write weights.safetensors and metrics.jsonl to this folder, and checkpoints of the training
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,

    /// Stop once the accuracy is this high, and fail if that on the test set never is
    #[arg(long, value_name = "PERCENT", value_parser = percent)]
    pub target_accuracy: Option<f64>,

    /// Leave out a step whose loss or gradient is not finite, and do not end the training
    #[arg(long)]
    skip_not_finite: bool,

    /// Print one JSON object per epoch to standard output, and all else to standard error
    #[arg(long)]
    pub json: bool,

    #[command(flatten)]
    pub data: DataArguments,

    #[command(flatten)]
    pub checkpoints: CheckpointArguments,

    #[command(flatten)]
    validation: ValidationArguments,

    #[cfg(feature = "report")]
    #[command(flatten)]
    pub report: ReportArguments,

    #[command(subcommand)]
    pub command: Option<Command>,
}

/// What a trainer does beside training.
#[derive(Subcommand)]
pub enum Command {
    /// Tell what is in pictures, or in other samples, with weights that were trained
    Predict(PredictArguments),
}

impl Arguments {
    /// The network's own settings, with those changed that are given.
    pub fn fit<M: Trainable>(&self) -> Fit {
        let own = Fit::new::<M>();
        Fit {
            epochs: self.epochs.unwrap_or(own.epochs),
            batch_size: self.batch_size.unwrap_or(own.batch_size),
            accumulation_steps: own.accumulation_steps,
            learning_rate: self.learning_rate.unwrap_or(own.learning_rate),
            schedule: own.schedule,
            seed: self.seed.unwrap_or(own.seed),
            threads: self.threads.unwrap_or(own.threads).min(MAX_THREADS),
            augmentation: self.data.augmentation(own.augmentation),
            validation: self.validation.merge(own.validation),
            target_accuracy: self.target_accuracy.map(|percent| percent / 100.0),
            checkpoints: self.checkpoints.of(self.out.as_deref()),
            skips_not_finite: self.skip_not_finite,
        }
    }
}

fn learning_rate(text: &str) -> Result<f64, String> {
    match text.parse() {
        Ok(rate) if f64::is_finite(rate) && rate > 0.0 => Ok(rate),
        _ => Err("a learning rate is a number above 0, such as 0.01".into()),
    }
}

fn percent(text: &str) -> Result<f64, String> {
    match text.parse() {
        Ok(percent) if percent > 1.0 && percent <= 100.0 => Ok(percent),
        _ => Err("an accuracy is given in percent, such as 97.5".into()),
    }
}
