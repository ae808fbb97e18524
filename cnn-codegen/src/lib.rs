//! Compiles a checked network into Rust with constant shapes.
//!
//! Text → network → plan → tokens → text: [`compile`] is the one way through, and every door takes it.

use cnn_spec::Network;
use proc_macro2::TokenStream;

/// What a caller may choose about the generated code.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// The name of the generated type, if not the network's own.
    pub name: Option<String>,
}

/// A network compiled to Rust.
#[derive(Clone, Debug)]
pub struct Code {
    tokens: TokenStream,
}
