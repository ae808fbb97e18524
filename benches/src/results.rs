//! What was measured.

use bench_protocol::{Measure, Request};
use serde::{Deserialize, Serialize};

/// Everything of one run.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct Results {
    /// The processor's name.
    pub processor: String,
    /// Floating-point operations per second of one core, two for each multiply-add.
    pub flops: f64,
    /// Bytes per second that one core reads from memory.
    pub bandwidth: f64,
    /// One for each system, workload, measure and number of threads.
    pub cells: Vec<Cell>,
}

/// What one system did, beside what ours did.
#[derive(Debug, Serialize, Deserialize)]
pub struct Cell {
    /// Its name.
    pub system: String,
    /// The network.
    pub workload: String,
    /// What was measured.
    pub measure: String,
    /// Threads that worked.
    pub threads: usize,
    /// Samples per second in each pair of windows: ours, and the system's.
    pub pairs: Vec<[f64; 2]>,
    /// Seconds from the start of the system's process to its first finished step.
    pub ready: f64,
    /// The most memory that its process had, in bytes.
    pub memory: Option<u64>,
}

impl Cell {
    /// The system's samples per second.
    pub fn rate(&self) -> f64 {
        median(self.pairs.iter().map(|[_, system]| *system))
    }

    /// The most samples per second of a window: that which the machine's other work disturbed least.
    pub fn best(&self) -> f64 {
        let rates = self.pairs.iter().map(|[_, system]| *system);
        rates.fold(f64::NAN, f64::max)
    }

    /// How many times faster ours is, pair by pair.
    pub fn ratio(&self) -> f64 {
        median(self.pairs.iter().map(|[ours, system]| ours / system))
    }
}

impl Results {
    /// What a system did, if it was measured.
    pub fn cell(&self, system: &str, request: &Request) -> Option<&Cell> {
        self.cells.iter().find(|cell| {
            cell.system == system
                && cell.workload == request.workload
                && cell.measure == request.measure.name()
                && cell.threads == request.threads
        })
    }

    /// The share of the machine's peak that a system reached, each in its best window.
    ///
    /// Whoever works on the same physical core takes more from a program that loads and stores than from multiply-adds
    /// alone.
    pub fn share(&self, system: &str, peak: &str, request: &Request) -> Option<f64> {
        let [system, peak] = [system, peak].map(|name| self.cell(name, request));
        Some(system?.best() / peak?.best())
    }

    /// These, and of the earlier ones what was not measured again.
    pub fn after(mut self, earlier: Self) -> Self {
        let is_new = |old: &Cell| {
            !self.cells.iter().any(|cell| {
                (&cell.system, &cell.workload, &cell.measure, cell.threads)
                    == (&old.system, &old.workload, &old.measure, old.threads)
            })
        };
        let old: Vec<Cell> = earlier
            .cells
            .into_iter()
            .filter(|old| is_new(old))
            .collect();
        self.cells.extend(old);
        self
    }
}

/// Everything that can be asked of a system: each measure on one core, and training on two.
pub fn requests(workload: &str) -> impl Iterator<Item = Request> {
    let request = |measure, threads| Request {
        workload: workload.to_owned(),
        measure,
        threads,
    };
    let single = Measure::COMPARED.map(|measure| request(measure, 1));
    [request(Measure::Train, 2)].into_iter().chain(single)
}

fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}
