//! What can go wrong around a training run, and how to mend it.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::string::String;

/// Why a run could not start or go on.
///
/// [`Display`](fmt::Display) says what is wrong in one sentence; [`Error::help`] says how to mend it.
/// `Debug` prints both, because that is what a program shows when its `main` returns the error.
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
    /// The loss, a gradient or a parameter became infinite or not a number.
    NotFinite {
        /// Which of them, with the tensor's name where it is a single one.
        what: String,
        /// What is known of the reason: the tensor that has grown most.
        reason: Option<String>,
        /// The epoch, from 1.
        epoch: usize,
        /// The batch in this epoch, from 1.
        step: usize,
        /// The last checkpoint of this training, if there is one; all of it is finite.
        checkpoint: Option<PathBuf>,
    },
    /// The training was told to end.
    Interrupted {
        /// The epoch, from 1.
        epoch: usize,
        /// The last batch in this epoch that was learnt, from 1.
        step: usize,
        /// Where the training was saved, if it was.
        checkpoint: Option<PathBuf>,
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
                io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
                    "make room on this disk, or choose another"
                }
                io::ErrorKind::FileTooLarge => "allow larger files, or choose another disk",
                io::ErrorKind::ReadOnlyFilesystem => "choose a folder that can be written to",
                _ => "check that the disk is in order",
            },
            Self::Content { help, .. } | Self::Mismatch { help, .. } => help,
            Self::NotFinite {
                checkpoint: None, ..
            } => "choose a smaller learning rate, or clip the gradient",
            Self::NotFinite {
                checkpoint: Some(_),
                ..
            } => {
                "choose a smaller learning rate, or clip the gradient; `--weights` with that file starts from its parameters"
            }
            Self::Interrupted {
                checkpoint: None, ..
            } => "with `--out DIR`, the training is saved when it is interrupted",
            Self::Interrupted {
                checkpoint: Some(_),
                ..
            } => "go on with the same flags and `--resume`",
            Self::Download { .. } => {
                "check the network connection, or put the four files of MNIST into a folder and name it with `--data`"
            }
        }
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}\n help: {}", self.help())
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
            Self::NotFinite {
                what,
                reason,
                epoch,
                step,
                checkpoint,
            } => {
                write!(
                    f,
                    "{what} is no longer a finite number in epoch {epoch}, step {step}"
                )?;
                if let Some(reason) = reason {
                    write!(f, ": {reason}")?;
                }
                match checkpoint {
                    Some(path) => write!(f, "; the last good checkpoint is {}", path.display()),
                    None => Ok(()),
                }
            }
            Self::Interrupted {
                epoch,
                step,
                checkpoint,
            } => {
                write!(f, "interrupted in epoch {epoch}, after step {step}")?;
                match checkpoint {
                    Some(path) => write!(f, "; the checkpoint is {}", path.display()),
                    None => Ok(()),
                }
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
