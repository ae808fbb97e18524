//! How good a network is: loss, accuracy, confusion.

use crate::model::Totals;
use std::fmt;

/// The mean loss and the share of hits over some samples.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Score {
    /// The mean loss per sample, by the weights of classes where they have any.
    pub loss: f64,
    /// The share of samples whose class was found: `0..=1`.
    pub accuracy: f64,
}

impl From<Totals> for Score {
    fn from(totals: Totals) -> Self {
        let mean = |sum: f64, weight: f64| if weight > 0.0 { sum / weight } else { 0.0 };
        Self {
            loss: mean(totals.loss, totals.weight),
            accuracy: mean(totals.correct as f64, totals.samples as f64),
        }
    }
}

/// What one epoch brought.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "trainer", derive(serde::Serialize))]
pub struct EpochReport {
    /// The epoch, from 1.
    pub epoch: usize,
    /// The mean loss over the training set, measured while it was learnt.
    pub train_loss: f64,
    /// The accuracy on the training set, likewise: `0..=1`.
    pub train_accuracy: f64,
    /// The mean loss over the test set after the epoch.
    pub test_loss: f64,
    /// The accuracy on the test set after the epoch: `0..=1`.
    pub test_accuracy: f64,
    /// The learning rate of the epoch's first step.
    pub learning_rate: f64,
    /// How long the training took, without the test.
    pub seconds: f64,
    /// Training samples per second.
    pub samples_per_s: f64,
}

impl fmt::Display for EpochReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "epoch {:3}  train loss {:.4}, accuracy {:6.2} %  test loss {:.4}, accuracy {:6.2} %  {:.2} s, {:.0} samples/s",
            self.epoch,
            self.train_loss,
            self.train_accuracy * 100.0,
            self.test_loss,
            self.test_accuracy * 100.0,
            self.seconds,
            self.samples_per_s,
        )
    }
}

/// How often samples of each class were taken for each class.
///
/// ```
/// let mut confusion = cnn_runtime::Confusion::new(2);
/// confusion.count(0, 0);
/// confusion.count(1, 0);
/// confusion.count(1, 1);
/// assert_eq!(confusion.get(1, 0), 1);
/// assert_eq!(confusion.recall(1), Some(0.5));
/// assert_eq!(confusion.accuracy(), 2.0 / 3.0);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Confusion {
    classes: usize,
    /// Row by row: true class, then predicted class.
    counts: Vec<usize>,
}

impl Confusion {
    /// A table of zeros.
    pub fn new(classes: usize) -> Self {
        Self {
            classes,
            counts: vec![0; classes * classes],
        }
    }

    /// Counts one sample of class `truth` that was taken for class `prediction`.
    ///
    /// # Panics
    /// If one of them is not a class of the table.
    pub fn count(&mut self, truth: usize, prediction: usize) {
        self.row_mut(truth)[prediction] += 1;
    }

    /// How often samples of class `truth` were taken for class `prediction`.
    ///
    /// # Panics
    /// If one of them is not a class of the table.
    pub fn get(&self, truth: usize, prediction: usize) -> usize {
        self.row(truth)[prediction]
    }

    /// The share of the samples of a class that were recognised; none if there were no such samples.
    ///
    /// # Panics
    /// If it is not a class of the table.
    pub fn recall(&self, class: usize) -> Option<f64> {
        let samples: usize = self.row(class).iter().sum();
        (samples > 0).then(|| self.get(class, class) as f64 / samples as f64)
    }

    /// The share of all samples that were recognised.
    pub fn accuracy(&self) -> f64 {
        let hits: usize = (0..self.classes).map(|class| self.get(class, class)).sum();
        let samples: usize = self.counts.iter().sum();
        hits as f64 / samples.max(1) as f64
    }

    /// Adds the counts of another table of as many classes.
    pub fn add(&mut self, other: &Self) {
        for (sum, count) in self.counts.iter_mut().zip(&other.counts) {
            *sum += count;
        }
    }

    fn row(&self, truth: usize) -> &[usize] {
        &self.counts[truth * self.classes..][..self.classes]
    }

    fn row_mut(&mut self, truth: usize) -> &mut [usize] {
        &mut self.counts[truth * self.classes..][..self.classes]
    }
}

/// One row per true class, one column per prediction, and the recall of each class.
impl fmt::Display for Confusion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let largest = self
            .counts
            .iter()
            .max()
            .copied()
            .unwrap_or(0)
            .max(self.classes);
        let width = largest.to_string().len() + 2;
        write!(f, "{:>5}", "")?;
        for class in 0..self.classes {
            write!(f, "{class:>width$}")?;
        }
        writeln!(f, "   recall")?;
        for truth in 0..self.classes {
            write!(f, "{truth:>5}")?;
            for count in self.row(truth) {
                write!(f, "{count:>width$}")?;
            }
            match self.recall(truth) {
                Some(recall) => writeln!(f, "{:>7.2} %", recall * 100.0)?,
                None => writeln!(f, "{:>9}", "-")?,
            }
        }
        Ok(())
    }
}
