//! `concat`: forward, the channels of one input behind those of another; backward, each gets its part of the delta.

use super::function::{Argument, Function, Functions, each_input_delta};
use super::tokens::{formula, ident, number};
use crate::plan::{Plan, Step};
use proc_macro2::TokenStream;
use quote::quote;

/// The functions of a concatenation.
pub fn functions(plan: &Plan, step: &Step) -> Functions {
    Functions {
        forward: Some(forward(plan, step)),
        backward_weights: None,
        backward_input: backward_input(plan, step),
    }
}

fn forward(plan: &Plan, step: &Step) -> Function {
    let names: Vec<_> = (1..=step.inputs.len())
        .map(|number| format!("input{number}"))
        .collect();
    let copies = names.iter().enumerate().map(|(index, name)| {
        let (channels, input) = (channels(plan, step, index), ident(name));
        quote!(output[#channels].copy_from_slice(#input);)
    });
    Function {
        doc: format!(
            "`{}` forward, {}: the inputs one after the other.\n\n{}",
            step.name,
            step.shapes(plan),
            formula(&format!("output = [{}]", names.join(", "))),
        ),
        arguments: Argument::inputs(step)
            .chain([Argument::OutputMut])
            .collect(),
        body: quote!(#(#copies)*),
    }
}

fn backward_input(plan: &Plan, step: &Step) -> Function {
    let (arguments, deltas) = each_input_delta(plan, step);
    let copies = deltas.iter().map(|(index, delta)| {
        let channels = channels(plan, step, *index);
        quote!(#delta.copy_from_slice(&delta[#channels]);)
    });
    Function {
        doc: format!(
            "`{}` input delta: each input gets the delta of the part that it became.",
            step.name
        ),
        arguments: [Argument::Delta].into_iter().chain(arguments).collect(),
        body: quote!(#(#copies)*),
    }
}

/// The channels of the output that are those of an input: `3..8`.
fn channels(plan: &Plan, step: &Step, index: usize) -> TokenStream {
    let count = |input| plan.value(input).shape.dims()[0];
    let start: usize = step.inputs[..index].iter().map(|&input| count(input)).sum();
    let end = number(start + count(step.inputs[index]));
    let start = number(start);
    quote!(#start..#end)
}
