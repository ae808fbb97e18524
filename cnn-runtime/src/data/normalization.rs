//! Values with mean 0 and standard deviation 1.

use super::dataset::{Dataset, Values};
use crate::error::Error;
use crate::math::Real;

/// `(x − mean) / std` for every channel of a picture, or for every feature of a vector.
///
/// ```
/// use cnn_runtime::data::Normalization;
///
/// let normalization = Normalization::new(vec![0.5, 10.0], vec![0.25, 2.0])?;
/// let mut picture = [0.5, 1.0, 8.0, 11.0]; // two channels of two pixels
/// normalization.apply(&mut picture);
/// assert_eq!(picture, [0.0, 2.0, -1.0, 0.5]);
/// # Ok::<(), cnn_runtime::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Normalization {
    mean: Vec<f64>,
    std: Vec<f64>,
}

impl Normalization {
    /// Normalises by these; a single number is for all channels.
    ///
    /// # Errors
    /// If there are not as many means as standard deviations, one at least, all finite, the latter above zero.
    pub fn new(mean: impl Into<Vec<f64>>, std: impl Into<Vec<f64>>) -> Result<Self, Error> {
        let (mut mean, mut std) = (mean.into(), std.into());
        let help = "give a mean and a standard deviation above 0 for each channel";
        if mean.len() == 1 {
            mean.resize(std.len(), mean[0]);
        } else if std.len() == 1 {
            std.resize(mean.len(), std[0]);
        }
        if mean.is_empty() || mean.len() != std.len() {
            let problem = format!("{} means and {} standard deviations", mean.len(), std.len());
            return Err(Error::mismatch(problem, help));
        }
        for (mean, std) in mean.iter().zip(&std) {
            if !mean.is_finite() || !std.is_finite() || *std <= 0.0 {
                let problem = format!("a mean of {mean} and a standard deviation of {std}");
                return Err(Error::mismatch(problem, help));
            }
        }
        Ok(Self { mean, std })
    }

    /// The mean and the standard deviation that each channel has over a data set; 1 for the latter where all values of
    /// a channel are equal.
    pub fn of(data: &Dataset) -> Self {
        let channels = data.shape()[0];
        let size = data.values().len() / data.len() / channels;
        let moments: Vec<_> = (0..channels)
            .map(|channel| moments(data.values(), channel, channels, size))
            .collect();
        let (mean, std) = moments.into_iter().unzip();
        Self { mean, std }
    }

    /// What is subtracted, channel by channel.
    pub fn mean(&self) -> &[f64] {
        &self.mean
    }

    /// What the difference is divided by, channel by channel.
    pub fn std(&self) -> &[f64] {
        &self.std
    }

    /// Normalises the values of one sample, channel after channel: pixels as numbers in `0..=1`.
    pub fn apply<R: Real>(&self, sample: &mut [R]) {
        let size = sample.len().div_ceil(self.mean.len()).max(1);
        let channels = sample.chunks_mut(size).zip(self.mean.iter().zip(&self.std));
        for (channel, (mean, std)) in channels {
            let (mean, std) = (R::from_f64(*mean), R::from_f64(*std));
            for value in channel {
                *value = (*value - mean) / std;
            }
        }
    }
}

/// The mean and the standard deviation of one channel, which has `size` values in each sample.
fn moments(values: &Values, channel: usize, channels: usize, size: usize) -> (f64, f64) {
    match values {
        Values::Pixels(bytes) => {
            let values = bytes
                .chunks_exact(size)
                .skip(channel)
                .step_by(channels)
                .flatten();
            // Whole numbers, so that nothing is rounded.
            let (count, sum, squares) = values.fold((0, 0, 0), |(count, sum, squares), byte| {
                let byte = u64::from(*byte);
                (count + 1, sum + byte, squares + byte * byte)
            });
            let mean = sum as f64 / count as f64;
            let variance = (u128::from(squares) * count - u128::from(sum) * u128::from(sum)) as f64
                / (count as f64 * count as f64);
            (mean / 255.0, usable(libm::sqrt(variance) / 255.0))
        }
        Values::Numbers(numbers) => {
            let values = || {
                let channels = numbers.chunks_exact(size).skip(channel).step_by(channels);
                channels.flatten().map(|value| f64::from(*value))
            };
            let count = values().count() as f64;
            let mean = values().sum::<f64>() / count;
            let variance = values()
                .map(|value| (value - mean) * (value - mean))
                .sum::<f64>()
                / count;
            (mean, usable(libm::sqrt(variance)))
        }
    }
}

/// A standard deviation that can be divided by.
fn usable(std: f64) -> f64 {
    if std > 0.0 { std } else { 1.0 }
}
