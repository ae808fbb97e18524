//! What can go wrong around a training run, and how to mend it.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::string::String;

/// Why a run could not start or go on.
///
/// [`Display`](fmt::Display) says what is wrong in one sentence; [`Error::help`] says how to mend it.
#[derive(Debug)]
#[non_exhaustive]
pub enum Error {
    /// A file or folder could not be read or written.
    File {
        /// What was attempted: `read`, `write`, ….
        action: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// A file was read, but does not hold what it should.
    Content {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        problem: String,
        /// How to mend it.
        help: String,
    },
    /// Data, network and settings do not go together.
    Mismatch {
        /// What does not fit what.
        problem: String,
        /// How to mend it.
        help: String,
    },
    /// The loss became infinite or not a number.
    NotFinite {
        /// The epoch, from 1.
        epoch: usize,
        /// The step in this epoch, from 1.
        step: usize,
    },
    /// A file could not be fetched from anywhere.
    Download {
        /// The file.
        file: String,
        /// What was tried and what came of it, one line each.
        attempts: String,
    },
}

impl Error {
    pub(crate) fn file(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        move |source| Self::File {
            action,
            path: path.into(),
            source,
        }
    }

    pub(crate) fn content(
        path: &Path,
        problem: impl Into<String>,
        help: impl Into<String>,
    ) -> Self {
        Self::Content {
            path: path.into(),
            problem: problem.into(),
            help: help.into(),
        }
    }

    pub(crate) fn mismatch(problem: impl Into<String>, help: impl Into<String>) -> Self {
        Self::Mismatch {
            problem: problem.into(),
            help: help.into(),
        }
    }

    /// How to mend it.
    pub fn help(&self) -> &str {
        match self {
            Self::File { source, .. } => match source.kind() {
                io::ErrorKind::NotFound => "check the path",
                io::ErrorKind::PermissionDenied => "check the permissions",
                io::ErrorKind::StorageFull => "make room on this disk, or choose another",
                _ => "check that the disk is in order",
            },
            Self::Content { help, .. } | Self::Mismatch { help, .. } => help,
            Self::NotFinite { .. } => "choose a smaller learning rate",
            Self::Download { .. } => {
                "check the network connection, or put the four files of MNIST into a folder and name it with `--data`"
            }
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File {
                action,
                path,
                source,
            } => write!(f, "cannot {action} {}: {source}", path.display()),
            Self::Content { path, problem, .. } => write!(f, "{}: {problem}", path.display()),
            Self::Mismatch { problem, .. } => f.write_str(problem),
            Self::NotFinite { epoch, step } => {
                write!(
                    f,
                    "the loss is no longer a finite number in epoch {epoch}, step {step}"
                )
            }
            Self::Download { file, attempts } => write!(f, "cannot download {file}\n{attempts}"),
        }
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::File { source, .. } => Some(source),
            _ => None,
        }
    }
}
