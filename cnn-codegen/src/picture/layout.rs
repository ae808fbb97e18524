//! Where everything of a picture stands, in pixels.
//!
//! The boxes stand in rows, in the order in which they are computed, so that an arrow to the next one is straight and
//! every other one an arc above the row. A row ends where all that follows reads a single value.

mod body;
mod caption;
mod row;

pub use body::{Body, Form};

use super::diagram::{Diagram, Family};
use body::Scale;
use caption::Caption;
use row::Row;
use std::ops::Range;

/// Around the picture.
const MARGIN: f64 = 16.0;
/// The longest row, unless one can nowhere be broken.
const LONGEST: f64 = 1000.0;
/// Between rows.
const LINE_GAP: f64 = 28.0;
/// From one line of text to the next.
const LINE: f64 = 12.0;
/// From one arc to the next above it.
const LANE: f64 = 18.0;
/// An arrow's length beside its label.
const SHAFT: f64 = 26.0;
/// From a box to where an arc branches off the arrow behind it.
const JUNCTION: f64 = 9.0;
/// Between the texts under two boxes.
const CAPTION_GAP: f64 = 18.0;

/// A picture, ready to be drawn.
pub struct Layout {
    /// The network's name.
    pub name: String,
    pub width: f64,
    pub height: f64,
    pub bodies: Vec<Body>,
    pub arrows: Vec<Arrow>,
    pub texts: Vec<Text>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Point {
    pub x: f64,
    pub y: f64,
}

/// A line along some points, to its head at the last one.
pub struct Arrow {
    pub points: Vec<Point>,
    /// Whether it branches off another arrow, which a dot shows.
    pub is_branch: bool,
}

/// A line of text around a point on its base line.
pub struct Text {
    pub middle: Point,
    pub content: String,
    pub style: Style,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Style {
    /// A layer's name.
    Name,
    /// What it computes.
    Line,
    /// The shape of what an arrow carries.
    Shape,
}

/// A node and its sizes.
struct Cell {
    form: Form,
    family: Family,
    caption: Caption,
    /// The shape of what it puts out, as the arrows behind it say.
    shape: String,
}

impl Layout {
    pub fn new(diagram: &Diagram) -> Self {
        let scale = Scale::of(diagram);
        let nodes = diagram.nodes.iter();
        let cells: Vec<Cell> = nodes
            .map(|node| Cell {
                form: scale.form(node),
                family: node.family,
                caption: Caption::new(node),
                shape: node.shape.to_string(),
            })
            .collect();
        let edges: Vec<_> = diagram.edges().collect();
        let mut layout = Self {
            name: diagram.name.clone(),
            width: 0.0,
            height: 0.0,
            bodies: Vec::new(),
            arrows: Vec::new(),
            texts: Vec::new(),
        };
        let mut top = MARGIN;
        let rows: Vec<Row> = breaks(&cells, &edges)
            .into_iter()
            .map(|range| {
                let row = Row::new(&cells, &edges, range, top);
                top = row.bottom + LINE_GAP;
                row
            })
            .collect();
        layout.connect(&rows);
        layout.width = MARGIN + rows.iter().map(|row| row.exit().x).fold(0.0, f64::max);
        layout.height = top - LINE_GAP + MARGIN;
        for row in rows {
            row.draw(&mut layout);
        }
        layout
    }

    /// Arrows from each row to the next, and what the last one puts out.
    fn connect(&mut self, rows: &[Row]) {
        for pair in rows.windows(2) {
            let (exit, entry) = (pair[0].exit(), pair[1].entry());
            let between = pair[0].bottom + LINE_GAP / 2.0;
            self.arrows.push(Arrow::along([
                pair[0].last_exit(),
                exit,
                Point { y: between, ..exit },
                Point {
                    y: between,
                    ..entry
                },
                entry,
                pair[1].first_entry(),
            ]));
        }
        if let Some(last) = rows.last() {
            self.arrows
                .push(Arrow::along([last.last_exit(), last.exit()]));
        }
    }
}

impl Arrow {
    fn along<const N: usize>(points: [Point; N]) -> Self {
        Self {
            points: points.into(),
            is_branch: false,
        }
    }
}

/// From the middle of one box to the middle of the next, so that neither texts nor boxes touch.
fn distance(cell: &Cell, next: &Cell) -> f64 {
    let bodies = cell.form.half_width() + next.form.half_width();
    let captions = cell.caption.half_width() + next.caption.half_width();
    let arrow = Style::Shape.width(&cell.shape) + SHAFT;
    (bodies + arrow).max(captions + CAPTION_GAP)
}

/// The rows: each as long as it may be, broken only where no arc would have to go from one row to the next.
fn breaks(cells: &[Cell], edges: &[(usize, usize)]) -> Vec<Range<usize>> {
    let is_cut = |last: usize| {
        let mut crossing = edges.iter().filter(|(_, reader)| *reader > last);
        crossing.all(|(read, _)| *read >= last)
    };
    let mut rows = Vec::new();
    let (mut start, mut cut, mut length) = (0, None, 0.0);
    for index in 1..cells.len() {
        if is_cut(index - 1) && index - 1 > start {
            cut = Some((index, length));
        }
        length += distance(&cells[index - 1], &cells[index]);
        if let Some((end, before)) = cut
            && length > LONGEST
        {
            rows.push(start..end);
            length -= before;
            (start, cut) = (end, None);
        }
    }
    rows.push(start..cells.len());
    rows
}

impl Style {
    /// A text's width, a little too large for most fonts.
    fn width(self, text: &str) -> f64 {
        let letter = match self {
            Self::Name => 6.1,
            Self::Line => 5.4,
            Self::Shape => 5.0,
        };
        text.chars().count() as f64 * letter
    }
}
