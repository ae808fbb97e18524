//! The flags of a generated trainer.

use crate::data::Reader;
use crate::fit::{Fit, MAX_THREADS};
use crate::model::Trainable;
use crate::settings::{Augmentation, Format, Monitor, Validation};
use clap::Parser;
use std::num::NonZeroUsize;
use std::path::PathBuf;

/// Trains a network and measures it after every epoch.
#[derive(Parser)]
#[command(after_help = "Without --data it learns built-in synthetic digits. \
                        What is not set here is as in the network's file.")]
pub struct Arguments {
    /// Train on the files in this folder: MNIST, Fashion-MNIST, CIFAR, CSV, NumPy, or pictures
    #[arg(long, value_name = "DIR", help_heading = DATA)]
    pub data: Option<PathBuf>,

    /// How these files are written, if that is not to be told from them
    #[arg(long, value_enum, hide_possible_values = true, value_name = FORMATS, help_heading = DATA)]
    pub format: Option<Format>,

    /// The columns of a CSV file that hold the targets, by name or by number from 1
    #[arg(long, value_name = "COLUMN,…", value_delimiter = ',', help_heading = DATA)]
    pub targets: Option<Vec<String>>,

    /// Give each channel the mean 0 and the standard deviation 1 over the training data
    #[arg(long, help_heading = DATA)]
    pub normalize: bool,

    /// Learn all samples as they are, without augmentation
    #[arg(long, help_heading = DATA)]
    pub no_augmentation: bool,

    /// Fetch MNIST into the folder of --data, or data/mnist, unless it is there
    #[cfg(feature = "download")]
    #[arg(long, help_heading = DATA)]
    pub download: bool,

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

    /// Write weights.safetensors and metrics.jsonl to this folder
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,

    /// Stop once the accuracy is this high, and fail if that on the test set never is
    #[arg(long, value_name = "PERCENT", value_parser = percent)]
    pub target_accuracy: Option<f64>,

    /// Print one JSON object per epoch to standard output, and all else to standard error
    #[arg(long)]
    pub json: bool,

    /// Hold this share of the training set back, such as 0.1, and leave the test set to the end; 0 holds nothing back
    #[arg(long, value_name = "SHARE", value_parser = share, help_heading = VALIDATION)]
    pub validation: Option<f64>,

    /// What tells the better of two epochs
    #[arg(long, value_enum, hide_possible_values = true, value_name = "loss|accuracy", help_heading = VALIDATION)]
    pub monitor: Option<Monitor>,

    /// Stop after so many epochs without anything better
    #[arg(long, value_name = "N", help_heading = VALIDATION)]
    pub patience: Option<NonZeroUsize>,

    /// By how much an epoch must be better to count
    #[arg(long, value_name = "X", value_parser = min_delta, help_heading = VALIDATION)]
    pub min_delta: Option<f64>,

    /// End with the parameters of the last epoch, not with those of the best
    #[arg(long, help_heading = VALIDATION)]
    pub keep_last: bool,
}

const DATA: &str = "Data";
const VALIDATION: &str = "Validation";
const FORMATS: &str = "idx|cifar10|cifar100|images|csv|npy";

impl Arguments {
    /// The network's own settings, with those changed that are given.
    pub fn fit<M: Trainable>(&self) -> Fit {
        let own = Fit::new::<M>();
        let augmentation = if self.no_augmentation {
            Augmentation::NONE
        } else {
            own.augmentation
        };
        Fit {
            epochs: self.epochs.unwrap_or(own.epochs),
            batch_size: self.batch_size.unwrap_or(own.batch_size),
            learning_rate: self.learning_rate.unwrap_or(own.learning_rate),
            schedule: own.schedule,
            seed: self.seed.unwrap_or(own.seed),
            threads: self.threads.unwrap_or(own.threads).min(MAX_THREADS),
            augmentation,
            validation: self.validation(own.validation),
            target_accuracy: self.target_accuracy.map(|percent| percent / 100.0),
        }
    }

    /// How the files are to be understood.
    pub fn reader<M: Trainable>(&self) -> Reader {
        let own = Reader::new::<M>();
        Reader {
            format: self.format.or(own.format),
            targets: self.targets.clone().unwrap_or(own.targets),
            ..own
        }
    }

    /// The section of the file, with what is given changed; any flag of it is as good as the section.
    fn validation(&self, own: Option<Validation>) -> Option<Validation> {
        let is_wanted = self.validation.is_some()
            || self.monitor.is_some()
            || self.patience.is_some()
            || self.min_delta.is_some()
            || self.keep_last;
        let own = own.or(is_wanted.then_some(Validation::DEFAULT))?;
        let validation = Validation {
            fraction: self.validation.unwrap_or(own.fraction),
            monitor: self.monitor.unwrap_or(own.monitor),
            patience: self.patience.map(NonZeroUsize::get).or(own.patience),
            min_delta: self.min_delta.unwrap_or(own.min_delta),
            keep_best: own.keep_best && !self.keep_last,
        };
        (validation.fraction > 0.0).then_some(validation)
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
