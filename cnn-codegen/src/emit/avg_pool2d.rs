//! `avg_pool2d`: a convolution of each map with fixed, equal weights.

use super::axis::{Window, each_output, each_tap};
use super::function::{Argument, Function, Functions};
use super::tokens::{formula, real};
use crate::plan::{Plan, Step};
use cnn_spec::layer::{AvgPool2d, Pair};
use quote::quote;

/// The functions of an average pool.
pub fn functions(pool: &AvgPool2d, plan: &Plan, step: &Step) -> Functions {
    Functions {
        forward: Some(forward(pool, plan, step)),
        backward_weights: None,
        backward_input: backward_input(pool, plan, step),
    }
}

/// Values in a window, padding included.
fn count(pool: &AvgPool2d) -> usize {
    pool.window.kernel_size.height * pool.window.kernel_size.width
}

fn forward(pool: &AvgPool2d, plan: &Plan, step: &Step) -> Function {
    let count = real(count(pool) as f64, plan.network.dtype);
    let window = Window::of_pool(pool.window);
    let axes = window.axes(&plan.value(step.input()).shape);
    let taps = each_tap(axes, |row, column| quote!(sum += input[c][#row][#column];));
    let [row, column] = [axes[0].formula("y", "ky"), axes[1].formula("x", "kx")];
    let Pair { height, width } = pool.window.kernel_size;
    Function {
        doc: format!(
            "`{}` forward, {}: the mean of each {height}×{width} window, a convolution with fixed \
             weights.\n\n{}",
            step.name,
            step.shapes(plan),
            formula(&format!(
                "output[c][y][x] = Σ input[c][{row}][{column}] / {}    over ky, kx",
                height * width,
            )),
        ),
        arguments: vec![Argument::Input, Argument::OutputMut],
        body: each_output(
            &plan.value(step.output).shape,
            &quote! {
                let mut sum = 0.0;
                #taps
                output[c][y][x] = sum / #count;
            },
        ),
    }
}

fn backward_input(pool: &AvgPool2d, plan: &Plan, step: &Step) -> Function {
    let count = real(count(pool) as f64, plan.network.dtype);
    let window = Window::of_pool(pool.window);
    let taps = each_tap(
        window.axes(&plan.value(step.input()).shape),
        |row, column| quote!(input_delta[c][#row][#column] += share;),
    );
    let shares = each_output(
        &plan.value(step.output).shape,
        &quote!(let share = delta[c][y][x] / #count; #taps),
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
