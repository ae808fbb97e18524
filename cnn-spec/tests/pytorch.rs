//! The reference interpreter beside PyTorch's figures and beside finite differences.
//!
//! `tests/pytorch/figures.py` wrote the figures, one file for each case.

use cnn_spec::Network;
use cnn_spec::network::Distribution;
use cnn_spec::reference::{LearningRate, Masks, Optimizer, Reference, Tensor, loss, weight};
use cnn_spec::training::{Objective, Target, Training};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// Values of tensors by name.
type Named = BTreeMap<String, Vec<f64>>;

#[derive(Deserialize)]
struct Case {
    #[serde(skip)]
    name: String,
    toml: String,
    parameters: Named,
    inputs: Vec<Vec<f64>>,
    labels: Option<Vec<usize>>,
    targets: Option<Vec<Vec<f64>>>,
    outputs: Vec<Vec<f64>>,
    #[serde(default)]
    masks: Masks,
    loss: f64,
    gradients: Named,
    input_gradients: Vec<Vec<f64>>,
    steps: Vec<Named>,
}

impl Case {
    fn network(&self) -> Network {
        cnn_spec::parse(&self.toml, &self.name).unwrap_or_else(|report| panic!("{report}"))
    }

    /// The targets as vectors: one-hot where the file has labels.
    fn targets(&self) -> Vec<Vec<f64>> {
        let Some(labels) = &self.labels else {
            return self.targets.clone().expect("labels or targets");
        };
        let classes = self.outputs[0].len();
        let one_hot = |&label: &usize| {
            let mut target = vec![0.0; classes];
            target[label] = 1.0;
            target
        };
        labels.iter().map(one_hot).collect()
    }

    /// The parameters in the network's order.
    fn parameters(&self, reference: Reference<'_>) -> Vec<Tensor> {
        let mut parameters = reference.parameters(|| 0.0);
        assert_eq!(parameters.len(), self.parameters.len(), "{}", self.name);
        for parameter in &mut parameters {
            let values = &self.parameters[&parameter.name];
            assert_eq!(parameter.values.len(), values.len(), "{}", self.name);
            parameter.values.clone_from(values);
        }
        parameters
    }

    fn assert_tensors(&self, what: &str, ours: &[Tensor], theirs: &Named) {
        for tensor in ours {
            let what = format!("{what} of {}", tensor.name);
            self.assert_close(&what, &tensor.values, &theirs[&tensor.name], 1e-12);
        }
    }

    /// Compares relative to the largest value, since sums that cancel keep the rounding errors of their terms.
    fn assert_close(&self, what: &str, ours: &[f64], theirs: &[f64], tolerance: f64) {
        assert_eq!(ours.len(), theirs.len(), "{}: {what}", self.name);
        let scale = theirs
            .iter()
            .fold(0.0, |max: f64, value| max.max(value.abs()));
        for (index, (a, b)) in ours.iter().zip(theirs).enumerate() {
            assert!(
                (a - b).abs() <= tolerance * scale,
                "{}: {what} at {index}: {a} instead of {b}",
                self.name
            );
        }
    }
}

fn training(network: &Network) -> &Training {
    network.training.as_ref().expect("every case is trained")
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/pytorch")
}

fn read<T: DeserializeOwned>(path: &Path) -> T {
    let text = fs::read_to_string(path).expect("the file can be read");
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn cases() -> Vec<Case> {
    let entries = fs::read_dir(folder()).expect("the folder can be read");
    let mut cases = Vec::new();
    for entry in entries {
        let path = entry.expect("the folder can be read").path();
        let name = path.file_stem().expect("a file").to_string_lossy();
        if path
            .extension()
            .is_some_and(|extension| extension == "json")
            && !["initialization", "schedules"].contains(&&*name)
        {
            let case: Case = read(&path);
            cases.push(Case {
                name: name.into_owned(),
                ..case
            });
        }
    }
    assert!(!cases.is_empty());
    cases
}

#[test]
fn forward_and_gradients_are_pytorchs() {
    for case in cases() {
        let network = case.network();
        let reference = Reference::new(&network);
        let parameters = case.parameters(reference);
        for (input, output) in case.inputs.iter().zip(&case.outputs) {
            let trace = reference.forward(&parameters, input);
            case.assert_close("output", &trace.values(reference.output()), output, 1e-12);
        }
        let reference = reference.with_masks(&case.masks);
        let objectives = &network.objectives;
        let batch = reference.batch(objectives, &parameters, &case.inputs, &case.targets());
        case.assert_close("loss", &[batch.cost], &[case.loss], 1e-12);
        case.assert_tensors("gradient", &batch.parameters, &case.gradients);
        let (ours, theirs) = (batch.inputs.concat(), case.input_gradients.concat());
        case.assert_close("input gradient", &ours, &theirs, 1e-12);
    }
}

#[test]
fn optimizer_steps_are_pytorchs() {
    for case in cases() {
        let network = case.network();
        let reference = Reference::new(&network).with_masks(&case.masks);
        let training = training(&network);
        let mut parameters = case.parameters(reference);
        let mut optimizer = Optimizer::new(&network);
        let mut rate = LearningRate::new(training, 1);
        for (index, step) in case.steps.iter().enumerate() {
            let targets = case.targets();
            let batch = reference.batch(&network.objectives, &parameters, &case.inputs, &targets);
            parameters = batch.tracked;
            optimizer.step(&mut parameters, &batch.parameters, rate.get());
            rate.advance();
            rate.observe(batch.cost);
            let saved = optimizer.averaged(&parameters);
            case.assert_tensors(&format!("step {index}"), &saved, step);
        }
    }
}

#[test]
fn gradients_are_finite_differences() {
    for case in cases() {
        let network = case.network();
        let reference = Reference::new(&network).with_masks(&case.masks);
        let targets = case.targets();
        let parameters = case.parameters(reference);
        let batch = reference.batch(&network.objectives, &parameters, &case.inputs, &targets);

        for (index, gradient) in batch.parameters.iter().enumerate() {
            if case.gradients[&gradient.name]
                .iter()
                .all(|value| *value == 0.0)
            {
                continue;
            }
            let differences = differences(gradient.values.len(), |element, step| {
                let mut moved = parameters.clone();
                moved[index].values[element] += step;
                cost(reference, &moved, &case.inputs, [&targets, &case.inputs])
            });
            case.assert_close(&gradient.name, &gradient.values, &differences, 1e-7);
        }
        for (sample, gradient) in batch.inputs.iter().enumerate() {
            let differences = differences(gradient.len(), |element, step| {
                let mut moved = case.inputs.clone();
                moved[sample][element] += step;
                cost(reference, &parameters, &moved, [&targets, &case.inputs])
            });
            case.assert_close("input", gradient, &differences, 1e-7);
        }
    }
}

/// The cost of a batch, from forward passes alone where its samples are each one by itself; targets are labels, or the
/// samples as they were before any of their values was moved.
fn cost(
    reference: Reference<'_>,
    parameters: &[Tensor],
    inputs: &[Vec<f64>],
    [labels, samples]: [&[Vec<f64>]; 2],
) -> f64 {
    let network = reference.network();
    let is_of_labels = |objective: &Objective| objective.target == Target::Label;
    if network.depends_on_batches() {
        assert!(network.objectives.iter().all(is_of_labels));
        let batch = reference.batch(&network.objectives, parameters, inputs, labels);
        return batch.cost;
    }
    let traces = inputs
        .iter()
        .map(|input| reference.forward(parameters, input));
    let traces: Vec<_> = traces.collect();
    let mean = |objective: &Objective| {
        let targets = if is_of_labels(objective) {
            labels
        } else {
            samples
        };
        let scores = network.scores(objective);
        let (mut sum, mut weights) = (0.0, 0.0);
        for ((trace, target), label) in traces.iter().zip(targets).zip(labels) {
            sum += loss(&objective.loss, &trace.values(scores), target).0;
            weights += weight(&objective.loss, label);
        }
        objective.weight * sum / weights
    };
    network.objectives.iter().map(mean).sum()
}

/// Central differences of a cost that is asked for with one element moved by a step.
fn differences(elements: usize, cost: impl Fn(usize, f64) -> f64) -> Vec<f64> {
    // The error of the differences goes with the square of the step, that of their rounding with its inverse.
    const STEP: f64 = 1e-5;
    let difference = |element| (cost(element, STEP) - cost(element, -STEP)) / (2.0 * STEP);
    (0..elements).map(difference).collect()
}

#[derive(Deserialize)]
struct Course {
    schedule: String,
    epochs: usize,
    /// In each epoch.
    steps: usize,
    rates: Vec<f64>,
    /// Of each epoch, where the schedule hears of it.
    losses: Option<Vec<f64>>,
}

#[test]
fn schedules_are_pytorchs() {
    let records: Vec<Course> = read(&folder().join("schedules.json"));
    assert!(records.len() > 10);
    for record in records {
        let Course {
            schedule, epochs, ..
        } = &record;
        let toml = format!(
            "[network]\nname = \"Case\"\ninput = [1]\n[[layer]]\ntype = \"dense\"\nout_features = 1\n\
             [training]\nloss = \"mse\"\noptimizer = {{ type = \"sgd\", learning_rate = 0.1 }}\n\
             schedule = {schedule}\nepochs = {epochs}\n"
        );
        let network = cnn_spec::parse(&toml, schedule).unwrap_or_else(|report| panic!("{report}"));
        let mut rate = LearningRate::new(training(&network), record.steps);
        assert_eq!(record.rates.len(), 100.min(epochs * record.steps));
        for (step, theirs) in record.rates.iter().enumerate() {
            let ours = rate.get();
            assert!(
                (ours - theirs).abs() <= 1e-12 * theirs.abs() + 1e-17,
                "{schedule}, step {step}: {ours} instead of {theirs}"
            );
            rate.advance();
            if let Some(losses) = &record.losses {
                rate.observe(losses[step]);
            }
        }
    }
}

/// The distribution that a tensor is filled from: its bound or its standard deviation.
#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum Drawn {
    Uniform(f64),
    Normal(f64),
}

#[derive(Deserialize)]
struct Initializations {
    input: Vec<usize>,
    layer: Vec<String>,
    /// What weight and bias are drawn from, by scheme; PyTorch's schemes by name leave the bias alone.
    #[serde(flatten)]
    schemes: BTreeMap<String, Vec<Drawn>>,
}

#[test]
fn first_values_are_drawn_as_pytorch_draws_them() {
    let records: Vec<Initializations> = read(&folder().join("initialization.json"));
    assert!(!records.is_empty());
    for record in records {
        let (input, layer) = (&record.input, record.layer.join("\n"));
        for (scheme, drawn) in &record.schemes {
            let toml = format!(
                "[network]\nname = \"Case\"\ninput = {input:?}\ninitialization = \"{scheme}\"\n\
                 [[layer]]\n{layer}"
            );
            let network =
                cnn_spec::parse(&toml, scheme).unwrap_or_else(|report| panic!("{report}"));
            for (parameter, drawn) in network.layers[0].parameters.iter().zip(drawn) {
                let (ours, theirs) = match (parameter.distribution, drawn) {
                    (Distribution::Uniform { bound }, Drawn::Uniform(theirs)) => (bound, theirs),
                    (Distribution::Normal { standard_deviation }, Drawn::Normal(theirs)) => {
                        (standard_deviation, theirs)
                    }
                    (ours, _) => panic!("{scheme}: {ours:?}"),
                };
                assert!(
                    (ours - theirs).abs() <= 1e-15,
                    "{toml}: {ours} instead of {theirs}"
                );
            }
        }
    }
}
