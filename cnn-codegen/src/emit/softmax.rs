//! `softmax`: logits become probabilities.

use super::function::{Argument, Function, Functions};
use super::tokens::{formula, scalar};
use crate::plan::{Plan, Step};
use quote::quote;

/// The functions of a softmax.
pub fn functions(plan: &Plan, step: &Step) -> Functions {
    let scalar = scalar(plan.network.dtype);
    let forward = Function {
        doc: format!(
            "`{}` forward, {}: logits become probabilities. The largest logit is subtracted \
             first, which changes nothing but keeps every power at most one.\n\n{}",
            step.name,
            step.shapes(plan),
            formula("output[j] = e^input[j] / Σ e^input[k]    over k"),
        ),
        arguments: vec![Argument::Input, Argument::OutputMut],
        body: quote! {
            let largest = input.iter().copied().fold(#scalar::NEG_INFINITY, #scalar::max);
            let mut sum = 0.0;
            for (p, z) in output.iter_mut().zip(input) {
                *p = cnn_runtime::math::exp(z - largest);
                sum += *p;
            }
            for p in output {
                *p /= sum;
            }
        },
    };
    let backward_input = Function {
        doc: format!(
            "`{}` input delta: raising one logit raises its probability and lowers the others.\n\n{}",
            step.name,
            formula(
                "input_delta[j] = p[j] · (delta[j] − Σ p[k] · delta[k])    over k, where p is the output"
            ),
        ),
        arguments: vec![Argument::Output, Argument::Delta, Argument::InputDelta],
        body: quote! {
            let mut mean = 0.0;
            for (p, d) in output.iter().zip(delta) {
                mean += p * d;
            }
            for (j, sum) in input_delta.iter_mut().enumerate() {
                *sum = output[j] * (delta[j] - mean);
            }
        },
    };
    Functions {
        forward: Some(forward),
        backward_weights: None,
        backward_input,
    }
}
