//! Standard output and standard error.

use super::record::json;
use crate::error::Error;
use crate::metrics::EpochReport;
use std::fmt::Display;
use std::io::{self, ErrorKind, Write};
use std::path::Path;

/// Where a trainer's lines go.
#[derive(Clone, Copy)]
pub struct Console {
    /// Standard output is for a program: people read standard error.
    pub json: bool,
}

impl Console {
    /// Prints a line for people.
    pub fn say(self, text: impl Display) -> Result<(), Error> {
        if self.json {
            print("standard error", io::stderr(), Ok(text))
        } else {
            print("standard output", io::stdout(), Ok(text))
        }
    }

    /// Prints a report: as JSON if that is what standard output is for.
    pub fn report(self, report: &EpochReport) -> Result<(), Error> {
        if self.json {
            print("standard output", io::stdout(), json(report))
        } else {
            self.say(report)
        }
    }
}

/// Prints a line for whoever asked: a person or a program.
pub fn answer(text: io::Result<impl Display>) -> Result<(), Error> {
    print("standard output", io::stdout(), text)
}

/// If the reader has gone away, the rest is not for anybody: that is no error.
fn print(name: &str, mut stream: impl Write, text: io::Result<impl Display>) -> Result<(), Error> {
    let written = text.and_then(|text| writeln!(stream, "{text}"));
    match written.and_then(|()| stream.flush()) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => {
            Err(Error::file("write", Path::new(name))(error))
        }
        _ => Ok(()),
    }
}
