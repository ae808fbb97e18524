//! The flag on what is told after the training.

use crate::error::Error;
use crate::report::Place;
use clap::Args;
use std::env;
use std::path::{Path, PathBuf};

#[derive(Args)]
#[command(next_help_heading = "Report")]
pub struct ReportArguments {
    /// After the training, write a page on it to this file, NAME.html, or to report.html in this folder, and its curves
    /// and kernels beside it as PNG files
    #[arg(long, value_name = "PATH")]
    report: Option<PathBuf>,
}

impl ReportArguments {
    /// Where the report goes, if there is to be one; it can be written there.
    pub fn prepare(&self) -> Result<Option<Place>, Error> {
        let place = self.report.as_ref().map(Place::new);
        if let Some(place) = &place {
            place.prepare()?;
        }
        Ok(place)
    }
}

/// The name of this program without its folder, and its flags.
pub fn command() -> Vec<String> {
    let mut words: Vec<_> = env::args_os()
        .map(|word| word.to_string_lossy().into_owned())
        .collect();
    if let Some(program) = words.first_mut()
        && let Some(name) = Path::new(program.as_str()).file_name()
    {
        *program = name.to_string_lossy().into_owned();
    }
    words
}
