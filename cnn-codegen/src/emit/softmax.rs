//! `softmax` and `log_softmax`: scores become probabilities, or their logarithms, over channels.

use super::element::{each_channel, each_position, element};
use super::function::{Argument, Function, Functions};
use super::tokens::{formula, scalar};
use crate::plan::{Plan, Step};
use cnn_spec::shape::Shape;
use proc_macro2::TokenStream;
use quote::quote;

/// The functions of a softmax.
pub fn functions(plan: &Plan, step: &Step) -> Functions {
    Functions {
        forward: Some(forward(plan, step)),
        backward_weights: None,
        backward_input: backward_input(plan, step),
    }
}

/// The functions of a log-softmax.
pub fn log_functions(plan: &Plan, step: &Step) -> Functions {
    Functions {
        forward: Some(log_forward(plan, step)),
        backward_weights: None,
        backward_input: log_backward_input(plan, step),
    }
}

fn forward(plan: &Plan, step: &Step) -> Function {
    let shape = &plan.value(step.output).shape;
    let (z, p) = (element("input", shape), element("output", shape));
    let largest = largest(plan, shape, &z);
    let powers = each_channel(
        shape,
        &quote! {
            let power = cnn_runtime::math::exp(#z - largest);
            #p = power;
            sum += power;
        },
    );
    let shares = each_channel(shape, &quote!(#p /= sum;));
    Function {
        doc: format!(
            "`{}` forward, {}: logits become probabilities. The largest logit is subtracted \
             first, which changes nothing but keeps every power at most one.\n\n{}",
            step.name,
            step.shapes(plan),
            formula("output[j] = e^input[j] / Σ e^input[k]    over k"),
        ),
        arguments: vec![Argument::Input, Argument::OutputMut],
        body: each_position(shape, &quote!(#largest let mut sum = 0.0; #powers #shares)),
    }
}

fn backward_input(plan: &Plan, step: &Step) -> Function {
    let shape = &plan.value(step.output).shape;
    let (p, d) = (element("output", shape), element("delta", shape));
    let input_delta = element("input_delta", shape);
    let mean = each_channel(shape, &quote!(mean += #p * #d;));
    let deltas = each_channel(shape, &quote!(#input_delta = #p * (#d - mean);));
    Function {
        doc: format!(
            "`{}` input delta: raising one logit raises its probability and lowers the others.\n\n{}",
            step.name,
            formula(
                "input_delta[j] = p[j] · (delta[j] − Σ p[k] · delta[k])    over k, where p is the output"
            ),
        ),
        arguments: vec![Argument::Output, Argument::Delta, Argument::InputDelta],
        body: each_position(shape, &quote!(let mut mean = 0.0; #mean #deltas)),
    }
}

fn log_forward(plan: &Plan, step: &Step) -> Function {
    let shape = &plan.value(step.output).shape;
    let (z, a) = (element("input", shape), element("output", shape));
    let largest = largest(plan, shape, &z);
    let powers = each_channel(shape, &quote!(sum += cnn_runtime::math::exp(#z - largest);));
    let differences = each_channel(shape, &quote!(#a = #z - logarithm;));
    Function {
        doc: format!(
            "`{}` forward, {}: logits become the logarithms of probabilities. The largest logit is \
             subtracted first, so that no power overflows.\n\n{}",
            step.name,
            step.shapes(plan),
            formula("output[j] = input[j] − ln Σ e^input[k]    over k"),
        ),
        arguments: vec![Argument::Input, Argument::OutputMut],
        body: each_position(
            shape,
            &quote! {
                #largest
                let mut sum = 0.0;
                #powers
                let logarithm = largest + cnn_runtime::math::ln(sum);
                #differences
            },
        ),
    }
}

fn log_backward_input(plan: &Plan, step: &Step) -> Function {
    let shape = &plan.value(step.output).shape;
    let (a, d) = (element("output", shape), element("delta", shape));
    let input_delta = element("input_delta", shape);
    let sums = each_channel(shape, &quote!(sum += #d;));
    let deltas = each_channel(
        shape,
        &quote! {
            let p = cnn_runtime::math::exp(#a);
            #input_delta = #d - p * sum;
        },
    );
    Function {
        doc: format!(
            "`{}` input delta: every logit is subtracted in its share, its probability.\n\n{}",
            step.name,
            formula("input_delta[j] = delta[j] − e^output[j] · Σ delta[k]    over k"),
        ),
        arguments: vec![Argument::Output, Argument::Delta, Argument::InputDelta],
        body: each_position(shape, &quote!(let mut sum = 0.0; #sums #deltas)),
    }
}

/// The statements that find the largest logit at a position.
fn largest(plan: &Plan, shape: &Shape, z: &TokenStream) -> TokenStream {
    let scalar = scalar(plan.network.dtype);
    let channels = each_channel(shape, &quote!(largest = largest.max(#z);));
    quote!(let mut largest = #scalar::NEG_INFINITY; #channels)
}
