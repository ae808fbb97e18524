//! Layers become steps over named values.

use super::{Head, Operation, Plan, Purpose, Step, Value, ValueId};
use cnn_spec::layer::{Kind, Padding};
use cnn_spec::network::{Layer, Network, Source};
use cnn_spec::shape::Shape;
use cnn_spec::training::Objective;

/// After this, no `flatten` is left that only dense layers read, padding is a step of its own, and each value
/// knows its name, its stored shape and whether it needs a delta. Layers that are good for nothing are gone.
pub fn lower(network: &Network) -> Plan<'_> {
    let mut lowering = Lowering::new(network);
    // The value that holds what each layer puts out.
    let mut outputs = Vec::with_capacity(network.layers.len());
    for ((index, layer), purpose) in network.layers.iter().enumerate().zip(purposes(network)) {
        lowering.purpose = purpose;
        let read = |source: &Source| match source {
            Source::Input => ValueId::INPUT,
            Source::Layer(index) => outputs[*index],
        };
        let inputs: Vec<_> = layer.inputs.iter().map(read).collect();
        let output = match &layer.kind {
            Kind::Flatten(_) if is_read_by_dense(network, index) => inputs[0],
            // Nobody asks for what it would put out.
            _ if !purpose.output && !purpose.loss => inputs[0],
            kind => {
                let inputs = lowering.pad(kind, &layer.name, inputs);
                let shape = stored(&layer.output_shape);
                lowering.push(
                    &layer.name,
                    Operation::Layer(kind),
                    Some(layer),
                    inputs,
                    shape,
                )
            }
        };
        outputs.push(output);
    }
    let output = outputs.last().copied().unwrap_or(ValueId::INPUT);
    let Lowering { values, steps, .. } = lowering;
    let head = |objective| Head {
        objective,
        scores: match network.scores(objective) {
            Source::Input => ValueId::INPUT,
            Source::Layer(index) => outputs[index],
        },
    };
    Plan {
        network,
        values,
        steps,
        output,
        heads: network.objectives.iter().map(head).collect(),
    }
}

/// What each layer is good for.
fn purposes(network: &Network) -> impl Iterator<Item = Purpose> {
    let scores = |objective: &Objective| network.scores(objective);
    let for_loss = network.needed_for(network.objectives.iter().map(scores));
    let for_output = network.needed_for_output();
    for_output
        .into_iter()
        .zip(for_loss)
        .map(|(output, loss)| Purpose { output, loss })
}

/// Whether a layer's values go to dense layers only, which read maps as they are.
fn is_read_by_dense(network: &Network, index: usize) -> bool {
    let mut objectives = network.objectives.iter();
    if objectives.any(|objective| network.scores(objective) == Source::Layer(index)) {
        return false;
    }
    let is_reader = |layer: &&Layer| layer.inputs.contains(&Source::Layer(index));
    let mut readers = network.layers.iter().filter(is_reader).peekable();
    readers.peek().is_some() && readers.all(|layer| matches!(layer.kind, Kind::Dense(_)))
}

struct Lowering<'n> {
    values: Vec<Value>,
    steps: Vec<Step<'n>>,
    /// What the layer that is lowered is good for.
    purpose: Purpose,
}

impl<'n> Lowering<'n> {
    fn new(network: &Network) -> Self {
        let input = Value {
            name: "input".to_owned(),
            shape: stored(&network.input),
            has_delta: false,
            original: None,
        };
        Self {
            values: vec![input],
            steps: Vec::new(),
            purpose: Purpose {
                output: true,
                loss: true,
            },
        }
    }

    /// Adds a step, and what it writes.
    fn push(
        &mut self,
        name: &str,
        operation: Operation<'n>,
        layer: Option<&'n Layer>,
        inputs: Vec<ValueId>,
        shape: Shape,
    ) -> ValueId {
        let output = ValueId(self.values.len());
        let learns = layer.is_some_and(Layer::learns);
        let sends_delta = |input: &ValueId| self.values[input.0].has_delta;
        self.values.push(Value {
            name: name.to_owned(),
            shape,
            has_delta: learns || inputs.iter().any(sends_delta),
            original: None,
        });
        self.steps.push(Step {
            name: name.to_owned(),
            operation,
            parameters: layer.map_or(&[], |layer| &layer.parameters),
            learns,
            inputs,
            output,
            purpose: self.purpose,
        });
        output
    }

    /// A convolution's input with the zeros around it, if there are to be any.
    fn pad(&mut self, kind: &Kind, name: &str, inputs: Vec<ValueId>) -> Vec<ValueId> {
        match kind {
            Kind::Conv2d(conv) if conv.padding != Padding::default() => {
                let shape = padded(&self.values[inputs[0].0].shape, conv.padding);
                let operation = Operation::ZeroPad(conv.padding);
                vec![self.push(&format!("{name}_padded"), operation, None, inputs, shape)]
            }
            _ => inputs,
        }
    }
}

/// A sequence is kept as maps of a single row, so that all that slides is one kind.
fn stored(shape: &Shape) -> Shape {
    let maps = shape.maps().and_then(Shape::new);
    maps.unwrap_or_else(|| shape.clone())
}

fn padded(shape: &Shape, padding: Padding) -> Shape {
    let [channels, height, width] = [0, 1, 2].map(|axis| shape.dims()[axis]);
    let Padding {
        top,
        bottom,
        left,
        right,
    } = padding;
    Shape::new([channels, top + height + bottom, left + width + right])
        .expect("the check has counted the padded input")
}
