//! What is measured side by side, and how each is started.

use bench_protocol::{Measure, Request};
use std::env;
use std::path::Path;

/// A way to train or run the workloads.
#[derive(Clone, Copy, Debug)]
pub struct System {
    /// What the tables call it.
    pub name: &'static str,
    start: Start,
    measures: &'static [Measure],
    /// The most threads that are measured.
    threads: usize,
    workloads: &'static [&'static str],
}

#[derive(Clone, Copy, Debug)]
enum Start {
    /// This program, with these arguments first.
    Ourselves(&'static [&'static str]),
    /// A script of `peers/python`, and the arguments that come last.
    Python(&'static str, &'static [&'static str]),
    /// A package of `peers/rust`.
    Rust(&'static str),
    /// A program of `peers/c`.
    C(&'static str),
}

/// The multiply-adds that the machine can do at most.
pub const PEAK: System = System::new("FMA peak", Start::Ourselves(&["peak"])).threads(2);

/// What everything else is compared with.
pub const OURS: System = System::new("ours", Start::Ourselves(&["ours", "simd"])).threads(2);

/// The others, in the order of the tables.
pub const PEERS: &[System] = &[
    System::new("ours, plain kernels", Start::Ourselves(&["ours", "plain"])),
    System::new("PyTorch", Start::Python("peer_pytorch.py", &[])).threads(2),
    System::new(
        "PyTorch, compiled",
        Start::Python("peer_pytorch.py", &["compile"]),
    )
    .threads(2),
    System::new("JAX", Start::Python("peer_jax.py", &[])),
    System::new("burn", Start::Rust("peer-burn")),
    System::new("candle", Start::Rust("peer-candle")),
    System::new("LiteRT", Start::Python("peer_litert.py", &[])).inference(),
    System::new("ONNX Runtime", Start::Python("peer_onnxruntime.py", &[])).inference(),
    System::new("tract", Start::Rust("peer-tract")).inference(),
    System::new("C loops", Start::C("seed")).only(&["seed"]),
];

/// Ours, then the others.
pub fn all() -> impl Iterator<Item = &'static System> {
    [&OURS].into_iter().chain(PEERS)
}

impl System {
    const fn new(name: &'static str, start: Start) -> Self {
        let (measures, workloads) = (&Measure::COMPARED, &bench_protocol::WORKLOADS);
        Self {
            name,
            start,
            measures,
            threads: 1,
            workloads,
        }
    }

    const fn threads(self, threads: usize) -> Self {
        Self { threads, ..self }
    }

    const fn inference(self) -> Self {
        Self {
            measures: &[Measure::One, Measure::Batch],
            ..self
        }
    }

    const fn only(self, workloads: &'static [&'static str]) -> Self {
        Self { workloads, ..self }
    }

    /// Whether it can do this.
    pub fn can(&self, request: &Request) -> bool {
        self.threads >= request.threads
            && self.measures.contains(&request.measure)
            && self.workloads.contains(&request.workload.as_str())
    }

    /// The command line that starts it.
    pub fn command(&self, request: &Request) -> Vec<String> {
        let Request {
            workload,
            measure,
            threads,
        } = request;
        let request = [workload.clone(), measure.to_string(), threads.to_string()];
        let (before, after): (Vec<String>, &[&str]) = match self.start {
            Start::Ourselves(arguments) => {
                let program = env::current_exe().unwrap_or_default();
                let arguments = arguments.iter().map(|&argument| argument.to_owned());
                (
                    [program.display().to_string()]
                        .into_iter()
                        .chain(arguments)
                        .collect(),
                    &[],
                )
            }
            Start::Python(script, after) => (
                vec![PYTHON.to_owned(), format!("peers/python/{script}")],
                after,
            ),
            Start::Rust(package) => (
                vec![
                    Path::new(NATIVE)
                        .join("release")
                        .join(package)
                        .display()
                        .to_string(),
                ],
                &[],
            ),
            Start::C(program) => (vec![format!("target/c/{program}")], &[]),
        };
        let after = after.iter().map(|&argument| argument.to_owned());
        before.into_iter().chain(request).chain(after).collect()
    }
}

/// The Python of the peers, from `benches/`.
pub const PYTHON: &str = "target/venv/bin/python";

/// Where the peers in Rust are built, for this machine's processor.
pub const NATIVE: &str = "target/native";
