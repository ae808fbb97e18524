//! Trainings that are watched, interrupted, killed, or run out of room.
#![cfg(unix)]

mod command;

use cnn_runtime::Rng;
use command::{data, path, run, stderr, stdout, trainer};
use nix::pty::openpty;
use std::fs::{self, File, Permissions};
use std::io::{BufRead, BufReader, Read};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::thread;
use std::time::Duration;
use tempfile::TempDir;

/// A training with its data, and a folder that it writes to.
struct Run {
    data: TempDir,
    out: PathBuf,
    epochs: &'static str,
}

impl Run {
    fn new(epochs: &'static str) -> Self {
        let data = data();
        let out = data.path().join("out");
        Self { data, out, epochs }
    }

    fn flags<'a>(&'a self, more: &[&'a str]) -> Vec<&'a str> {
        let own = ["--data", path(self.data.path()), "--out", path(&self.out)];
        [&own[..], &["--epochs", self.epochs], more].concat()
    }

    fn checkpoint(&self) -> PathBuf {
        self.out.join("checkpoint.safetensors")
    }

    /// The weights, and what was measured after each epoch but for times.
    fn results(&self) -> (Vec<u8>, Vec<String>) {
        let metrics = fs::read_to_string(self.out.join("metrics.jsonl")).unwrap();
        let metrics = metrics
            .lines()
            .map(|line| line.split(",\"seconds\"").next().unwrap().to_owned());
        let metrics = metrics.collect();
        let weights = fs::read(self.out.join("weights.safetensors")).unwrap();
        (weights, metrics)
    }

    /// The results of a training that nothing stops.
    fn whole(epochs: &'static str) -> (Vec<u8>, Vec<String>) {
        let whole = Self::new(epochs);
        let output = run(&whole.flags(&[]));
        assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
        whole.results()
    }
}

/// A bar needs a terminal, and is all that a terminal changes.
#[test]
fn a_progress_bar_leaves_the_bits_alone() {
    let watched = Run::new("60");
    let terminal = openpty(None, None).unwrap();
    let mut child = trainer(&watched.flags(&[]))
        .env("TERM", "xterm")
        .stdout(Stdio::null())
        .stderr(terminal.slave)
        .spawn()
        .unwrap();
    let mut seen = Vec::new();
    // On Linux, a terminal that nobody writes to any more ends with an error.
    let _ = File::from(terminal.master).read_to_end(&mut seen);
    assert!(child.wait().unwrap().success());
    let seen = String::from_utf8_lossy(&seen);
    assert!(
        seen.contains("epoch   1") && seen.contains(" left"),
        "{seen}"
    );
    assert_eq!(watched.results(), Run::whole("60"));
}

/// The number of times that a training is killed.
fn kills() -> usize {
    std::env::var("CNN_KILLS").map_or(12, |kills| kills.parse().unwrap())
}

/// Whenever it is killed, what it leaves goes on; in the end nothing tells that it ever was.
#[test]
fn a_killed_training_goes_on() {
    let expected = Run::whole("60");
    let mut rng = Rng::new(11);
    let interrupted = Run::new("60");
    let mut kills = kills();
    loop {
        let is_begun = interrupted.checkpoint().exists();
        let threads = (1 + rng.below(3)).to_string();
        let mut flags = interrupted.flags(&["--checkpoint-every", "1step", "--threads", &threads]);
        flags.extend(is_begun.then_some("--resume"));
        let mut child = trainer(&flags)
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        if kills > 0 {
            kills -= 1;
            thread::sleep(Duration::from_micros(rng.below(100_000) as u64));
            child.kill().unwrap();
        }
        let output = child.wait_with_output().unwrap();
        match output.status.code() {
            Some(0) if kills == 0 => break,
            // Killed, or faster than that: what is over stays so.
            None | Some(0) => {}
            Some(code) => panic!("{code}: {}", stderr(&output)),
        }
    }
    assert_eq!(interrupted.results(), expected);
    let left = fs::read_dir(&interrupted.out).unwrap().count();
    assert_eq!(left, 3, "no temporary files");
}

#[test]
fn ctrl_c_saves_the_training() {
    let expected = Run::whole("100");
    let interrupted = Run::new("100");
    let mut child = trainer(&interrupted.flags(&[]))
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let is_epoch = |line: &String| line.starts_with("epoch   2");
    assert!(lines.any(|line| is_epoch(&line.unwrap())));
    let id = child.id().to_string();
    let status = Command::new("kill").args(["-INT", &id]).status();
    assert!(status.unwrap().success());
    let rest: Vec<_> = lines.map(Result::unwrap).collect();
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(130), "{rest:?}");
    let text = stderr(&output);
    assert!(text.starts_with("error: interrupted in epoch "), "{text}");
    let checkpoint = interrupted.checkpoint();
    let end = format!(
        "; the checkpoint is {}\n help: go on with the same flags and `--resume`\n",
        checkpoint.display()
    );
    assert!(text.ends_with(&end), "{text}");

    let resumed = run(&interrupted.flags(&["--resume"]));
    assert_eq!(resumed.status.code(), Some(0), "{}", stderr(&resumed));
    assert_eq!(interrupted.results(), expected);
}

#[test]
fn a_resumed_training_shows_the_epochs_that_are_left() {
    let run_of = Run::new("3");
    assert_eq!(
        run(&run_of.flags(&["--checkpoint-every", "2 epochs"]))
            .status
            .code(),
        Some(0)
    );
    let again = run(&run_of.flags(&["--resume"]));
    assert_eq!(again.status.code(), Some(0), "{}", stderr(&again));
    let text = stdout(&again);
    assert!(!text.contains("epoch   "), "{text}");
    let (_, metrics) = run_of.results();
    assert_eq!(metrics.len(), 3);

    let wrong = run(&run_of.flags(&["--resume", "--seed", "7"]));
    assert_eq!(wrong.status.code(), Some(1));
    assert!(stderr(&wrong).contains("this training began differently\n  seed: 0 then, 7 now"));
}

#[test]
fn there_must_be_something_to_go_on_from() {
    let nothing = Run::new("3");
    let output = run(&nothing.flags(&["--resume"]));
    assert_eq!(output.status.code(), Some(1));
    let file = nothing.checkpoint();
    let expected = format!(
        "error: {}: there is no checkpoint to go on from\n help: leave out `--resume` to begin anew\n",
        file.display()
    );
    assert_eq!(stderr(&output), expected);
}

/// A run that cannot write its checkpoint says so, and leaves the old one alone.
fn fails_and_keeps_the_old_one(begun: &Run, output: &Output, problem: &str) {
    assert_eq!(output.status.code(), Some(1), "{}", stdout(output));
    let text = stderr(output);
    let start = format!("error: cannot write {}: ", begun.checkpoint().display());
    assert!(text.starts_with(&start), "{text}");
    assert!(text.contains(problem), "{text}");
}

#[test]
fn a_full_disk_leaves_the_old_checkpoint() {
    let begun = Run::new("3");
    run(&begun.flags(&["--checkpoint-every", "1"]));
    let before = fs::read(begun.checkpoint()).unwrap();
    let command = trainer(&begun.flags(&["--checkpoint-every", "1"]));
    // Files of more than a few KiB cannot be written; the signal for that is not wanted.
    let output = Command::new("sh")
        .args(["-c", "trap '' XFSZ; ulimit -f 16; exec \"$0\" \"$@\""])
        .arg(command.get_program())
        .args(command.get_args())
        .output()
        .unwrap();
    fails_and_keeps_the_old_one(&begun, &output, "help: allow larger files");
    assert_eq!(fs::read(begun.checkpoint()).unwrap(), before);
    assert_eq!(
        fs::read_dir(&begun.out).unwrap().count(),
        3,
        "no half files"
    );
}

#[test]
fn a_read_only_folder_leaves_the_old_checkpoint() {
    let begun = Run::new("3");
    run(&begun.flags(&["--checkpoint-every", "1"]));
    let before = fs::read(begun.checkpoint()).unwrap();
    let set = |path: &Path, mode| fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
    let flags = begun.flags(&["--checkpoint-every", "1"]);
    let command = trainer(&flags);
    // Nothing is read-only to root, who can run as nobody instead; nobody needs a program that it can reach.
    let program = begun.data.path().join("trainer");
    fs::copy(command.get_program(), &program).unwrap();
    set(begun.data.path(), 0o755);
    set(&begun.out, 0o555);
    let is_root = fs::write(begun.out.join("probe"), "").is_ok();
    let mut command = Command::new(program);
    command.args(flags);
    if is_root {
        fs::remove_file(begun.out.join("probe")).unwrap();
        command.uid(65_534).gid(65_534);
    }
    let output = command.output().unwrap();
    set(&begun.out, 0o755);
    assert_eq!(output.status.code(), Some(1), "{}", stdout(&output));
    let text = stderr(&output);
    let start = format!(
        "error: cannot write {}/metrics.jsonl: ",
        begun.out.display()
    );
    assert!(text.starts_with(&start), "{text}");
    assert!(text.ends_with(" help: check the permissions\n"), "{text}");
    assert_eq!(fs::read(begun.checkpoint()).unwrap(), before);
}
