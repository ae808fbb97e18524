//! Where a report goes.

use crate::atomic_file;
use crate::error::Error;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

/// A page, and the pictures beside it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    page: PathBuf,
}

impl Place {
    /// The page itself, if the path ends in `.html`; else `report.html` in this folder.
    ///
    /// ```
    /// use cnn_runtime::report::Place;
    ///
    /// assert_eq!(Place::new("trained"), Place::new("trained/report.html"));
    /// ```
    pub fn new(path: impl Into<PathBuf>) -> Self {
        let path = path.into();
        let is_page = path
            .extension()
            .is_some_and(|extension| extension.eq_ignore_ascii_case("html"));
        Self {
            page: if is_page {
                path
            } else {
                path.join("report.html")
            },
        }
    }

    /// Where the page is.
    pub fn page(&self) -> &Path {
        &self.page
    }

    /// `report-curves.png`, beside `report.html`.
    pub(super) fn picture(&self, name: &str) -> PathBuf {
        let mut file = self.page.file_stem().unwrap_or_default().to_owned();
        file.push(format!("-{name}.png"));
        self.page.with_file_name(file)
    }

    /// Makes the folder and tries to write there, so that what is wrong shows before the training and not after.
    ///
    /// What is there already is left alone.
    ///
    /// # Errors
    /// If the folder cannot be made or written to, or if the page is a folder.
    pub fn prepare(&self) -> Result<(), Error> {
        if let Some(folder) = self.page.parent() {
            fs::create_dir_all(folder).map_err(Error::file("create", folder))?;
        }
        if self.page.is_dir() {
            let problem = "it is a folder, where a report is to be written";
            let help = "choose another name for the report";
            return Err(Error::content(&self.page, problem, help));
        }
        atomic_file::try_to_write(&self.page).map_err(Error::file("write", &self.page))
    }
}

/// Writes a whole file or nothing.
pub(super) fn write(path: &Path, content: &[u8]) -> Result<(), Error> {
    atomic_file::write(path, |file| file.write_all(content)).map_err(Error::file("write", path))
}
