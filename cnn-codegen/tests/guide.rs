//! The guide, the README and the map of the house: what they show is in the repository, and what they link to as well.

mod support;

use cnn_codegen::{Kernels, Options};
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use support::Folder;

fn root() -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    fs::canonicalize(root).unwrap()
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The files below a folder with this ending.
fn files(folder: &Path, ending: &str) -> BTreeSet<PathBuf> {
    let paths = fs::read_dir(folder).unwrap().map(|it| it.unwrap().path());
    let all = paths.flat_map(|path| {
        if path.is_dir() {
            files(&path, ending)
        } else {
            BTreeSet::from([path])
        }
    });
    all.filter(|path| path.extension().is_some_and(|it| it == ending))
        .collect()
}

fn chapters() -> BTreeSet<PathBuf> {
    files(&root().join("guide/src"), "md")
}

/// A text without what it fences, and the fenced blocks, each with its language.
fn split(text: &str) -> (String, Vec<(&str, String)>) {
    let (mut prose, mut blocks) = (String::new(), Vec::new());
    let mut lines = text.split_inclusive('\n');
    while let Some(line) = lines.next() {
        let language = line.trim_start_matches('`');
        let fence = &line[..line.len() - language.len()];
        if fence.len() < 3 {
            prose += line;
            continue;
        }
        let block = lines.by_ref().take_while(|line| line.trim_end() != fence);
        blocks.push((language.trim_end(), block.collect()));
    }
    (prose, blocks)
}

fn prose(text: &str) -> String {
    split(text).0
}

/// What stands between fences in this language.
fn blocks(text: &str, language: &str) -> Vec<String> {
    let blocks = split(text).1.into_iter();
    let blocks = blocks.filter(|(found, _)| *found == language);
    blocks.map(|(_, block)| block).collect()
}

/// Where the links of a text lead: a path, which is empty for the text itself, and a heading.
fn links(text: &str) -> Vec<(String, Option<String>)> {
    let prose = prose(text);
    let targets = prose.split("](").skip(1);
    let targets = targets.filter_map(|rest| rest.split(')').next());
    let relative = targets.filter(|target| !target.contains("://"));
    let split = relative.map(|target| match target.split_once('#') {
        Some((path, heading)) => (path.to_owned(), Some(heading.to_owned())),
        None => (target.to_owned(), None),
    });
    split.collect()
}

/// What a heading is called in links to it.
fn anchors(text: &str) -> Vec<String> {
    let prose = prose(text);
    let lines = prose.lines().filter(|line| line.starts_with('#'));
    let titles = lines.map(|line| line.trim_start_matches('#').trim().to_lowercase());
    let kept = |c: &char| c.is_alphanumeric() || ['-', '_', ' '].contains(c);
    titles
        .map(|title| {
            title
                .chars()
                .filter(kept)
                .collect::<String>()
                .replace(' ', "-")
        })
        .collect()
}

#[test]
fn every_link_leads_somewhere() {
    let root = root();
    let others = ["README.md", "ARCHITECTURE.md", "benches/README.md"];
    let texts = chapters()
        .into_iter()
        .chain(others.map(|name| root.join(name)));
    let mut count = 0;
    for file in texts {
        let text = read(&file);
        for (path, heading) in links(&text) {
            count += 1;
            let target = match path.as_str() {
                "" => file.clone(),
                path => file.parent().unwrap().join(path),
            };
            let place = format!("{}: {}", file.display(), target.display());
            assert!(target.exists(), "{place}");
            if let Some(heading) = heading {
                assert!(
                    anchors(&read(&target)).contains(&heading),
                    "{place}#{heading}"
                );
            }
        }
    }
    assert!(count > 100, "{count}");
}

/// What is not in the book's folder is not in the book.
#[test]
fn links_of_the_guide_stay_in_it() {
    let book = root().join("guide/src");
    for chapter in chapters() {
        for (path, _) in links(&read(&chapter)) {
            let target = fs::canonicalize(chapter.parent().unwrap().join(path)).unwrap();
            assert!(target.starts_with(&book), "{}", target.display());
        }
    }
}

#[test]
fn every_chapter_is_in_the_summary() {
    let book = root().join("guide/src");
    let summary = book.join("SUMMARY.md");
    let listed = links(&read(&summary)).into_iter();
    let mut listed: BTreeSet<PathBuf> = listed.map(|(path, _)| book.join(path)).collect();
    listed.insert(summary);
    assert_eq!(listed, chapters());
}

/// Programs of the guide are in the examples, which are built and tested; other functions are generated.
#[test]
fn every_piece_of_rust_is_in_the_repository() {
    let examples = root().join("examples");
    let options = Options {
        kernels: Kernels::Plain,
        ..Options::default()
    };
    let generated = ["digits", "lenet5"].map(|name| {
        let network = read(&examples.join(format!("networks/{name}.toml")));
        let code = cnn_codegen::compile(&network, name, &options).unwrap();
        code.text().to_owned()
    });
    let written = files(&examples, "rs").into_iter().map(|path| read(&path));
    // A reader's package has the network in a folder of its own.
    let written = written.map(|text| text.replace("../../networks/lenet5.toml", "../net.toml"));
    let sources: Vec<String> = written.chain(generated).collect();
    let mut count = 0;
    for chapter in chapters() {
        for block in blocks(&read(&chapter), "rust") {
            count += 1;
            let is_there = sources.iter().any(|source| source.contains(&block));
            assert!(is_there, "{}: {block}", chapter.display());
        }
    }
    assert!(count > 15);
}

/// The network that a block belongs into which is none itself: from maps to two numbers.
const BEFORE: &str = "[network]\nname = \"Net\"\ninput = [16, 32, 32]\n";
const BEHIND: &str = "[[layer]]\ntype = \"dense\"\nout_features = 2\n";
const TRAINING: &str = "[training]\nloss = \"mse\"\n\
                        optimizer = { type = \"sgd\", learning_rate = 0.1 }\nepochs = 1\nbatch_size = 1\n";

#[test]
fn every_network_is_one_and_every_section_fits_into_one() {
    let mut count = 0;
    for text in chapters().iter().map(|chapter| read(chapter)) {
        for block in blocks(&text, "toml") {
            let table: toml::Table = toml::from_str(&block).unwrap();
            let is_here = |section: &str| table.contains_key(section);
            let sections = ["layer", "training", "data", "augmentation", "validation"];
            let network = if is_here("network") {
                block
            } else if is_here("training") {
                [BEFORE, &block, BEHIND].concat()
            } else if sections.into_iter().any(is_here) {
                [BEFORE, &block, BEHIND, TRAINING].concat()
            } else {
                continue;
            };
            count += 1;
            let network = cnn_spec::parse(&network, "block");
            assert!(network.is_ok(), "{}", network.unwrap_err());
        }
    }
    assert!(count > 8);
}

#[test]
fn the_picture_and_the_table_are_those_of_the_template() {
    let folder = Folder::new();
    folder.run(&["new", "--template", "lenet5"]);
    let book = root().join("guide/src");
    let picture = folder.run(&["graph", "net.toml"]).stdout;
    let path = book.join("pictures/lenet5.svg");
    if fs::read_to_string(&path).unwrap_or_default() != picture {
        fs::write(&path, picture).unwrap();
        panic!("{} changed; look at it", path.display());
    }
    let table = folder.run(&["summary", "net.toml"]).stdout;
    assert!(blocks(&read(&book.join("tutorial/look.md")), "text").contains(&table));
    let wrong = folder.read("net.toml").replace(
        "out_features = 120",
        "in_features = 431\nout_features = 120",
    );
    folder.write("net.toml", wrong);
    let report = folder.run(&["summary", "net.toml"]).stderr;
    assert!(blocks(&read(&book.join("tutorial/change.md")), "text").contains(&report));
}
