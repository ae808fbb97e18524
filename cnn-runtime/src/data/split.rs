//! A training set and the test set that belongs to it.

use super::Shape;
use super::dataset::{Dataset, Targets};
use super::normalization::Normalization;
use crate::error::Error;
use std::path::Path;

/// A training set and the test set that belongs to it.
#[derive(Clone, Debug, PartialEq)]
pub struct Split {
    /// What the network learns from.
    pub train: Dataset,
    /// What it is measured on.
    pub test: Dataset,
}

impl Split {
    /// Puts two sets from one folder together; the training set says how many classes there are.
    ///
    /// # Errors
    /// If they are not of one kind.
    pub(super) fn of(folder: &Path, train: Dataset, mut test: Dataset) -> Result<Self, Error> {
        let help = "take all files from one data set";
        if test.shape() != train.shape() {
            let problem = format!(
                "the test samples are {}, but the training samples are {}",
                Shape(test.shape()),
                Shape(train.shape())
            );
            return Err(Error::content(folder, problem, help));
        }
        if test.classes() > train.classes() {
            let problem = format!(
                "a test label is {}, but the training labels go up to {}",
                test.classes() - 1,
                train.classes() - 1
            );
            return Err(Error::content(folder, problem, help));
        }
        if let (Targets::Numbers { size: trained, .. }, Targets::Numbers { size: tested, .. }) =
            (train.targets(), test.targets())
            && trained != tested
        {
            let problem =
                format!("{tested} targets for a test sample, but {trained} for a training sample");
            return Err(Error::content(folder, problem, help));
        }
        test.set_classes(train.classes());
        Ok(Self { train, test })
    }

    /// Normalises both sets on their way into a network.
    ///
    /// # Errors
    /// If there is neither one mean for all nor one for each channel.
    pub fn normalize(&mut self, normalization: &Normalization) -> Result<(), Error> {
        self.train.normalize(normalization.clone())?;
        self.test.normalize(normalization.clone())
    }
}
