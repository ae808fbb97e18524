//! Flags on what is learnt.

use crate::data::{Normalization, Reader, Split};
use crate::error::Error;
use crate::model::Trainable;
use crate::settings::{Augmentation, Format, Normalize};
use clap::Args;
use std::path::PathBuf;

#[derive(Args)]
#[command(next_help_heading = "Data")]
pub struct DataArguments {
    /// Train on the files in this folder: MNIST, Fashion-MNIST, CIFAR, CSV or npy files, or pictures
    #[arg(long = "data", value_name = "DIR")]
    pub folder: Option<PathBuf>,

    /// How these files are written, if that is not to be told from them
    #[arg(long, value_enum, hide_possible_values = true, value_name = FORMATS)]
    format: Option<Format>,

    /// The columns of a CSV file that hold the targets, by name or by number from 1
    #[arg(long, value_name = "COLUMN,…", value_delimiter = ',')]
    targets: Option<Vec<String>>,

    /// Give each channel the mean 0 and the standard deviation 1 over the training data
    #[arg(long)]
    normalize: bool,

    /// Learn all samples as they are, without augmentation
    #[arg(long)]
    no_augmentation: bool,

    /// Fetch MNIST into the folder of --data, or data/mnist, unless it is there
    #[cfg(feature = "download")]
    #[arg(long)]
    pub download: bool,
}

const FORMATS: &str = "idx|cifar10|cifar100|images|csv|npy";

impl DataArguments {
    /// How the files are to be understood.
    pub fn reader<M: Trainable>(&self) -> Reader {
        let own = Reader::new::<M>();
        Reader {
            format: self.format.or(own.format),
            targets: self.targets.clone().unwrap_or(own.targets),
            ..own
        }
    }

    /// How samples are varied.
    pub fn augmentation(&self, own: Augmentation) -> Augmentation {
        if self.no_augmentation {
            return Augmentation::NONE;
        }
        own
    }

    /// Normalises by what came with the weights, or else as the network's file or the flag says.
    pub fn normalize<M: Trainable>(
        &self,
        data: &mut Split,
        of_weights: Option<Normalization>,
    ) -> Result<(), Error> {
        let computed = || Normalization::of(&data.train);
        let normalization = match (of_weights, M::DATA.normalize) {
            (Some(normalization), _) => Some(normalization),
            (None, Normalize::Given { mean, std }) => Some(Normalization::new(mean, std)?),
            (None, Normalize::Computed) => Some(computed()),
            (None, Normalize::No) => self.normalize.then(computed),
        };
        normalization.map_or(Ok(()), |normalization| data.normalize(&normalization))
    }
}
