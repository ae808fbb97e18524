//! What the command takes; `--help`, the completions and the manual are made from this.

use crate::template::Template;
use crate::{Kernels, explain, picture};
use clap::{Args, Parser, Subcommand};
use clap_complete::Shell;
use std::ffi::OsString;
use std::num::NonZeroUsize;
use std::path::PathBuf;

/// Compiles a convolutional network, described in a TOML file, into Rust with constant shapes.
#[derive(Parser)]
#[command(name = "cnn-codegen", version, args_conflicts_with_subcommands = true)]
#[command(
    subcommand_negates_reqs = true,
    disable_help_subcommand = true,
    arg_required_else_help = true
)]
pub struct Arguments {
    #[command(flatten)]
    pub generate: Option<Generate>,
    #[command(subcommand)]
    pub command: Option<Command>,
}

#[derive(Args)]
pub struct Generate {
    /// The TOML file; `-` reads standard input
    #[arg(value_name = "net.toml")]
    pub file: PathBuf,
    /// Compute in vectors (simd, the default), or in plain loops, which are easier to read
    // Not flattened: clap sees an optional group only in arguments of its own.
    #[arg(long, value_name = "simd|plain", default_value = "simd")]
    #[arg(hide_possible_values = true, hide_default_value = true)]
    pub kernels: Kernels,
    /// Write the code here instead of to standard output; a file with the same content is left alone
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<PathBuf>,
}

#[derive(Subcommand)]
pub enum Command {
    /// Write a commented network to start from
    New {
        /// The network's name, if not the template's own
        #[arg(value_name = "NAME")]
        name: Option<String>,
        /// The network to start from
        #[arg(long, default_value = "digits")]
        template: Template,
        /// The file, which must not be there yet
        #[arg(short, long, value_name = "FILE", default_value = "net.toml")]
        output: PathBuf,
    },
    /// Print the table of layers: shapes, receptive fields, parameters, work and memory
    Summary {
        #[command(flatten)]
        network: Network,
        #[command(flatten)]
        kernels: KernelsChoice,
        /// Print every column, also inputs and the bytes of weights and gradients, in long lines
        #[arg(long)]
        wide: bool,
        /// Print JSON, with all that the table has
        #[arg(long, conflicts_with = "wide")]
        json: bool,
    },
    /// Draw the network, as SVG, DOT or Mermaid
    Graph {
        #[command(flatten)]
        network: Network,
        /// What to write, if not what the file's ending says; else SVG
        #[arg(long)]
        format: Option<picture::Format>,
        #[command(flatten)]
        output: Output,
    },
    /// Explain the network layer by layer: formulas, generated code, and examples in numbers
    Explain {
        #[command(flatten)]
        network: Network,
        /// What to write, if not what the file's ending says; else Markdown
        #[arg(long)]
        format: Option<explain::Format>,
        #[command(flatten)]
        output: Output,
    },
    /// Train the network: build its trainer, or take the one built before, and run it
    Train {
        #[command(flatten)]
        network: Network,
        #[command(flatten)]
        kernels: KernelsChoice,
        #[command(flatten)]
        runtime: RuntimeFolder,
        /// What to tell the trainer; `-- --help` lists its flags
        #[arg(last = true, value_name = "FLAGS")]
        flags: Vec<OsString>,
    },
    /// Tell what is in pictures, or in other samples, with weights that were trained
    Predict {
        #[command(flatten)]
        network: Network,
        #[command(flatten)]
        samples: Samples,
        #[command(flatten)]
        kernels: KernelsChoice,
        #[command(flatten)]
        runtime: RuntimeFolder,
    },
    /// Measure a training step, kernel by kernel: time, share of the machine's peak, bytes
    Bench {
        #[command(flatten)]
        network: Network,
        #[command(flatten)]
        runtime: RuntimeFolder,
    },
    /// Write a Cargo package that trains the network
    Trainer {
        #[command(flatten)]
        network: Network,
        /// The folder of the package: new, empty, or made by this command before
        #[arg(long, value_name = "DIR")]
        out: PathBuf,
        #[command(flatten)]
        kernels: KernelsChoice,
        #[command(flatten)]
        runtime: RuntimeFolder,
    },
    /// Print the reference of the language as Markdown: every key, what it takes, its default and its meaning
    Reference {
        #[command(flatten)]
        output: Output,
    },
    /// Print the JSON Schema of the language, for completion and hints in editors
    Schema {
        #[command(flatten)]
        output: Output,
    },
    /// Print what completes this command in a shell
    Completions {
        /// The shell
        shell: Shell,
    },
    /// Write the pages of the manual: one for the command, one for each of its commands
    Man {
        /// Their folder
        #[arg(value_name = "DIR")]
        folder: PathBuf,
    },
}

#[derive(Args)]
pub struct Network {
    /// The TOML file; `-` reads standard input
    #[arg(value_name = "net.toml")]
    pub file: PathBuf,
}

#[derive(Args)]
pub struct Output {
    /// Write here instead of to standard output; a file with the same content is left alone
    #[arg(short = 'o', long = "output", value_name = "FILE")]
    pub path: Option<PathBuf>,
}

#[derive(Args)]
pub struct KernelsChoice {
    /// Compute in vectors (simd, the default), or in plain loops, which are easier to read
    #[arg(long, value_name = "simd|plain", default_value = "simd")]
    #[arg(hide_possible_values = true, hide_default_value = true)]
    pub kernels: Kernels,
}

#[derive(Args)]
pub struct RuntimeFolder {
    /// Where the package finds cnn-runtime, if not in the registry or in this command's own checkout
    #[arg(long = "runtime", value_name = "PATH")]
    pub path: Option<PathBuf>,
}

/// What the trainer is told to predict; see its own `predict --help`.
#[derive(Args)]
pub struct Samples {
    /// Pictures (PNG, JPEG), files of images in MNIST's format, arrays (.npy), tables (.csv)
    #[arg(required = true, value_name = "FILE")]
    pub files: Vec<PathBuf>,
    /// The weights.safetensors that a training has left, or its checkpoint
    #[arg(long, value_name = "FILE")]
    pub weights: PathBuf,
    /// What is done to a picture: mnist scales and centres what is drawn, dark or bright, as MNIST's digits are (the
    /// default for ten classes of 28×28 grey pixels, unless the network's file names another format than idx); resize
    /// scales all of it (the default for others); none leaves it alone
    #[arg(long, value_name = "mnist|resize|none")]
    #[arg(value_parser = ["mnist", "resize", "none"], hide_possible_values = true)]
    pub prepare: Option<String>,
    /// How many classes to print for each sample, the likeliest first [default: 3]
    #[arg(long, value_name = "N")]
    pub top: Option<NonZeroUsize>,
    /// Print one JSON object per sample, with all classes
    #[arg(long)]
    pub json: bool,
}

impl Samples {
    /// The trainer's arguments that ask for the same.
    pub fn flags(self) -> Vec<OsString> {
        let mut flags = vec!["predict".into(), "--weights".into(), self.weights.into()];
        if let Some(prepare) = self.prepare {
            flags.extend(["--prepare".into(), prepare.into()]);
        }
        if let Some(top) = self.top {
            flags.extend(["--top".into(), top.to_string().into()]);
        }
        if self.json {
            flags.push("--json".into());
        }
        flags.push("--".into());
        flags.extend(self.files.into_iter().map(OsString::from));
        flags
    }
}
