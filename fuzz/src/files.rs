//! A folder of files that readers read.

use std::fs;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

pub struct Files(TempDir);

impl Files {
    /// An empty folder.
    pub fn new() -> Self {
        Self(tempfile::tempdir().expect("a folder"))
    }

    pub fn folder(&self) -> &Path {
        self.0.path()
    }

    /// Writes a file, with the folders that it stands in.
    pub fn write(&mut self, name: &str, bytes: &[u8]) -> PathBuf {
        let path = self.folder().join(name);
        fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        fs::write(&path, bytes).expect("a file");
        path
    }

    pub fn remove(&mut self, name: &str) {
        fs::remove_file(self.folder().join(name)).expect("a file");
    }
}
