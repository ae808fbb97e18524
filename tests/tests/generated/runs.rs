//! Whole trainings beside PyTorch's, which `pytorch/runs.py` wrote down.

use cnn_runtime::fit::StepReport;
use cnn_runtime::{Dataset, EpochReport, Error, Observer, Rng, Split};
use cnn_tests::close::{assert_close, assert_close_at, largest};
use cnn_tests::generated::{Generated, RUNS, find};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::fs;
use std::num::NonZeroUsize;
use std::path::Path;

/// A hundred steps take rounding errors with them.
const TOLERANCE: f64 = 1e-9;
const SAMPLES: usize = 100;
const SIDE: usize = 28;

#[derive(Deserialize)]
struct Run {
    toml: String,
    losses: Vec<f64>,
    #[serde(rename = "final")]
    last: BTreeMap<String, Shown>,
}

/// A parameter, so that files stay small.
#[derive(Deserialize)]
struct Shown {
    sum: f64,
    squares: f64,
    /// Some of its values, evenly spread.
    values: Vec<f64>,
}

fn read(name: &str) -> Run {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("pytorch/runs/{name}.json"));
    let text = fs::read_to_string(path).expect("the figures can be read");
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// Bytes at random, brighter in the rows that tell the label.
fn data() -> Split {
    let mut rng = Rng::new(17);
    let labels: Vec<u8> = (0..10).cycle().take(SAMPLES).collect();
    let mut pixels = Vec::new();
    for label in &labels {
        for pixel in 0..SIDE * SIDE {
            let row = pixel / SIDE;
            let is_bright = row * 10 / SIDE == usize::from(*label);
            pixels.push((rng.bits() >> 57) as u8 + 128 * u8::from(is_bright));
        }
    }
    let data = Dataset::new("rows", &[1, SIDE, SIDE], pixels, labels, 10).expect("samples");
    Split {
        test: data.clone(),
        train: data,
    }
}

/// Takes down the mean loss of each batch.
#[derive(Default)]
struct Losses {
    sums: Vec<f64>,
    means: Vec<f64>,
}

impl Observer for Losses {
    fn step(&mut self, report: &StepReport) -> Result<(), Error> {
        if report.step == 1 {
            self.sums = vec![0.0];
        }
        let before = self.sums.last().copied().unwrap_or_default();
        self.sums.push(report.totals.loss);
        let batch = report.totals.samples / report.step;
        self.means
            .push((report.totals.loss - before) / batch as f64);
        Ok(())
    }

    fn epoch(&mut self, _: &EpochReport) -> Result<(), Error> {
        Ok(())
    }
}

fn compare(name: &str, threads: usize) {
    let Generated { toml, code, .. } = find(RUNS, name);
    let run = read(name);
    assert_eq!(*toml, run.toml);
    assert_eq!(run.losses.len(), 100);
    let fit = cnn_runtime::Fit {
        threads: NonZeroUsize::new(threads).expect("threads"),
        ..code.settings()
    };
    let mut losses = Losses::default();
    let last = code.train(&fit, None, &data(), &mut losses);
    let last = last.unwrap_or_else(|error| panic!("{name}: {error}"));
    assert_close(name, &losses.means, &run.losses, TOLERANCE);

    assert_eq!(run.last.len(), last.len());
    for (info, ours) in code.tensors().iter().zip(&last) {
        let what = format!("{name}: {}", info.name);
        let theirs = &run.last[info.name];
        let chosen: Vec<_> = ours
            .iter()
            .copied()
            .step_by((ours.len() / 50).max(1))
            .collect();
        assert_close(&what, &chosen, &theirs.values, TOLERANCE);
        let sum: f64 = ours.iter().sum();
        let squares: f64 = ours.iter().map(|value| value * value).sum();
        let slack = TOLERANCE * largest(ours) * ours.len() as f64;
        assert_close_at(&what, &[sum], &[theirs.sum], slack);
        assert_close(&what, &[squares], &[theirs.squares], TOLERANCE);
    }
}

#[test]
fn digits_with_momentum() {
    compare("digits_sgd", 1);
}

#[test]
fn digits_with_adam() {
    compare("digits_adam", 2);
}

#[test]
fn digits_textbook_with_momentum() {
    compare("digits_textbook_sgd", 2);
}

#[test]
fn digits_textbook_with_adam() {
    compare("digits_textbook_adam", 1);
}

#[test]
fn lenet5_with_momentum() {
    compare("lenet5_sgd", 1);
}

#[test]
fn lenet5_with_adam() {
    compare("lenet5_adam", 2);
}
