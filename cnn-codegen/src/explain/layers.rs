//! The chapter of the layers: each kind at length where it first comes, then what differs. Layers that are alike but for
//! their names share a section.

use super::document::{Document, fenced, paragraph};
use super::example::Example;
use super::figure::{Tensor, figure};
use super::group::{Group, Member, Part, groups};
use super::kind::{self, Lesson, Tiny};
use super::listing;
use crate::plan::Plan;
use cnn_spec::Network;
use cnn_spec::network::{Layer, Source};
use std::collections::HashSet;
use std::slice;

/// The chapter.
pub fn write(document: &mut Document, plan: &Plan) {
    document.chapter(
        "Layer by layer",
        "Each layer forward and backward. What is said of the first layer of a kind holds for all others of it.",
    );
    let mut chapter = Chapter {
        network: plan.network,
        said: HashSet::new(),
    };
    for group in groups(plan) {
        document.section(group.title(), chapter.section(&group));
    }
}

/// The chapter as far as it is written.
struct Chapter<'n> {
    network: &'n Network,
    /// Paragraphs and examples that need not be repeated.
    said: HashSet<String>,
}

impl Chapter<'_> {
    fn section(&mut self, group: &Group) -> String {
        let (first, others) = (&group.members[0], &group.members[1..]);
        let lesson = kind::lesson(first.layer);
        [
            self.facts(first.layer),
            self.others(others),
            self.paragraphs(&lesson.idea),
            self.forward(first),
            self.backward(first, &lesson),
            self.example(&lesson.tiny),
            folded(others),
        ]
        .concat()
    }

    /// What goes in, what comes out, and what is learnt.
    fn facts(&self, layer: &Layer) -> String {
        let shapes: Vec<_> = layer.input_shapes.iter().map(ToString::to_string).collect();
        let learnt: Vec<_> = layer
            .parameters
            .iter()
            .filter(|parameter| parameter.is_learnt())
            .map(|parameter| format!("`{}` {}", parameter.name, parameter.shape))
            .collect();
        let sentence = match (&learnt[..], layer.is_frozen) {
            ([], _) => "It learns nothing.".to_owned(),
            (all, true) => format!(
                "Its {} are frozen: training leaves them alone.",
                all.join(" and ")
            ),
            (all, false) => format!("It learns {}.", all.join(" and ")),
        };
        format!(
            "**{} → {}**, from {}. {sentence}\n\n",
            shapes.join(", "),
            layer.output_shape,
            self.sources(layer)
        )
    }

    fn sources(&self, layer: &Layer) -> String {
        let name = |source: &Source| match source {
            Source::Input => "the network's input".to_owned(),
            Source::Layer(index) => format!("`{}`", self.network.layers[*index].name),
        };
        let names: Vec<_> = layer.inputs.iter().map(name).collect();
        names.join(" and ")
    }

    /// The layers that are alike.
    fn others(&self, others: &[Member]) -> String {
        if others.is_empty() {
            return String::new();
        }
        let names = others.iter().map(|member| {
            format!(
                "`{}` (from {})",
                member.layer.name,
                self.sources(member.layer)
            )
        });
        let names: Vec<_> = names.collect();
        format!("The same but for the names: {}.\n\n", names.join(", "))
    }

    fn forward(&mut self, member: &Member) -> String {
        let padding = if member.has(Part::Pad) {
            self.paragraphs(&[kind::BEFORE_A_CONVOLUTION.to_owned()])
        } else {
            String::new()
        };
        let functions = listing::with_code(member.of(&[Part::Pad, Part::Forward]));
        if functions.is_empty() {
            return "There is no function for it: the dense layers behind it read the maps as they lie in memory.\n\n"
                .to_owned();
        }
        format!("#### Forward\n\n{padding}{functions}")
    }

    fn backward(&mut self, member: &Member, lesson: &Lesson) -> String {
        if self.network.training.is_none() {
            return String::new();
        }
        let mut text = String::new();
        if member.has(Part::Fork) {
            text += &paragraph("#### Backward: its own delta");
            text += &self.paragraphs(&[kind::FORK.to_owned()]);
            text += &listing::with_code(member.of(&[Part::Fork]));
        }
        if member.has(Part::Weights) {
            text += &paragraph("#### Backward: the gradients of what it learns");
            text += &self.paragraphs(&lesson.weights);
            text += &listing::with_code(member.of(&[Part::Weights]));
        }
        if member.has(Part::Input) {
            text += &paragraph("#### Backward: the delta of what goes in");
            text += &self.paragraphs(&lesson.input);
            text += &listing::with_code(member.of(&[Part::Input]).chain(member.of(&[Part::Unpad])));
        } else if member.has(Part::Forward) {
            text += &self.paragraphs(&[NO_DELTA.to_owned()]);
        }
        text
    }

    /// The example, unless there was the same before.
    fn example(&mut self, tiny: &Tiny) -> String {
        let toml = tiny.toml();
        if !self.said.insert(toml.clone()) {
            return String::new();
        }
        let Some(example) = Example::new(tiny) else {
            return String::new();
        };
        let batch = (tiny.batch > 1).then(|| {
            paragraph(&format!(
                "A batch of {} samples, which the first index counts:",
                tiny.batch
            ))
        });
        let backward = self.network.training.as_ref().map(|_| {
            let gradients = example.gradients_by_hand().into_iter();
            paragraph("A delta comes back:")
                + &numbers(
                    &[
                        example.derivative().as_slice(),
                        slice::from_ref(&example.delta),
                        &example.gradients,
                        &example.input_deltas,
                    ],
                    gradients.chain(example.input_deltas_by_hand()),
                )
        });
        [
            paragraph("#### With numbers"),
            self.paragraphs(&[EXAMPLE.to_owned()]),
            fenced("toml", &toml),
            batch.unwrap_or_default(),
            numbers(
                &[
                    &example.inputs,
                    &example.parameters,
                    slice::from_ref(&example.output),
                ],
                example.output_by_hand(),
            ),
            backward.unwrap_or_default(),
        ]
        .concat()
    }

    /// Those that were not there before.
    fn paragraphs(&mut self, paragraphs: &[String]) -> String {
        let new = paragraphs
            .iter()
            .filter(|words| self.said.insert((*words).clone()));
        new.map(|words| paragraph(words)).collect()
    }
}

const NO_DELTA: &str = "No layer before it learns anything, so nobody needs the delta of what goes in, and no function \
    for it is generated. The example has it all the same.";

const EXAMPLE: &str = "A layer of the same kind, small enough to check by hand. Its weights and the delta that comes \
    back are made up; all else is computed from them.";

/// A figure, and some of its values written out.
fn numbers(tensors: &[&[Tensor]], written: impl IntoIterator<Item = String>) -> String {
    let written: Vec<_> = written.into_iter().collect();
    let gap = if written.is_empty() { "" } else { "\n" };
    fenced(
        "text",
        &format!("{}{gap}{}", figure(&tensors.concat()), written.join("\n")),
    )
}

/// The functions of layers that are like another one, to be opened.
fn folded(members: &[Member]) -> String {
    let fold = |member: &Member| {
        let functions = member.functions.iter();
        let code = functions.map(|(_, function)| fenced("rust", &function.code));
        let summary = format!("The functions of <code>{}</code>", member.layer.name);
        listing::folded(&summary, &code.collect::<String>())
    };
    let with_code = members.iter().filter(|member| !member.functions.is_empty());
    with_code.map(fold).collect()
}
