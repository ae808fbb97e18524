//! `channel_shuffle`: forward, one channel of each group in turn; backward, their deltas go home.

use super::element::each_channel;
use super::function::{Argument, Function, Functions};
use super::tokens::{formula, number};
use crate::plan::{Plan, Step};
use cnn_spec::layer::ChannelShuffle;
use cnn_spec::shape::Shape;
use proc_macro2::TokenStream;
use quote::quote;

/// The functions of a shuffle.
pub fn functions(shuffle: ChannelShuffle, plan: &Plan, step: &Step) -> Functions {
    Functions {
        forward: Some(forward(shuffle, plan, step)),
        backward_weights: None,
        backward_input: backward_input(shuffle, plan, step),
    }
}

fn forward(shuffle: ChannelShuffle, plan: &Plan, step: &Step) -> Function {
    let shape = &plan.value(step.output).shape;
    let source = source(shuffle, shape);
    Function {
        doc: forward_doc(shuffle, &step.name, &step.shapes(plan), shape),
        arguments: vec![Argument::Input, Argument::OutputMut],
        body: if moves(shuffle, shape) {
            each_channel(shape, &quote!(output[c] = input[#source];))
        } else {
            quote!(*output = *input;)
        },
    }
}

fn backward_input(shuffle: ChannelShuffle, plan: &Plan, step: &Step) -> Function {
    let shape = &plan.value(step.output).shape;
    let source = source(shuffle, shape);
    Function {
        doc: backward_doc(&step.name),
        arguments: vec![Argument::Delta, Argument::InputDelta],
        body: if moves(shuffle, shape) {
            each_channel(shape, &quote!(input_delta[#source] = delta[c];))
        } else {
            quote!(*input_delta = *delta;)
        },
    }
}

/// What is said of the forward pass.
pub fn forward_doc(shuffle: ChannelShuffle, name: &str, shapes: &str, shape: &Shape) -> String {
    let groups = shuffle.groups;
    let size = shape.dims()[0] / groups;
    let equation =
        format!("output[c][y][x] = input[{size}(c mod {groups}) + ⌊c / {groups}⌋][y][x]");
    format!(
        "`{name}` forward, {shapes}: the first channel of each of {groups} groups, then the second of each, and so \
         on.\n\n{}",
        formula(&equation)
    )
}

/// What is said of the backward pass.
pub fn backward_doc(name: &str) -> String {
    format!("`{name}` input delta: each channel's delta goes to where the channel came from.")
}

/// Whether some channel goes to another place: not if there is one group, or one channel in each.
fn moves(shuffle: ChannelShuffle, shape: &Shape) -> bool {
    shuffle.groups != 1 && shuffle.groups != shape.dims()[0]
}

/// The channel of the input that becomes channel `c`: `c % 2 * 3 + c / 2`.
pub fn source(shuffle: ChannelShuffle, shape: &Shape) -> TokenStream {
    if !moves(shuffle, shape) {
        return quote!(c);
    }
    let size = number(shape.dims()[0] / shuffle.groups);
    let groups = number(shuffle.groups);
    quote!(c % #groups * #size + c / #groups)
}
