//! A diagram in the language of Graphviz.

use super::diagram::{Diagram, Node};
use std::fmt;

pub struct Dot<'a>(pub &'a Diagram);

impl fmt::Display for Dot<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(diagram) = self;
        let font = "fontname = Helvetica, fontsize";
        writeln!(f, "digraph \"{}\" {{", diagram.name)?;
        writeln!(f, "  rankdir = LR")?;
        writeln!(f, "  node [shape = box, style = rounded, {font} = 11]")?;
        writeln!(f, "  edge [{font} = 9]")?;
        for (index, node) in diagram.nodes.iter().enumerate() {
            writeln!(f, "  n{index} [label = \"{}\"]", label(node))?;
        }
        for (read, reader) in diagram.edges() {
            let shape = &diagram.nodes[read].shape;
            writeln!(f, "  n{read} -> n{reader} [label = \"{shape}\"]")?;
        }
        writeln!(f, "}}")
    }
}

fn label(node: &Node) -> String {
    let mut lines = vec![node.name.clone()];
    lines.extend_from_slice(&node.lines);
    lines.join("\\n")
}
