//! The networks of `examples/networks`.
#![allow(missing_docs, clippy::pedantic)]

include!(concat!(env!("OUT_DIR"), "/examples.rs"));
