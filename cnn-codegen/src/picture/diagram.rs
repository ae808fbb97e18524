//! What a picture shows of a network: a node for each layer, together with the activation after it.

use cnn_spec::layer::Kind;
use cnn_spec::network::{Layer, Source};
use cnn_spec::{Network, Shape};

/// A network as nodes in the order in which they are computed; the first is the input.
pub struct Diagram {
    /// The network's name.
    pub name: String,
    pub nodes: Vec<Node>,
}

/// A layer, or the network's input.
pub struct Node {
    /// The layer's name.
    pub name: String,
    /// What it computes, line by line: `conv2d 5×5`, `stride 2×2`, `relu`.
    pub lines: Vec<String>,
    pub family: Family,
    /// The shape of what it puts out.
    pub shape: Shape,
    /// The nodes that it reads.
    pub inputs: Vec<usize>,
}

/// What has the same colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Family {
    Input,
    Convolution,
    /// Pooling and its opposite.
    Pooling,
    Dense,
    /// Adds its inputs.
    Sum,
    /// Puts its inputs side by side.
    Concatenation,
    Other,
}

impl Diagram {
    pub fn new(network: &Network) -> Self {
        let mut nodes = vec![Node {
            name: "input".to_owned(),
            lines: Vec::new(),
            family: Family::Input,
            shape: network.input.clone(),
            inputs: Vec::new(),
        }];
        // The node whose output each layer's is.
        let mut owners: Vec<usize> = Vec::new();
        for (layer, is_needed) in network.layers.iter().zip(network.needed_for_output()) {
            if continues(layer, network) {
                let last = nodes.len() - 1;
                nodes[last].lines.extend(first_part(&layer.kind));
                owners.push(last);
                continue;
            }
            let owner = |source: &Source| match source {
                Source::Input => 0,
                Source::Layer(index) => owners[*index],
            };
            let node = Node {
                name: layer.name.clone(),
                lines: layer
                    .kind
                    .describe()
                    .split(", ")
                    .chain((!is_needed).then_some("only in training"))
                    .map(str::to_owned)
                    .collect(),
                family: Family::of(&layer.kind),
                shape: layer.output_shape.clone(),
                inputs: layer.inputs.iter().map(owner).collect(),
            };
            owners.push(nodes.len());
            nodes.push(node);
        }
        Self {
            name: network.name.clone(),
            nodes,
        }
    }

    /// Who reads whom, in the order of the readers.
    pub fn edges(&self) -> impl Iterator<Item = (usize, usize)> {
        let readers = self.nodes.iter().enumerate();
        readers.flat_map(|(reader, node)| node.inputs.iter().map(move |read| (*read, reader)))
    }
}

impl Family {
    fn of(kind: &Kind) -> Self {
        match kind {
            Kind::Conv2d(_) | Kind::ConvTranspose2d(_) => Self::Convolution,
            Kind::MaxPool2d(_)
            | Kind::AvgPool2d(_)
            | Kind::GlobalPool(_)
            | Kind::AdaptiveAvgPool2d(_)
            | Kind::Upsample2d(_) => Self::Pooling,
            Kind::Dense(_) => Self::Dense,
            Kind::Add(_) => Self::Sum,
            Kind::Concat(_) => Self::Concatenation,
            _ => Self::Other,
        }
    }
}

/// Whether a layer is an activation of the one above it, which nobody else reads.
fn continues(layer: &Layer, network: &Network) -> bool {
    let is_activation = matches!(layer.kind, Kind::Activation(_) | Kind::PRelu(_));
    let [source @ Source::Layer(read)] = layer.inputs[..] else {
        return false;
    };
    let inputs = network.layers.iter().flat_map(|layer| &layer.inputs);
    let readers = inputs.filter(|input| **input == source).count();
    let is_next = network
        .layers
        .get(read + 1)
        .is_some_and(|next| next.name == layer.name);
    is_activation && is_next && readers == 1
}

/// An activation's name without its settings.
fn first_part(kind: &Kind) -> Option<String> {
    kind.describe().split(", ").next().map(str::to_owned)
}
