//! The command `graph`: a network as a picture, or as a text that other programs draw.
//!
//! Network → diagram (what is shown) → layout (where) → SVG; DOT and Mermaid are written from the diagram.

mod diagram;
mod dot;
mod layout;
mod mermaid;
mod svg;

use cnn_spec::Network;
use diagram::Diagram;
use dot::Dot;
use layout::Layout;
use mermaid::Mermaid;
use std::ffi::OsStr;
use std::path::Path;
use svg::Svg;

/// What a picture is written as.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Format {
    /// A finished picture
    Svg,
    /// The language of Graphviz
    Dot,
    /// What Markdown on many sites shows as a picture
    Mermaid,
}

impl Format {
    /// The endings of files that [`Self::of`] knows.
    pub(crate) const ENDINGS: &str = "`.svg`, `.dot`, `.gv`, `.mmd` or `.mermaid`";

    /// What a file's ending asks for.
    pub(crate) fn of(file: &Path) -> Option<Self> {
        match file.extension().and_then(OsStr::to_str)? {
            "svg" => Some(Self::Svg),
            "dot" | "gv" => Some(Self::Dot),
            "mmd" | "mermaid" => Some(Self::Mermaid),
            _ => None,
        }
    }
}

/// Draws a network.
pub(crate) fn draw(network: &Network, format: Format) -> String {
    let diagram = Diagram::new(network);
    match format {
        Format::Svg => Svg(&Layout::new(&diagram)).to_string(),
        Format::Dot => Dot(&diagram).to_string(),
        Format::Mermaid => Mermaid(&diagram).to_string(),
    }
}
