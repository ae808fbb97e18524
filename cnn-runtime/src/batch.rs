//! What samples learn from each other: where they stand in their batch, and what batch norms know of all of them.

use crate::math::Real;
use crate::tensor::Tensor;
use crate::zeroed::Zeroed;

/// Where some samples stand: in which batch, and from where on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Part {
    /// The samples of the whole batch.
    pub batch_size: usize,
    /// The samples of the batch before these.
    pub first: usize,
    /// What dropouts draw from; another one for each batch.
    pub key: u64,
}

impl Part {
    /// All samples of a batch.
    pub const fn whole(batch_size: usize, key: u64) -> Self {
        Self {
            batch_size,
            first: 0,
            key,
        }
    }
}

/// What the parts of a batch have to know of each other.
pub trait Statistics: Zeroed + Clone + Send + Sync + 'static {
    /// Takes in those of other samples.
    fn merge(&mut self, other: &Self);
}

impl Statistics for () {
    fn merge(&mut self, &(): &Self) {}
}

/// What a batch norm knows of each of `C` channels in some samples.
#[derive(Clone, Debug, PartialEq)]
pub struct Moments<T, const C: usize> {
    /// The values of a channel.
    pub count: T,
    /// Their means.
    pub mean: [T; C],
    /// Their mean squared distances from the mean.
    pub variance: [T; C],
    /// In the backward pass, `Σ delta`.
    pub delta: [T; C],
    /// Likewise `Σ delta · x`, where `x` are the values after they are brought to mean zero and variance one.
    pub product: [T; C],
}

crate::zeroed! {
    [T: Real, const C: usize] Moments<T, C> { count, mean, variance, delta, product }
}

impl<T: Real, const C: usize> Moments<T, C> {
    /// Takes in the channels of a sample.
    pub fn add<A: Tensor<Scalar = T>>(&mut self, channels: &[A; C]) {
        let Some(first) = channels.first() else {
            return;
        };
        let count = T::from_f64(first.values().len() as f64);
        for (index, channel) in channels.iter().enumerate() {
            let values = channel.values().iter();
            let mean = sum(values.clone().copied()) / count;
            let squares = values.map(|value| (*value - mean) * (*value - mean));
            self.take(index, count, mean, sum(squares) / count);
        }
        self.count += count;
    }

    /// Takes `count` values of a channel in, by their mean and variance: the formula of Chan, Golub and `LeVeque` (1979).
    #[inline]
    pub fn take(&mut self, channel: usize, count: T, mean: T, variance: T) {
        let share = count / (self.count + count);
        let distance = mean - self.mean[channel];
        let between = distance * distance * (T::ONE - share);
        self.mean[channel] += share * distance;
        let own = self.variance[channel];
        self.variance[channel] += share * (variance + between - own);
    }

    /// Moves a running mean and a running variance towards those of the batch; the variance is the unbiased estimate.
    pub fn track(&self, momentum: T, running_mean: &mut [T; C], running_var: &mut [T; C]) {
        let unbiased = self.count / (self.count - T::ONE);
        for (running, mean) in running_mean.iter_mut().zip(&self.mean) {
            *running += momentum * (*mean - *running);
        }
        for (running, variance) in running_var.iter_mut().zip(&self.variance) {
            *running += momentum * (unbiased * *variance - *running);
        }
    }
}

impl<T: Real, const C: usize> Statistics for Moments<T, C> {
    fn merge(&mut self, other: &Self) {
        if other.count > T::ZERO {
            for channel in 0..C {
                let (mean, variance) = (other.mean[channel], other.variance[channel]);
                self.take(channel, other.count, mean, variance);
            }
            self.count += other.count;
        }
        for channel in 0..C {
            self.delta[channel] += other.delta[channel];
            self.product[channel] += other.product[channel];
        }
    }
}

fn sum<T: Real>(values: impl Iterator<Item = T>) -> T {
    values.fold(T::ZERO, |sum, value| sum + value)
}

#[cfg(test)]
mod tests {
    use super::*;

    const CHANNELS: [[[f64; 3]; 2]; 3] = [
        [[1.0, 2.0, 6.0], [-1.0, 0.5, 4.0]],
        [[100.0, 101.0, 102.0], [7.0, 7.0, 7.0]],
        [[103.0, 95.0, 100.5], [7.0, 7.0, 7.0]],
    ];

    fn of(samples: &[[[f64; 3]; 2]]) -> Moments<f64, 2> {
        let mut moments = Moments::ZERO;
        for sample in samples {
            moments.add(sample);
        }
        moments
    }

    fn assert_close(ours: f64, theirs: f64) {
        assert!(
            (ours - theirs).abs() <= 1e-13 * theirs.abs(),
            "{ours}, not {theirs}"
        );
    }

    /// Expected from Python's `statistics`.
    #[test]
    fn moments_are_those_of_all_values() {
        let moments = of(&CHANNELS);
        assert_close(moments.mean[0], 610.5 / 9.0);
        assert_close(moments.mean[1], 45.5 / 9.0);
        assert_close(moments.variance[0], 2_107.555_555_555_555_7);
        assert_close(moments.variance[1], 9.024_691_358_024_691);
    }

    #[test]
    fn parts_merge_to_the_whole() {
        let whole = of(&CHANNELS);
        let mut merged = Moments::ZERO;
        merged.merge(&of(&CHANNELS[..1]));
        merged.merge(&of(&[]));
        merged.merge(&of(&CHANNELS[1..]));
        assert_close(merged.count, 9.0);
        for channel in 0..2 {
            assert_close(merged.mean[channel], whole.mean[channel]);
            assert_close(merged.variance[channel], whole.variance[channel]);
        }
    }
}
