//! `prelu`: a rectifier whose slope for negative values is learnt.

use super::element::{channel, each, element};
use super::function::{Argument, Function, Functions};
use super::tokens::formula;
use crate::plan::{Plan, Step};
use cnn_spec::layer::PRelu;
use proc_macro2::TokenStream;
use quote::quote;

/// The functions of a `prelu`.
pub fn functions(prelu: PRelu, plan: &Plan, step: &Step) -> Functions {
    Functions {
        forward: Some(forward(prelu, plan, step)),
        backward_weights: Some(backward_weights(prelu, plan, step)),
        backward_input: backward_input(prelu, plan, step),
    }
}

fn forward(prelu: PRelu, plan: &Plan, step: &Step) -> Function {
    let shape = &plan.value(step.output).shape;
    let slope = slope(prelu, plan, step);
    let (z, a) = (element("input", shape), element("output", shape));
    Function {
        doc: format!(
            "`{}` forward, {shape}: each value `z`, times a learnt slope where it is negative.\n\n{}",
            step.name,
            formula(&format!("output = z where z > 0, else {slope} · z")),
        ),
        arguments: vec![Argument::Parameters, Argument::Input, Argument::OutputMut],
        body: {
            let each = each(
                shape,
                &quote!(let z = #z; #a = if z > 0.0 { z } else { #slope * z };),
            );
            quote!(let weight = &parameters.weight; #each)
        },
    }
}

fn backward_weights(prelu: PRelu, plan: &Plan, step: &Step) -> Function {
    let shape = &plan.value(step.output).shape;
    let slope = slope(prelu, plan, step);
    let (z, d) = (element("input", shape), element("delta", shape));
    let sums = each(
        shape,
        &quote! {
            let z = #z;
            if z <= 0.0 {
                #slope += #d * z;
            }
        },
    );
    Function {
        doc: format!(
            "`{}` weight gradient: every negative value adds to that of its slope. It is added to \
             `gradients`.\n\n{}",
            step.name,
            formula(&format!("∂loss/∂{slope} = Σ delta · z    where z ≤ 0")),
        ),
        arguments: vec![Argument::Input, Argument::Delta, Argument::Gradients],
        body: quote!(let weight = &mut gradients.weight; #sums),
    }
}

fn backward_input(prelu: PRelu, plan: &Plan, step: &Step) -> Function {
    let shape = &plan.value(step.output).shape;
    let slope = slope(prelu, plan, step);
    let z = element("input", shape);
    let (upstream, downstream) = (element("delta", shape), element("input_delta", shape));
    let deltas = each(
        shape,
        &quote! {
            let d = #upstream;
            #downstream = if #z > 0.0 { d } else { #slope * d };
        },
    );
    Function {
        doc: format!(
            "`{}` input delta: the delta, times the slope where the input is negative.\n\n{}",
            step.name,
            formula(&format!(
                "input_delta = delta where z > 0, else {slope} · delta"
            )),
        ),
        arguments: vec![
            Argument::Parameters,
            Argument::Input,
            Argument::Delta,
            Argument::InputDelta,
        ],
        body: quote!(let weight = &parameters.weight; #deltas),
    }
}

/// `weight[0]`, or that of the channel.
fn slope(prelu: PRelu, plan: &Plan, step: &Step) -> TokenStream {
    if prelu.num_parameters == 1 {
        return quote!(weight[0]);
    }
    let channel = channel(&plan.value(step.output).shape);
    quote!(weight[#channel])
}
