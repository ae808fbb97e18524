//! `max_pool2d`: forward, the largest value of each window; backward, the delta goes to where it was.

use super::axis::{Window, each_output, each_tap};
use super::function::{Argument, Function, Functions};
use super::tokens::{formula, loops, number, scalar};
use crate::plan::{Plan, Step};
use cnn_spec::layer::{MaxPool2d, Pair};
use quote::quote;

/// The functions of a max pool.
pub fn functions(pool: &MaxPool2d, plan: &Plan, step: &Step) -> Functions {
    Functions {
        forward: Some(forward(pool, plan, step)),
        backward_weights: None,
        backward_input: backward_input(pool, plan, step),
    }
}

fn forward(pool: &MaxPool2d, plan: &Plan, step: &Step) -> Function {
    let scalar = scalar(plan.network.dtype);
    let window = Window::of_pool(pool.window);
    let axes = window.axes(&plan.value(step.input()).shape);
    let taps = each_tap(
        axes,
        |row, column| quote!(largest = largest.max(input[c][#row][#column]);),
    );
    let [row, column] = [axes[0].formula("y", "ky"), axes[1].formula("x", "kx")];
    let Pair { height, width } = pool.window.kernel_size;
    Function {
        doc: format!(
            "`{}` forward, {}: the largest value of each {height}×{width} window.\n\n{}",
            step.name,
            step.shapes(plan),
            formula(&format!(
                "output[c][y][x] = max input[c][{row}][{column}]    over ky, kx"
            )),
        ),
        arguments: vec![Argument::Input, Argument::OutputMut],
        body: each_output(
            &plan.value(step.output).shape,
            &quote! {
                let mut largest = #scalar::NEG_INFINITY;
                #taps
                output[c][y][x] = largest;
            },
        ),
    }
}

fn backward_input(pool: &MaxPool2d, plan: &Plan, step: &Step) -> Function {
    let window = Window::of_pool(pool.window);
    let taps = each_tap(
        window.axes(&plan.value(step.input()).shape),
        |row, column| {
            quote! {
                if input[c][#row][#column] == output[c][y][x] {
                    input_delta[c][#row][#column] += delta[c][y][x];
                    continue 'window;
                }
            }
        },
    );
    let output = plan.value(step.output).shape.dims();
    let width = number(output[2]);
    let routes = loops(
        &[("c", output[0]), ("y", output[1])],
        &quote!('window: for x in 0..#width { #taps }),
    );
    Function {
        doc: format!(
            "`{}` input delta: the delta of each window goes to its argmax, the first position that \
             holds the largest value; the others had no part in the output and get zero.",
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
