//! Measures ours and another system in turns.

use crate::process::{Process, pinned};
use crate::results::{Cell, Results, requests};
use crate::system::{OURS, PEAK, PEERS, System};
use bench_protocol::{Measure, Request, WORKLOADS};
use std::env;
use std::error::Error;
use std::fs;
use std::time::Duration;

/// What our training loop on one thread is called, beside which that on two is measured.
pub const ALONE: &str = "ours, one thread";

/// How long and how often to measure, and what.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The length of one window.
    pub window: Duration,
    /// How many pairs of windows.
    pub pairs: usize,
    /// Only this number of threads.
    pub threads: Option<usize>,
    /// The workloads; all if empty.
    pub workloads: Vec<String>,
    /// Parts of the names of the systems; all systems if empty.
    pub systems: Vec<String>,
}

impl Plan {
    fn wants_workload(&self, workload: &str) -> bool {
        self.workloads.is_empty() || self.workloads.iter().any(|wanted| wanted == workload)
    }

    fn wants_threads(&self, threads: usize) -> bool {
        self.threads.is_none_or(|wanted| wanted == threads)
    }

    fn wants_system(&self, system: &System) -> bool {
        let name = system.name.to_lowercase();
        self.systems.is_empty()
            || self
                .systems
                .iter()
                .any(|wanted| name.contains(&wanted.to_lowercase()))
    }
}

/// Measures everything that the plan wants; a system that fails is named on the console and left out.
///
/// # Errors
/// If ours or the peak cannot be measured.
pub fn run(plan: &Plan) -> Result<Results, Box<dyn Error>> {
    let mut results = Results {
        processor: processor(),
        bandwidth: bandwidth()?,
        ..Results::default()
    };
    for workload in WORKLOADS
        .into_iter()
        .filter(|workload| plan.wants_workload(workload))
    {
        for request in requests(workload).filter(|request| plan.wants_threads(request.threads)) {
            let mut ours = Process::start(&OURS, &request)?;
            let cell = compare(plan, &request, &mut ours, &PEAK)?;
            results.flops = results.flops.max(flops(&cell, &request)?);
            results.cells.push(cell);
            for system in PEERS
                .iter()
                .filter(|system| system.can(&request) && plan.wants_system(system))
            {
                match compare(plan, &request, &mut ours, system) {
                    Ok(cell) => results.cells.push(cell),
                    Err(error) => eprintln!("{}: {error}", system.name),
                }
            }
            results.cells.push(itself(&results, &request, &ours));
        }
        for measure in Measure::SCALED {
            if plan.wants_threads(2) {
                results.cells.push(scale(plan, workload, measure)?);
            }
        }
    }
    Ok(results)
}

/// Windows of ours and of the system in turns, each first as often as the other.
fn compare(
    plan: &Plan,
    request: &Request,
    ours: &mut Process,
    system: &System,
) -> Result<Cell, Box<dyn Error>> {
    let other = Process::start(system, request)?;
    if (other.parameters - ours.parameters).abs() > 0.5 {
        return Err(format!(
            "it learns {} values, not {}",
            other.parameters, ours.parameters
        )
        .into());
    }
    in_turns(plan, request, ours, other, system.name)
}

/// Our training loop on two threads, beside itself on one.
fn scale(plan: &Plan, workload: &str, measure: Measure) -> Result<Cell, Box<dyn Error>> {
    let [two, one] = [2, 1].map(|threads| Request {
        workload: workload.to_owned(),
        measure,
        threads,
    });
    let (mut ours, alone) = (Process::start(&OURS, &two)?, Process::start(&OURS, &one)?);
    in_turns(plan, &two, &mut ours, alone, ALONE)
}

fn in_turns(
    plan: &Plan,
    request: &Request,
    ours: &mut Process,
    mut other: Process,
    name: &str,
) -> Result<Cell, Box<dyn Error>> {
    let mut pair = |swap| -> Result<[f64; 2], Box<dyn Error>> {
        if swap {
            let system = other.window(plan.window)?;
            Ok([ours.window(plan.window)?, system])
        } else {
            Ok([ours.window(plan.window)?, other.window(plan.window)?])
        }
    };
    pair(false)?;
    let pairs = (0..plan.pairs)
        .map(|round| pair(round % 2 == 1))
        .collect::<Result<_, _>>()?;
    let cell = Cell {
        system: name.to_owned(),
        workload: request.workload.clone(),
        measure: request.measure.to_string(),
        threads: request.threads,
        pairs,
        ready: other.ready.as_secs_f64(),
        memory: other.memory(),
    };
    let Request {
        workload,
        measure,
        threads,
    } = request;
    let (rate, ratio) = (cell.rate(), cell.ratio());
    eprintln!(
        "{workload:7} {measure:6} {threads} {:20} {rate:12.0} samples/s, ours × {ratio:.2}",
        cell.system
    );
    Ok(cell)
}

/// Ours beside itself: all its windows of this request.
fn itself(results: &Results, request: &Request, ours: &Process) -> Cell {
    let same = |cell: &&Cell| {
        cell.workload == request.workload
            && cell.measure == request.measure.name()
            && cell.threads == request.threads
    };
    let pairs = results
        .cells
        .iter()
        .filter(same)
        .flat_map(|cell| &cell.pairs);
    Cell {
        system: OURS.name.to_owned(),
        workload: request.workload.clone(),
        measure: request.measure.to_string(),
        threads: request.threads,
        pairs: pairs.map(|[ours, _]| [*ours; 2]).collect(),
        ready: ours.ready.as_secs_f64(),
        memory: ours.memory(),
    }
}

/// Floating-point operations per second of one core, from the peak in samples.
fn flops(peak: &Cell, request: &Request) -> Result<f64, Box<dyn Error>> {
    let work = crate::peak::multiply_adds(&request.workload, request.measure)?;
    Ok(2.0 * work as f64 * peak.rate() / request.threads as f64)
}

/// Bytes per second from memory, measured on the core that everything else runs on.
fn bandwidth() -> Result<f64, Box<dyn Error>> {
    let output = pinned(1)
        .arg(env::current_exe()?)
        .arg("bandwidth")
        .output()?;
    Ok(String::from_utf8(output.stdout)?.trim().parse()?)
}

/// The processor's name, as far as the system tells.
fn processor() -> String {
    let text = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let name = text
        .lines()
        .find_map(|line| line.strip_prefix("model name")?.split_once(": "));
    name.map_or("unknown processor", |(_, name)| name)
        .to_owned()
}
