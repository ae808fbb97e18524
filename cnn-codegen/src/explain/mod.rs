//! The command `explain`: a chapter of a textbook on exactly this network.
//!
//! What the generated functions say of themselves is taken from them ([`listing`]), what there is to say beside that is
//! kept kind by kind ([`kind`], [`loss`], [`update`], [`schedule`]), and numbers come from the reference interpreter
//! ([`example`]).

mod document;
mod example;
mod figure;
mod group;
mod kind;
mod layers;
mod listing;
mod loss;
mod origin;
mod page;
mod schedule;
mod update;

use crate::emit;
use crate::picture;
use crate::plan::Plan;
use cnn_spec::layer::Kind;
use cnn_spec::{Network, Summary};
use document::{Document, Picture};
use std::ffi::OsStr;
use std::path::Path;

/// What a document is written as.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Format {
    /// Text that many sites show as pages
    Markdown,
    /// A page by itself, to be opened in a browser
    Html,
}

impl Format {
    /// The endings of files that [`Self::of`] knows.
    pub(crate) const ENDINGS: &str = "`.md`, `.markdown`, `.html` or `.htm`";

    /// What a file's ending asks for.
    pub(crate) fn of(file: &Path) -> Option<Self> {
        match file.extension().and_then(OsStr::to_str)? {
            "md" | "markdown" => Some(Self::Markdown),
            "html" | "htm" => Some(Self::Html),
            _ => None,
        }
    }
}

/// Explains a network.
pub(crate) fn text(network: &Network, format: Format) -> String {
    let document = document(network);
    match format {
        Format::Markdown => document.markdown(),
        Format::Html => page::html(&document),
    }
}

fn document(network: &Network) -> Document {
    let plan = Plan::new(network);
    let picture = Picture {
        svg: picture::draw(network, picture::Format::Svg),
        mermaid: picture::draw(network, picture::Format::Mermaid),
    };
    let title = format!("{}, explained", network.name);
    let mut document = Document::new(title, preface(network), picture);
    if network
        .layers
        .iter()
        .any(|layer| matches!(layer.kind, Kind::Conv2d(_)))
    {
        origin::write(&mut document);
    }
    document.chapter(
        "The network",
        format!("{WORDS}\n\n{}", Summary::new(network).markdown()),
    );
    layers::write(&mut document, &plan);
    loss::write(&mut document, &plan);
    passes(&mut document, &plan);
    if let Some(training) = &network.training {
        update::write(&mut document, &plan, training);
        schedule::write(&mut document, training);
    }
    document
}

fn preface(network: &Network) -> String {
    let training = if network.training.is_some() {
        "forward, backward and how it learns"
    } else {
        "forward, since it has no section `[training]`"
    };
    format!(
        "This is the network `{}`, layer by layer: {training}. Every shape, formula and function in it is that of \
         this very network; the functions are what `cnn-codegen --kernels plain` writes for it. Each kind of layer \
         has an example that is small enough to be checked by hand.",
        network.name
    )
}

const WORDS: &str = "\
A layer's **activation** is what it puts out. Its **delta** is the gradient of the loss with respect to that: by how much
the loss would grow if a value of it did. The forward pass computes activations from the first layer to the last.
Backpropagation computes deltas from the last to the first, by the chain rule, and on the way, from each delta, the
gradients of what the layer learns.

Maps are indexed `[channel][row][column]`, counted from zero. In formulas `Σ … over i` adds up over all values of `i`, and
`⊙` multiplies value by value.";

/// The chapter of both passes.
fn passes(document: &mut Document, plan: &Plan) {
    let words = match (&plan.network.training, plan.waiting()) {
        (None, _) => "The forward pass calls the functions of the layers one after the other.",
        (Some(_), None) => {
            "The forward pass calls the functions of the layers one after the other, the backward pass in the \
             opposite order. Between the two the loss is computed, and gives the first delta. Every sample of a \
             batch adds its gradients to those of the samples before it; the loss has divided them by the number of \
             samples, so that the sum is the mean."
        }
        (Some(_), Some(_)) => {
            "The forward pass calls the functions of the layers one after the other, the backward pass in the \
             opposite order. In training both are cut where a batch norm is: all samples of the batch go through one \
             stretch, then the norm looks at all of them, and they go on."
        }
    };
    let functions = listing::functions(emit::passes(plan));
    let text = if plan.waiting().is_some() {
        listing::with_folded_code(&functions)
    } else {
        listing::with_code(&functions)
    };
    document.chapter("All of it", format!("{words}\n\n{text}"));
}

#[cfg(test)]
mod tests;
