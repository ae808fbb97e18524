//! A Cargo package around one network: a program that trains it, or one that measures it.

use crate::source::Source;
use crate::write::write;
use crate::{Error, Kernels, Options};
use cnn_spec::data::Format;
use cnn_spec::network::Network;
use heck::ToKebabCase;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// The first line of a package's manifest; a folder without it belongs to somebody else.
const MARK: &str = "# Made by cnn-codegen";

const VERSION: &str = env!("CARGO_PKG_VERSION");

/// Where a package finds `cnn-runtime`.
pub(crate) enum Runtime {
    /// In this folder.
    Folder(PathBuf),
    /// In the registry.
    Published,
}

impl Default for Runtime {
    /// The checkout that this command was built from, as long as it is there.
    fn default() -> Self {
        let checkout = Path::new(env!("CARGO_MANIFEST_DIR")).with_file_name("cnn-runtime");
        Self::at(&checkout).unwrap_or(Self::Published)
    }
}

impl Runtime {
    pub(crate) fn at(folder: &Path) -> Result<Self, Error> {
        let manifest = folder.join("Cargo.toml");
        let text = fs::read_to_string(&manifest).map_err(|error| Error::read(&manifest, error))?;
        if !text.lines().any(|line| line == "name = \"cnn-runtime\"") {
            let folder = folder.display();
            return Err(Error::Refused(format!(
                "`{folder}` is not the folder of cnn-runtime"
            )));
        }
        let folder = fs::canonicalize(folder).map_err(|error| Error::read(folder, error))?;
        Ok(Self::Folder(folder))
    }

    fn dependency(&self, features: &[&str]) -> Result<String, Error> {
        let place = match self {
            Self::Published => format!("version = \"{VERSION}\""),
            Self::Folder(folder) => format!("path = {}", toml_string(folder)?),
        };
        let features = features.join("\", \"");
        Ok(format!(
            "cnn-runtime = {{ {place}, default-features = false, features = [\"{features}\"] }}"
        ))
    }
}

/// What a package's program does with its network.
struct Program {
    /// The end of the package's name.
    suffix: &'static str,
    /// The first word of what it does.
    verb: &'static str,
    /// The modules of the program.
    modules: &'static str,
    /// How the runtime is told to do it, for a network that is written `{}`.
    call: &'static str,
    /// How it is run.
    usage: &'static str,
    /// The command that makes the package.
    maker: &'static str,
    /// How its dependencies are built, where not as usual.
    profiles: &'static str,
}

const TRAINER: Program = Program {
    suffix: "trainer",
    verb: "Trains",
    modules: "mod net;
",
    call: "cnn_runtime::trainer::main::<{}>()",
    usage: "cargo run --release -- --help",
    maker: "cnn-codegen trainer net.toml --out .",
    profiles: "
[profile.release]
# Kernels are whole in themselves: to optimise across modules takes half of the time and gains nothing.
lto = \"off\"

# What reads flags, draws bars and writes files need not be fast: the first build takes a quarter less time.
[profile.release.package]
clap_builder.opt-level = 0
console.opt-level = 0
indicatif.opt-level = 0
minijinja.opt-level = 0
png.opt-level = 0
safetensors.opt-level = 0
serde_json.opt-level = 0
zeno.opt-level = 0
",
};

/// A trainer whose reports show the layers, and where the time goes; it takes longer to build.
const REPORTER: Program = Program {
    modules: "mod insight;
mod net;
mod profile;
",
    call: "cnn_runtime::trainer::main_with::<{}>(&insight::INSIGHT.with_profile())",
    ..TRAINER
};

const BENCH: Program = Program {
    suffix: "bench",
    verb: "Measures",
    modules: "mod net;
mod profile;
",
    call: "cnn_runtime::profile::main::<{}>()",
    usage: "cargo run --release",
    maker: "cnn-codegen bench net.toml",
    profiles: "
[profile.release]
# As in a trainer.
lto = \"off\"
",
};

/// The files of a package, not yet on disk.
pub(crate) struct Package {
    /// `digits-trainer`: from a checked identifier, and no name that cargo reserves.
    pub(crate) name: String,
    pub(crate) runtime: Runtime,
    files: Vec<(&'static str, String)>,
}

impl Package {
    /// A package that trains the network, with or without all that a report shows.
    pub(crate) fn trainer(
        source: &Source,
        runtime: Runtime,
        options: &Options,
        reports: bool,
    ) -> Result<Self, Error> {
        let mut features = vec!["trainer", "download", "report"];
        if options.kernels == Kernels::Simd {
            features.push("simd");
        }
        // What reads pictures takes longer to compile than all the rest of the data sets.
        if takes_pictures(&source.parse()?) {
            features.push("images");
        }
        let program = if reports { &REPORTER } else { &TRAINER };
        let mut package = Self::new(source, runtime, options, program, &features)?;
        if reports {
            package.files.extend([
                ("src/insight.rs", source.compile_insight(options)?),
                ("src/profile.rs", source.compile_profile(options)?),
            ]);
        }
        Ok(package)
    }

    /// A package that measures the network's kernels.
    pub(crate) fn bench(source: &Source, runtime: Runtime) -> Result<Self, Error> {
        let options = Options::default();
        let mut package = Self::new(source, runtime, &options, &BENCH, &["std", "simd"])?;
        package
            .files
            .push(("src/profile.rs", source.compile_profile(&options)?));
        Ok(package)
    }

    fn new(
        source: &Source,
        runtime: Runtime,
        options: &Options,
        program: &Program,
        features: &[&str],
    ) -> Result<Self, Error> {
        if source.parse()?.training.is_none() {
            return Err(Error::Refused(format!(
                "`{}` has no section `[training]`, which says how to train the network",
                source.name()
            )));
        }
        let code = source.compile(options)?;
        let network = code.name();
        let name = format!("{}-{}", network.to_kebab_case(), program.suffix);
        let dependency = runtime.dependency(features)?;
        let files = vec![
            ("Cargo.toml", manifest(&name, &dependency, program.profiles)),
            ("README.md", program.readme(network)),
            ("net.toml", source.text.clone()),
            ("src/main.rs", program.main(network)),
            ("src/net.rs", code.text().to_owned()),
        ];
        Ok(Self {
            name,
            runtime,
            files,
        })
    }

    /// Path and content of every file.
    pub(crate) fn files(&self) -> &[(&'static str, String)] {
        &self.files
    }

    /// Writes the package into a folder that is new, empty, or holds a package of this command.
    pub(crate) fn write(&self, folder: &Path) -> Result<(), Error> {
        refuse_foreign(folder)?;
        let sources = folder.join("src");
        fs::create_dir_all(&sources).map_err(|error| Error::write(&sources, error))?;
        self.files
            .iter()
            .try_for_each(|(path, content)| write(&folder.join(path), content))
    }
}

/// Whether samples can come from PNG and JPEG files.
fn takes_pictures(network: &Network) -> bool {
    // 784 values are a picture of MNIST as a vector.
    let is_picture = matches!(network.input.dims(), [1 | 3, _, _] | [784]);
    is_picture || network.data.format == Some(Format::Images)
}

fn refuse_foreign(folder: &Path) -> Result<(), Error> {
    let is_empty = match fs::read_dir(folder) {
        Ok(mut entries) => entries.next().is_none(),
        Err(error) if error.kind() == io::ErrorKind::NotFound => true,
        Err(error) => return Err(Error::write(folder, error)),
    };
    let is_ours =
        || fs::read_to_string(folder.join("Cargo.toml")).is_ok_and(|text| text.starts_with(MARK));
    if is_empty || is_ours() {
        return Ok(());
    }
    let folder = folder.display();
    Err(Error::Refused(format!(
        "`{folder}` holds files that this command did not make: choose a new or an empty folder"
    )))
}

fn manifest(name: &str, dependency: &str, profiles: &str) -> String {
    format!(
        "{MARK} {VERSION}.
[package]
name = \"{name}\"
version = \"0.1.0\"
edition = \"2024\"
publish = false

[dependencies]
{dependency}
{profiles}
# The package stands alone, also inside another workspace.
[workspace]
"
    )
}

impl Program {
    fn main(&self, network: &str) -> String {
        let Self {
            verb,
            modules,
            call,
            usage,
            ..
        } = self;
        let call = call.replace("{}", &format!("net::{network}"));
        format!(
            "//! {verb} the network `{network}` of `net.toml`: `{usage}`.

{modules}
fn main() -> std::process::ExitCode {{
    {call}
}}
"
        )
    }

    fn readme(&self, network: &str) -> String {
        let Self {
            verb, usage, maker, ..
        } = self;
        format!(
            "# {network}

{verb} the network of `net.toml`:

```sh
{usage}
```

All files were made by `{maker}`; change `net.toml` and run this again.
"
        )
    }
}

fn toml_string(path: &Path) -> Result<String, Error> {
    let text = path.to_str().ok_or_else(|| {
        Error::Refused(format!(
            "the path `{}` is not UTF-8, as cargo needs it",
            path.display()
        ))
    })?;
    Ok(toml::Value::from(text).to_string())
}
