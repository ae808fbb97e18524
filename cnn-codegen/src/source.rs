//! The TOML file that a door was given.

use crate::{Code, Error, Options, compile};
use cnn_spec::Network;
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

/// No network of this language needs more; reading stops here, so that an endless file does no harm.
const MAX_BYTES: u64 = 16 << 20;

/// A file's text, and its name as errors show it.
pub(crate) struct Source {
    pub(crate) text: String,
    name: String,
}

impl Source {
    pub(crate) fn new(text: String, name: impl Into<String>) -> Self {
        let name = name.into();
        Self { text, name }
    }

    /// Reads `path`; errors call it `shown`.
    pub(crate) fn read_as(path: &Path, shown: &Path) -> Result<Self, Error> {
        File::open(path)
            .and_then(text)
            .map(|text| Self::new(text, shown.to_string_lossy()))
            .map_err(|error| Error::read(shown, error))
    }

    pub(crate) fn compile(&self, options: &Options) -> Result<Code, Error> {
        if let Some(name) = &options.name {
            self.renamed(name)?;
        }
        Ok(compile(&self.text, &self.name, options)?)
    }

    /// What a report shows of the network beside figures.
    #[cfg(feature = "command")]
    pub(crate) fn compile_insight(&self, options: &Options) -> Result<String, Error> {
        Ok(crate::compile_insight(&self.text, &self.name, options)?)
    }

    /// What takes the time of each kernel.
    #[cfg(feature = "command")]
    pub(crate) fn compile_profile(&self, options: &Options) -> Result<String, Error> {
        Ok(crate::compile_profile(&self.text, &self.name, options)?)
    }

    /// The network by another name.
    pub(crate) fn renamed(&self, name: &str) -> Result<Network, Error> {
        let mut network = self.parse()?;
        network.rename(name).map_err(|reason| {
            let name = name.escape_debug();
            Error::Refused(format!("a network cannot be called `{name}`: {reason}"))
        })?;
        Ok(network)
    }

    pub(crate) fn parse(&self) -> Result<Network, Error> {
        Ok(cnn_spec::parse(&self.text, &self.name)?)
    }
}

/// What only the command asks for.
#[cfg(feature = "command")]
impl Source {
    pub(crate) fn read(path: &Path) -> Result<Self, Error> {
        Self::read_as(path, path)
    }

    pub(crate) fn read_stdin() -> Result<Self, Error> {
        text(io::stdin().lock())
            .map(|text| Self::new(text, "stdin"))
            .map_err(|error| Error::read(Path::new("stdin"), error))
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }
}

fn text(reader: impl Read) -> io::Result<String> {
    let mut bytes = Vec::new();
    reader.take(MAX_BYTES + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > MAX_BYTES {
        return Err(io::Error::other("it is larger than 16 MiB"));
    }
    String::from_utf8(bytes).map_err(|_| io::Error::other("it is not UTF-8 text"))
}
