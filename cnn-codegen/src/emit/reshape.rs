//! `reshape`: the same values in another shape.

use super::function::{Argument, Function, Functions};
use crate::plan::{Plan, Step};
use quote::quote;

/// The functions of a `reshape`.
pub fn functions(plan: &Plan, step: &Step) -> Functions {
    let forward = Function {
        doc: format!(
            "`{}` forward, {}: the same values in another shape.",
            step.name,
            step.shapes(plan),
        ),
        arguments: vec![Argument::Input, Argument::OutputMut],
        body: quote!(output.values_mut().copy_from_slice(input.values());),
    };
    let backward_input = Function {
        doc: format!(
            "`{}` input delta: the same delta in the shape of the input.",
            step.name
        ),
        arguments: vec![Argument::Delta, Argument::InputDelta],
        body: quote!(input_delta.values_mut().copy_from_slice(delta.values());),
    };
    Functions {
        forward: Some(forward),
        backward_weights: None,
        backward_input,
    }
}
