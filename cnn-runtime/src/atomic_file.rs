//! Files that appear whole or not at all.

use std::ffi::OsString;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

/// Writes a file under a temporary name beside `path`, syncs it, renames it and syncs the folder.
///
/// Whenever the machine stops, the old file or the new one is there, and whole.
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
        .and_then(|()| Ok(fs::rename(&temporary, path)?))
        .and_then(|()| Ok(sync_folder(path)?));
    if written.is_err() {
        // The error that matters is the first one.
        let _ = fs::remove_file(&temporary);
    }
    written
}

/// Finds out whether a file can be written, and leaves no trace.
#[cfg(feature = "report")]
pub fn try_to_write(path: &Path) -> io::Result<()> {
    let temporary = temporary(path);
    create(&temporary)?;
    fs::remove_file(&temporary)
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

/// Has the disk know the file's new name.
#[cfg(unix)]
fn sync_folder(path: &Path) -> io::Result<()> {
    File::open(folder(path))?.sync_all()
}

/// Other systems do not let a program wait for a folder.
#[cfg(not(unix))]
fn sync_folder(_: &Path) -> io::Result<()> {
    Ok(())
}

fn folder(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if folder != Path::new("") => folder,
        _ => Path::new("."),
    }
}

/// Removes what runs have left beside a file that were killed while they wrote it or another one.
pub fn remove_leftovers(path: &Path) {
    let Ok(entries) = fs::read_dir(folder(path)) else {
        return;
    };
    for entry in entries.flatten() {
        if is_temporary(&entry.file_name().to_string_lossy()) {
            // What cannot be removed does no harm.
            let _ = fs::remove_file(entry.path());
        }
    }
}

/// The process id keeps two runs apart that write the same file.
fn temporary(path: &Path) -> PathBuf {
    let mut name = OsString::from(".");
    name.push(path.file_name().unwrap_or_default());
    name.push(format!(".{}.tmp", std::process::id()));
    path.with_file_name(name)
}

fn is_temporary(name: &str) -> bool {
    let middle = name
        .strip_prefix('.')
        .and_then(|name| name.strip_suffix(".tmp"));
    let id = middle.and_then(|middle| middle.rsplit_once('.'));
    id.is_some_and(|(_, id)| id.parse::<u32>().is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn temporary_names_are_told_from_others() {
        let name = temporary(Path::new("out/weights.safetensors"));
        assert!(name.starts_with("out"));
        assert!(is_temporary(&name.file_name().unwrap().to_string_lossy()));
        for other in ["weights.safetensors", ".tmp", ".x.tmp", "x.7.tmp", ".7.tmp"] {
            assert!(!is_temporary(other), "{other}");
        }
    }
}
