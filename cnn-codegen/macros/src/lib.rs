//! `#[cnn_model("net.toml")]`: a convolutional network compiled where it is used.

use proc_macro::{Span, TokenStream};

/// Turns `pub struct Digits;` into the network of a TOML file.
///
/// The path is relative to the source file, or else to the package's folder. The generated items make up a module
/// named after the struct, here `digits`, and `Digits` itself is re-exported beside it.
///
/// ```text
/// #[cnn_runtime::cnn_model("digits.toml")]
/// pub struct Digits;
/// ```
///
/// The network computes in vectors; with `#[cnn_model("digits.toml", kernels = "plain")]` in plain loops, for machines
/// without vectors.
#[proc_macro_attribute]
pub fn cnn_model(args: TokenStream, item: TokenStream) -> TokenStream {
    let file = Span::call_site().local_file();
    cnn_codegen::attribute::expand(args.into(), &item.into(), file.as_deref()).into()
}
