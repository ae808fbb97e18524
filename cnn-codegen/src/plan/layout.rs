//! Where values are kept: what a convolution reads with zeros around it stands in them from the start.

use super::{Operation, Plan, ValueId};
use cnn_spec::layer::Padding;
use cnn_spec::shape::Shape;

/// The memory of each value.
///
/// The zeros around a value are never written, so that whoever computes it has padded it too.
pub struct Layout {
    places: Vec<Place>,
}

/// The memory of one value.
#[derive(Clone)]
struct Place {
    /// The value whose name it bears: itself, or what it is without its padding.
    owner: ValueId,
    /// What is stored.
    shape: Shape,
    /// Zeros around the value.
    padding: Padding,
}

impl Layout {
    /// After this, padding takes no step: a padded value is the memory of the value that it pads.
    pub fn new(plan: &Plan) -> Self {
        let mut places: Vec<_> = plan
            .values
            .iter()
            .enumerate()
            .map(|(index, value)| Place {
                owner: ValueId(index),
                shape: value.shape.clone(),
                padding: Padding::default(),
            })
            .collect();
        for step in &plan.steps {
            if let Operation::ZeroPad(padding) = step.operation {
                let shape = plan.value(step.output).shape.clone();
                places[step.input().0].shape = shape;
                places[step.input().0].padding = padding;
                places[step.output.0].owner = step.input();
            }
        }
        Self { places }
    }

    /// The value whose memory this one is in.
    pub fn owner(&self, id: ValueId) -> ValueId {
        self.places[id.0].owner
    }

    /// The shape of the memory that a value is in.
    pub fn shape(&self, id: ValueId) -> &Shape {
        &self.places[id.0].shape
    }

    /// The zeros around a value in its memory.
    pub fn padding(&self, id: ValueId) -> Padding {
        self.places[id.0].padding
    }
}
