//! Compiles a checked network into Rust with constant shapes.
//!
//! Text → network → plan → tokens → text: [`compile`] is the one way through, and every door takes it.

mod emit;
mod plan;
mod print;

use cnn_spec::{Network, Report};
use proc_macro2::TokenStream;
use sha2::{Digest, Sha256};
use std::fmt::Write as _;
use std::path::Path;

/// What a caller may choose about the generated code.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// The name of the generated type, if not the network's own.
    pub name: Option<String>,
    /// How training and evaluation are computed.
    pub kernels: Kernels,
}

/// How training and evaluation of a network in `f32` are computed; one in `f64` always has plain kernels.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Kernels {
    /// Nested loops over one sample at a time: to read, and for machines without vectors.
    #[default]
    Plain,
    /// The same loops over sixteen samples side by side, in vectors. The runtime needs its feature `simd`.
    Simd,
}

/// A network compiled to Rust: the items of one module.
#[derive(Clone, Debug)]
pub struct Code {
    name: String,
    tokens: TokenStream,
    text: String,
}

impl Code {
    /// The name of the type that implements `cnn_runtime::Model`.
    pub fn name(&self) -> &str {
        &self.name
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
    let mut network = cnn_spec::parse(text, file_name)?;
    if let Some(name) = &options.name {
        network.name.clone_from(name);
    }
    let file_name = Path::new(file_name).file_name().map_or_else(
        || file_name.to_owned(),
        |name| name.to_string_lossy().into_owned(),
    );
    let sha256 = Sha256::digest(text)
        .iter()
        .fold(String::new(), |mut hex, byte| {
            // Writing to a String cannot fail.
            let _ = write!(hex, "{byte:02x}");
            hex
        });
    Ok(generate(
        &network,
        &Origin { file_name, sha256 },
        options.kernels,
    ))
}

fn generate(network: &Network, origin: &Origin, kernels: Kernels) -> Code {
    let items = emit::items(&plan::Plan::new(network), origin, kernels);
    Code {
        name: network.name.clone(),
        tokens: items.clone(),
        text: print::text(items, origin),
    }
}
