//! The command `cnn-codegen`.

use crate::picture::{self, Format};
use crate::source::Source;
use crate::trainer::{Package, Runtime};
use crate::write::write;
use crate::{Error, Kernels, Options, schema, train};
use clap::{Args, Parser, Subcommand};
use std::env;
use std::ffi::OsString;
use std::io::{self, IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Compiles a convolutional network, described in a TOML file, into Rust with constant shapes.
#[derive(Parser)]
#[command(name = "cnn-codegen", version, args_conflicts_with_subcommands = true)]
#[command(subcommand_negates_reqs = true, disable_help_subcommand = true)]
struct Arguments {
    #[command(flatten)]
    generate: Option<Generate>,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Args)]
struct Generate {
    /// The TOML file; `-` reads standard input
    #[arg(value_name = "net.toml")]
    file: PathBuf,
    /// Compute in vectors (simd, the default), or in plain loops, which are easier to read
    // Not flattened: clap sees an optional group only in arguments of its own.
    #[arg(long, value_name = "simd|plain", default_value = "simd")]
    #[arg(hide_possible_values = true, hide_default_value = true)]
    kernels: Kernels,
    /// Write the code here instead of to standard output; a file with the same content is left alone
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
}

#[derive(Subcommand)]
enum Command {
    /// Print the table of layers: shapes, parameters and costs
    Summary {
        #[command(flatten)]
        network: Network,
        #[command(flatten)]
        kernels: KernelsChoice,
    },
    /// Draw the network
    Graph {
        #[command(flatten)]
        network: Network,
        /// What to write
        #[arg(long, default_value = "svg")]
        format: Format,
        /// Write here instead of to standard output; a file with the same content is left alone
        #[arg(short, long, value_name = "FILE")]
        output: Option<PathBuf>,
    },
    /// Print the JSON Schema of the language, for editors
    Schema {
        /// Write here instead of to standard output; a file with the same content is left alone
        #[arg(short, long, value_name = "FILE")]
        output: Option<PathBuf>,
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
    /// Measure a training step, kernel by kernel: time, share of the machine's peak, bytes
    Bench {
        #[command(flatten)]
        network: Network,
        #[command(flatten)]
        runtime: RuntimeFolder,
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
}

#[derive(Args)]
struct Network {
    /// The TOML file; `-` reads standard input
    #[arg(value_name = "net.toml")]
    file: PathBuf,
}

#[derive(Args)]
struct KernelsChoice {
    /// Compute in vectors (simd, the default), or in plain loops, which are easier to read
    #[arg(long, value_name = "simd|plain", default_value = "simd")]
    #[arg(hide_possible_values = true, hide_default_value = true)]
    kernels: Kernels,
}

#[derive(Args)]
struct RuntimeFolder {
    /// Where the package finds cnn-runtime, if not in the registry or in this command's own checkout
    #[arg(long = "runtime", value_name = "PATH")]
    path: Option<PathBuf>,
}

/// Runs the command; the first argument is the program's own name.
///
/// The exit code is 0, 1 (the network or a file is at fault) or 2 (the arguments are); `train` ends with its trainer's.
pub fn run(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    match Arguments::try_parse_from(arguments) {
        Ok(arguments) => execute(arguments).unwrap_or_else(|error| fail(&error)),
        Err(error) => {
            // There is nobody to tell if this cannot be printed.
            let _ = error.print();
            ExitCode::from(if error.use_stderr() { 2 } else { 0 })
        }
    }
}

fn execute(arguments: Arguments) -> Result<ExitCode, Error> {
    match arguments.command {
        // clap requires the arguments of one or the other.
        None => arguments.generate.as_ref().map_or(Ok(()), generate)?,
        Some(Command::Summary { network, kernels }) => {
            let code = read(&network.file)?.compile(&options(kernels.kernels))?;
            print(&format!("{}\n", code.summary()))?;
        }
        Some(Command::Graph {
            network,
            format,
            output,
        }) => put(
            &picture::draw(&read(&network.file)?.parse()?, format),
            output.as_deref(),
        )?,
        Some(Command::Schema { output }) => put(&schema::text(), output.as_deref())?,
        Some(Command::Trainer {
            network,
            out,
            kernels,
            runtime,
        }) => package(&network, &kernels, runtime)?.write(&out)?,
        Some(Command::Bench { network, runtime }) => {
            let package = Package::bench(&read(&network.file)?, runtime.choose()?)?;
            return train::train(&package, &[]);
        }
        Some(Command::Train {
            network,
            kernels,
            runtime,
            flags,
        }) => return train::train(&package(&network, &kernels, runtime)?, &flags),
    }
    Ok(ExitCode::SUCCESS)
}

fn generate(arguments: &Generate) -> Result<(), Error> {
    let code = read(&arguments.file)?.compile(&options(arguments.kernels))?;
    put(code.text(), arguments.output.as_deref())
}

fn package(
    network: &Network,
    kernels: &KernelsChoice,
    runtime: RuntimeFolder,
) -> Result<Package, Error> {
    Package::trainer(
        &read(&network.file)?,
        runtime.choose()?,
        &options(kernels.kernels),
    )
}

fn read(file: &Path) -> Result<Source, Error> {
    if file.as_os_str() == "-" {
        Source::read_stdin()
    } else {
        Source::read(file)
    }
}

fn options(kernels: Kernels) -> Options {
    Options {
        kernels,
        ..Options::default()
    }
}

/// Writes a text to a file, or prints it.
fn put(text: &str, file: Option<&Path>) -> Result<(), Error> {
    match file {
        Some(path) => write(path, text),
        None => print(text),
    }
}

impl RuntimeFolder {
    fn choose(self) -> Result<Runtime, Error> {
        self.path
            .map_or_else(|| Ok(Runtime::default()), |path| Runtime::at(&path))
    }
}

/// A reader that went away, like `head`, has had enough; that is no error.
fn print(text: &str) -> Result<(), Error> {
    let mut stdout = io::stdout().lock();
    match stdout
        .write_all(text.as_bytes())
        .and_then(|()| stdout.flush())
    {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(Error::write(Path::new("standard output"), error))
        }
        _ => Ok(()),
    }
}

fn fail(error: &Error) -> ExitCode {
    let no_color = env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    let color = !no_color && io::stderr().is_terminal();
    // There is nobody to tell if this cannot be printed.
    let _ = writeln!(io::stderr(), "{}", error.render(color));
    ExitCode::FAILURE
}
