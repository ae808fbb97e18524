//! `add`: forward, the sum of several inputs; backward, each of them gets the whole delta.

use super::function::{Argument, Function, Functions, each_input_delta};
use super::tokens::{formula, ident};
use crate::plan::{Plan, Step};
use quote::quote;

/// The functions of a sum.
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
    let others = names[1..].iter().map(|name| {
        let input = ident(name);
        quote! {
            for (sum, value) in output.values_mut().iter_mut().zip(#input.values()) {
                *sum += value;
            }
        }
    });
    Function {
        doc: format!(
            "`{}` forward, {}: the sum of its inputs, element by element.\n\n{}",
            step.name,
            step.shapes(plan),
            formula(&format!("output = {}", names.join(" + "))),
        ),
        arguments: Argument::inputs(step)
            .chain([Argument::OutputMut])
            .collect(),
        body: quote!(*output = *input1; #(#others)*),
    }
}

fn backward_input(plan: &Plan, step: &Step) -> Function {
    let (arguments, deltas) = each_input_delta(plan, step);
    let copies = deltas.iter().map(|(_, delta)| quote!(*#delta = *delta;));
    Function {
        doc: format!(
            "`{}` input delta: a sum passes its delta on to each of its terms.",
            step.name
        ),
        arguments: [Argument::Delta].into_iter().chain(arguments).collect(),
        body: quote!(#(#copies)*),
    }
}
