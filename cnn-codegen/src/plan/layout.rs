//! Where values are kept: what a convolution reads with zeros around it stands in them from the start.

use super::{Operation, Plan, Step, ValueId};
use cnn_spec::layer::{Kind, Padding};
use cnn_spec::shape::Shape;

/// The memory of each value.
///
/// The zeros around a value are never written, so that whoever computes it has padded it too.
pub struct Layout {
    places: Vec<Place>,
}

/// The memory of one value.
struct Place {
    /// The value whose name it bears: itself, or what it is without its padding or under another name.
    owner: ValueId,
    /// What is stored.
    shape: Shape,
    /// The row and the column in it that the value begins at.
    origin: [usize; 2],
}

impl Layout {
    /// After this, padding takes no step where [`is_in_memory`]: a padded value is the memory of the value that it pads.
    pub fn new(plan: &Plan) -> Self {
        let place = |index: usize| {
            let id = ValueId(index);
            let pad = pads(plan).find(|(step, _)| step.output == id && is_in_memory(plan, step));
            let (owner, own) = match pad {
                Some((step, padding)) => (plan.original(step.input()), padding),
                None => (plan.original(id), Padding::default()),
            };
            let zeros = Zeros::around(plan, owner);
            let around = zeros
                .as_ref()
                .map_or_else(Padding::default, |zeros| zeros.padding);
            Place {
                owner,
                shape: zeros.map_or_else(|| plan.value(owner).shape.clone(), |zeros| zeros.shape),
                origin: [around.top - own.top, around.left - own.left],
            }
        };
        Self {
            places: (0..plan.values.len()).map(place).collect(),
        }
    }

    /// The value whose memory this one is in.
    pub fn owner(&self, id: ValueId) -> ValueId {
        self.places[id.0].owner
    }

    /// The shape of the memory that a value is in.
    pub fn shape(&self, id: ValueId) -> &Shape {
        &self.places[id.0].shape
    }

    /// The row and the column of that memory which the value begins at.
    pub fn origin(&self, id: ValueId) -> [usize; 2] {
        self.places[id.0].origin
    }
}

/// Whether a step does nothing but pad, and need not be taken because the zeros are in memory.
pub fn is_in_memory(plan: &Plan, step: &Step) -> bool {
    matches!(step.operation, Operation::ZeroPad(_))
        && Zeros::around(plan, plan.original(step.input())).is_some()
}

/// The zeros around a value in its memory: as many as the most that one of its readers wants on each side.
struct Zeros {
    padding: Padding,
    /// That of the value with its zeros.
    shape: Shape,
}

impl Zeros {
    /// None where no reader wants any, or where another one, or a loss, wants the value in one row.
    fn around(plan: &Plan, value: ValueId) -> Option<Self> {
        if plan.is_judged(value) {
            return None;
        }
        let reads = |step: &Step| step.inputs.iter().any(|&id| plan.original(id) == value);
        if plan
            .steps
            .iter()
            .any(|step| reads(step) && wants_a_row(step))
        {
            return None;
        }
        let padding = pads(plan)
            .filter(|(step, _)| reads(step))
            .map(|(_, padding)| padding)
            .reduce(most)?;
        let [channels, height, width] = plan.value(value).shape.maps()?;
        let height = padding.top + height + padding.bottom;
        let width = padding.left + width + padding.right;
        let shape = Shape::new([channels, height, width])?;
        Some(Self { padding, shape })
    }
}

fn pads<'p>(plan: &'p Plan) -> impl Iterator<Item = (&'p Step<'p>, Padding)> {
    plan.steps.iter().filter_map(|step| match step.operation {
        Operation::ZeroPad(padding) => Some((step, padding)),
        Operation::Layer(_) | Operation::Fork => None,
    })
}

fn wants_a_row(step: &Step) -> bool {
    matches!(
        step.operation,
        Operation::Layer(Kind::Dense(_) | Kind::Flatten(_) | Kind::Reshape(_))
    )
}

fn most(one: Padding, other: Padding) -> Padding {
    Padding {
        top: one.top.max(other.top),
        bottom: one.bottom.max(other.bottom),
        left: one.left.max(other.left),
        right: one.right.max(other.right),
    }
}
