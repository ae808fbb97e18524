//! `avg_pool2d`: a convolution of each map with fixed, equal weights.

use super::axis::{Window, each_output};
use super::function::{Argument, Function, Functions};
use super::tokens::{formula, loops, real};
use crate::plan::{Plan, Step};
use cnn_spec::layer::{AvgPool2d, Pair};
use proc_macro2::TokenStream;
use quote::quote;

/// The functions of an average pool.
pub fn functions(pool: &AvgPool2d, plan: &Plan, step: &Step) -> Functions {
    Functions {
        forward: forward(pool, plan, step),
        backward_weights: None,
        backward_input: backward_input(pool, plan, step),
    }
}

fn window(pool: &AvgPool2d) -> Window {
    Window {
        kernel_size: pool.kernel_size,
        stride: pool.stride,
        dilation: Pair {
            height: 1,
            width: 1,
        },
        padding: pool.padding,
    }
}

/// Values in a window, padding included.
fn count(pool: &AvgPool2d, plan: &Plan) -> TokenStream {
    let count = pool.kernel_size.height * pool.kernel_size.width;
    let count = real(count as f64, plan.network.dtype);
    quote!(#count)
}

fn forward(pool: &AvgPool2d, plan: &Plan, step: &Step) -> Function {
    let count = count(pool, plan);
    let [rows, columns] = window(pool).axes(&plan.value(step.input).shape);
    let (row, column) = (rows.index("y", "ky"), columns.index("x", "kx"));
    let (bind_row, bind_column) = (&row.binding, &column.binding);
    let in_row = loops(
        &[("kx", columns.taps)],
        &quote!(#bind_column sum += input[c][#row][#column];),
    );
    let in_window = loops(&[("ky", rows.taps)], &quote!(#bind_row #in_row));
    let Pair { height, width } = pool.kernel_size;
    Function {
        doc: format!(
            "`{}` forward, {}: the mean of each {height}×{width} window, a convolution with fixed \
             weights.\n\n{}",
            step.name,
            step.shapes(plan),
            formula(&format!(
                "output[c][y][x] = Σ input[c][{}][{}] / {}    over ky, kx",
                rows.formula("y", "ky"),
                columns.formula("x", "kx"),
                height * width,
            )),
        ),
        arguments: vec![Argument::Input, Argument::OutputMut],
        body: each_output(
            &plan.value(step.output).shape,
            &quote! {
                let mut sum = 0.0;
                #in_window
                output[c][y][x] = sum / #count;
            },
        ),
    }
}

fn backward_input(pool: &AvgPool2d, plan: &Plan, step: &Step) -> Function {
    let count = count(pool, plan);
    let [rows, columns] = window(pool).axes(&plan.value(step.input).shape);
    let (row, column) = (rows.index("y", "ky"), columns.index("x", "kx"));
    let (bind_row, bind_column) = (&row.binding, &column.binding);
    let in_row = loops(
        &[("kx", columns.taps)],
        &quote!(#bind_column input_delta[c][#row][#column] += share;),
    );
    let in_window = loops(&[("ky", rows.taps)], &quote!(#bind_row #in_row));
    let shares = each_output(
        &plan.value(step.output).shape,
        &quote!(let share = delta[c][y][x] / #count; #in_window),
    );
    Function {
        doc: format!(
            "`{}` input delta: every value of a window gets an equal share of the window's delta.",
            step.name
        ),
        arguments: vec![Argument::Delta, Argument::InputDelta],
        body: quote!(input_delta.values_mut().fill(0.0); #shares),
    }
}
