//! Compiles a checked network into Rust with constant shapes.
//!
//! Text → network → plan → tokens → text: [`compile`] is the one way through, and every door takes it.

pub mod attribute;
mod builder;
#[cfg(feature = "command")]
pub mod cli;
mod constants;
#[cfg(feature = "command")]
mod data;
mod emit;
mod error;
#[cfg(feature = "command")]
mod explain;
mod fallback;
#[cfg(feature = "command")]
mod picture;
mod plan;
mod print;
#[cfg(feature = "command")]
mod reference;
#[cfg(feature = "command")]
mod schema;
mod source;
mod summary;
#[cfg(feature = "command")]
mod template;
#[cfg(feature = "command")]
mod train;
#[cfg(feature = "command")]
mod trainer;
mod write;

pub use builder::Builder;
pub use error::Error;
pub use summary::Summary;

use cnn_spec::{Network, Report};
use proc_macro2::TokenStream;
use std::path::Path;

/// What a caller may choose about the generated code.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// The name of the generated type, if not the network's own.
    pub name: Option<String>,
    /// How training and evaluation are computed.
    pub kernels: Kernels,
}

/// How training and evaluation of a network are computed; one in `f64` always has plain kernels.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "command", derive(clap::ValueEnum))]
pub enum Kernels {
    /// Nested loops over one sample at a time: to read, and for machines without vectors.
    Plain,
    /// The same loops in vectors, as many samples side by side as the machine has lanes. The runtime needs its feature
    /// `simd`, which is one of its default features.
    #[default]
    Simd,
}

impl Kernels {
    /// As the command takes it.
    fn word(self) -> &'static str {
        match self {
            Self::Plain => "plain",
            Self::Simd => "simd",
        }
    }
}

/// A network compiled to Rust: the items of one module.
#[derive(Clone, Debug)]
pub struct Code {
    name: String,
    summary: Summary,
    tokens: TokenStream,
    text: String,
}

impl Code {
    /// The name of the type that implements `cnn_runtime::Model`.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The kernels that it got.
    pub fn kernels(&self) -> Kernels {
        self.summary.kernels
    }

    /// The table of layers, the settings of the training, and the bytes that the network keeps in memory.
    pub fn summary(&self) -> &Summary {
        &self.summary
    }

    /// The items, for a macro.
    pub fn tokens(&self) -> &TokenStream {
        &self.tokens
    }

    /// The same items as a file to read, with a header and comments.
    pub fn text(&self) -> &str {
        &self.text
    }
}

/// Where a network comes from, as the generated text says it.
#[derive(Clone, Debug)]
pub(crate) struct Origin {
    /// The file's name without its folders, so that every door gives the same text.
    file_name: String,
    /// The SHA-256 of its text, in hexadecimal.
    sha256: String,
}

/// Compiles the text of a TOML file.
///
/// # Errors
/// Reports everything that is wrong with the file.
pub fn compile(text: &str, file_name: &str, options: &Options) -> Result<Code, Report> {
    let (network, origin) = read(text, file_name, options)?;
    Ok(generate(&network, &origin, options))
}

/// Compiles the same text to what a report shows of the network beside figures: a file beside the network's own, the
/// module `net`.
///
/// # Errors
/// Reports everything that is wrong with the file.
pub fn compile_insight(text: &str, file_name: &str, options: &Options) -> Result<String, Report> {
    let (network, origin) = read(text, file_name, options)?;
    let items = emit::insight::items(&plan::Plan::new(&network), options.kernels);
    Ok(print::text(items, &origin))
}

/// Compiles the same text to `impl cnn_runtime::profile::Profiled`, by which the time of each kernel is taken: a file beside
/// the network's own, the module `net`.
///
/// # Errors
/// Reports everything that is wrong with the file.
pub fn compile_profile(text: &str, file_name: &str, options: &Options) -> Result<String, Report> {
    let (network, origin) = read(text, file_name, options)?;
    let items = emit::profile::items(&plan::Plan::new(&network), options.kernels);
    Ok(print::text(items, &origin))
}

fn read(text: &str, file_name: &str, options: &Options) -> Result<(Network, Origin), Report> {
    let mut network = cnn_spec::parse(text, file_name)?;
    if let Some(name) = &options.name {
        network.name.clone_from(name);
    }
    // Escaped, because a line break in a name would end the comment that it stands in.
    let file_name = Path::new(file_name).file_name().unwrap_or_default();
    let file_name = file_name.to_string_lossy().escape_debug().to_string();
    let digest = hmac_sha256::Hash::hash(text.as_bytes());
    let sha256 = digest.map(|byte| format!("{byte:02x}")).concat();
    Ok((network, Origin { file_name, sha256 }))
}

fn generate(network: &Network, origin: &Origin, options: &Options) -> Code {
    let items = emit::items(&plan::Plan::new(network), origin, options);
    Code {
        name: network.name.clone(),
        summary: items.summary,
        tokens: items.tokens.clone(),
        text: print::text(items.tokens, origin),
    }
}
