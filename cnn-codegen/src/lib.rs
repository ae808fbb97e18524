//! Compiles a checked network into Rust with constant shapes.
//!
//! Text → network → plan → tokens → text: [`compile`] is the one way through, and every door takes it.

pub mod attribute;
mod builder;
pub mod cli;
mod error;
mod fallback;
mod name;
mod source;
mod train;
mod trainer;
mod write;

pub use builder::Builder;
pub use error::Error;

use cnn_spec::Report;
use proc_macro2::TokenStream;
use quote::{format_ident, quote};

/// What a caller may choose about the generated code.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// The name of the generated type, if not the network's own.
    pub name: Option<String>,
}

/// A network compiled to Rust.
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

/// Compiles the text of a TOML file.
///
/// # Errors
/// Reports everything that is wrong with the file.
pub fn compile(text: &str, file_name: &str, options: &Options) -> Result<Code, Report> {
    let network = cnn_spec::parse(text, file_name)?;
    let name = options.name.clone().unwrap_or(network.name);
    let ident = format_ident!("{name}");
    let tokens = quote! {
        /// A network.
        pub struct #ident;
        /// Learnt.
        pub struct Parameters;
    };
    let text = prettyplease::unparse(&syn::parse2(tokens.clone()).expect("stub"));
    Ok(Code { name, tokens, text })
}
