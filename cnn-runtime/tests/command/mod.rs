//! The trainer of the example `softmax_regression`, and data for it.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};
use tempfile::{TempDir, tempdir};

/// Cargo builds the examples of a package before its tests, two folders above them.
pub fn trainer(arguments: &[&str]) -> Command {
    let mut path = std::env::current_exe().unwrap();
    path.pop();
    path.pop();
    let name = format!(
        "examples/softmax_regression{}",
        std::env::consts::EXE_SUFFIX
    );
    let mut command = Command::new(path.join(name));
    command.args(arguments);
    command
}

/// Runs it to its end.
pub fn run(arguments: &[&str]) -> Output {
    trainer(arguments).output().unwrap()
}

/// What it printed for programs and people.
pub fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

/// What it printed for people alone.
pub fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

/// A data set as small as MNIST's format allows: class 0 is black, class 9 is white, all others are grey.
pub fn data() -> TempDir {
    let folder = tempdir().unwrap();
    for (part, count) in [("train", 200_usize), ("t10k", 50)] {
        let labels: Vec<u8> = (0..10).cycle().take(count).collect();
        let mut images = vec![0, 0, 8, 3];
        for size in [count, 28, 28] {
            images.extend((size as u32).to_be_bytes());
        }
        images.extend(labels.iter().flat_map(|label| [label * 28; 784]));
        let mut file = vec![0, 0, 8, 1];
        file.extend((count as u32).to_be_bytes());
        file.extend(labels);
        fs::write(
            folder.path().join(format!("{part}-images-idx3-ubyte")),
            images,
        )
        .unwrap();
        fs::write(
            folder.path().join(format!("{part}-labels-idx1-ubyte")),
            file,
        )
        .unwrap();
    }
    folder
}

/// A path as an argument.
pub fn path(folder: &Path) -> &str {
    folder.to_str().unwrap()
}
