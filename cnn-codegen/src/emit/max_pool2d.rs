//! `max_pool2d`: forward, the largest value of each window; backward, the delta goes to where it was.

use super::axis::{Window, each_output};
use super::function::{Argument, Function, Functions};
use super::tokens::{formula, loops, number, scalar};
use crate::plan::{Plan, Step};
use cnn_spec::layer::{MaxPool2d, Pair};
use quote::quote;

/// The functions of a max pool.
pub fn functions(pool: &MaxPool2d, plan: &Plan, step: &Step) -> Functions {
    Functions {
        forward: forward(pool, plan, step),
        backward_weights: None,
        backward_input: backward_input(pool, plan, step),
    }
}

fn window(pool: &MaxPool2d) -> Window {
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

fn forward(pool: &MaxPool2d, plan: &Plan, step: &Step) -> Function {
    let scalar = scalar(plan.network.dtype);
    let [rows, columns] = window(pool).axes(&plan.value(step.input).shape);
    let (row, column) = (rows.index("y", "ky"), columns.index("x", "kx"));
    let (bind_row, bind_column) = (&row.binding, &column.binding);
    let in_row = loops(
        &[("kx", columns.taps)],
        &quote!(#bind_column largest = largest.max(input[c][#row][#column]);),
    );
    let in_window = loops(&[("ky", rows.taps)], &quote!(#bind_row #in_row));
    let Pair { height, width } = pool.kernel_size;
    Function {
        doc: format!(
            "`{}` forward, {}: the largest value of each {height}×{width} window.\n\n{}",
            step.name,
            step.shapes(plan),
            formula(&format!(
                "output[c][y][x] = max input[c][{}][{}]    over ky, kx",
                rows.formula("y", "ky"),
                columns.formula("x", "kx"),
            )),
        ),
        arguments: vec![Argument::Input, Argument::OutputMut],
        body: each_output(
            &plan.value(step.output).shape,
            &quote! {
                let mut largest = #scalar::NEG_INFINITY;
                #in_window
                output[c][y][x] = largest;
            },
        ),
    }
}

fn backward_input(pool: &MaxPool2d, plan: &Plan, step: &Step) -> Function {
    let [rows, columns] = window(pool).axes(&plan.value(step.input).shape);
    let (row, column) = (rows.index("y", "ky"), columns.index("x", "kx"));
    let (bind_row, bind_column) = (&row.binding, &column.binding);
    let in_row = loops(
        &[("kx", columns.taps)],
        &quote! {
            #bind_column
            if input[c][#row][#column] == output[c][y][x] {
                input_delta[c][#row][#column] += delta[c][y][x];
                continue 'window;
            }
        },
    );
    let in_window = loops(&[("ky", rows.taps)], &quote!(#bind_row #in_row));
    let output = plan.value(step.output).shape.dims();
    let width = number(output[2]);
    let routes = loops(
        &[("c", output[0]), ("y", output[1])],
        &quote!('window: for x in 0..#width { #in_window }),
    );
    Function {
        doc: format!(
            "`{}` input delta: the delta of each window goes to its argmax, the first position that holds the \
             largest value; the others had no part in the output and get zero.",
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
