//! MNIST from its public mirrors.

#[cfg(test)]
mod tests;

use super::idx;
use crate::atomic_file;
use crate::error::Error;
use hmac_sha256::Hash;
use indicatif::{ProgressBar, ProgressStyle};
use minreq::ResponseLazy;
use std::fs::{self, File};
use std::io::{self, Read, Seek, Write};
use std::path::Path;

/// Where MNIST is to be had.
///
/// Without encryption, which would double the time to compile a trainer: the files are public, and their hashes show
/// that they are the right ones.
const MIRRORS: [&str; 2] = [
    "http://storage.googleapis.com/cvdf-datasets/mnist/",
    "http://ossci-datasets.s3.amazonaws.com/mnist/",
];

/// The environment variable that names another mirror, to be used instead.
const MIRROR_VARIABLE: &str = "MNIST_MIRROR";

/// How long one file may take.
const TIMEOUT_SECONDS: u64 = 300;

/// No gzipped file of MNIST is larger.
const MAX_BYTES: u64 = 16 << 20;

/// A file, and what it holds once it is unpacked: mirrors may pack it differently.
struct Source {
    name: &'static str,
    bytes: u64,
    sha256: &'static str,
}

const MNIST: [Source; 4] = [
    Source {
        name: "train-images-idx3-ubyte",
        bytes: 47_040_016,
        sha256: "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
    },
    Source {
        name: "train-labels-idx1-ubyte",
        bytes: 60_008,
        sha256: "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
    },
    Source {
        name: "t10k-images-idx3-ubyte",
        bytes: 7_840_016,
        sha256: "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
    },
    Source {
        name: "t10k-labels-idx1-ubyte",
        bytes: 10_008,
        sha256: "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
    },
];

/// Puts the four files of MNIST into a folder, unless they are there.
///
/// Their contents are checked, those that were there too. Where standard error is a terminal, it shows the progress.
/// The environment variable `MNIST_MIRROR` names a URL (`http://…`) to fetch from instead of the public mirrors.
///
/// # Errors
/// If the folder cannot be written to, a file in it is not MNIST's, or no mirror gives the right file.
pub fn mnist(folder: &Path) -> Result<(), Error> {
    match std::env::var(MIRROR_VARIABLE) {
        Ok(mirror) => fetch_all(&MNIST, folder, &[mirror.as_str()]),
        Err(_) => fetch_all(&MNIST, folder, &MIRRORS),
    }
}

fn fetch_all(sources: &[Source], folder: &Path, mirrors: &[&str]) -> Result<(), Error> {
    let is_new = |folder: &&Path| !folder.as_os_str().is_empty() && !folder.exists();
    let new: Vec<_> = folder.ancestors().take_while(is_new).collect();
    fs::create_dir_all(folder).map_err(Error::file("create", folder))?;
    let provided = sources
        .iter()
        .try_for_each(|source| provide(source, folder, mirrors));
    if provided.is_err() {
        // Those that hold something stay.
        for folder in new {
            let _ = fs::remove_dir(folder);
        }
    }
    provided
}

/// Keeps a file that is there and right; fetches one that is not there.
fn provide(source: &Source, folder: &Path, mirrors: &[&str]) -> Result<(), Error> {
    let Ok(path) = idx::find(folder, source.name) else {
        return fetch(source, folder, mirrors);
    };
    let checked = File::open(&path).and_then(|file| check(source, file));
    match checked.map_err(Error::file("read", &path))? {
        Ok(()) => Ok(()),
        Err(problem) => Err(Error::content(
            &path,
            problem,
            "remove it to have it fetched again, or choose another folder with `--data`",
        )),
    }
}

/// Tries one mirror after the other.
fn fetch(source: &Source, folder: &Path, mirrors: &[&str]) -> Result<(), Error> {
    let file = format!("{}.gz", source.name);
    let path = folder.join(&file);
    let mut attempts = Vec::new();
    for mirror in mirrors {
        let url = format!("{}/{file}", mirror.trim_end_matches('/'));
        match atomic_file::write(&path, |file| download(source, &url, file)) {
            Ok(()) => return Ok(()),
            Err(Failure::Local(error)) => return Err(Error::file("write", &path)(error)),
            Err(Failure::Remote(problem)) => attempts.push(format!("  {url}: {problem}")),
        }
    }
    let attempts = attempts.join("\n");
    Err(Error::Download { file, attempts })
}

/// Whether it is for this machine or for a mirror to do better.
enum Failure {
    Local(io::Error),
    Remote(String),
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Self::Local(error)
    }
}

fn download(source: &Source, url: &str, file: &mut File) -> Result<(), Failure> {
    let remote = |error: &dyn std::error::Error| Failure::Remote(error.to_string());
    let response = minreq::get(url)
        .with_timeout(TIMEOUT_SECONDS)
        .send_lazy()
        .map_err(|error| remote(&error))?;
    if response.status_code != 200 {
        let status = format!("{} {}", response.status_code, response.reason_phrase);
        return Err(Failure::Remote(status));
    }
    let bar = bar(source, &response);
    let mut body = bar.wrap_read(response.take(MAX_BYTES));
    let mut buffer = [0; 1 << 14];
    loop {
        match body.read(&mut buffer).map_err(|error| remote(&error))? {
            0 => break,
            count => file.write_all(&buffer[..count])?,
        }
    }
    bar.finish_and_clear();
    file.rewind()?;
    check(source, file)?.map_err(Failure::Remote)
}

fn bar(source: &Source, response: &ResponseLazy) -> ProgressBar {
    let is_length = |(name, _): &&(String, String)| name.eq_ignore_ascii_case("content-length");
    let length = response.headers.iter().find(is_length);
    let bar = match length.and_then(|(_, value)| value.parse().ok()) {
        Some(length) => ProgressBar::new(length),
        None => ProgressBar::no_length(),
    };
    // The template is constant; a wrong one would cost only the looks.
    let style = ProgressStyle::with_template(
        "{prefix} {wide_bar} {bytes} of {total_bytes}, {bytes_per_sec}",
    );
    bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
    bar.with_prefix(source.name)
}

/// What is wrong with a file's unpacked contents, if anything.
fn check(source: &Source, file: impl Read) -> io::Result<Result<(), String>> {
    let mut contents = idx::unpacked(file)?.take(source.bytes + 1);
    let mut hasher = Hash::new();
    let mut buffer = [0; 1 << 14];
    loop {
        match contents.read(&mut buffer) {
            Ok(0) => break,
            Ok(count) => hasher.update(&buffer[..count]),
            Err(error) if error.raw_os_error().is_some() => return Err(error),
            Err(error) => return Ok(Err(format!("the gzip data are damaged: {error}"))),
        }
    }
    let digest = hasher.finalize();
    let found = digest
        .iter()
        .fold(String::new(), |hex, byte| hex + &format!("{byte:02x}"));
    if found == source.sha256 {
        return Ok(Ok(()));
    }
    Ok(Err(format!(
        "not the contents of MNIST's {}: SHA-256 {found} instead of {}",
        source.name, source.sha256
    )))
}
