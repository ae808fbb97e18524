//! The networks that the tests train, and tell of.

// Generated code keeps to the default lints.
#![allow(clippy::pedantic, missing_docs)]

include!(concat!(env!("OUT_DIR"), "/networks.rs"));
