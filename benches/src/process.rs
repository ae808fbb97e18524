//! One measured process, bound to its cores.

use crate::system::System;
use bench_protocol::Request;
use serde::Deserialize;
use std::error::Error;
use std::fs;
use std::io::{BufRead, BufReader, Lines, Write};
use std::num::NonZeroUsize;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::thread::available_parallelism;
use std::time::{Duration, Instant};

/// Memory that a step frees stays with the process, or the system clears the same pages again in every step.
const MALLOC: [(&str, &str); 3] = [
    ("MALLOC_MMAP_THRESHOLD_", "33554432"),
    ("MALLOC_TRIM_THRESHOLD_", "1073741824"),
    ("MALLOC_TOP_PAD_", "67108864"),
];

/// A process that has done its first step.
pub struct Process {
    child: Child,
    questions: ChildStdin,
    answers: Lines<BufReader<ChildStdout>>,
    /// From its start to its first finished step.
    pub ready: Duration,
    /// How many values its network learns.
    pub parameters: f64,
}

#[derive(Deserialize)]
struct Answer {
    value: f64,
}

impl Process {
    /// Starts a system on the last cores, as many as it may have threads.
    ///
    /// # Errors
    /// If it does not start, or ends before its first step.
    pub fn start(system: &System, request: &Request) -> Result<Self, Box<dyn Error>> {
        let start = Instant::now();
        let threads = request.threads.to_string();
        let mut child = pinned(request.threads)
            .args(system.command(request))
            .envs(MALLOC)
            .env("OMP_NUM_THREADS", &threads)
            .env("RAYON_NUM_THREADS", &threads)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()?;
        let questions = child.stdin.take().ok_or("no input")?;
        let answers = BufReader::new(child.stdout.take().ok_or("no output")?).lines();
        let mut process = Self {
            child,
            questions,
            answers,
            ready: Duration::ZERO,
            parameters: 0.0,
        };
        process.parameters = process.answer()?;
        process.ready = start.elapsed();
        Ok(process)
    }

    /// Samples per second in one window.
    ///
    /// # Errors
    /// If the process has ended.
    pub fn window(&mut self, window: Duration) -> Result<f64, Box<dyn Error>> {
        writeln!(self.questions, "{}", window.as_secs_f64())?;
        self.answer()
    }

    /// The most memory that it has had so far, in bytes, as far as the system tells.
    pub fn memory(&self) -> Option<u64> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id())).ok()?;
        let line = status
            .lines()
            .find_map(|line| line.strip_prefix("VmHWM:"))?;
        let kibibytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
        Some(kibibytes << 10)
    }

    fn answer(&mut self) -> Result<f64, Box<dyn Error>> {
        let line = self.answers.next().ok_or("it ended without an answer")??;
        Ok(serde_json::from_str::<Answer>(&line)?.value)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may have ended of itself; else it has nothing to save.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A command line bound to the last `cores` cores, to be completed: systems tend to do their own work on the first.
pub fn pinned(cores: usize) -> Command {
    let all = available_parallelism().map_or(1, NonZeroUsize::get);
    let mut command = Command::new("taskset");
    command.args([
        "--cpu-list",
        &format!("{}-{}", all.saturating_sub(cores), all - 1),
    ]);
    command
}
