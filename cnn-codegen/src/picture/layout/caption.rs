//! The lines of text under a box.

use super::super::diagram::Node;
use super::{LINE, Point, Style, Text};

/// The letters that fit into a line; what cannot be broken is longer.
const LETTERS: usize = 16;

/// A name and what is computed.
pub struct Caption(Vec<(Style, String)>);

impl Caption {
    pub fn new(node: &Node) -> Self {
        let name = wrapped(&node.name).into_iter();
        let lines = node.lines.iter().flat_map(|line| wrapped(line));
        let name = name.map(|line| (Style::Name, line));
        Self(name.chain(lines.map(|line| (Style::Line, line))).collect())
    }

    pub fn half_width(&self) -> f64 {
        let widths = self.0.iter().map(|(style, line)| style.width(line));
        widths.fold(0.0, f64::max) / 2.0
    }

    pub fn height(&self) -> f64 {
        self.0.len() as f64 * LINE
    }

    /// The lines one below the other, from a point at the middle of their upper edge.
    pub fn texts(&self, top: Point) -> impl Iterator<Item = Text> {
        self.0
            .iter()
            .zip(1..)
            .map(move |((style, line), number)| Text {
                middle: Point {
                    y: top.y + f64::from(number) * LINE,
                    ..top
                },
                content: line.clone(),
                style: *style,
            })
    }
}

/// A text in lines, broken at spaces and behind underscores.
fn wrapped(text: &str) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for part in text.split_inclusive([' ', '_']) {
        match lines.last_mut() {
            Some(line) if (line.len() + part.trim_end().len()) <= LETTERS => line.push_str(part),
            _ => lines.push(part.to_owned()),
        }
    }
    lines
        .iter()
        .map(|line| line.trim_end().to_owned())
        .collect()
}
