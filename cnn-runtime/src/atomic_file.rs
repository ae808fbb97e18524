//! Files that appear whole or not at all.

use std::ffi::OsString;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

/// Writes a file under a temporary name beside `path`, syncs it and renames it.
///
/// If anything fails, what was at `path` is still there, and the temporary file is gone.
pub fn write<E: From<io::Error>>(
    path: &Path,
    fill: impl FnOnce(&mut File) -> Result<(), E>,
) -> Result<(), E> {
    let temporary = temporary(path);
    let written = create(&temporary)
        .map_err(E::from)
        .and_then(|mut file| {
            fill(&mut file)?;
            file.sync_all()?;
            Ok(())
        })
        .and_then(|()| Ok(fs::rename(&temporary, path)?));
    if written.is_err() {
        // The error that matters is the first one.
        let _ = fs::remove_file(&temporary);
    }
    written
}

/// A new file to be written, and read again to be checked.
fn create(path: &Path) -> io::Result<File> {
    File::options()
        .read(true)
        .write(true)
        .create(true)
        .truncate(true)
        .open(path)
}

/// The process id keeps two runs apart that write the same file.
fn temporary(path: &Path) -> PathBuf {
    let mut name = OsString::from(".");
    name.push(path.file_name().unwrap_or_default());
    name.push(format!(".{}.tmp", std::process::id()));
    path.with_file_name(name)
}
