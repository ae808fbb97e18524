//! Builds everything that is measured beside ours.

use crate::system::{NATIVE, PYTHON};
use std::error::Error;
use std::fs;
use std::process::Command;

/// Makes the environment of the peers in Python and their model files, and builds the peers in Rust and C. One that
/// cannot be built does not keep the others from it.
///
/// # Errors
/// If a step failed: which.
pub fn run() -> Result<(), Box<dyn Error>> {
    fs::create_dir_all("target/c")?;
    let results = [python(), rust(), c()];
    let failed: Vec<String> = results
        .into_iter()
        .filter_map(Result::err)
        .map(|error| error.to_string())
        .collect();
    if failed.is_empty() {
        Ok(())
    } else {
        Err(failed.join("\n").into())
    }
}

fn python() -> Result<(), Box<dyn Error>> {
    step(Command::new("python3").args(["-m", "venv", "target/venv"]))?;
    let requirements = [
        "-m",
        "pip",
        "install",
        "--requirement",
        "peers/python/requirements.txt",
    ];
    step(Command::new(PYTHON).args(requirements))?;
    step(Command::new(PYTHON).args(["peers/python/export_models.py", "target/models"]))
}

fn rust() -> Result<(), Box<dyn Error>> {
    let packages = ["peer-burn", "peer-candle", "peer-tract"].map(|package| ["--package", package]);
    let mut build = Command::new("cargo");
    build.args(["build", "--release", "--keep-going", "--target-dir", NATIVE]);
    step(
        build
            .args(packages.as_flattened())
            .env("RUSTFLAGS", "-C target-cpu=native"),
    )
}

fn c() -> Result<(), Box<dyn Error>> {
    let options = [
        "-O3",
        "-march=native",
        "-ffast-math",
        "-o",
        "target/c/seed",
        "peers/c/seed.c",
        "-lm",
    ];
    step(Command::new("cc").args(options))
}

/// Runs a command and shows it.
fn step(command: &mut Command) -> Result<(), Box<dyn Error>> {
    eprintln!("{command:?}");
    let status = command
        .status()
        .map_err(|error| format!("{command:?}: {error}"))?;
    if status.success() {
        Ok(())
    } else {
        Err(format!("{command:?}: {status}").into())
    }
}
