//! Dropouts: forward and backward, what the mask keeps, made larger by as much as is lost on average.

use super::element::{channel, each_channel, each_position, element};
use super::function::{Argument, Function, Functions, activation};
use super::tokens::{formula, ident, real};
use crate::plan::{Plan, Step};
use cnn_spec::layer::{Dropout, Kind};
use proc_macro2::TokenStream;
use quote::quote;

/// Whether a network has any.
pub fn is_in(plan: &Plan) -> bool {
    let is_dropout = |step: &Step| matches!(step.kind(), Some(Kind::Dropout(_)));
    plan.steps.iter().any(is_dropout)
}

/// The functions of a dropout.
pub fn functions(dropout: &Dropout, plan: &Plan, step: &Step) -> Functions {
    Functions {
        forward: Some(forward(dropout, plan, step)),
        backward_weights: None,
        backward_input: backward_input(dropout, plan, step),
    }
}

/// What a dropout does outside of training: nothing.
pub fn inference(plan: &Plan, step: &Step) -> TokenStream {
    let (output, input) = (ident(&step.name), activation(plan, step.input()));
    quote!(activations.#output.clone_from(#input);)
}

fn forward(dropout: &Dropout, plan: &Plan, step: &Step) -> Function {
    Function {
        doc: format!(
            "`{}` forward in training, {}: {} kept with probability {}, and what is kept made so much larger that the \
             mean stays.\n\n{}",
            step.name,
            plan.value(step.output).shape,
            if dropout.of_maps {
                "maps are"
            } else {
                "values are"
            },
            1.0 - dropout.p,
            formula(&format!(
                "output = input / (1 − {}) where the mask keeps it, else 0",
                dropout.p
            )),
        ),
        arguments: vec![Argument::Mask, Argument::Input, Argument::OutputMut],
        body: masked(dropout, plan, step, ["input", "output"]),
    }
}

fn backward_input(dropout: &Dropout, plan: &Plan, step: &Step) -> Function {
    Function {
        doc: format!(
            "`{}` input delta: the delta of what the mask has kept.\n\n{}",
            step.name,
            formula(&format!(
                "input_delta = delta / (1 − {}) where the mask keeps it, else 0",
                dropout.p
            )),
        ),
        arguments: vec![Argument::Mask, Argument::Delta, Argument::InputDelta],
        body: masked(dropout, plan, step, ["delta", "input_delta"]),
    }
}

fn masked(dropout: &Dropout, plan: &Plan, step: &Step, [from, to]: [&str; 2]) -> TokenStream {
    let shape = &plan.value(step.output).shape;
    let factor = real(1.0 / (1.0 - dropout.p), plan.network.dtype);
    if dropout.of_maps {
        let (c, from, to) = (channel(shape), element(from, shape), element(to, shape));
        let positions = each_position(shape, &quote!(#to = #from * factor;));
        return each_channel(
            shape,
            &quote! {
                let factor = if mask.keeps(#c) { #factor } else { 0.0 };
                #positions
            },
        );
    }
    let (from, to) = (ident(from), ident(to));
    quote! {
        let values = #from.values().iter().zip(#to.values_mut());
        for (index, (from, to)) in values.enumerate() {
            *to = if mask.keeps(index) { from * #factor } else { 0.0 };
        }
    }
}
