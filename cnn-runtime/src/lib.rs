//! What generated networks stand on.
//!
//! With default features off this is the core: `no_std`, no heap, everything that a generated file names. The feature
//! `std` (default) adds data sets, the training loop, metrics and weights files; `trainer` the command line of a
//! generated trainer, and `download` and `report` its flags of these names, and `images` data sets of PNG and JPEG files; `macros` the attribute `cnn_model`; `simd` the vectors of
//! the simd kernels, and `profile` tells where a step's time goes.

#![cfg_attr(not(feature = "std"), no_std)]

#[cfg(feature = "std")]
mod atomic_file;
#[cfg(feature = "std")]
mod augment;
mod batch;
#[cfg(feature = "std")]
pub mod checkpoint;
#[cfg(feature = "std")]
pub mod data;
mod dropout;
#[cfg(feature = "std")]
mod error;
#[cfg(feature = "std")]
mod evaluate;
#[cfg(feature = "std")]
mod exam;
#[cfg(feature = "std")]
pub mod fit;
#[cfg(feature = "simd")]
pub mod lanes;
pub mod math;
#[cfg(feature = "trainer")]
mod meaning;
#[cfg(feature = "std")]
mod metrics;
mod model;
pub mod muon;
#[cfg(feature = "std")]
pub mod profile;
#[cfg(feature = "report")]
pub mod report;
mod rng;
#[cfg(feature = "simd")]
pub mod rows;
pub mod schedule;
pub mod settings;
mod target;
mod tensor;
#[cfg(feature = "std")]
mod tensor_file;
#[cfg(feature = "trainer")]
pub mod trainer;
#[cfg(feature = "std")]
pub mod weights;
#[cfg(feature = "std")]
mod worker;
mod zeroed;

#[cfg(feature = "std")]
pub use checkpoint::{Checkpoint, Checkpoints, Every};
#[cfg(feature = "std")]
pub use data::{Dataset, Split};
#[cfg(feature = "std")]
pub use error::Error;
#[cfg(feature = "std")]
pub use evaluate::{confusion, evaluate};
#[cfg(feature = "std")]
pub use fit::{Fit, Observer};
#[cfg(feature = "std")]
pub use metrics::{Confusion, EpochReport, Regression, Score};

pub use batch::{Moments, Part, Statistics};
pub use dropout::{Mask, Masks};
pub use model::{Model, OptimizerState, Parameters, Role, Settings, TensorInfo, Totals, Trainable};
pub use rng::Rng;
pub use schedule::{Curve, LearningRate, OneCycle, ReduceOnPlateau, Schedule, Warmup};
pub use target::{Labelled, Target, argmax};
pub use tensor::Tensor;
pub use zeroed::Zeroed;

#[cfg(feature = "macros")]
pub use cnn_macros::cnn_model;

#[doc(hidden)]
pub use bytemuck;
