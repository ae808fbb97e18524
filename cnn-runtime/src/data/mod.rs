//! Samples and their targets: what a network learns from and is tested on.

pub mod cifar;
pub mod csv;
mod dataset;
pub mod digits;
#[cfg(feature = "download")]
pub mod download;
pub mod idx;
#[cfg(feature = "images")]
pub mod images;
mod normalization;
pub mod npy;
mod pixels;
mod plane;
mod preparation;
mod reader;
mod samples;
mod split;

pub use dataset::{Dataset, Sample, Targets, Values};
pub use normalization::Normalization;
pub use preparation::Preparation;
pub use reader::Reader;
pub use split::Split;

/// Prints a shape as `1×28×28`.
pub(crate) struct Shape<'a>(pub &'a [usize]);

impl std::fmt::Display for Shape<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for (index, size) in self.0.iter().enumerate() {
            let separator = if index == 0 { "" } else { "×" };
            write!(f, "{separator}{size}")?;
        }
        Ok(())
    }
}
