//! Cargo packages made of generated networks, checked and run as their users would.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::{env, fs};

/// A package in a folder of its own, with generated networks as modules `network_0`, `network_1`, ….
#[derive(Debug)]
pub struct Package {
    folder: PathBuf,
    networks: usize,
}

impl Package {
    /// Writes the package anew, without any root module; `features` are those of `cnn-runtime`.
    ///
    /// # Panics
    /// If it cannot be written.
    pub fn new<'a>(
        folder: PathBuf,
        features: &[&str],
        texts: impl IntoIterator<Item = &'a str>,
    ) -> Self {
        let mut package = Self {
            folder,
            networks: 0,
        };
        fs::create_dir_all(package.folder.join("src")).expect("the folder can be made");
        // A name of its own, since all packages share a target folder.
        let name = package.folder.file_name().unwrap_or_default();
        package.write("Cargo.toml", &manifest(&name.to_string_lossy(), features));
        // The versions that the workspace was fetched with: there may be no others offline.
        let lock = fs::read_to_string(workspace().join("Cargo.lock")).expect("Cargo.lock");
        package.write("Cargo.lock", &lock);
        for text in texts {
            package.write(&format!("src/network_{}.rs", package.networks), text);
            package.networks += 1;
        }
        package
    }

    /// Lets the package have a build script, which may call the compiler.
    ///
    /// # Panics
    /// If it cannot be written.
    pub fn build_script(&self, text: &str) {
        self.write("build.rs", text);
        let manifest = self.folder.join("Cargo.toml");
        let before = fs::read_to_string(manifest).expect("the manifest can be read");
        let codegen = workspace().join("cnn-codegen");
        self.write(
            "Cargo.toml",
            &format!(
                "{before}\n[build-dependencies.cnn-codegen]\npath = {:?}\ndefault-features = false\n",
                codegen.to_str().expect("the folder's path is Unicode")
            ),
        );
    }

    /// Writes a file that declares every module, with something before and after: `prologue` and `epilogue`.
    ///
    /// # Panics
    /// If it cannot be written.
    pub fn root(&self, path: &str, prologue: &str, module: &str, epilogue: &str) {
        let mut text = format!("{prologue}\n");
        for network in 0..self.networks {
            let _ = writeln!(text, "{module} network_{network};");
        }
        self.write(path, &(text + epilogue));
    }

    /// Writes a file of the package.
    ///
    /// # Panics
    /// If it cannot be written.
    pub fn write(&self, path: &str, text: &str) {
        fs::write(self.folder.join(path), text).expect("the file can be written");
    }

    /// Runs cargo in the package; all packages share a target folder, so that the runtime is built once.
    ///
    /// # Panics
    /// If cargo is not there, or reports an error.
    pub fn cargo(&self, arguments: &[&str]) -> Output {
        let output = self.try_cargo(arguments);
        let messages = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{messages}");
        output
    }

    /// The same, whether cargo reports an error or not.
    ///
    /// # Panics
    /// If cargo is not there.
    pub fn try_cargo(&self, arguments: &[&str]) -> Output {
        let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        Command::new(cargo)
            .args(arguments)
            .current_dir(&self.folder)
            .env("CARGO_TARGET_DIR", self.folder.with_file_name("target"))
            .output()
            .expect("cargo runs")
    }
}

fn manifest(name: &str, features: &[&str]) -> String {
    let runtime = workspace().join("cnn-runtime");
    format!(
        "[package]\n\
         name = {name:?}\n\
         edition = \"2024\"\n\
         \n\
         [dependencies.cnn-runtime]\n\
         path = {runtime:?}\n\
         default-features = false\n\
         features = {features:?}\n\
         \n\
         [profile.dev]\n\
         opt-level = 0\n\
         debug = false\n\
         incremental = false\n\
         \n\
         [workspace]\n",
        runtime = runtime.to_str().expect("the folder's path is Unicode"),
    )
}

fn workspace() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .expect("the workspace's folder")
}
