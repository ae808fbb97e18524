//! Builds a network's program once, then runs it.

use crate::Error;
use crate::trainer::{Package, Runtime};
use hmac_sha256::Hash;
use std::env::{self, consts::EXE_SUFFIX};
use std::ffi::OsString;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

/// Trains with the trainer that was built for this network, or builds it first; ends with its exit code.
pub(crate) fn train(package: &Package, flags: &[OsString]) -> Result<ExitCode, Error> {
    let cache = cache()?;
    let folder = cache.join(format!("{}-{}", package.name, fingerprint(package)?));
    let program = folder.join(format!("{}{EXE_SUFFIX}", package.name));
    if !program.is_file() {
        build(package, &cache, &folder, &program)?;
    }
    run(Command::new(&program).args(flags)).map_err(|error| cannot_run(&program, error))
}

/// Whether a trainer is told to write a report: a program that can show all that is in one takes longer to build.
pub(crate) fn writes_report(flags: &[OsString]) -> bool {
    let is_report = |flag: &OsString| {
        let flag = flag.as_encoded_bytes();
        flag == b"--report" || flag.starts_with(b"--report=")
    };
    flags.iter().any(is_report)
}

/// `CNN_CODEGEN_CACHE`, or a folder among the user's caches.
fn cache() -> Result<PathBuf, Error> {
    let folder = |variable| {
        env::var_os(variable)
            .filter(|value| !value.is_empty())
            .map(PathBuf::from)
    };
    let users = || {
        let caches = folder("XDG_CACHE_HOME").or_else(|| folder("LOCALAPPDATA"));
        let caches = caches.or_else(|| Some(env::home_dir()?.join(".cache")))?;
        Some(caches.join("cnn-codegen"))
    };
    let cache = folder("CNN_CODEGEN_CACHE").or_else(users).ok_or_else(|| {
        Error::Refused(
            "there is no home folder: set CNN_CODEGEN_CACHE to one for built trainers".to_owned(),
        )
    })?;
    fs::create_dir_all(&cache)
        .and_then(|()| fs::canonicalize(&cache))
        .map_err(|error| Error::write(&cache, error))
}

/// Names everything that the program is built from, so that it is built again when something changes.
fn fingerprint(package: &Package) -> Result<String, Error> {
    let mut hash = Hash::new();
    for (path, content) in package.files() {
        absorb(&mut hash, path.as_bytes());
        absorb(&mut hash, content.as_bytes());
    }
    if let Runtime::Folder(folder) = &package.runtime {
        absorb_tree(&mut hash, &folder.join("Cargo.toml"))?;
        absorb_tree(&mut hash, &folder.join("src"))?;
    }
    let first = hash.finalize()[..8]
        .iter()
        .fold(0, |sum, &byte| sum << 8 | u64::from(byte));
    Ok(format!("{first:016x}"))
}

fn absorb(hash: &mut Hash, bytes: &[u8]) {
    hash.update((bytes.len() as u64).to_le_bytes());
    hash.update(bytes);
}

fn absorb_tree(hash: &mut Hash, path: &Path) -> Result<(), Error> {
    let unreadable = |error| Error::read(path, error);
    if !path.is_dir() {
        absorb(hash, path.as_os_str().as_encoded_bytes());
        absorb(hash, &fs::read(path).map_err(unreadable)?);
        return Ok(());
    }
    let entries = fs::read_dir(path).map_err(unreadable)?;
    let paths: Result<Vec<_>, _> = entries.map(|entry| Ok(entry?.path())).collect();
    let mut paths = paths.map_err(unreadable)?;
    paths.sort();
    paths.iter().try_for_each(|path| absorb_tree(hash, path))
}

/// Writes the package and builds it in a target folder that all trainers share, one at a time.
fn build(package: &Package, cache: &Path, folder: &Path, program: &Path) -> Result<(), Error> {
    let lock = cache.join("lock");
    let _held_until_return = lock_file(&lock).map_err(|error| Error::write(&lock, error))?;
    package.write(folder)?;
    let target = cache.join("target");
    let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let status = Command::new(&cargo)
        .args(["build", "--release", "--manifest-path"])
        .arg(folder.join("Cargo.toml"))
        .arg("--target-dir")
        .arg(&target)
        .env_remove("CARGO_BUILD_TARGET")
        .status()
        .map_err(|error| cannot_run(Path::new(&cargo), error))?;
    if !status.success() {
        return Err(Error::Refused(format!(
            "cargo could not build the trainer: {status}"
        )));
    }
    let built = target
        .join("release")
        .join(format!("{}{EXE_SUFFIX}", package.name));
    let unfinished = program.with_extension("unfinished");
    fs::copy(&built, &unfinished)
        .and_then(|_| fs::rename(&unfinished, program))
        .map_err(|error| Error::write(program, error))
}

fn lock_file(path: &Path) -> io::Result<File> {
    let file = File::create(path)?;
    file.lock()?;
    Ok(file)
}

fn cannot_run(program: &Path, source: io::Error) -> Error {
    Error::Io {
        attempt: format!("cannot run `{}`", program.display()),
        source,
    }
}

/// Becomes the program, so that signals and the exit code are its own.
#[cfg(unix)]
fn run(command: &mut Command) -> io::Result<ExitCode> {
    Err(std::os::unix::process::CommandExt::exec(command))
}

#[cfg(not(unix))]
fn run(command: &mut Command) -> io::Result<ExitCode> {
    let code = command.status()?.code().unwrap_or(1);
    Ok(ExitCode::from(u8::try_from(code).unwrap_or(1)))
}
