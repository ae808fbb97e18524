//! `adaptive_avg_pool2d`: forward, the mean of windows that divide the input as evenly as can be; backward, each value
//! of a window gets an equal share.

use super::axis::each_output;
use super::function::{Argument, Function, Functions};
use super::tokens::{formula, ident, number, scalar};
use crate::plan::{Plan, Step};
use cnn_spec::network::Dtype;
use cnn_spec::shape::Shape;
use proc_macro2::TokenStream;
use quote::quote;

/// The functions of an adaptive average pool.
pub fn functions(plan: &Plan, step: &Step) -> Functions {
    Functions {
        forward: Some(forward(plan, step)),
        backward_weights: None,
        backward_input: backward_input(plan, step),
    }
}

fn forward(plan: &Plan, step: &Step) -> Function {
    let window = window(plan, step);
    let window_text = window_text([step.input(), step.output].map(|id| &plan.value(id).shape));
    Function {
        doc: format!(
            "`{}` forward, {}: the mean of each window.\n\n{}",
            step.name,
            step.shapes(plan),
            formula(&format!(
                "output[c][y][x] = Σ input[c][row][column] / count\n    {window_text}"
            )),
        ),
        arguments: vec![Argument::Input, Argument::OutputMut],
        body: each_output(
            &plan.value(step.output).shape,
            &quote! {
                #window
                let mut sum = 0.0;
                for row in rows {
                    for value in &input[c][row][columns.clone()] {
                        sum += value;
                    }
                }
                output[c][y][x] = sum / count;
            },
        ),
    }
}

fn backward_input(plan: &Plan, step: &Step) -> Function {
    let window = window(plan, step);
    let shares = each_output(
        &plan.value(step.output).shape,
        &quote! {
            #window
            let share = delta[c][y][x] / count;
            for row in rows {
                for sum in &mut input_delta[c][row][columns.clone()] {
                    *sum += share;
                }
            }
        },
    );
    Function {
        doc: format!(
            "`{}` input delta: every value of a window gets an equal share of the window's delta; windows \
             may overlap.",
            step.name
        ),
        arguments: vec![Argument::Delta, Argument::InputDelta],
        body: quote!(input_delta.values_mut().fill(0.0); #shares),
    }
}

/// The statements that give the window at `y` and `x`, and how many values it has.
fn window(plan: &Plan, step: &Step) -> TokenStream {
    let shapes = [step.input(), step.output].map(|id| &plan.value(id).shape);
    window_of(shapes, plan.network.dtype)
}

/// The same for an input and an output of these shapes.
pub fn window_of(shapes: [&Shape; 2], dtype: Dtype) -> TokenStream {
    let scalar = scalar(dtype);
    let [rows, columns] = sizes(shapes);
    let (rows, columns) = (range("y", rows), range("x", columns));
    quote! {
        let rows = #rows;
        let columns = #columns;
        let count = (rows.len() * columns.len()) as #scalar;
    }
}

/// The windows' bounds as a formula.
pub fn window_text(shapes: [&Shape; 2]) -> String {
    let [[rows, height], [columns, width]] = sizes(shapes);
    format!(
        "over row from ⌊{height} y / {rows}⌋ to below ⌈{height} (y + 1) / {rows}⌉\n    \
         and column from ⌊{width} x / {columns}⌋ to below ⌈{width} (x + 1) / {columns}⌉"
    )
}

/// Of rows and of columns: how many go out, and how many come in.
fn sizes([input, output]: [&Shape; 2]) -> [[usize; 2]; 2] {
    [1, 2].map(|axis| [output.dims()[axis], input.dims()[axis]])
}

/// `y * 7 / 3..usize::div_ceil((y + 1) * 7, 3)`, without factors of one.
fn range(index: &str, [count, size]: [usize; 2]) -> TokenStream {
    let index = ident(index);
    let (count_token, size_token) = (number(count), number(size));
    let (start, end) = if size == 1 {
        (quote!(#index), quote!(#index + 1))
    } else {
        (
            quote!(#index * #size_token),
            quote!((#index + 1) * #size_token),
        )
    };
    if count == 1 {
        quote!(#start..#end)
    } else {
        quote!(#start / #count_token..usize::div_ceil(#end, #count_token))
    }
}
