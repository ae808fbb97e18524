//! Nothing in the language goes without its witnesses.
//!
//! Every case of PyTorch's figures has three of them, in `figures.rs`: PyTorch, the reference and finite differences.
//! What vectors compute has a fourth, in `kernels/`: the plain loops.

use cnn_codegen::{Kernels, Options};
use cnn_tests::generated::{EXAMPLES, PYTORCH};
use cnn_tests::language::{Things, all, used};
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

/// What the mathematics of a training step are made of.
const JUDGED: [&str; 8] = [
    "layer.",
    "training.loss.",
    "training.losses.",
    "training.optimizer.",
    "training.schedule.",
    "training.clip_grad_norm",
    "training.clip_grad_value",
    "training.ema_decay",
];

/// What says where something is written, and nothing else.
const NAMES: [&str; 3] = ["layer.name", "layer.input", "layer.block"];

fn is_judged(thing: &str) -> bool {
    JUDGED.iter().any(|judged| thing.starts_with(judged))
        && !NAMES.iter().any(|name| thing.starts_with(name))
}

fn folder(path: &str) -> Vec<String> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    let entries = fs::read_dir(path).expect("the folder is there");
    let texts = entries.map(|entry| fs::read_to_string(entry.expect("an entry").path()));
    texts.map(|text| text.expect("a file")).collect()
}

/// What the cases of PyTorch's figures use, those of its schedules among them.
fn pytorch() -> Things {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("pytorch/schedules.json");
    let text = fs::read_to_string(path).expect("the figures can be read");
    let rates: Vec<serde_json::Value> = serde_json::from_str(&text).expect("figures are JSON");
    let schedules = rates.iter().map(|rates| {
        let schedule = rates["schedule"].as_str().expect("a schedule");
        format!("[training]\nschedule = {schedule}")
    });
    let cases = PYTORCH.iter().map(|case| case.toml.to_owned());
    cases
        .chain(schedules)
        .flat_map(|text| used(&text))
        .collect()
}

/// What vectors compute in these cases, if they were in single precision.
fn vectors() -> Things {
    let cases = PYTORCH.iter().filter(|case| {
        let single = case.toml.replace("\"f64\"", "\"f32\"");
        let code = cnn_codegen::compile(&single, "net.toml", &Options::default());
        code.is_ok_and(|code| code.kernels() == Kernels::Simd)
    });
    cases.flat_map(|case| used(case.toml)).collect()
}

/// What the networks use in which plain loops and vectors are compared.
fn compared() -> Things {
    let examples = EXAMPLES.iter().map(|example| example.toml.to_owned());
    let networks = folder("kernels/networks").into_iter().chain(examples);
    networks.flat_map(|text| used(&text)).collect()
}

fn missing(wanted: &Things, witness: &Things) -> Vec<String> {
    let missing = wanted.difference(witness).filter(|thing| is_judged(thing));
    missing.cloned().collect()
}

#[test]
fn everything_is_held_against_pytorch_the_reference_and_differences() {
    let missing = missing(&all(), &pytorch());
    assert!(missing.is_empty(), "no case has {missing:#?}");
}

#[test]
fn everything_that_vectors_compute_is_held_against_plain_loops() {
    // The learning rate comes to a step from outside.
    let mut wanted = vectors();
    wanted.retain(|thing| !thing.starts_with("training.schedule."));
    let missing = missing(&wanted, &compared());
    assert!(missing.is_empty(), "no network has {missing:#?}");
}

/// One line for each kind of layer, loss, optimizer and schedule.
fn table() -> String {
    let (all, pytorch, vectors) = (all(), pytorch(), vectors());
    let mut table = String::from(
        "| | options | PyTorch, reference, differences | plain loops beside vectors |\n| --- | --- | :---: | :---: |\n",
    );
    let sections = [
        "layer",
        "training.loss",
        "training.optimizer",
        "training.schedule",
    ];
    for section in sections {
        let kinds = all
            .iter()
            .filter_map(|thing| thing.strip_prefix(section)?.strip_prefix('.'));
        let is_kind = |kind: &&str| !kind.contains('.') && is_judged(&format!("{section}.{kind}"));
        for kind in kinds.filter(is_kind) {
            let thing = format!("{section}.{kind}");
            let options: Vec<_> = all
                .iter()
                .filter_map(|other| other.strip_prefix(&thing)?.strip_prefix('.'))
                .filter(|option| !option.contains('.'))
                .map(|option| format!("`{option}`"))
                .collect();
            let noun = section.trim_start_matches("training.");
            let mark = |is_there| if is_there { "✓" } else { "–" };
            let is_beside = vectors.contains(&thing) && noun != "schedule";
            let _ = writeln!(
                table,
                "| {noun} `{kind}` | {} | {} | {} |",
                options.join(", "),
                mark(pytorch.contains(&thing)),
                mark(is_beside),
            );
        }
    }
    table
}

#[test]
fn the_table_of_witnesses_is_true() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../TRUST.md");
    let text = fs::read_to_string(path).expect("TRUST.md");
    let table = table();
    assert!(
        text.contains(&table),
        "the table of witnesses in TRUST.md is to be\n\n{table}"
    );
}
