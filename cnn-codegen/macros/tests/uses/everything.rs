#![deny(warnings, clippy::pedantic, missing_docs)]
//! Where and how the attribute can stand.

use cnn_runtime::{Model, cnn_model};

/// Documented and private.
#[cnn_model("net.toml")]
struct Net;

/// A module of its own.
pub mod inner {
    #[cnn_runtime::cnn_model("net.toml")]
    pub(super) struct Shared;

    #[cnn_runtime::cnn_model("net.toml")]
    pub(crate) struct InTheCrate;

    /// Nobody sees it.
    #[cnn_runtime::cnn_model("no-such-file.toml")]
    #[cfg(any())]
    pub struct Absent;
}

// The module of a type called `Type` cannot be called `type`.
#[cnn_model("net.toml")]
struct Type;

fn main() {
    #[cnn_model("net.toml")]
    struct InAFunction;

    assert_eq!(Net::NAME, "Net");
    assert_eq!(inner::Shared::NAME, "Shared");
    assert_eq!(inner::InTheCrate::NAME, "InTheCrate");
    assert_eq!(Type::NAME, "Type");
    assert_eq!(type_::Type::OUTPUT_SHAPE, [3]);
    assert_eq!(InAFunction::NAME, "InAFunction");
    assert_eq!(std::mem::size_of::<net::Input>(), 64);
}
