//! What a network is measured on.

use crate::data::{Dataset, Targets};
use crate::math::Real;
use crate::metrics::{Regression, Score};
use crate::model::{Model, Totals};
use crate::tensor::Tensor;
use crate::zeroed::Zeroed;
use std::ops::AddAssign;

/// Some samples of a data set, and how far their targets lie apart.
pub struct Exam<'a> {
    pub data: &'a Dataset,
    pub indices: Vec<u32>,
    /// The squared distances of all targets from their means; none where they are classes.
    spread: Option<f64>,
}

impl<'a> Exam<'a> {
    /// All samples.
    pub fn of<M: Model>(data: &'a Dataset) -> Self {
        Self::on::<M>(data, (0..data.len() as u32).collect())
    }

    /// The samples with these indices.
    pub fn on<M: Model>(data: &'a Dataset, indices: Vec<u32>) -> Self {
        let spread = match data.targets() {
            Targets::Classes { .. } => None,
            Targets::Numbers { values, size } => Some(spread(*size, &indices, |index, target| {
                let numbers = &values[index * size..];
                for (value, number) in target.iter_mut().zip(numbers) {
                    *value = f64::from(*number);
                }
            })),
            Targets::Inputs => {
                let mut input = M::Input::boxed();
                let size = input.values().len();
                Some(spread(size, &indices, |index, target| {
                    data.gather(index, &mut *input);
                    for (value, number) in target.iter_mut().zip(input.values()) {
                        *value = number.to_f64();
                    }
                }))
            }
        };
        Self {
            data,
            indices,
            spread,
        }
    }

    /// The score for what was added up over the samples.
    pub fn score(&self, totals: Totals, deviations: Deviations) -> Score {
        match self.spread {
            None => totals.into(),
            Some(spread) => Score {
                accuracy: None,
                regression: Some(deviations.regression(spread)),
                ..totals.into()
            },
        }
    }
}

/// Adds up the squared distances of targets of `size` numbers from their means; `read` writes the target of a sample.
fn spread(size: usize, indices: &[u32], mut read: impl FnMut(usize, &mut [f64])) -> f64 {
    let (mut target, mut mean) = (vec![0.0; size], vec![0.0; size]);
    for index in indices {
        read(*index as usize, &mut target);
        for (mean, value) in mean.iter_mut().zip(&target) {
            *mean += value / indices.len() as f64;
        }
    }
    let mut sum = 0.0;
    for index in indices {
        read(*index as usize, &mut target);
        for (mean, value) in mean.iter().zip(&target) {
            sum += (value - mean) * (value - mean);
        }
    }
    sum
}

/// How far outputs are off their targets, over some samples.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Deviations {
    absolute: f64,
    squared: f64,
    count: usize,
}

impl Deviations {
    /// Counts one sample.
    pub fn count(&mut self, output: impl Iterator<Item = f64>, target: impl Iterator<Item = f64>) {
        for (output, target) in output.zip(target) {
            let deviation = output - target;
            self.absolute += libm::fabs(deviation);
            self.squared += deviation * deviation;
            self.count += 1;
        }
    }

    fn regression(self, spread: f64) -> Regression {
        let r2 = if spread > 0.0 {
            1.0 - self.squared / spread
        } else {
            // Targets that do not differ are either met or not.
            f64::from(u8::from(self.squared == 0.0))
        };
        Regression {
            mean_absolute_error: self.absolute / self.count.max(1) as f64,
            r2,
        }
    }
}

impl AddAssign for Deviations {
    fn add_assign(&mut self, other: Self) {
        self.absolute += other.absolute;
        self.squared += other.squared;
        self.count += other.count;
    }
}
