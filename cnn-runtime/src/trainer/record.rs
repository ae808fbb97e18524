//! Metrics as JSON lines.

use crate::atomic_file;
use crate::error::Error;
use crate::metrics::EpochReport;
use serde::ser::{Serialize, SerializeMap, Serializer};
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
