//! `dense`: a matrix times a vector; backward, an outer product for the weights and the transposed matrix
//! for the input.

use super::function::{Argument, Function, Functions, parameters_pattern};
use super::tokens::{formula, loops, number};
use crate::plan::{Plan, Step};
use cnn_spec::layer::Dense;
use quote::quote;

/// The functions of a dense layer.
pub fn functions(dense: &Dense, plan: &Plan, step: &Step) -> Functions {
    Functions {
        forward: Some(forward(dense, plan, step)),
        backward_weights: Some(backward_weights(dense, plan, step)),
        backward_input: backward_input(dense, step),
    }
}

fn forward(dense: &Dense, plan: &Plan, step: &Step) -> Function {
    let pattern = parameters_pattern(plan, &step.name);
    let bias = if dense.bias {
        quote!(bias[o])
    } else {
        quote!(0.0)
    };
    let outputs = loops(
        &[("o", dense.out_features)],
        &quote! {
            let mut sum = #bias;
            for (w, value) in weight[o].iter().zip(values) {
                sum += w * value;
            }
            output[o] = sum;
        },
    );
    let bias = if dense.bias { "bias[o] + " } else { "" };
    Function {
        doc: format!(
            "`{}` forward, {}: each output is a weighted sum of every input.\n\n{}",
            step.name,
            step.shapes(plan),
            formula(&format!(
                "output[o] = {bias}Σ weight[o][i] · input[i]    over i"
            )),
        ),
        arguments: vec![Argument::Parameters, Argument::Input, Argument::OutputMut],
        body: quote!(let #pattern = parameters; let values = input.values(); #outputs),
    }
}

fn backward_weights(dense: &Dense, plan: &Plan, step: &Step) -> Function {
    let pattern = parameters_pattern(plan, &step.name);
    let bias = if dense.bias {
        quote!(bias[o] += delta[o];)
    } else {
        quote!()
    };
    let outputs = loops(
        &[("o", dense.out_features)],
        &quote! {
            for (w, value) in weight[o].iter_mut().zip(values) {
                *w += delta[o] * value;
            }
            #bias
        },
    );
    let bias = if dense.bias {
        "\n∂loss/∂bias[o] = delta[o]"
    } else {
        ""
    };
    Function {
        doc: format!(
            "`{}` weight gradient: the outer product of delta and input. It is added to \
             `gradients`.\n\n{}",
            step.name,
            formula(&format!("∂loss/∂weight[o][i] = delta[o] · input[i]{bias}")),
        ),
        arguments: vec![Argument::Input, Argument::Delta, Argument::Gradients],
        body: quote!(let #pattern = gradients; let values = input.values(); #outputs),
    }
}

fn backward_input(dense: &Dense, step: &Step) -> Function {
    let outputs = number(dense.out_features);
    Function {
        doc: format!(
            "`{}` input delta: the transposed weights times the delta.\n\n{}",
            step.name,
            formula("input_delta[i] = Σ weight[o][i] · delta[o]    over o"),
        ),
        arguments: vec![Argument::Parameters, Argument::Delta, Argument::InputDelta],
        body: quote! {
            let weight = &parameters.weight;
            let sums = input_delta.values_mut();
            sums.fill(0.0);
            for o in 0..#outputs {
                for (sum, w) in sums.iter_mut().zip(&weight[o]) {
                    *sum += w * delta[o];
                }
            }
        },
    }
}
