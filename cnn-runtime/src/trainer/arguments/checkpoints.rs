//! Flags on how a training is saved, and goes on.

use crate::checkpoint::{Checkpoints, Every};
use clap::Args;
use std::path::Path;

#[derive(Args)]
#[command(next_help_heading = "Checkpoints")]
pub struct CheckpointArguments {
    /// Save the training to checkpoint.safetensors in --out after every N epochs, or every N steps: 5, 500steps; Ctrl-C
    /// saves it as well
    #[arg(long, value_name = "N[steps]", value_parser = every, requires = "out")]
    checkpoint_every: Option<Every>,

    /// Go on from the checkpoint in --out, to the same bits as if the training had never ended
    #[arg(long, requires = "out", conflicts_with = "weights")]
    pub resume: bool,
}

impl CheckpointArguments {
    /// Where and when the training is saved, if there is a folder for it.
    pub fn of(&self, out: Option<&Path>) -> Option<Checkpoints> {
        Some(Checkpoints {
            path: out?.join("checkpoint.safetensors"),
            every: self.checkpoint_every,
        })
    }
}

fn every(text: &str) -> Result<Every, String> {
    let (count, unit) = match text.find(|c: char| !c.is_ascii_digit()) {
        Some(end) => text.split_at(end),
        None => (text, "epochs"),
    };
    let count = count.parse().ok();
    match (count, unit.trim()) {
        (Some(count), "epoch" | "epochs") => Ok(Every::Epochs(count)),
        (Some(count), "step" | "steps") => Ok(Every::Steps(count)),
        _ => Err(
            "an interval is a number of epochs, such as 5, or of steps, such as 500steps".into(),
        ),
    }
}
