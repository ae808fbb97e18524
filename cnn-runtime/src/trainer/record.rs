//! Metrics as JSON lines.

use crate::error::Error;
use crate::metrics::EpochReport;
use std::fs::File;
use std::io::{self, Write};
use std::path::PathBuf;

/// A file that gets one JSON object per epoch, at once.
pub struct Record {
    file: File,
    path: PathBuf,
}

impl Record {
    /// Starts the file anew.
    pub fn create(path: PathBuf) -> Result<Self, Error> {
        let file = File::create(&path).map_err(Error::file("write", &path))?;
        Ok(Self { file, path })
    }

    /// Adds a line.
    pub fn append(&mut self, report: &EpochReport) -> Result<(), Error> {
        json(report)
            .and_then(|json| writeln!(self.file, "{json}"))
            .map_err(Error::file("write", &self.path))
    }
}

/// The report as one line of JSON; a number that is not finite becomes `null`.
pub fn json(report: &EpochReport) -> io::Result<String> {
    Ok(serde_json::to_string(report)?)
}
