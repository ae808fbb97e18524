//! The JSON Schema of the language against the compiler: what it accepts, and what it does not.
//!
//! If `network.schema.json` differs, it is written anew, so that the change can be reviewed, and then the test fails.

mod support;

use jsonschema::Validator;
use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};
use support::Folder;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn schema() -> String {
    let outcome = Folder::new().run(&["schema"]);
    assert_eq!((outcome.code, outcome.stderr.as_str()), (Some(0), ""));
    outcome.stdout
}

fn validator() -> Validator {
    let schema: Value = serde_json::from_str(&schema()).unwrap();
    jsonschema::draft7::meta::validate(&schema).unwrap();
    jsonschema::draft7::new(&schema).unwrap()
}

/// The TOML files of a folder, with their paths.
fn files(folder: &str) -> Vec<(String, PathBuf)> {
    let entries = fs::read_dir(root().join(folder)).unwrap();
    let paths = entries.map(|entry| entry.unwrap().path());
    let tomls = paths.filter(|path| path.extension().is_some_and(|it| it == "toml"));
    let read = |path: PathBuf| (fs::read_to_string(&path).unwrap(), path);
    tomls.map(read).collect()
}

/// A file as an editor sees it; `None` if it is no TOML.
fn instance(text: &str) -> Option<Value> {
    let table: toml::Table = toml::from_str(text).ok()?;
    Some(serde_json::to_value(table).unwrap())
}

/// What the compiler says where something does not look as the grammar wants it.
const STRUCTURAL: [&str; 5] = [
    "error: unknown ",
    "` must be ",
    " must be a table",
    " needs `",
    "the network has no layers",
];

/// What a schema cannot know: JSON has one kind of number, and a value is not followed into the block that is used.
const UNKNOWABLE: [&str; 2] = ["input_with_fractions", "block_argument_of_the_wrong_form"];

fn is_structural(report: &str) -> bool {
    let mut messages = report.lines().filter(|line| line.starts_with("error: "));
    messages.any(|line| STRUCTURAL.iter().any(|words| line.contains(words)))
}

#[test]
fn the_schema_in_the_repository_is_the_languages() {
    let path = root().join("network.schema.json");
    let schema = schema();
    if fs::read_to_string(&path).unwrap_or_default() != schema {
        fs::write(&path, schema).unwrap();
        panic!("network.schema.json changed; review it with `git diff`");
    }
}

/// Every part of a schema, itself the first.
fn parts(schema: &Value) -> Vec<&Value> {
    let inner: Vec<&Value> = match schema {
        Value::Array(items) => items.iter().collect(),
        Value::Object(keys) => keys.values().collect(),
        _ => Vec::new(),
    };
    let inner = inner.into_iter().flat_map(parts);
    [schema].into_iter().chain(inner).collect()
}

#[test]
fn every_key_and_every_word_is_explained_in_a_sentence() {
    let schema: Value = serde_json::from_str(&schema()).unwrap();
    let mut count = 0;
    for part in parts(&schema) {
        let keys = part.get("properties").and_then(Value::as_object);
        let keys = keys.into_iter().flat_map(|keys| keys.values());
        let word = part.get("const").map(|_| part);
        for explained in keys.chain(word) {
            let sentence = explained["description"].as_str();
            assert!(sentence.is_some_and(|it| it.ends_with('.')), "{explained}");
            count += 1;
        }
    }
    assert!(count > 1000);
}

#[test]
fn every_network_of_the_repository_is_valid() {
    let validator = validator();
    let folders = [
        "cnn-codegen/templates",
        "examples/networks",
        "examples/build-script",
        "examples/no-std",
        "tests/kernels/networks",
        "benches/networks",
    ];
    let networks: Vec<_> = folders.iter().flat_map(|folder| files(folder)).collect();
    assert!(networks.len() > 40);
    for (text, path) in networks
        .iter()
        .filter(|(_, path)| !path.ends_with("Cargo.toml"))
    {
        let instance = instance(text).unwrap();
        let error = validator.iter_errors(&instance).next();
        assert!(error.is_none(), "{}: {error:?}", path.display());
    }
}

#[test]
fn what_the_grammar_refuses_is_not_valid_and_all_else_is() {
    let validator = validator();
    let mut counts = [0, 0];
    let mut wrong = Vec::new();
    for (text, path) in files("cnn-spec/tests/broken") {
        let Some(instance) = instance(&text) else {
            continue;
        };
        let report = fs::read_to_string(path.with_extension("report")).unwrap();
        let name = path.file_stem().unwrap().to_str().unwrap();
        let is_structural = is_structural(&report) && !UNKNOWABLE.contains(&name);
        counts[usize::from(is_structural)] += 1;
        if validator.is_valid(&instance) == is_structural {
            wrong.push(name.to_owned());
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    assert!(counts.iter().all(|count| *count > 50), "{counts:?}");
}
