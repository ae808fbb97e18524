//! A row of boxes, the arrows between them and the arcs above.

use super::{
    Arrow, Body, Cell, JUNCTION, LANE, LINE, Layout, MARGIN, Point, SHAFT, Style, Text, distance,
};
use std::iter;
use std::ops::Range;

/// Between arrows that end at the same box.
const TIP_GAP: f64 = 8.0;
/// From the highest box to the lowest arc.
const CLEARANCE: f64 = 12.0;
/// From a line to the text above it.
const RAISED: f64 = 4.0;

/// A part of a picture from its left edge to its right.
pub struct Row<'a> {
    cells: &'a [Cell],
    /// One for each cell.
    bodies: Vec<Body>,
    /// What arrives from the row above.
    arrival: Option<&'a Cell>,
    /// Cells that are read by the next one.
    chained: Vec<usize>,
    arcs: Vec<Arc>,
    axis: f64,
    tallest: f64,
    pub bottom: f64,
}

/// An arrow that passes over boxes.
struct Arc {
    /// The cell behind which it begins; `None` if that is in the row above.
    read: Option<usize>,
    reader: usize,
    /// How many arcs it passes over.
    lane: usize,
}

impl<'a> Row<'a> {
    pub fn new(cells: &'a [Cell], edges: &[(usize, usize)], range: Range<usize>, top: f64) -> Self {
        let arrival = range.start.checked_sub(1).map(|before| &cells[before]);
        let inner = edges.iter().filter(|(_, reader)| range.contains(reader));
        let inner =
            inner.map(|(read, reader)| (read.checked_sub(range.start), reader - range.start));
        let (chain, arcs): (Vec<_>, Vec<_>) =
            inner.partition(|(read, reader)| *reader == read.map_or(0, |read| read + 1));
        let arcs = stacked(arcs);
        let lanes = arcs.iter().map(|arc| arc.lane + 1).max();
        let above = lanes.map_or(0.0, |lanes| lanes as f64 * LANE + CLEARANCE);
        let cells = &cells[range];
        let tallest = max(cells.iter().map(|cell| cell.form.half_height()));
        let axis = top + above + tallest;
        let bodies = middles(cells, arrival).zip(cells).map(|(x, cell)| Body {
            middle: Point { x, y: axis },
            form: cell.form,
            family: cell.family,
        });
        Self {
            cells,
            bodies: bodies.collect(),
            arrival,
            chained: chain.into_iter().filter_map(|(read, _)| read).collect(),
            arcs,
            axis,
            tallest,
            bottom: axis + tallest + LINE + max(cells.iter().map(|cell| cell.caption.height())),
        }
    }

    /// Where what comes from the row above enters: at the left edge.
    pub fn entry(&self) -> Point {
        Point {
            x: MARGIN,
            y: self.axis,
        }
    }

    /// Where an arrow to the first box ends.
    pub fn first_entry(&self) -> Point {
        self.bodies[0].entry()
    }

    /// Where the arrow behind the last box begins.
    pub fn last_exit(&self) -> Point {
        self.bodies[self.bodies.len() - 1].exit()
    }

    /// The end of the arrow behind the last box.
    pub fn exit(&self) -> Point {
        let last = self.cells.len() - 1;
        Point {
            x: self.bodies[last].right() + self.cells[last].arrow_length(),
            y: self.axis,
        }
    }

    /// Draws the row, but for what leads from row to row.
    pub fn draw(self, layout: &mut Layout) {
        self.draw_captions(layout);
        self.draw_chain(layout);
        for (index, arc) in self.arcs.iter().enumerate() {
            self.draw_arc(index, arc, layout);
        }
        layout.bodies.extend(self.bodies);
    }

    fn draw_captions(&self, layout: &mut Layout) {
        for (body, cell) in self.bodies.iter().zip(self.cells) {
            let top = Point {
                x: body.middle.x,
                y: self.axis + self.tallest + RAISED,
            };
            layout.texts.extend(cell.caption.texts(top));
        }
    }

    /// Straight arrows, and the shapes of what they carry.
    fn draw_chain(&self, layout: &mut Layout) {
        if let Some(cell) = self.arrival {
            let ends = [MARGIN, self.first_entry().x];
            layout.texts.push(self.shape(None, cell, ends));
        }
        for &index in &self.chained {
            let (body, next) = (&self.bodies[index], &self.bodies[index + 1]);
            let ends = [body.right(), next.entry().x];
            layout
                .arrows
                .push(Arrow::along([body.exit(), next.entry()]));
            layout
                .texts
                .push(self.shape(Some(index), &self.cells[index], ends));
        }
        let last = self.cells.len() - 1;
        let ends = [self.bodies[last].right(), self.exit().x];
        layout
            .texts
            .push(self.shape(Some(last), &self.cells[last], ends));
    }

    /// The shape of what an arrow on the axis carries, behind where arcs branch off it.
    fn shape(&self, read: Option<usize>, cell: &Cell, [from, to]: [f64; 2]) -> Text {
        let has_branch = self.arcs.iter().any(|arc| arc.read == read);
        let from = if has_branch { from + JUNCTION } else { from };
        Text {
            middle: Point {
                x: f64::midpoint(from, to),
                y: self.axis - RAISED,
            },
            content: cell.shape.clone(),
            style: Style::Shape,
        }
    }

    fn draw_arc(&self, index: usize, arc: &Arc, layout: &mut Layout) {
        let (cell, behind) = match arc.read {
            Some(read) => (Some(&self.cells[read]), self.bodies[read].right()),
            None => (self.arrival, MARGIN),
        };
        let Some(cell) = cell else { return };
        let height = self.axis - self.tallest - CLEARANCE - arc.lane as f64 * LANE;
        let start = Point {
            x: behind + JUNCTION,
            y: self.axis,
        };
        let tip = self.tip(index, arc);
        let alone = arc.read.filter(|read| !self.chained.contains(read));
        let corners = [
            start,
            Point { y: height, ..start },
            Point { y: height, ..tip },
            tip,
        ];
        let shaft = alone.map(|read| self.bodies[read].exit());
        layout.arrows.push(Arrow {
            points: shaft.into_iter().chain(corners).collect(),
            is_branch: alone.is_none(),
        });
        // Near its beginning, because another arc may end on the way.
        let label = 2.0 * RAISED + Style::Shape.width(&cell.shape) / 2.0;
        layout.texts.push(Text {
            middle: Point {
                x: start.x + label,
                y: height - RAISED,
            },
            content: cell.shape.clone(),
            style: Style::Shape,
        });
    }

    /// The end of an arc, beside those of others that end at the same box.
    fn tip(&self, index: usize, arc: &Arc) -> Point {
        let same = |other: &&Arc| other.reader == arc.reader;
        let all = self.arcs.iter().filter(same).count();
        let before = self.arcs[..index].iter().filter(same).count();
        let top = self.bodies[arc.reader].top();
        Point {
            x: top.x + TIP_GAP * (before as f64 - (all - 1) as f64 / 2.0),
            ..top
        }
    }
}

impl Cell {
    /// The length of an arrow that has room for the shape.
    fn arrow_length(&self) -> f64 {
        Style::Shape.width(&self.shape) + SHAFT
    }
}

/// Arcs in lanes: the short ones below, so that none crosses another of which it is a part.
fn stacked(mut edges: Vec<(Option<usize>, usize)>) -> Vec<Arc> {
    let from = |read: Option<usize>| read.map_or(0, |read| read + 1);
    edges.sort_by_key(|(read, reader)| (reader - from(*read), *reader));
    let mut arcs: Vec<Arc> = Vec::new();
    for (read, reader) in edges {
        let meets = |other: &&Arc| from(read) < other.reader + 1 && from(other.read) < reader + 1;
        let below = arcs.iter().filter(meets).map(|other| other.lane + 1);
        let lane = below.max().unwrap_or(0);
        arcs.push(Arc { read, reader, lane });
    }
    arcs
}

/// Where the boxes of a row stand, from left to right.
fn middles(cells: &[Cell], arrival: Option<&Cell>) -> impl Iterator<Item = f64> {
    let first = &cells[0];
    let body = arrival.map_or(0.0, Cell::arrow_length) + first.form.half_width();
    let middle = MARGIN + body.max(first.caption.half_width());
    let rest = cells.windows(2).scan(middle, |middle, pair| {
        *middle += distance(&pair[0], &pair[1]);
        Some(*middle)
    });
    iter::once(middle).chain(rest)
}

fn max(lengths: impl Iterator<Item = f64>) -> f64 {
    lengths.fold(0.0, f64::max)
}
