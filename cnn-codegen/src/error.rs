//! What can go wrong at a door.

use cnn_spec::Report;
use std::error;
use std::fmt;
use std::io;
use std::path::Path;

/// Why no code came out.
///
/// `Debug` prints what `Display` does, because that is what cargo shows when `main` of a build script returns it.
#[non_exhaustive]
pub enum Error {
    /// The file describes no network; the report quotes it.
    Spec(Report),
    /// A file or a program could not be used.
    Io {
        /// What was attempted: ``cannot read `net.toml` ``.
        attempt: String,
        /// Why it failed.
        source: io::Error,
    },
    /// What was asked for cannot be done; the text says why and what can.
    Refused(String),
}

impl Error {
    pub(crate) fn read(path: &Path, source: io::Error) -> Self {
        Self::Io {
            attempt: format!("cannot read `{}`", path.display()),
            source,
        }
    }

    pub(crate) fn write(path: &Path, source: io::Error) -> Self {
        Self::Io {
            attempt: format!("cannot write `{}`", path.display()),
            source,
        }
    }

    /// The text for a terminal, with or without ANSI colours.
    pub fn render(&self, color: bool) -> String {
        match self {
            Self::Spec(report) => report.render(color),
            Self::Io { attempt, source } => format!("error: {attempt}: {}", reason(source)),
            Self::Refused(message) => format!("error: {message}"),
        }
    }
}

impl From<Report> for Error {
    fn from(report: Report) -> Self {
        Self::Spec(report)
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.render(false))
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\n{self}")
    }
}

impl error::Error for Error {
    fn source(&self) -> Option<&(dyn error::Error + 'static)> {
        match self {
            Self::Io { source, .. } => Some(source),
            Self::Spec(_) | Self::Refused(_) => None,
        }
    }
}

/// The usual reasons in the same words on every platform.
fn reason(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::NotFound => "there is no such file or directory".to_owned(),
        io::ErrorKind::IsADirectory => "it is a directory".to_owned(),
        io::ErrorKind::NotADirectory => "part of the path is not a directory".to_owned(),
        io::ErrorKind::AlreadyExists => "it is there already".to_owned(),
        io::ErrorKind::PermissionDenied => "permission denied".to_owned(),
        _ => error.to_string(),
    }
}
