//! The command line of a generated trainer.

mod arguments;
mod console;
mod progress;
mod record;

use crate::data::{Split, digits, idx};
use crate::error::Error;
use crate::evaluate::confusion;
use crate::fit::Fit;
use crate::model::Trainable;
use crate::weights;
use arguments::Arguments;
use clap::Parser;
use console::Console;
use progress::Progress;
use record::Record;
use std::fs;
use std::io::{self, Write};
use std::path::Path;
use std::process::ExitCode;

/// Trains a network as the command line says: the whole of a trainer's `main`.
///
/// ```text
/// mod net;
///
/// fn main() -> std::process::ExitCode {
///     cnn_runtime::trainer::main::<net::Digits>()
/// }
/// ```
///
/// Exits with 0 if all went well, 1 if it did not, and 2 if the command line is wrong. The last line of standard output
/// is `test accuracy 98.21 %`; with `--json`, standard output has one JSON object per epoch and nothing else.
pub fn main<M: Trainable>() -> ExitCode {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => {
            // Nobody reads it if it cannot be printed.
            let _ = error.print();
            return ExitCode::from(error.exit_code() as u8);
        }
    };
    match run::<M>(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(io::stderr(), "error: {error}\n help: {}", error.help());
            ExitCode::FAILURE
        }
    }
}

fn run<M: Trainable>(arguments: &Arguments) -> Result<(), Error> {
    let fit = arguments.fit::<M>();
    let mut parameters = fit.initialize::<M>();
    if let Some(path) = &arguments.weights {
        weights::load::<M>(&mut parameters, path)?;
    }
    let console = Console {
        json: arguments.json,
    };
    let progress = Progress::new(console, arguments.out.as_deref().map(record).transpose()?);
    console.say(M::SUMMARY.trim())?;
    let data = data(arguments, console)?;
    console.say(format_args!(
        "      {} samples to learn, {} to test\nepochs {}, batch size {}, learning rate {}, seed {}, threads {}\n",
        data.train.len(),
        data.test.len(),
        fit.epochs,
        fit.batch_size,
        fit.learning_rate,
        fit.seed,
        fit.threads,
    ))?;

    let score = fit.run::<M>(&mut parameters, &data, progress)?;

    if let Some(folder) = &arguments.out {
        let path = folder.join("weights.safetensors");
        weights::save::<M>(&parameters, data.train.normalization(), &path)?;
        console.say(format_args!("weights are in {}", path.display()))?;
    }
    console.say(confusion::<M>(&parameters, &data.test, fit.threads))?;
    console.say(format_args!(
        "test accuracy {:.2} %",
        score.accuracy * 100.0
    ))?;
    check_target(&fit, score.accuracy)
}

/// Starts the metrics in the output folder, so that what is wrong with it shows before the training and not after.
fn record(folder: &Path) -> Result<Record, Error> {
    fs::create_dir_all(folder).map_err(Error::file("create", folder))?;
    Record::create(folder.join("metrics.jsonl"))
}

fn data(arguments: &Arguments, console: Console) -> Result<Split, Error> {
    #[cfg(feature = "download")]
    if arguments.download {
        let folder = arguments.data.as_deref().unwrap_or(Path::new("data/mnist"));
        crate::data::download::mnist(folder)?;
        console.say(format_args!("data: MNIST in {}", folder.display()))?;
        return idx::load(folder);
    }
    if let Some(folder) = &arguments.data {
        console.say(format_args!("data: {}", folder.display()))?;
        return idx::load(folder);
    }
    console.say("data: built-in synthetic digits")?;
    #[cfg(feature = "download")]
    console.say("      --download fetches MNIST; --data DIR reads it from a folder")?;
    #[cfg(not(feature = "download"))]
    console.say("      --data DIR reads MNIST from a folder")?;
    digits::split()
}

fn check_target(fit: &Fit, accuracy: f64) -> Result<(), Error> {
    match fit.target_accuracy {
        Some(target) if accuracy < target => Err(Error::mismatch(
            format!(
                "the test accuracy did not reach the target of {} %",
                target * 100.0
            ),
            "train for longer with `--epochs`, or change the network",
        )),
        _ => Ok(()),
    }
}
