//! The door for build scripts.

use crate::source::Source;
use crate::write::write;
use crate::{Error, Kernels, Options};
use std::env;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};

/// Compiles a TOML file in a build script.
///
/// ```no_run
/// // build.rs
/// fn main() -> Result<(), cnn_codegen::Error> {
///     cnn_codegen::Builder::new("net.toml").generate()?;
///     Ok(())
/// }
/// ```
///
/// ```text
/// // src/main.rs
/// mod net {
///     include!(concat!(env!("OUT_DIR"), "/net.rs"));
/// }
/// ```
#[derive(Clone, Debug)]
pub struct Builder {
    file: PathBuf,
    out_dir: Option<PathBuf>,
    options: Options,
}

impl Builder {
    /// The path is relative to the package's folder (`CARGO_MANIFEST_DIR`).
    pub fn new(file: impl Into<PathBuf>) -> Self {
        Self {
            file: file.into(),
            out_dir: None,
            options: Options::default(),
        }
    }

    /// Writes into this folder instead of `OUT_DIR`.
    #[must_use]
    pub fn out_dir(mut self, folder: impl Into<PathBuf>) -> Self {
        self.out_dir = Some(folder.into());
        self
    }

    /// Gives the generated type this name instead of the network's own.
    #[must_use]
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.options.name = Some(name.into());
        self
    }

    /// Computes with these kernels: by default in vectors.
    #[must_use]
    pub fn kernels(mut self, kernels: Kernels) -> Self {
        self.options.kernels = kernels;
        self
    }

    /// Writes `net.rs` for `net.toml` and returns its path; a file with the same content is left alone.
    ///
    /// Tells cargo to run the build script again when the TOML file changes.
    ///
    /// # Errors
    /// Everything that is wrong with the network, in one report, or with a file, in one line.
    pub fn generate(&self) -> Result<PathBuf, Error> {
        let file = env::var_os("CARGO_MANIFEST_DIR").map_or_else(
            || self.file.clone(),
            |folder| Path::new(&folder).join(&self.file),
        );
        println!("cargo::rerun-if-changed={}", file.display());
        let code = Source::read_as(&file, &self.file)?.compile(&self.options)?;
        let path = self.folder()?.join(rust_name(&file));
        write(&path, code.text())?;
        Ok(path)
    }

    fn folder(&self) -> Result<PathBuf, Error> {
        let out_dir = || env::var_os("OUT_DIR").map(PathBuf::from);
        self.out_dir.clone().or_else(out_dir).ok_or_else(|| {
            let message = "OUT_DIR is not set: outside a build script, call `Builder::out_dir`";
            Error::Refused(message.to_owned())
        })
    }
}

fn rust_name(file: &Path) -> PathBuf {
    Path::new(file.file_name().unwrap_or(OsStr::new("net"))).with_extension("rs")
}
