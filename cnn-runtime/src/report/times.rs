//! Where the time of a training step goes, layer by layer.

use super::says::percent;
use crate::profile::{Pass, Profile};
use serde::Serialize;
use std::time::Duration;

/// How long steps are measured for.
pub const WINDOW: Duration = Duration::from_millis(300);

/// The table of times.
#[derive(Serialize)]
pub struct Times {
    batch_size: usize,
    rows: Vec<Row>,
    /// Microseconds for one sample.
    total: String,
}

/// What one layer takes.
#[derive(Serialize)]
struct Row {
    name: &'static str,
    /// Microseconds for one sample in each pass; none where nothing is done.
    forward: Option<String>,
    backward: Option<String>,
    share: String,
    /// The same share, for a bar: `0.0..=100.0`.
    percent: f64,
}

/// The seconds of one layer in each pass.
struct Sum {
    name: &'static str,
    passes: [Option<f64>; 2],
}

impl Times {
    pub fn of(profile: &Profile) -> Self {
        let total = profile.total();
        let row = |name, [forward, backward]: [Option<f64>; 2]| {
            let share = (forward.unwrap_or(0.0) + backward.unwrap_or(0.0)) / total;
            Row {
                name,
                forward: forward.map(micros),
                backward: backward.map(micros),
                share: percent(share),
                percent: 100.0 * share,
            }
        };
        let mut rows: Vec<_> = sums(profile)
            .into_iter()
            .map(|Sum { name, passes }| row(name, passes))
            .collect();
        rows.push(row("update", [None, Some(profile.update())]));
        Self {
            batch_size: profile.batch_size(),
            rows,
            total: micros(total),
        }
    }
}

/// The layers in the order of the forward pass, after what loads samples and judges outputs.
fn sums(profile: &Profile) -> Vec<Sum> {
    let mut sums: Vec<Sum> = Vec::new();
    for (kernel, time) in profile.kernels() {
        let name = kernel.layer.unwrap_or("samples and loss");
        let at = sums.iter().position(|sum| sum.name == name);
        let at = at.unwrap_or_else(|| {
            let passes = [None; 2];
            sums.push(Sum { name, passes });
            sums.len() - 1
        });
        let pass = match kernel.pass {
            Pass::Forward => 0,
            Pass::Backward => 1,
        };
        *sums[at].passes[pass].get_or_insert(0.0) += time;
    }
    sums
}

/// A time in microseconds, with three digits that count.
fn micros(seconds: f64) -> String {
    let micros = seconds * 1e6;
    let decimals = match micros {
        100.0.. => 0,
        10.0.. => 1,
        1.0.. => 2,
        _ => 3,
    };
    format!("{micros:.decimals$}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_have_three_digits() {
        let times = [1.234_5e-3, 12.345e-6, 1.234_5e-6, 0.012_3e-6];
        assert_eq!(times.map(micros), ["1234", "12.3", "1.23", "0.012"]);
    }
}
