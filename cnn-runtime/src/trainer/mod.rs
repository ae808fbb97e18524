//! The command line of a generated trainer.

mod arguments;
mod console;
mod insight;
mod interrupt;
mod predict;
mod progress;
mod record;

pub use insight::{Insight, Show, ShowLayers};

use crate::checkpoint::{Checkpoint, Checkpoints};
use crate::data::{Split, digits};
use crate::error::Error;
use crate::evaluate::confusion;
use crate::fit::Fit;
use crate::metrics::Score;
use crate::model::Trainable;
#[cfg(feature = "report")]
use crate::report::Report;
use crate::settings::Task;
use crate::weights;
use arguments::{Arguments, Command, DataArguments};
use clap::Parser;
use console::Console;
use progress::Progress;
use record::Record;
use std::fs;
use std::io::{self, Write};
use std::path::Path;
use std::process::ExitCode;

/// Trains a network as the command line says, or puts it to use: the whole of a trainer's `main`.
///
/// ```text
/// mod net;
///
/// fn main() -> std::process::ExitCode {
///     cnn_runtime::trainer::main::<net::Digits>()
/// }
/// ```
///
/// Exits with 0 if all went well, 1 if it did not, 2 if the command line is wrong, and 130 if it was interrupted. The last line of standard output
/// is `test accuracy 98.21 %`, or what else the task is measured by; with `--json`, standard output has one JSON object per epoch and nothing else.
/// After `predict`, standard output has a line for each sample.
pub fn main<M: Trainable>() -> ExitCode {
    start::<M>(None)
}

/// The same, with what a report shows of the network beside figures.
pub fn main_with<M: Trainable>(insight: &Insight<M>) -> ExitCode {
    start(Some(insight))
}

fn start<M: Trainable>(insight: Option<&Insight<M>>) -> ExitCode {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => {
            // Nobody reads it if it cannot be printed.
            let _ = error.print();
            return ExitCode::from(error.exit_code() as u8);
        }
    };
    let outcome = match &arguments.command {
        Some(Command::Predict(arguments)) => predict::run::<M>(arguments),
        None => run(&arguments, insight),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            complain(&error);
            match error {
                Error::Interrupted { .. } => ExitCode::from(interrupt::EXIT_CODE),
                _ => ExitCode::FAILURE,
            }
        }
    }
}

/// Says what is wrong, and how to mend it.
fn complain(error: &Error) {
    // There is nobody to tell if this cannot be printed.
    let _ = writeln!(io::stderr(), "error: {error}\n help: {}", error.help());
}

#[cfg_attr(not(feature = "report"), expect(unused_variables))]
fn run<M: Trainable>(arguments: &Arguments, insight: Option<&Insight<M>>) -> Result<(), Error> {
    let fit = arguments.fit::<M>();
    let mut parameters = fit.initialize::<M>();
    let checkpoint = checkpoint::<M>(arguments, &fit)?;
    let normalization = match (&arguments.weights, &checkpoint) {
        (Some(path), _) => weights::load::<M>(&mut parameters, path)?,
        (None, Some(checkpoint)) => checkpoint.normalization().cloned(),
        (None, None) => None,
    };
    let console = Console {
        json: arguments.json,
    };
    console.say(M::SUMMARY.trim())?;
    let mut data = data::<M>(&arguments.data, console)?;
    arguments.data.normalize::<M>(&mut data, normalization)?;
    let done = checkpoint.as_ref().map_or(0, Checkpoint::epochs);
    let record = arguments.out.as_deref();
    let record = record.map(|folder| record_in(folder, done)).transpose()?;
    #[cfg(feature = "report")]
    let place = arguments.report.prepare()?;
    let has_classes = data.train.classes() > 0;
    describe(&fit, &data, console)?;

    interrupt::watch();
    let mut epochs = record.as_ref().map_or(Ok(Vec::new()), Record::epochs)?;
    let progress = Progress::new(console, record, has_classes, &mut epochs);
    let score = match &checkpoint {
        Some(checkpoint) => fit.resume(checkpoint, &mut parameters, &data, progress)?,
        None => fit.run::<M>(&mut parameters, &data, progress)?,
    };

    if fit
        .validation
        .is_some_and(|validation| validation.keep_best)
    {
        console.say("the parameters are those of the best epoch")?;
    }
    if let Some(folder) = &arguments.out {
        let path = folder.join("weights.safetensors");
        weights::save::<M>(&parameters, Some(&data.train), &path)?;
        console.say(format_args!("weights are in {}", path.display()))?;
    }
    #[cfg(feature = "report")]
    if let Some(place) = place {
        let report = Report {
            parameters: &*parameters,
            data: &data,
            fit: &fit,
            epochs: &epochs,
            score,
            insight,
            command: &arguments::command(),
        };
        report.write(&place)?;
        console.say(format_args!("the report is {}", place.page().display()))?;
    }
    if has_classes {
        console.say(confusion::<M>(&parameters, &data.test, fit.threads))?;
    }
    conclude(&fit, score, console)
}

/// Says what is about to be done.
fn describe(fit: &Fit, data: &Split, console: Console) -> Result<(), Error> {
    let train = data.train.len();
    let held = fit
        .validation
        .map_or(0, |validation| validation.held_back(train));
    let validated = match held {
        0 => String::new(),
        held => format!("{held} to validate, "),
    };
    console.say(format_args!(
        "      {} samples to learn, {validated}{} to test\nepochs {}, batch size {}, learning rate {}, seed {}, threads {}\n",
        train - held,
        data.test.len(),
        fit.epochs,
        fit.batch_size,
        fit.learning_rate,
        fit.seed,
        fit.threads,
    ))
}

/// Says how good the network is, and whether that is good enough.
fn conclude(fit: &Fit, score: Score, console: Console) -> Result<(), Error> {
    if let Some(regression) = score.regression {
        console.say(format_args!("test {regression}"))?;
    }
    let Some(accuracy) = score.accuracy else {
        return Ok(());
    };
    console.say(format_args!("test accuracy {:.2} %", accuracy * 100.0))?;
    check_target(fit, accuracy)
}

/// What the training goes on from, if it is to go on.
fn checkpoint<M: Trainable>(
    arguments: &Arguments,
    fit: &Fit,
) -> Result<Option<Checkpoint<M>>, Error> {
    let checkpoints = fit.checkpoints.as_ref();
    let Some(Checkpoints { path, .. }) = checkpoints.filter(|_| arguments.checkpoints.resume)
    else {
        return Ok(None);
    };
    Checkpoint::read(path)
        .map(Some)
        .map_err(|error| match error {
            Error::File { source, path, .. } if source.kind() == io::ErrorKind::NotFound => {
                Error::content(
                    &path,
                    "there is no checkpoint to go on from",
                    "leave out `--resume` to begin anew",
                )
            }
            other => other,
        })
}

/// Starts the metrics in the output folder after those of so many epochs, so that what is wrong with it shows before the
/// training and not after.
fn record_in(folder: &Path, epochs: usize) -> Result<Record, Error> {
    fs::create_dir_all(folder).map_err(Error::file("create", folder))?;
    Record::after(epochs, folder.join("metrics.jsonl"))
}

fn data<M: Trainable>(arguments: &DataArguments, console: Console) -> Result<Split, Error> {
    let reader = arguments.reader::<M>();
    let folder = arguments.folder.as_deref().or(M::DATA.path.map(Path::new));
    #[cfg(feature = "download")]
    if arguments.download {
        let folder = folder.unwrap_or(Path::new("data/mnist"));
        crate::data::download::mnist(folder)?;
        console.say(format_args!("data: MNIST in {}", folder.display()))?;
        return reader.read(folder);
    }
    if let Some(folder) = folder {
        console.say(format_args!("data: {}", folder.display()))?;
        return reader.read(folder);
    }
    if reader.task == Task::Regression {
        return Err(Error::mismatch(
            "there are no data for a regression",
            "name a folder with `--data`, or with `path` under `[data]` in the network's file",
        ));
    }
    console.say("data: built-in synthetic digits")?;
    #[cfg(feature = "download")]
    console.say("      --download fetches MNIST; --data DIR reads other files from a folder")?;
    #[cfg(not(feature = "download"))]
    console.say("      --data DIR reads other files from a folder")?;
    let mut split = digits::split_for(&reader.input)?;
    if reader.task == Task::Reconstruction {
        split.train.reconstruct();
        split.test.reconstruct();
    }
    Ok(split)
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
