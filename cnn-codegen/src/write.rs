//! Files that are whole or not there at all.

use crate::Error;
use std::fs;
use std::io::{self, Write};
use std::path::Path;
use tempfile::NamedTempFile;

/// Writes a file if its content differs: beside it first, then renamed, so that nobody ever sees half of it.
pub(crate) fn write(path: &Path, text: &str) -> Result<(), Error> {
    try_write(path, text.as_bytes()).map_err(|error| cannot_write(path, error))
}

/// Writes a file that is not there yet.
#[cfg(feature = "command")]
pub(crate) fn write_new(path: &Path, text: &str) -> Result<(), Error> {
    let file = beside(path, text.as_bytes());
    file.and_then(|file| Ok(file.persist_noclobber(path)?))
        .map(drop)
        .map_err(|error| cannot_write(path, error))
}

/// Names the folder where that is what is missing.
fn cannot_write(path: &Path, error: io::Error) -> Error {
    match folder(path) {
        folder if error.kind() == io::ErrorKind::NotFound && !folder.exists() => {
            let (path, folder) = (path.display(), folder.display());
            Error::Refused(format!(
                "cannot write `{path}`: there is no folder `{folder}`\n help: create it, or choose another one"
            ))
        }
        _ => Error::write(path, error),
    }
}

fn try_write(path: &Path, content: &[u8]) -> io::Result<()> {
    match fs::metadata(path) {
        // A terminal or `/dev/null` is written to, not replaced.
        Ok(metadata) if !metadata.is_file() => fs::write(path, content),
        // A link stays a link.
        Ok(_) => match fs::read(path) {
            Ok(old) if old == content => Ok(()),
            _ => replace(&path.canonicalize()?, content),
        },
        Err(_) => replace(path, content),
    }
}

fn replace(path: &Path, content: &[u8]) -> io::Result<()> {
    beside(path, content)?.persist(path)?;
    Ok(())
}

/// The content in a file without a name yet, where it can get this one.
fn beside(path: &Path, content: &[u8]) -> io::Result<NamedTempFile> {
    let mut builder = tempfile::Builder::new();
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    let mut file = builder.tempfile_in(folder(path))?;
    file.write_all(content)?;
    Ok(file)
}

/// Where a file is, or will be.
fn folder(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    }
}
