//! The networks of `networks`, each of which has what another one has not.
#![allow(missing_docs, clippy::pedantic)]

include!(concat!(env!("OUT_DIR"), "/networks.rs"));
