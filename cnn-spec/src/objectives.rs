//! From losses as written to objectives: which layer each of them judges, and whether it can.

use crate::data::{Data, Task};
use crate::fields::At;
use crate::file::{Draft, Header};
use crate::grammar::Words;
use crate::graph;
use crate::network::{Layer, Source, needed_for};
use crate::report::Problem;
use crate::training::objective::Written;
use crate::training::{Loss, Objective, Target};
use crate::words::{guess, quoted};

/// The layer that each loss judges; one of them is the last, which comes first from here on.
pub(crate) fn resolve(
    written: &mut [Written],
    drafts: &[Draft<'_>],
    names: &[String],
) -> Result<Vec<usize>, Vec<Problem>> {
    let (mut layers, mut problems) = (Vec::new(), Vec::new());
    let last = drafts.len().saturating_sub(1);
    for objective in written.iter() {
        let Some(output) = &objective.output else {
            layers.push(last);
            continue;
        };
        match find(output, drafts, names) {
            Err(problem) => problems.push(problem),
            Ok(layer) if layers.contains(&layer) => problems.push(
                Problem::new(
                    format!("{} is judged twice", quoted(&output.value)),
                    output.span.clone(),
                )
                .label("an output has one loss")
                .help("drop one of the two"),
            ),
            Ok(layer) => layers.push(layer),
        }
    }
    if !problems.is_empty() {
        return Err(problems);
    }
    let Some(main) = layers.iter().position(|layer| *layer == last) else {
        return Err(output_unjudged(written, drafts, names)
            .into_iter()
            .collect());
    };
    written[..=main].rotate_right(1);
    layers[..=main].rotate_right(1);
    Ok(layers)
}

/// The layer of this name, or its activation if it has one.
fn find(output: &At<String>, drafts: &[Draft<'_>], names: &[String]) -> Result<usize, Problem> {
    let found = names.iter().position(|name| *name == output.value);
    found.map(|index| graph::end(drafts, index)).ok_or_else(|| {
        let names: Vec<_> = names.iter().map(String::as_str).collect();
        Problem::new(
            format!("there is no layer {}", quoted(&output.value)),
            output.span.clone(),
        )
        .label(guess(&output.value, &names))
        .help("name a layer, whose output is then judged after its activation")
    })
}

fn output_unjudged(written: &[Written], drafts: &[Draft<'_>], names: &[String]) -> Option<Problem> {
    let place = written.first()?.output.as_ref()?.span.clone();
    let last = names.len().checked_sub(1)?;
    // An activation goes by the name of its layer.
    let own = last - usize::from(drafts[last].is_activation);
    let name = quoted(&names[own]);
    Some(
        Problem::new("no loss judges the network's output", place)
            .label("others only help to learn")
            .cause(drafts[last].span.clone(), "the last layer puts it out")
            .help(format!(
                "add a loss with `output = {}`",
                name.replace('`', "\"")
            )),
    )
}

/// Everything that is judged, and by whom.
pub(crate) struct Bench<'a, 'd> {
    pub header: &'a Header,
    pub drafts: &'a [Draft<'d>],
    pub layers: &'a [Layer],
    pub data: &'a Data,
    pub written: &'a [Written],
    /// The layer of each.
    pub judged: &'a [usize],
}

impl Bench<'_, '_> {
    /// Why losses cannot judge what they are to judge.
    pub fn problems(&self) -> Vec<Problem> {
        let mut problems = Vec::new();
        for (objective, &layer) in self.written.iter().zip(self.judged) {
            problems.extend(self.mismatch(objective, layer));
            problems.extend(self.misfit(objective, layer));
            problems.extend(self.idle(layer));
            if layer != self.judged[0] {
                problems.extend(self.disagreement(objective, layer));
            }
        }
        problems
    }

    /// A loss that cannot judge such values.
    fn mismatch(&self, objective: &Written, layer: usize) -> Option<Problem> {
        let Layer {
            kind, output_shape, ..
        } = &self.layers[layer];
        let refusal = objective.loss.value.fit(kind, output_shape).err()?;
        let who = if layer + 1 == self.layers.len() {
            "the network".to_owned()
        } else {
            quoted(&self.layers[layer].name)
        };
        let problem = refusal.problem(objective.loss.span.clone());
        Some(problem.cause(
            self.drafts[layer].span.clone(),
            format!("{who} puts out {}", output_shape.counted()),
        ))
    }

    /// A loss that cannot be had from such data.
    fn misfit(&self, objective: &Written, layer: usize) -> Option<Problem> {
        let task = self.data.task;
        let loss = objective.loss.value.name();
        let is_of_classes = objective.loss.value.classes().is_some();
        let is_itself = objective.target.value == Target::Input;
        let problem = |message: String| Problem::new(message, objective.loss.span.clone());
        if is_itself && layer == self.judged[0] {
            return Some(
                Problem::new(
                    "the network's output is compared with the label",
                    objective.target.span.clone(),
                )
                .label("only for other outputs")
                .help("write `task = \"reconstruction\"` in `[data]`: then the label is the sample itself"),
            );
        }
        if is_itself && is_of_classes {
            return Some(
                problem(format!("`{loss}` takes classes, and a sample is numbers"))
                    .help("choose a loss for numbers, such as `mse`"),
            );
        }
        if task != Task::Classification && is_of_classes {
            let task = task.word();
            return Some(
                problem(format!("`{loss}` takes classes, and a {task} has numbers"))
                    .help("choose a loss for numbers, such as `mse`, or drop `task` from `[data]`"),
            );
        }
        let is_reconstruction = is_itself || task == Task::Reconstruction;
        is_reconstruction.then(|| self.resized(layer)).flatten()
    }

    /// A reconstruction of another size.
    fn resized(&self, layer: usize) -> Option<Problem> {
        let (output, input) = (&self.layers[layer].output_shape, &self.header.input);
        if output.elements() == input.value.elements() {
            return None;
        }
        Some(
            Problem::new(
                "a reconstruction puts out as many values as it takes",
                self.drafts[layer].span.clone(),
            )
            .label(format!("puts out {}", output.counted()))
            .cause(
                input.span.clone(),
                format!("takes {}", input.value.counted()),
            )
            .help(if layer == self.judged[0] {
                "end the network with a layer that has the size of the input"
            } else {
                "give the layer the size of the input"
            }),
        )
    }

    /// A loss that wants other labels than that of the network's output, or other shares of them.
    fn disagreement(&self, objective: &Written, layer: usize) -> Option<Problem> {
        let main = &self.written[0];
        let problem = |message: &str| {
            Problem::new(message, objective.loss.span.clone())
                .cause(main.loss.span.clone(), "the loss of the network's output")
        };
        let kinds = [main, objective].map(|objective| objective.loss.value.classes().is_some());
        let shapes = [self.judged[0], layer].map(|layer| &self.layers[layer].output_shape);
        let is_of_label = objective.target.value == Target::Label;
        if is_of_label && kinds[0] != kinds[1] {
            return Some(
                problem("one loss takes classes, and another one numbers")
                    .label("takes the same label in another form")
                    .help("choose losses that both take classes, or both numbers"),
            );
        }
        if is_of_label && shapes[0] != shapes[1] {
            let [main, other] = shapes.map(crate::Shape::counted);
            return Some(
                problem("outputs that are compared with the same label have the same shape")
                    .label(format!("of {other}"))
                    .cause(
                        self.drafts[self.judged[0]].span.clone(),
                        format!("the network puts out {main}"),
                    )
                    .help("give both layers the same size"),
            );
        }
        let weights = [main, objective].map(|objective| class_weights(&objective.loss.value));
        (weights[0] != weights[1]).then(|| {
            problem("the weights of classes differ from loss to loss")
                .label("other weights")
                .help("a batch is divided by the weights of its labels: give all losses the same `weight`, or none")
        })
    }

    /// An output that nothing learns from.
    fn idle(&self, layer: usize) -> Option<Problem> {
        let is_needed = needed_for(self.layers, [Source::Layer(layer)]);
        let mut needed = self.layers.iter().zip(is_needed);
        if needed.any(|(layer, is_needed)| is_needed && layer.learns()) {
            return None;
        }
        let name = quoted(&self.layers[layer].name);
        Some(
            Problem::new(
                format!("{name} is judged, and nothing learns from it"),
                self.drafts[layer].span.clone(),
            )
            .label("neither this layer nor any that it is computed from learns")
            .help("drop its loss"),
        )
    }
}

fn class_weights(loss: &Loss) -> &[f64] {
    loss.classes().map_or(&[], |classes| &classes.weight)
}

/// The objectives as checked.
pub(crate) fn checked(
    written: Vec<Written>,
    judged: Vec<usize>,
    layers: &[Layer],
) -> Vec<Objective> {
    let pairs = written.into_iter().zip(judged);
    let objective = |(written, layer): (Written, usize)| Objective {
        name: written
            .output
            .map_or_else(|| layers[layer].name.clone(), |output| output.value),
        layer,
        loss: written.loss.value,
        weight: written.weight,
        target: written.target.value,
    };
    pairs.map(objective).collect()
}
