//! Zeros around feature maps, so that a convolution's window never leaves its input.

use super::function::{Argument, Function, Functions};
use super::tokens::{loops, number};
use crate::plan::{Plan, Step};
use cnn_spec::layer::Padding;
use proc_macro2::TokenStream;
use quote::quote;

/// The functions of a padding step.
pub fn functions(padding: Padding, plan: &Plan, step: &Step) -> Functions {
    Functions {
        forward: Some(forward(padding, plan, step)),
        backward_weights: None,
        backward_input: backward_input(padding, plan, step),
    }
}

fn forward(padding: Padding, plan: &Plan, step: &Step) -> Function {
    let inner = inner(padding, plan, step);
    let copies = each_row(
        plan,
        step,
        &quote!(output #inner.copy_from_slice(&input[c][y]);),
    );
    Function {
        doc: format!(
            "`{}` forward, {}: the input with a border of zeros.",
            step.name,
            step.shapes(plan)
        ),
        arguments: vec![Argument::Input, Argument::OutputMut],
        body: quote!(output.values_mut().fill(0.0); #copies),
    }
}

fn backward_input(padding: Padding, plan: &Plan, step: &Step) -> Function {
    let inner = inner(padding, plan, step);
    let copies = each_row(
        plan,
        step,
        &quote!(input_delta[c][y].copy_from_slice(&delta #inner);),
    );
    Function {
        doc: format!("`{}` input delta: the delta without its border.", step.name),
        arguments: vec![Argument::Delta, Argument::InputDelta],
        body: copies,
    }
}

fn each_row(plan: &Plan, step: &Step, body: &TokenStream) -> TokenStream {
    let input = plan.value(step.input()).shape.dims();
    loops(&[("c", input[0]), ("y", input[1])], body)
}

/// The row of the padded maps that holds `input[c][y]`: `[c][y + 2][2..30]`.
fn inner(padding: Padding, plan: &Plan, step: &Step) -> TokenStream {
    let width = plan.value(step.input()).shape.dims()[2];
    let (first, end) = (number(padding.left), number(padding.left + width));
    let row = match padding.top {
        0 => quote!(y),
        top => {
            let top = number(top);
            quote!(y + #top)
        }
    };
    quote!([c][#row][#first..#end])
}
