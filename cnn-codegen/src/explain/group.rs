//! Layers with their generated functions; those that are alike but for their names are a group.

use super::listing::{self, Function};
use crate::emit;
use crate::plan::{Operation, Plan, Step};
use cnn_spec::network::Layer;

/// A layer and its generated functions.
pub struct Member<'p> {
    pub layer: &'p Layer,
    pub functions: Vec<(Part, Function)>,
}

/// What a function is there for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// Puts zeros around the input.
    Pad,
    Forward,
    /// Adds up what several readers send back.
    Fork,
    Weights,
    Input,
    /// Takes the zeros away from the input's delta.
    Unpad,
}

/// Layers that differ in their names and places only; there is one at least.
pub struct Group<'p> {
    pub members: Vec<Member<'p>>,
}

/// The layers in groups, in the order in which each has its first.
pub fn groups<'p>(plan: &'p Plan) -> Vec<Group<'p>> {
    let mut groups: Vec<Group> = Vec::new();
    for layer in &plan.network.layers {
        let member = Member::new(layer, plan);
        match groups.iter_mut().find(|group| group.fits(&member)) {
            Some(group) => group.members.push(member),
            None => groups.push(Group {
                members: vec![member],
            }),
        }
    }
    groups
}

impl<'p> Member<'p> {
    fn new(layer: &'p Layer, plan: &Plan) -> Self {
        let own = plan.steps.iter().enumerate();
        let own = own.filter(|(index, _)| owner(plan, *index) == layer.name);
        let functions = own.flat_map(|(_, step)| {
            let functions = listing::functions(emit::layer_functions(plan, step));
            functions
                .into_iter()
                .map(|function| (part(step, &function), function))
        });
        Self {
            layer,
            functions: functions.collect(),
        }
    }

    /// The functions that are there for this.
    pub fn of(&self, parts: &[Part]) -> impl Iterator<Item = &Function> {
        let all = self.functions.iter();
        all.filter(move |(part, _)| parts.contains(part))
            .map(|(_, function)| function)
    }

    /// Whether there are any.
    pub fn has(&self, part: Part) -> bool {
        self.of(&[part]).next().is_some()
    }
}

/// The layer that a step belongs to: its own, the one that it pads for, or the one whose readers it joins.
fn owner<'p>(plan: &'p Plan, index: usize) -> &'p str {
    let step = &plan.steps[index];
    match step.operation {
        Operation::Layer(_) => &step.name,
        Operation::ZeroPad(_) => owner(plan, index + 1),
        Operation::Fork => &plan.value(step.output).name,
    }
}

fn part(step: &Step, function: &Function) -> Part {
    let is_forward = function.name.ends_with("_forward") || function.name.ends_with("_statistics");
    let is_backward = function.name.contains("_backward_");
    match step.operation {
        Operation::ZeroPad(_) if is_backward => Part::Unpad,
        Operation::ZeroPad(_) => Part::Pad,
        Operation::Fork => Part::Fork,
        Operation::Layer(_) if is_forward && !is_backward => Part::Forward,
        Operation::Layer(_) if function.name.ends_with("_backward_input") => Part::Input,
        Operation::Layer(_) => Part::Weights,
    }
}

impl Group<'_> {
    fn fits(&self, other: &Member) -> bool {
        let first = &self.members[0];
        let shape = |member: &Member| {
            let Layer {
                kind,
                input_shapes,
                output_shape,
                ..
            } = member.layer;
            let parts: Vec<_> = member.functions.iter().map(|(part, _)| *part).collect();
            (
                kind.clone(),
                input_shapes.clone(),
                output_shape.clone(),
                parts,
            )
        };
        shape(first) == shape(other)
    }

    /// The heading of its section.
    pub fn title(&self) -> String {
        let layer = self.members[0].layer;
        let more = match self.members.len() - 1 {
            0 => String::new(),
            1 => " and one more".to_owned(),
            count => format!(" and {count} more"),
        };
        format!("`{}`{more}: {}", layer.name, layer.kind.describe())
    }
}
