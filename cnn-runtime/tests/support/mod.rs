//! Folders of files that tests write, and what reading them says.

use cnn_runtime::{Error, Split};
use std::fs;
use std::path::Path;
use tempfile::{TempDir, tempdir};

/// A folder with these files.
pub fn folder(files: &[(&str, &[u8])]) -> TempDir {
    let folder = tempdir().unwrap();
    for (name, bytes) in files {
        write(folder.path(), name, bytes);
    }
    folder
}

/// Writes a file, with the folders that it stands in.
pub fn write(folder: &Path, name: &str, bytes: &[u8]) {
    let path = folder.join(name);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, bytes).unwrap();
}

/// What is wrong, with `DIR` for the folder; every error says how to mend it.
pub fn complaint(folder: &Path, read: Result<Split, Error>) -> String {
    let error = read.unwrap_err();
    assert!(!error.help().is_empty());
    error
        .to_string()
        .replace(&folder.display().to_string(), "DIR")
}
