//! Flags on what a trained network is shown.

use crate::data::Preparation;
use clap::Args;
use std::num::NonZeroUsize;
use std::path::PathBuf;

#[derive(Args)]
pub struct PredictArguments {
    /// Pictures (PNG, JPEG), files of images in MNIST's format, arrays (.npy), tables (.csv)
    #[arg(required = true, value_name = "FILE")]
    pub files: Vec<PathBuf>,

    /// The weights.safetensors that a training has left, or its checkpoint
    #[arg(long, value_name = "FILE")]
    pub weights: PathBuf,

    /// What is done to a picture: mnist scales and centres what is drawn, dark or bright, as MNIST's digits are (the
    /// default for ten classes of 28×28 grey pixels, unless the network's file names another format than idx); resize
    /// scales all of it (the default for others); none leaves it alone
    #[arg(long, value_enum, hide_possible_values = true)]
    #[arg(value_name = "mnist|resize|none")]
    pub prepare: Option<Preparation>,

    /// How many classes to print for each sample, the likeliest first
    #[arg(long, value_name = "N", default_value = "3")]
    pub top: NonZeroUsize,

    /// Print one JSON object per sample, with all classes
    #[arg(long)]
    pub json: bool,
}
