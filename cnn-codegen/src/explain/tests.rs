//! The examples beside finite differences, and the first chapter beside the reference.

use super::example::{Example, masks};
use super::kind::{self, Tiny};
use super::{Format, text};
use cnn_spec::grammar::Form;
use cnn_spec::reference::{Reference, Tensor};
use cnn_spec::{LANGUAGE, Network};
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

/// Every network of the repository that is meant to be one, among them a few for each word of the language.
fn networks() -> Vec<Network> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let folders = [
        "examples/networks",
        "tests/networks",
        "tests/kernels/networks",
        "tests/pytorch",
    ];
    let entries = folders.map(|folder| fs::read_dir(root.join(folder)).unwrap());
    let paths = entries
        .into_iter()
        .flatten()
        .map(|entry| entry.unwrap().path());
    let networks = paths.filter_map(|path| {
        let text = fs::read_to_string(&path).ok()?;
        let toml = match path.extension()?.to_str()? {
            "toml" => text,
            "json" => {
                let case: serde_json::Value = serde_json::from_str(&text).unwrap();
                case.get("toml")?.as_str()?.to_owned()
            }
            _ => return None,
        };
        Some(cnn_spec::parse(&toml, "net.toml").unwrap_or_else(|report| panic!("{report}")))
    });
    let networks: Vec<_> = networks.collect();
    assert!(networks.len() > 100);
    networks
}

/// The examples of all layers, each once.
fn tinies() -> Vec<Tiny> {
    let networks = networks();
    let layers = networks.iter().flat_map(|network| &network.layers);
    let mut seen = BTreeSet::new();
    let tinies = layers.map(|layer| kind::lesson(layer).tiny);
    tinies.filter(|tiny| seen.insert(tiny.toml())).collect()
}

fn example(tiny: &Tiny) -> Example {
    let toml = tiny.toml();
    if let Err(report) = cnn_spec::parse(&toml, "tiny.toml") {
        panic!("{toml}\n{report}");
    }
    Example::new(tiny).unwrap()
}

#[test]
fn every_type_of_layer_has_an_example() {
    let tomls: String = tinies().iter().map(Tiny::toml).collect();
    let layer = LANGUAGE.iter().find(|key| key.name == "layer").unwrap();
    let Form::Tables(tagged) = layer.form else {
        panic!("layers are tables");
    };
    let types = (tagged.types)().into_iter().map(|known| known.name);
    for name in types.filter(|name| *name != "block") {
        assert!(tomls.contains(&format!("type = \"{name}\"\n")), "{name}");
    }
}

#[test]
fn all_gradients_are_finite_differences() {
    for tiny in tinies() {
        let toml = tiny.toml();
        let example = example(&tiny);
        let forward = Forward::new(&toml, &tiny);
        let (inputs, learnt) = Forward::starting_point(&example);
        assert_eq!(
            forward.output(&inputs, &learnt),
            example.output.values,
            "{toml}"
        );

        let check = |gradient: &[f64], moved: &dyn Fn(usize, f64) -> Vec<f64>| {
            for (index, &slope) in gradient.iter().enumerate() {
                let step = 1e-6;
                let difference = Forward::cost(&moved(index, step), &example)
                    - Forward::cost(&moved(index, -step), &example);
                let finite = difference / (2.0 * step);
                assert!(
                    (finite - slope).abs() < 1e-6,
                    "{toml}{finite} for {slope} at {index}"
                );
            }
        };
        // What several inputs get is held against the layer's definition below.
        if let [delta] = &example.input_deltas[..] {
            check(&delta.values, &|index, step| {
                let mut moved = inputs.clone();
                moved[index] += step;
                forward.output(&moved, &learnt)
            });
        }
        let gradients: Vec<_> = example
            .gradients
            .iter()
            .flat_map(|gradient| gradient.values.clone())
            .collect();
        check(&gradients, &|index, step| {
            let mut moved = learnt.clone();
            moved[index] += step;
            forward.output(&inputs, &moved)
        });
    }
}

/// The forward pass of an example, from any values.
struct Forward {
    network: Network,
    batch: usize,
}

impl Forward {
    fn new(toml: &str, tiny: &Tiny) -> Self {
        Self {
            network: cnn_spec::parse(toml, "tiny.toml").unwrap(),
            batch: tiny.batch,
        }
    }

    /// What goes into the network, and all that it has learnt.
    fn starting_point(example: &Example) -> (Vec<f64>, Vec<f64>) {
        let inputs = if example.inputs.len() > 1 {
            // A leaky ReLU with a slope of one half came before.
            let values = example.inputs[0].values.iter();
            values
                .map(|&value| if value < 0.0 { 2.0 * value } else { value })
                .collect()
        } else {
            example.inputs[0].values.clone()
        };
        let learnt = example
            .parameters
            .iter()
            .flat_map(|parameter| parameter.values.clone());
        (inputs, learnt.collect())
    }

    fn output(&self, inputs: &[f64], learnt: &[f64]) -> Vec<f64> {
        let reference = Reference::new(&self.network);
        let layer = self.network.layers.last().unwrap();
        let mut learnt = learnt.iter().copied();
        let parameters: Vec<_> = layer
            .parameters
            .iter()
            .map(|parameter| Tensor {
                name: format!("{}.{}", layer.name, parameter.name),
                values: (0..parameter.shape.elements())
                    .map(|_| {
                        if parameter.is_learnt() {
                            learnt.next().unwrap()
                        } else {
                            1.0
                        }
                    })
                    .collect(),
            })
            .collect();
        let masks = masks(layer, self.batch);
        let samples: Vec<_> = inputs.chunks(self.network.input.elements()).collect();
        let trace = reference
            .with_masks(&masks)
            .forward_in_training(&parameters, &samples);
        trace.values(reference.output())
    }

    /// The loss whose gradient with respect to the output is the example's delta.
    fn cost(output: &[f64], example: &Example) -> f64 {
        let products = output.iter().zip(&example.delta.values);
        products.map(|(output, delta)| output * delta).sum()
    }
}

#[test]
fn joins_send_back_what_they_were_sent() {
    let tinies = tinies();
    let of = |name: &str| {
        let tiny = tinies.iter().find(|tiny| tiny.toml().contains(name));
        example(tiny.unwrap())
    };
    let add = of("\"add\"");
    for input in &add.input_deltas {
        assert_eq!(input.values, add.delta.values);
    }
    let concat = of("\"concat\"");
    let both = concat
        .input_deltas
        .iter()
        .flat_map(|input| input.values.clone());
    assert_eq!(both.collect::<Vec<_>>(), concat.delta.values);
}

#[test]
fn every_network_is_explained() {
    for network in networks() {
        let markdown = text(&network, Format::Markdown);
        assert!(markdown.starts_with(&format!("# {}, explained\n", network.name)));
        for layer in &network.layers {
            assert!(
                markdown.contains(&format!("`{}`", layer.name)),
                "{}",
                layer.name
            );
        }
        assert!(text(&network, Format::Html).ends_with("</html>\n"));
    }
}
