//! What generated networks stand on.
//!
//! With default features off this is the core: `no_std`, no heap, everything that a generated file names.

#![cfg_attr(not(feature = "std"), no_std)]

pub mod math;
mod model;
mod rng;
mod schedule;
mod target;
mod tensor;
mod zeroed;

pub use model::{Model, Parameters, Settings, TensorInfo, Totals, Trainable};
pub use rng::Rng;
pub use schedule::Schedule;
pub use target::{Target, argmax};
pub use tensor::Tensor;
pub use zeroed::Zeroed;

#[doc(hidden)]
pub use bytemuck;
