//! Broken files, each with the exact report on it.
//!
//! A report that differs is written over the `.report` beside the file, so that the change can be reviewed
//! as a diff, and then the test fails.

use std::fs;
use std::path::PathBuf;

fn cases() -> Vec<PathBuf> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/broken");
    let files = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path());
    let mut cases: Vec<PathBuf> = files
        .filter(|path| {
            path.extension()
                .is_some_and(|extension| extension == "toml")
        })
        .collect();
    cases.sort();
    cases
}

#[test]
fn every_broken_file_has_its_report() {
    let mut changed = Vec::new();
    for path in cases() {
        let text = fs::read_to_string(&path).unwrap();
        let file_name = path.file_name().unwrap().to_str().unwrap();
        let Err(report) = cnn_spec::parse(&text, file_name) else {
            panic!("{file_name} is not broken");
        };
        let report = format!("{report}\n");
        let expected = path.with_extension("report");
        if fs::read_to_string(&expected).unwrap_or_default() != report {
            fs::write(&expected, report).unwrap();
            changed.push(file_name.to_owned());
        }
    }
    assert!(
        changed.is_empty(),
        "the reports on these changed; review them with `git diff`: {changed:#?}"
    );
}

#[test]
fn every_problem_has_a_place_in_the_file() {
    for path in cases() {
        let text = fs::read_to_string(&path).unwrap();
        let report = cnn_spec::parse(&text, "net.toml").unwrap_err();
        let lines = text.lines().count().max(1);
        for problem in report.problems() {
            let Some(position) = report.position(problem) else {
                assert_eq!(problem.span, None, "{}: {problem:?}", path.display());
                continue;
            };
            assert!(
                (1..=lines + 1).contains(&position.line),
                "{}: {position:?}",
                path.display()
            );
        }
    }
}
