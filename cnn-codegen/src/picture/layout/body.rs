//! The body that stands for a value: a box, or a circle where values join.

use super::super::diagram::{Diagram, Family, Node};
use super::Point;

/// The longest side of any box.
const LONGEST: f64 = 96.0;
/// The shortest.
const SHORTEST: f64 = 4.0;
/// How far what is one pixel deep leans to the right and up.
const LEAN: Point = Point { x: 0.34, y: 0.22 };
const RADIUS: f64 = 11.0;

/// A body at its place.
pub struct Body {
    pub middle: Point,
    pub form: Form,
    pub family: Family,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Form {
    /// A box seen from the left and above.
    Box {
        /// From left to right, what the channels are.
        thickness: f64,
        height: f64,
        /// How far the back is to the right of the front, and above.
        lean: Point,
    },
    Circle {
        radius: f64,
    },
}

/// Pixels per row or column of a map.
pub struct Scale(f64);

impl Scale {
    /// The scale at which the largest map of a network has the longest side.
    pub fn of(diagram: &Diagram) -> Self {
        let sides = diagram.nodes.iter().flat_map(|node| {
            let [_, height, width] = sides(node);
            [height, width]
        });
        Self(LONGEST / sides.fold(1.0, f64::max))
    }

    /// The body of what a node puts out: rows and columns to scale, the square root of the channels.
    pub fn form(&self, node: &Node) -> Form {
        if let Family::Sum | Family::Concatenation = node.family {
            return Form::Circle { radius: RADIUS };
        }
        let [channels, height, width] = sides(node);
        let depth = (width * self.0).max(SHORTEST);
        Form::Box {
            thickness: (2.4 * channels.sqrt()).max(SHORTEST),
            height: (height * self.0).max(SHORTEST),
            lean: Point {
                x: depth * LEAN.x,
                y: depth * LEAN.y,
            },
        }
    }
}

/// Channels, rows and columns; a vector is as high as the square map with as many values.
fn sides(node: &Node) -> [f64; 3] {
    let sides = match *node.shape.dims() {
        [channels, length] => [channels, length, 1],
        [channels, height, width] => [channels, height, width],
        _ => return [4.0, (node.shape.elements() as f64).sqrt(), 1.0],
    };
    sides.map(|side| side as f64)
}

impl Form {
    pub fn half_width(&self) -> f64 {
        match self {
            Self::Box {
                thickness, lean, ..
            } => f64::midpoint(*thickness, lean.x),
            Self::Circle { radius } => *radius,
        }
    }

    pub fn half_height(&self) -> f64 {
        match self {
            Self::Box { height, lean, .. } => f64::midpoint(*height, lean.y),
            Self::Circle { radius } => *radius,
        }
    }
}

impl Body {
    /// Where an arrow from the left ends.
    pub fn entry(&self) -> Point {
        Point {
            x: self.middle.x - self.form.half_width(),
            ..self.middle
        }
    }

    /// Where an arrow to the right begins: at the middle of the right side.
    pub fn exit(&self) -> Point {
        let behind = match self.form {
            Form::Box { lean, .. } => lean.x / 2.0,
            Form::Circle { .. } => 0.0,
        };
        Point {
            x: self.right() - behind,
            ..self.middle
        }
    }

    /// Where an arrow from above ends: at the middle of the top.
    pub fn top(&self) -> Point {
        let behind = match self.form {
            Form::Box { lean, .. } => lean.y / 2.0,
            Form::Circle { .. } => 0.0,
        };
        Point {
            y: self.middle.y - self.form.half_height() + behind,
            ..self.middle
        }
    }

    pub fn right(&self) -> f64 {
        self.middle.x + self.form.half_width()
    }
}
