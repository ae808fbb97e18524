//! How good a network is: loss, accuracy, confusion.

use crate::model::Totals;
use std::fmt;

/// How good a network is over some samples.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Score {
    /// The mean loss per sample, by the weights of classes where they have any.
    pub loss: f64,
    /// Where targets are classes, the share of samples whose class was found: `0..=1`.
    pub accuracy: Option<f64>,
    /// Where targets are numbers, how well the outputs meet them; not measured while they are learnt.
    pub regression: Option<Regression>,
}

/// How well outputs meet targets that are numbers.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Regression {
    /// The mean of `|a − y|` over all outputs.
    pub mean_absolute_error: f64,
    /// `R² = 1 − Σ (a − y)² / Σ (y − ȳ)²`, over all outputs, where `ȳ` is the mean of each output's targets: 1 if all are
    /// met, 0 if the means would have done as well.
    pub r2: f64,
}

impl From<Totals> for Score {
    fn from(totals: Totals) -> Self {
        let mean = |sum: f64, weight: f64| if weight > 0.0 { sum / weight } else { 0.0 };
        Self {
            loss: mean(totals.loss, totals.weight),
            accuracy: Some(mean(totals.correct as f64, totals.samples as f64)),
            regression: None,
        }
    }
}

/// `loss 0.1234, accuracy 97.50 %`, or what else there is beside the loss.
impl fmt::Display for Score {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "loss {:.4}", self.loss)?;
        if let Some(accuracy) = self.accuracy {
            write!(f, ", accuracy {:6.2} %", accuracy * 100.0)?;
        }
        if let Some(regression) = self.regression {
            write!(f, ", {regression}")?;
        }
        Ok(())
    }
}

impl fmt::Display for Regression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            mean_absolute_error,
            r2,
        } = self;
        write!(
            f,
            "mean absolute error {mean_absolute_error:.4}, R² {r2:.4}"
        )
    }
}

/// What one epoch brought.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct EpochReport {
    /// The epoch, from 1.
    pub epoch: usize,
    /// The training samples, measured while they were learnt.
    pub train: Score,
    /// The samples that are held back, after the epoch; none if there are no such samples.
    pub validation: Option<Score>,
    /// The test set after the epoch; none if samples are held back, for then it waits until the end.
    pub test: Option<Score>,
    /// Whether the validation samples speak for this epoch more than for all before; none if there are no such samples.
    pub is_best: Option<bool>,
    /// The steps that were left out because their loss or gradient was not finite.
    pub skipped: usize,
    /// The learning rate of the epoch's first step.
    pub learning_rate: f64,
    /// How long the training took, without the test.
    pub seconds: f64,
    /// Training samples per second.
    pub samples_per_s: f64,
}

impl EpochReport {
    /// What was measured after the epoch: on the validation samples, or else on the test set.
    pub fn measured(&self) -> Option<Score> {
        self.validation.or(self.test)
    }
}

impl fmt::Display for EpochReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "epoch {:3}  train {}", self.epoch, self.train)?;
        for (name, score) in [("validation", self.validation), ("test", self.test)] {
            if let Some(score) = score {
                write!(f, "  {name} {score}")?;
            }
        }
        if self.is_best == Some(true) {
            f.write_str(" (best)")?;
        }
        if self.skipped > 0 {
            write!(f, "  {} steps left out", self.skipped)?;
        }
        write!(
            f,
            "  {:.2} s, {:.0} samples/s",
            self.seconds, self.samples_per_s
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
