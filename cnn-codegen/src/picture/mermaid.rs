//! A diagram in the language of Mermaid.

use super::diagram::{Diagram, Node};
use std::fmt;

pub struct Mermaid<'a>(pub &'a Diagram);

impl fmt::Display for Mermaid<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(diagram) = self;
        writeln!(f, "---\ntitle: {}\n---\nflowchart LR", diagram.name)?;
        for (index, node) in diagram.nodes.iter().enumerate() {
            writeln!(f, "  n{index}[\"{}\"]", label(node))?;
        }
        for (read, reader) in diagram.edges() {
            let shape = &diagram.nodes[read].shape;
            writeln!(f, "  n{read} -->|\"{shape}\"| n{reader}")?;
        }
        Ok(())
    }
}

fn label(node: &Node) -> String {
    let mut lines = vec![format!("<b>{}</b>", node.name)];
    lines.extend_from_slice(&node.lines);
    lines.join("<br>")
}
