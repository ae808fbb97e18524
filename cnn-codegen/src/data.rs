//! The folder that a training reads, looked for before its trainer is built.

use crate::Error;
use cnn_spec::data::{Data, Format};
use std::ffi::OsString;
use std::path::PathBuf;

/// Flags with which the trainer reads no samples, or fetches them.
const WITHOUT_DATA: [&str; 4] = ["--download", "--help", "-h", "predict"];

/// Refuses to train on a folder that is not there, as far as the flags of the trainer tell.
pub(crate) fn check(data: &Data, flags: &[OsString]) -> Result<(), Error> {
    if flags
        .iter()
        .any(|flag| WITHOUT_DATA.iter().any(|word| flag == word))
    {
        return Ok(());
    }
    match named(flags).or_else(|| data.path.as_ref().map(PathBuf::from)) {
        Some(folder) if !folder.is_dir() => Err(Error::Refused(format!(
            "there is no folder `{}` to learn from\n help: {}; `-- --data DIR` reads another folder",
            folder.display(),
            origin(data.format),
        ))),
        _ => Ok(()),
    }
}

/// The folder after `--data`.
fn named(flags: &[OsString]) -> Option<PathBuf> {
    let apart = flags.windows(2).find(|pair| pair[0] == "--data");
    let joined = || {
        let mut flags = flags.iter();
        flags.find_map(|flag| flag.to_str()?.strip_prefix("--data="))
    };
    apart
        .map(|pair| PathBuf::from(&pair[1]))
        .or_else(|| joined().map(PathBuf::from))
}

/// Where the files of a format are to be had.
fn origin(format: Option<Format>) -> &'static str {
    match format {
        Some(Format::Cifar10) => {
            "its files are in https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz"
        }
        Some(Format::Cifar100) => {
            "its files are in https://www.cs.toronto.edu/~kriz/cifar-100-binary.tar.gz"
        }
        Some(Format::Idx) | None => "put its files there; `-- --download` fetches those of MNIST",
        Some(Format::Images | Format::Csv | Format::Npy) => "put its files there",
    }
}
