//! `upsample2d`: forward, every value becomes a block of itself; backward, it gets the sum of the block's deltas.

use super::axis::each_output;
use super::function::{Argument, Function, Functions};
use super::tokens::{formula, ident, number};
use crate::plan::{Plan, Step};
use cnn_spec::layer::{Pair, Upsample2d};
use proc_macro2::TokenStream;
use quote::quote;

/// The functions of an upsampling.
pub fn functions(upsample: Upsample2d, plan: &Plan, step: &Step) -> Functions {
    Functions {
        forward: Some(forward(upsample, plan, step)),
        backward_weights: None,
        backward_input: backward_input(upsample, plan, step),
    }
}

fn forward(upsample: Upsample2d, plan: &Plan, step: &Step) -> Function {
    let Pair { height, width } = upsample.scale_factor;
    let source = source(upsample);
    Function {
        doc: format!(
            "`{}` forward, {}: every value becomes a block of {height}×{width}.\n\n{}",
            step.name,
            step.shapes(plan),
            formula(&format!(
                "output[c][y][x] = input[c][⌊y / {height}⌋][⌊x / {width}⌋]"
            )),
        ),
        arguments: vec![Argument::Input, Argument::OutputMut],
        body: each_output(
            &plan.value(step.output).shape,
            &quote!(output[c][y][x] = input #source;),
        ),
    }
}

fn backward_input(upsample: Upsample2d, plan: &Plan, step: &Step) -> Function {
    let source = source(upsample);
    let sums = each_output(
        &plan.value(step.output).shape,
        &quote!(input_delta #source += delta[c][y][x];),
    );
    Function {
        doc: format!(
            "`{}` input delta: every value gets the sum of the deltas of its block.",
            step.name
        ),
        arguments: vec![Argument::Delta, Argument::InputDelta],
        body: quote!(input_delta.values_mut().fill(0.0); #sums),
    }
}

/// Where the value at `[c][y][x]` comes from: `[c][y / 2][x / 2]`.
fn source(upsample: Upsample2d) -> TokenStream {
    let Pair { height, width } = upsample.scale_factor;
    let (row, column) = (divided("y", height), divided("x", width));
    quote!([c][#row][#column])
}

fn divided(index: &str, factor: usize) -> TokenStream {
    let index = ident(index);
    if factor == 1 {
        return quote!(#index);
    }
    let factor = number(factor);
    quote!(#index / #factor)
}
