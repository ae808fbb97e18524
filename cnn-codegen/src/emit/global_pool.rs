//! Global pooling: forward, each map becomes its mean or its largest value; backward, the delta is shared out, or goes
//! to where the largest was.

use super::function::{Argument, Function, Functions};
use super::tokens::{formula, loops, real, scalar};
use crate::plan::{Plan, Step};
use cnn_spec::layer::{GlobalPool, Reduction};
use proc_macro2::Literal;
use quote::quote;

/// The functions of a global pool.
pub fn functions(pool: GlobalPool, plan: &Plan, step: &Step) -> Functions {
    let (forward, backward_input) = match pool.reduction {
        Reduction::Mean => (mean_forward(plan, step), mean_backward(plan, step)),
        Reduction::Max => (max_forward(plan, step), max_backward(plan, step)),
    };
    Functions {
        forward: Some(forward),
        backward_weights: None,
        backward_input,
    }
}

/// Values in a map.
fn count(plan: &Plan, step: &Step) -> Literal {
    let maps = plan.value(step.input()).shape.dims();
    real((maps[1] * maps[2]) as f64, plan.network.dtype)
}

fn channels(plan: &Plan, step: &Step) -> usize {
    plan.value(step.output).shape.elements()
}

fn mean_forward(plan: &Plan, step: &Step) -> Function {
    let (scalar, count) = (scalar(plan.network.dtype), count(plan, step));
    Function {
        doc: format!(
            "`{}` forward, {}: each map becomes its mean.\n\n{}",
            step.name,
            step.shapes(plan),
            formula(&format!(
                "output[c] = Σ input[c][y][x] / {count}    over y, x"
            )),
        ),
        arguments: vec![Argument::Input, Argument::OutputMut],
        body: loops(
            &[("c", channels(plan, step))],
            &quote!(output[c] = input[c].values().iter().sum::<#scalar>() / #count;),
        ),
    }
}

fn mean_backward(plan: &Plan, step: &Step) -> Function {
    let count = count(plan, step);
    Function {
        doc: format!(
            "`{}` input delta: every value of a map gets an equal share of the map's delta.",
            step.name
        ),
        arguments: vec![Argument::Delta, Argument::InputDelta],
        body: loops(
            &[("c", channels(plan, step))],
            &quote!(input_delta[c].values_mut().fill(delta[c] / #count);),
        ),
    }
}

fn max_forward(plan: &Plan, step: &Step) -> Function {
    let scalar = scalar(plan.network.dtype);
    Function {
        doc: format!(
            "`{}` forward, {}: each map becomes its largest value.\n\n{}",
            step.name,
            step.shapes(plan),
            formula("output[c] = max input[c][y][x]    over y, x"),
        ),
        arguments: vec![Argument::Input, Argument::OutputMut],
        body: loops(
            &[("c", channels(plan, step))],
            &quote! {
                let values = input[c].values().iter().copied();
                output[c] = values.fold(#scalar::NEG_INFINITY, #scalar::max);
            },
        ),
    }
}

fn max_backward(plan: &Plan, step: &Step) -> Function {
    let routes = loops(
        &[("c", channels(plan, step))],
        &quote! {
            let argmax = input[c].values().iter().position(|z| *z == output[c]);
            if let Some(argmax) = argmax {
                input_delta[c].values_mut()[argmax] = delta[c];
            }
        },
    );
    Function {
        doc: format!(
            "`{}` input delta: the delta of each map goes to its argmax, the first position that holds \
             the largest value; the others get zero.",
            step.name
        ),
        arguments: vec![
            Argument::Input,
            Argument::Output,
            Argument::Delta,
            Argument::InputDelta,
        ],
        body: quote!(input_delta.values_mut().fill(0.0); #routes),
    }
}
