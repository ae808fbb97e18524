//! Metrics as JSON lines.

use crate::atomic_file;
use crate::error::Error;
use crate::metrics::{EpochReport, Regression, Score};
use serde::ser::{Serialize, SerializeMap, Serializer};
use serde_json::Value;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// A file that gets one JSON object per epoch, at once.
pub struct Record {
    file: File,
    path: PathBuf,
}

impl Record {
    /// Starts the file anew, but for the lines of the epochs that are over.
    pub fn after(epochs: usize, path: PathBuf) -> Result<Self, Error> {
        let kept = match epochs {
            0 => String::new(),
            _ => first_lines(&path, epochs)?,
        };
        let start = || {
            atomic_file::write(&path, |file| file.write_all(kept.as_bytes()))?;
            File::options().append(true).open(&path)
        };
        let file = start().map_err(Error::file("write", &path))?;
        Ok(Self { file, path })
    }

    /// The epochs that it has so far; a line that is none is passed over.
    pub fn epochs(&self) -> Result<Vec<EpochReport>, Error> {
        let text = fs::read_to_string(&self.path).map_err(Error::file("read", &self.path))?;
        Ok(text.lines().filter_map(from_json).collect())
    }

    /// Adds a line.
    pub fn append(&mut self, report: &EpochReport) -> Result<(), Error> {
        json(report)
            .and_then(|json| writeln!(self.file, "{json}"))
            .map_err(Error::file("write", &self.path))
    }
}

/// The first lines of a file; none if there is no file, for a training goes on without its metrics.
fn first_lines(path: &Path, count: usize) -> Result<String, Error> {
    match fs::read_to_string(path) {
        Ok(text) => Ok(text.split_inclusive('\n').take(count).collect()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(String::new()),
        Err(error) => Err(Error::file("read", path)(error)),
    }
}

/// The report as one line of JSON; a number that is not finite becomes `null`.
pub fn json(report: &EpochReport) -> io::Result<String> {
    Ok(serde_json::to_string(&Line(report))?)
}

/// The report that such a line tells of.
fn from_json(line: &str) -> Option<EpochReport> {
    let line: Value = serde_json::from_str(line).ok()?;
    let count = |key| {
        line.get(key)
            .and_then(Value::as_u64)
            .map(|count| count as usize)
    };
    let number = |key: &str| {
        line.get(key)
            .map(|value| value.as_f64().unwrap_or(f64::NAN))
    };
    let score = |part: &str| {
        let of = |what| number(&format!("{part}_{what}"));
        let regression = of("mean_absolute_error").zip(of("r2"));
        Some(Score {
            loss: of("loss")?,
            accuracy: of("accuracy"),
            regression: regression.map(|(mean_absolute_error, r2)| Regression {
                mean_absolute_error,
                r2,
            }),
        })
    };
    Some(EpochReport {
        epoch: count("epoch")?,
        train: score("train")?,
        validation: score("validation"),
        test: score("test"),
        is_best: line.get("is_best").and_then(Value::as_bool),
        skipped: count("skipped").unwrap_or(0),
        learning_rate: number("learning_rate")?,
        seconds: number("seconds")?,
        samples_per_s: number("samples_per_s")?,
    })
}

/// What was measured, under flat keys: `train_loss`, `test_accuracy`, ….
struct Line<'a>(&'a EpochReport);

impl Serialize for Line<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self(report) = self;
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("epoch", &report.epoch)?;
        let scores = [
            ("train", Some(report.train)),
            ("validation", report.validation),
            ("test", report.test),
        ];
        for (part, score) in scores {
            let Some(score) = score else { continue };
            map.serialize_entry(&format!("{part}_loss"), &score.loss)?;
            if let Some(accuracy) = score.accuracy {
                map.serialize_entry(&format!("{part}_accuracy"), &accuracy)?;
            }
            if let Some(regression) = score.regression {
                let error = regression.mean_absolute_error;
                map.serialize_entry(&format!("{part}_mean_absolute_error"), &error)?;
                map.serialize_entry(&format!("{part}_r2"), &regression.r2)?;
            }
        }
        if let Some(is_best) = report.is_best {
            map.serialize_entry("is_best", &is_best)?;
        }
        if report.skipped > 0 {
            map.serialize_entry("skipped", &report.skipped)?;
        }
        map.serialize_entry("learning_rate", &report.learning_rate)?;
        map.serialize_entry("seconds", &report.seconds)?;
        map.serialize_entry("samples_per_s", &report.samples_per_s)?;
        map.end()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_again() {
        let score = |loss, r2| Score {
            loss,
            accuracy: Some(0.75),
            regression: Some(Regression {
                mean_absolute_error: 0.5,
                r2,
            }),
        };
        let report = EpochReport {
            epoch: 3,
            train: Score {
                accuracy: None,
                regression: None,
                ..score(0.125, 0.0)
            },
            validation: Some(score(0.25, 0.875)),
            test: None,
            is_best: Some(false),
            skipped: 2,
            learning_rate: 0.0625,
            seconds: 1.5,
            samples_per_s: 4096.0,
        };
        assert_eq!(from_json(&json(&report).unwrap()), Some(report));
        let broken = EpochReport {
            train: score(f64::INFINITY, 0.5),
            ..report
        };
        let again = from_json(&json(&broken).unwrap()).unwrap();
        assert!(again.train.loss.is_nan());
        assert_eq!(from_json("{\"epoch\": 3}"), None);
    }
}
