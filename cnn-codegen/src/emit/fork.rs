//! A fork: forward, nothing; backward, the delta of a value that is read several times is the sum of what its readers
//! send back.

use super::function::{Argument, Function, Functions};
use super::tokens::{formula, ident};
use crate::plan::{Plan, Step};
use quote::quote;

/// The function of a fork.
pub fn functions(plan: &Plan, step: &Step) -> Functions {
    Functions {
        forward: None,
        backward_weights: None,
        backward_input: backward_input(plan, step),
    }
}

fn backward_input(plan: &Plan, step: &Step) -> Function {
    let count = plan.aliases(step.output).count();
    let deltas: Vec<_> = (1..=count).map(|number| format!("delta{number}")).collect();
    let others = deltas[1..].iter().map(|name| {
        let delta = ident(name);
        quote! {
            for (sum, d) in input_delta.values_mut().iter_mut().zip(#delta.values()) {
                *sum += d;
            }
        }
    });
    Function {
        doc: format!(
            "`{}` delta: {} layers read `{0}`, so that its delta is the sum of those that they send back.\n\n{}",
            plan.value(step.output).name,
            count,
            formula(&format!("input_delta = {}", deltas.join(" + "))),
        ),
        arguments: (0..count)
            .map(Argument::AliasDelta)
            .chain([Argument::InputDelta])
            .collect(),
        body: quote!(*input_delta = *delta1; #(#others)*),
    }
}
