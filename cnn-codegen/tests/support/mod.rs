//! A folder of one's own, and the command run in it.

#![allow(dead_code, reason = "each test file uses a part")]

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

/// A valid network with training.
pub const NET: &str = r#"[network]
name = "TinyNet"
input = [1, 4, 4]

[[layer]]
type = "conv2d"
out_channels = 2
kernel_size = 3
activation = "relu"

[[layer]]
type = "dense"
out_features = 3

[training]
loss = "softmax_cross_entropy"
optimizer = { type = "sgd", learning_rate = 0.1 }
epochs = 1
batch_size = 2
"#;

/// A temporary folder; it goes with the value.
pub struct Folder(tempfile::TempDir);

impl Folder {
    pub fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    /// A folder with `net.toml` in it.
    pub fn with_net() -> Self {
        let folder = Self::new();
        folder.write("net.toml", NET);
        folder
    }

    pub fn path(&self) -> &Path {
        self.0.path()
    }

    pub fn join(&self, file: &str) -> PathBuf {
        self.path().join(file)
    }

    pub fn write(&self, file: &str, content: impl AsRef<[u8]>) {
        fs::write(self.join(file), content).unwrap();
    }

    pub fn read(&self, file: &str) -> String {
        fs::read_to_string(self.join(file)).unwrap()
    }

    /// The names of all files and folders in it.
    pub fn names(&self) -> Vec<String> {
        self.names_in(".")
    }

    pub fn names_in(&self, folder: &str) -> Vec<String> {
        let entries = fs::read_dir(self.join(folder)).unwrap();
        let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
        let mut names: Vec<_> = names.collect();
        names.sort();
        names
    }

    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_cnn-codegen"));
        command.args(arguments).current_dir(self.path());
        command
    }

    /// Runs the command with an empty standard input.
    pub fn run(&self, arguments: &[&str]) -> Outcome {
        self.command(arguments)
            .stdin(Stdio::null())
            .output()
            .unwrap()
            .into()
    }

    pub fn run_with_stdin(&self, arguments: &[&str], stdin: &str) -> Outcome {
        let mut command = self.command(arguments);
        command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        child
            .stdin
            .take()
            .unwrap()
            .write_all(stdin.as_bytes())
            .unwrap();
        child.wait_with_output().unwrap().into()
    }
}

/// What a program printed, and its exit code.
#[derive(Debug, PartialEq, Eq)]
pub struct Outcome {
    pub code: Option<i32>,
    pub stdout: String,
    pub stderr: String,
}

impl From<Output> for Outcome {
    fn from(output: Output) -> Self {
        Self {
            code: output.status.code(),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }
}

impl Outcome {
    pub fn success(stdout: impl Into<String>) -> Self {
        Self {
            code: Some(0),
            stdout: stdout.into(),
            stderr: String::new(),
        }
    }

    pub fn failure(code: i32, stderr: impl Into<String>) -> Self {
        Self {
            code: Some(code),
            stdout: String::new(),
            stderr: stderr.into(),
        }
    }
}
