//! A Cargo package that trains one network.

use crate::source::Source;
use crate::write::write;
use crate::{Error, Kernels, Options};
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

    fn dependency(&self, kernels: Kernels) -> Result<String, Error> {
        let place = match self {
            Self::Published => format!("version = \"{VERSION}\""),
            Self::Folder(folder) => format!("path = {}", toml_string(folder)?),
        };
        let features = match kernels {
            Kernels::Plain => r#""trainer", "download""#,
            Kernels::Simd => r#""trainer", "download", "simd""#,
        };
        Ok(format!(
            "cnn-runtime = {{ {place}, features = [{features}] }}"
        ))
    }
}

/// The files of a package, not yet on disk.
pub(crate) struct Package {
    /// `digits-trainer`: from a checked identifier, and no name that cargo reserves.
    pub(crate) name: String,
    pub(crate) runtime: Runtime,
    files: [(&'static str, String); 5],
}

impl Package {
    pub(crate) fn new(source: &Source, runtime: Runtime, options: &Options) -> Result<Self, Error> {
        if source.parse()?.training.is_none() {
            return Err(Error::Refused(format!(
                "`{}` has no section `[training]`, which says how to train the network",
                source.name()
            )));
        }
        let code = source.compile(options)?;
        let network = code.name();
        let name = format!("{}-trainer", network.to_kebab_case());
        let dependency = runtime.dependency(options.kernels)?;
        let files = [
            ("Cargo.toml", manifest(&name, &dependency)),
            ("README.md", readme(network)),
            ("net.toml", source.text.clone()),
            ("src/main.rs", main(network)),
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

fn manifest(name: &str, dependency: &str) -> String {
    format!(
        "{MARK} {VERSION}.
[package]
name = \"{name}\"
version = \"0.1.0\"
edition = \"2024\"
publish = false

[dependencies]
{dependency}

# What reads flags, draws bars and writes files need not be fast: the first build takes a quarter less time.
[profile.release.package]
clap_builder.opt-level = 0
console.opt-level = 0
indicatif.opt-level = 0
safetensors.opt-level = 0
serde_json.opt-level = 0

# The package stands alone, also inside another workspace.
[workspace]
"
    )
}

fn main(network: &str) -> String {
    format!(
        "//! Trains the network `{network}` of `net.toml`; `cargo run --release -- --help` lists the flags.

mod net;

fn main() -> std::process::ExitCode {{
    cnn_runtime::trainer::main::<net::{network}>()
}}
"
    )
}

fn readme(network: &str) -> String {
    format!(
        "# {network}

Trains the network of `net.toml`:

```sh
cargo run --release -- --help
```

All files were made by `cnn-codegen trainer net.toml --out .`; change `net.toml` and run this again.
"
    )
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
