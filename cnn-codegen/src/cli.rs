//! The command `cnn-codegen`.

mod arguments;

use crate::source::Source;
use crate::template::Template;
use crate::trainer::{Package, Runtime};
use crate::write::write;
use crate::{Error, Kernels, Options, data, explain, picture, reference, schema, train};
use arguments::{Arguments, Command, Generate, KernelsChoice, Output, RuntimeFolder};
use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{CommandFactory, Parser, Subcommand};
use clap_complete::Shell;
use std::env;
use std::ffi::OsString;
use std::fs;
use std::io::{self, IsTerminal, Write};
use std::path::Path;
use std::process::ExitCode;

/// Runs the command; the first argument is the program's own name.
///
/// The exit code is 0, 1 (the network or a file is at fault) or 2 (the arguments are); `train` and `predict` end with
/// their trainer's.
pub fn run(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let arguments: Vec<_> = arguments.into_iter().collect();
    let mistyped = mistyped(&arguments).map_or(Ok(()), Err);
    match mistyped.and_then(|()| Arguments::try_parse_from(arguments)) {
        Ok(arguments) => execute(arguments).unwrap_or_else(|error| fail(&error)),
        Err(error) => {
            let error = second_file(&error).unwrap_or(error);
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
        Some(Command::New {
            name,
            template,
            output,
        }) => create(template, name.as_deref(), &output)?,
        Some(Command::Summary {
            network,
            kernels,
            wide,
            json,
        }) => {
            let code = read(&network.file)?.compile(&options(kernels.kernels))?;
            let summary = code.summary();
            let text = match (json, wide) {
                (true, _) => summary.json(),
                (false, true) => format!("{summary:#}"),
                (false, false) => summary.to_string(),
            };
            print(&format!("{text}\n"))?;
        }
        Some(Command::Graph {
            network,
            format,
            output,
        }) => {
            let format = written_in(
                format,
                &output,
                (
                    picture::Format::Svg,
                    picture::Format::of,
                    picture::Format::ENDINGS,
                ),
            )?;
            let network = read(&network.file)?.parse()?;
            output.put(&picture::draw(&network, format))?;
        }
        Some(Command::Explain {
            network,
            format,
            output,
        }) => {
            let format = written_in(
                format,
                &output,
                (
                    explain::Format::Markdown,
                    explain::Format::of,
                    explain::Format::ENDINGS,
                ),
            )?;
            let network = read(&network.file)?.parse()?;
            output.put(&explain::text(&network, format))?;
        }
        Some(Command::Train {
            network,
            kernels,
            runtime,
            flags,
        }) => {
            let source = read(&network.file)?;
            data::check(&source.parse()?.data, &flags)?;
            let package = package(&source, &kernels, runtime, train::writes_report(&flags))?;
            return train::train(&package, &flags);
        }
        Some(Command::Predict {
            network,
            samples,
            kernels,
            runtime,
        }) => {
            let package = package(&read(&network.file)?, &kernels, runtime, false)?;
            return train::train(&package, &samples.flags());
        }
        Some(Command::Bench { network, runtime }) => {
            let package = Package::bench(&read(&network.file)?, runtime.choose()?)?;
            return train::train(&package, &[]);
        }
        Some(Command::Trainer {
            network,
            out,
            kernels,
            runtime,
        }) => package(&read(&network.file)?, &kernels, runtime, true)?.write(&out)?,
        Some(Command::Reference { output }) => output.put(&reference::text())?,
        Some(Command::Schema { output }) => output.put(&schema::text())?,
        Some(Command::Completions { shell }) => print(&completions(shell))?,
        Some(Command::Man { folder }) => fs::create_dir_all(&folder)
            .and_then(|()| clap_mangen::generate_to(Arguments::command(), &folder))
            .map_err(|error| Error::write(&folder, error))?,
    }
    Ok(ExitCode::SUCCESS)
}

fn generate(arguments: &Generate) -> Result<(), Error> {
    let code = read(&arguments.file)?.compile(&options(arguments.kernels))?;
    put(code.text(), arguments.output.as_deref())
}

fn create(template: Template, name: Option<&str>, file: &Path) -> Result<(), Error> {
    template.write(name, file)?;
    let (file, condition) = (file.display(), template.condition());
    print(&format!(
        "wrote `{file}`; `cnn-codegen train {file}` trains it{condition}\n"
    ))
}

fn package(
    source: &Source,
    kernels: &KernelsChoice,
    runtime: RuntimeFolder,
    reports: bool,
) -> Result<Package, Error> {
    let options = options(kernels.kernels);
    Package::trainer(source, runtime.choose()?, &options, reports)
}

/// The format that is asked for, by a flag or by the ending of the output's file. `formats` are the one for standard output,
/// those by endings, and the endings.
fn written_in<F>(
    given: Option<F>,
    output: &Output,
    formats: (F, impl Fn(&Path) -> Option<F>, &str),
) -> Result<F, Error> {
    let (for_terminals, of, endings) = formats;
    if let Some(given) = given {
        return Ok(given);
    }
    let Some(path) = &output.path else {
        return Ok(for_terminals);
    };
    of(path).ok_or_else(|| {
        Error::Refused(format!(
            "`{}` does not say what to write\n help: end it with {endings}, or add `--format`",
            path.display()
        ))
    })
}

fn completions(shell: Shell) -> String {
    let mut script = Vec::new();
    let mut command = Arguments::command();
    let name = command.get_name().to_owned();
    clap_complete::generate(shell, &mut command, &name, &mut script);
    let script = String::from_utf8_lossy(&script);
    // For bash it takes a hyphen in the name for the start of a subcommand, in one of two places.
    let [wrong, right] = ["__subcmd__", "__"].map(|joint| name.replace('-', joint) + "__subcmd__");
    script.replace(&wrong, &right)
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

impl RuntimeFolder {
    fn choose(self) -> Result<Runtime, Error> {
        self.path
            .map_or_else(|| Ok(Runtime::default()), |path| Runtime::at(&path))
    }
}

impl Output {
    fn put(&self, text: &str) -> Result<(), Error> {
        put(text, self.path.as_deref())
    }
}

/// Writes a text to a file, or prints it.
fn put(text: &str, file: Option<&Path>) -> Result<(), Error> {
    match file {
        Some(path) => write(path, text),
        None => print(text),
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

/// What to say about a first word that is no file and nearly a command, which clap takes for the name of a file.
fn mistyped(arguments: &[OsString]) -> Option<clap::Error> {
    let word = Path::new(arguments.get(1)?);
    if word.extension().is_some() || word.exists() {
        return None;
    }
    let commands = Command::augment_subcommands(clap::Command::new("cnn-codegen"));
    let commands = commands.subcommand_required(true);
    let error = commands.try_get_matches_from(arguments).err()?;
    let is_near = error.get(ContextKind::SuggestedSubcommand).is_some();
    (is_near && error.kind() == ErrorKind::InvalidSubcommand).then_some(error)
}

/// What to say about a second file, which clap takes for the name of a command.
fn second_file(error: &clap::Error) -> Option<clap::Error> {
    let Some(ContextValue::String(word)) = error.get(ContextKind::InvalidSubcommand) else {
        return None;
    };
    let mut command = Arguments::command();
    let is_file =
        error.kind() == ErrorKind::ArgumentConflict && command.find_subcommand(word).is_none();
    let message = format!(
        "unexpected argument '{word}' found: one file is compiled at a time, and what stands before it is no command"
    );
    is_file.then(|| command.error(ErrorKind::UnknownArgument, message))
}
