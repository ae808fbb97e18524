//! The results in Markdown.

use crate::compare::ALONE;
use crate::results::{Cell, Results};
use crate::system::{self, OURS, PEAK};
use bench_protocol::{Measure, Request, WORKLOADS};

/// One section of the results.
struct Section {
    title: &'static str,
    measure: Measure,
    threads: usize,
    cell: fn(&Results, &Cell, &Request) -> Option<String>,
}

const SECTIONS: [Section; 8] = [
    Section {
        title: "Training, batch 64, 1 thread: samples/s",
        measure: Measure::Train,
        threads: 1,
        cell: speed,
    },
    Section {
        title: "Training, batch 64, 2 threads: samples/s",
        measure: Measure::Train,
        threads: 2,
        cell: speed,
    },
    Section {
        title: "Inference, one sample: µs",
        measure: Measure::One,
        threads: 1,
        cell: speed,
    },
    Section {
        title: "Inference, batch 256, 1 thread: samples/s",
        measure: Measure::Batch,
        threads: 1,
        cell: speed,
    },
    Section {
        title: "Training loop, batch 64, 2 threads: times as fast as 1",
        measure: Measure::Fit,
        threads: 2,
        cell: scaling,
    },
    Section {
        title: "Training loop, batch 256, 2 threads: times as fast as 1",
        measure: Measure::FitLarge,
        threads: 2,
        cell: scaling,
    },
    Section {
        title: "From start to first training step: s",
        measure: Measure::Train,
        threads: 1,
        cell: ready,
    },
    Section {
        title: "Peak memory of training: MiB",
        measure: Measure::Train,
        threads: 1,
        cell: memory,
    },
];

/// The machine, and a table for each section.
pub fn markdown(results: &Results) -> String {
    let Results {
        processor,
        flops,
        bandwidth,
        ..
    } = results;
    let machine = format!(
        "One core of {processor}: {:.1} GFLOP/s of f32 multiply-adds, {:.1} GB/s from memory.\n\n\
         In brackets: ours as a share of the peak; others as how many times faster ours is.\n",
        flops / 1e9,
        bandwidth / 1e9
    );
    SECTIONS.iter().fold(machine, |text, section| {
        text + "\n" + &table(results, section)
    })
}

fn table(results: &Results, section: &Section) -> String {
    let heading = format!("| {} | {} |", section.title, WORKLOADS.join(" | "));
    let rule = "| --- | ---: | ---: | ---: |".to_owned();
    let names = [&PEAK].into_iter().chain(system::all());
    let rows = names
        .map(|system| system.name)
        .chain([ALONE])
        .filter_map(|name| row(results, section, name));
    let lines: Vec<String> = [heading, rule].into_iter().chain(rows).collect();
    lines.join("\n") + "\n"
}

/// A system's line, if anything was measured.
fn row(results: &Results, section: &Section, name: &str) -> Option<String> {
    let cells = WORKLOADS.map(|workload| {
        let request = Request {
            workload: workload.to_owned(),
            measure: section.measure,
            threads: section.threads,
        };
        let cell = results.cell(name, &request)?;
        (section.cell)(results, cell, &request)
    });
    cells.iter().any(Option::is_some).then(|| {
        let cells = cells.map(|cell| cell.unwrap_or_else(|| "–".to_owned()));
        format!("| {name} | {} |", cells.join(" | "))
    })
}

/// Samples per second, or microseconds for one sample; and what stands in brackets.
fn speed(results: &Results, cell: &Cell, request: &Request) -> Option<String> {
    let value = match request.measure {
        Measure::One => digits(1e6 / cell.rate()),
        _ => digits(cell.rate()),
    };
    Some(if cell.system == PEAK.name {
        value
    } else if cell.system == OURS.name {
        let share = results.share(OURS.name, PEAK.name, request)?;
        format!("**{value}** ({:.0} %)", 100.0 * share)
    } else {
        format!("{value} ({} ×)", digits(cell.ratio()))
    })
}

fn scaling(_: &Results, cell: &Cell, _: &Request) -> Option<String> {
    (cell.system == ALONE).then(|| digits(cell.ratio()))
}

fn ready(_: &Results, cell: &Cell, _: &Request) -> Option<String> {
    (cell.system != PEAK.name).then(|| format!("{:.2}", cell.ready))
}

fn memory(_: &Results, cell: &Cell, _: &Request) -> Option<String> {
    let memory = cell.memory.filter(|_| cell.system != PEAK.name)?;
    Some(format!("{:.0}", memory as f64 / f64::from(1 << 20)))
}

/// Three digits or all before the point, in groups of three.
fn digits(value: f64) -> String {
    match value {
        ..10.0 => return format!("{value:.2}"),
        ..100.0 => return format!("{value:.1}"),
        _ => {}
    }
    let digits = format!("{value:.0}");
    let groups = digits
        .as_bytes()
        .rchunks(3)
        .rev()
        .map(String::from_utf8_lossy);
    groups.collect::<Vec<_>>().join(",")
}
