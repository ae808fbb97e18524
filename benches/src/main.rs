//! Measures training and inference of three small networks: ours beside the machine's peak and beside other systems.

mod compare;
mod ours;
mod peak;
mod picture;
mod process;
mod results;
mod setup;
mod system;
mod table;

use bench_protocol::Request;
use clap::{Parser, Subcommand};
use compare::Plan;
use results::Results;
use std::error::Error;
use std::process::ExitCode;
use std::time::Duration;
use std::{env, fs};

/// Measures this project beside the machine's peak and beside other systems.
#[derive(Parser)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Install and build the other systems.
    Setup,
    /// Measure, and write the results.
    Run {
        /// Short windows, to try it out.
        #[arg(long)]
        quick: bool,
        /// Only these workloads.
        #[arg(long)]
        workload: Vec<String>,
        /// Only systems whose names contain this; ours is always there.
        #[arg(long)]
        system: Vec<String>,
        /// Only what works on so many threads.
        #[arg(long)]
        threads: Option<usize>,
        /// Keep earlier results of what is not measured now.
        #[arg(long)]
        keep: bool,
    },
    /// Write the table and the picture of the last results again.
    Report,
    /// Be measured: ours.
    #[command(hide = true)]
    Ours {
        kernels: String,
        request: Vec<String>,
    },
    /// Be measured: multiply-adds alone.
    #[command(hide = true)]
    Peak { request: Vec<String> },
    /// Print the bytes per second that a core reads from memory.
    #[command(hide = true)]
    Bandwidth,
}

fn main() -> ExitCode {
    match run(Cli::parse().command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(command: Command) -> Result<(), Box<dyn Error>> {
    env::set_current_dir(env!("CARGO_MANIFEST_DIR"))?;
    match command {
        Command::Setup => setup::run(),
        Command::Run {
            quick,
            workload,
            system,
            threads,
            keep,
        } => {
            let (window, pairs) = if quick { (0.1, 3) } else { (1.0, 7) };
            let window = Duration::from_secs_f64(window);
            let results = compare::run(&Plan {
                window,
                pairs,
                threads,
                workloads: workload,
                systems: system,
            })?;
            let results = match fs::read_to_string(RESULTS) {
                Ok(earlier) if keep => results.after(serde_json::from_str(&earlier)?),
                _ => results,
            };
            fs::create_dir_all("results")?;
            fs::write(RESULTS, serde_json::to_string_pretty(&results)?)?;
            report(&results)
        }
        Command::Report => report(&serde_json::from_str(&fs::read_to_string(RESULTS)?)?),
        Command::Ours { kernels, request } => {
            ours::serve(&kernels, &Request::parse(request.into_iter())?)
        }
        Command::Peak { request } => peak::serve(&Request::parse(request.into_iter())?),
        Command::Bandwidth => {
            println!("{}", peak::bandwidth());
            Ok(())
        }
    }
}

const RESULTS: &str = "results/results.json";

/// Writes the table and the picture.
fn report(results: &Results) -> Result<(), Box<dyn Error>> {
    let table = table::markdown(results);
    print!("{table}");
    fs::write("results/table.md", table)?;
    picture::draw(results, "results/picture.svg")
}
