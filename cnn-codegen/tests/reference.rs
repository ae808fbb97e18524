//! The guide's reference of the language against the grammar that it is made from.
//!
//! If the chapter differs, it is written anew, so that the change can be reviewed, and then the test fails.

mod support;

use std::collections::HashSet;
use std::fs;
use std::path::Path;
use support::{Folder, Outcome};

fn reference() -> String {
    let outcome = Folder::new().run(&["reference"]);
    assert_eq!(outcome, Outcome::success(outcome.stdout.clone()));
    outcome.stdout
}

#[test]
fn the_chapter_in_the_guide_is_the_languages() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../guide/src/reference.md");
    let reference = reference();
    if fs::read_to_string(&path).unwrap_or_default() != reference {
        fs::write(&path, reference).unwrap();
        panic!("guide/src/reference.md changed; review it with `git diff`");
    }
}

#[test]
fn every_link_leads_to_one_heading() {
    let reference = reference();
    let headings = reference.lines().filter_map(|line| {
        let title = line.strip_prefix("## ").or(line.strip_prefix("### "))?;
        let anchor = title.to_lowercase().replace(' ', "-");
        Some(anchor.replace(['`', '[', ']'], ""))
    });
    let headings: Vec<String> = headings.collect();
    let anchors: HashSet<&str> = headings.iter().map(String::as_str).collect();
    assert_eq!(headings.len(), anchors.len(), "{headings:#?}");
    let links = reference.split("](#").skip(1);
    let links: Vec<&str> = links.filter_map(|rest| rest.split(')').next()).collect();
    assert!(links.len() > 50);
    for link in links {
        assert!(anchors.contains(link), "{link}");
    }
}

#[test]
fn every_row_has_the_columns_of_its_table() {
    let columns = |line: &str| line.replace("\\|", "").matches('|').count();
    let mut table = None;
    let mut rows = 0;
    for line in reference().lines() {
        table = line
            .starts_with('|')
            .then(|| table.unwrap_or(columns(line)));
        rows += usize::from(table.is_some());
        assert!(table.is_none_or(|table| columns(line) == table), "{line}");
    }
    assert!(rows > 200);
}
