//! Generates the networks that the tests compare with figures: one module each, and an index of them.

#[allow(dead_code, missing_docs)]
#[path = "../cnn-spec/tests/origin/examples.rs"]
mod examples;
#[allow(dead_code)]
#[path = "src/probe.rs"]
mod probe;

use cnn_codegen::Options;
use examples::Example;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs};

const ORIGIN: [&Example; 15] = [
    &examples::CROSS_CORRELATION,
    &examples::CONVOLUTION,
    &examples::POSITION_BIAS,
    &examples::STRIDE_AND_PADDING,
    &examples::MAX_POOLING,
    &examples::AVERAGE_POOLING,
    &examples::AVERAGE_POOLING_AS_CONVOLUTION,
    &examples::SIGMOID,
    &examples::TANH,
    &examples::RELU,
    &examples::MEAN_SQUARED_ERROR,
    &examples::SOFTMAX_CROSS_ENTROPY,
    &examples::WORKED_EXAMPLE_1,
    &examples::WORKED_EXAMPLE_2,
    &examples::CONVOLUTION_AS_DENSE,
];

fn main() {
    let mut index = Index::new(PathBuf::from(
        env::var_os("OUT_DIR").expect("cargo sets it"),
    ));
    let figures: Vec<_> = texts("pytorch", "json")
        .filter(|(name, _)| !["initialization", "schedules"].contains(&name.as_str()))
        .map(|(name, text)| (name, figures_toml(&text)))
        .collect();
    let runs: Vec<_> = texts("pytorch/runs", "json")
        .map(|(name, text)| (name, figures_toml(&text)))
        .collect();
    let origin = ORIGIN.map(|example| (parse(example.toml).name, trained(example)));
    index.add("PYTORCH", "The networks of PyTorch's figures", &figures);
    index.add(
        "PYTORCH_PROBED",
        "The same, each behind a probe",
        &figures.iter().map(probed).collect::<Vec<_>>(),
    );
    index.add("RUNS", "The networks of PyTorch's trainings", &runs);
    index.add(
        "ORIGIN",
        "The small networks worked out by hand, each behind a probe",
        &origin.iter().map(probed).collect::<Vec<_>>(),
    );
    index.add(
        "EXAMPLES",
        "The networks of `examples/networks`",
        &texts("../examples/networks", "toml").collect::<Vec<_>>(),
    );
    index.add(
        "BATCHES",
        "Networks in which a sample is not one by itself",
        &texts("networks", "toml").collect::<Vec<_>>(),
    );
    index.write();
    println!("cargo::rerun-if-changed=../cnn-spec/tests/origin/examples.rs");
}

/// The files of a folder with this extension: names and texts, in the order of names.
fn texts(folder: &str, extension: &str) -> impl Iterator<Item = (String, String)> {
    println!("cargo::rerun-if-changed={folder}");
    let entries = fs::read_dir(folder).expect("the folder can be read");
    let mut paths: Vec<_> = entries
        .map(|entry| entry.expect("the folder can be read").path())
        .filter(|path| path.extension().is_some_and(|found| found == extension))
        .collect();
    paths.sort();
    paths.into_iter().map(|path| {
        let name = path.file_stem().expect("a file").to_string_lossy();
        let text = fs::read_to_string(&path).expect("the file can be read");
        (name.into_owned(), text)
    })
}

fn figures_toml(text: &str) -> String {
    let figures: serde_json::Value = serde_json::from_str(text).expect("figures are JSON");
    figures["toml"]
        .as_str()
        .expect("figures have a network")
        .to_owned()
}

fn parse(toml: &str) -> cnn_spec::Network {
    cnn_spec::parse(toml, "net.toml").unwrap_or_else(|report| panic!("{report}"))
}

fn trained(example: &Example) -> String {
    format!(
        "{}\n[training]\nloss = \"{}\"\noptimizer = {{ type = \"sgd\", learning_rate = 0.5 }}\n",
        example.toml, example.loss
    )
}

fn probed((name, toml): &(String, String)) -> (String, String) {
    // A section `[training]` is refused where nothing is learnt; the probe learns something. Without it, a network has one
    // output.
    let untrained = toml.split("[training]").next().unwrap_or(toml);
    let network = cnn_spec::parse(toml, "net.toml").unwrap_or_else(|_| parse(untrained));
    let input = network.input;
    (name.clone(), probe::before(toml, &input))
}

/// The modules, and the tables that list them.
struct Index {
    folder: PathBuf,
    text: String,
}

impl Index {
    fn new(folder: PathBuf) -> Self {
        Self {
            folder,
            text: String::new(),
        }
    }

    /// Generates networks given by names and texts, and a table of them.
    fn add(&mut self, table: &str, doc: &str, networks: &[(String, String)]) {
        let mut entries = String::new();
        for (name, toml) in networks {
            let module = format!("{table}_{name}").to_lowercase().replace('-', "_");
            let path = self.folder.join(format!("{module}.rs"));
            let network = generate(&path, toml);
            self.module(&module, &path);
            let _ = write!(
                entries,
                "Generated {{ name: {name:?}, toml: {toml:?}, code: &Flat::<{module}::{network}>::NEW }},"
            );
        }
        let _ = writeln!(
            self.text,
            "/// {doc}.\npub static {table}: &[Generated] = &[{entries}];"
        );
    }

    fn module(&mut self, module: &str, path: &Path) {
        let path = path.to_str().expect("the build folder's path is Unicode");
        let _ = writeln!(
            self.text,
            "/// Generated.\n#[allow(clippy::pedantic)]\n#[path = {path:?}]\npub mod {module};"
        );
    }

    fn write(&self) {
        let path = self.folder.join("index.rs");
        fs::write(path, &self.text).expect("the index can be written");
    }
}

/// Writes the code of a network; gives the name of its type.
fn generate(path: &Path, toml: &str) -> String {
    let code = cnn_codegen::compile(toml, "net.toml", &Options::default())
        .unwrap_or_else(|report| panic!("{report}"));
    fs::write(path, code.text()).expect("the code can be written");
    code.name().to_owned()
}
