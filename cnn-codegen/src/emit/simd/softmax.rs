//! `softmax` on lanes: logits become probabilities.

use super::function::{Argument, Function, lanes_type, untiled};
use super::memory::Memory;
use crate::emit::tokens::formula;
use crate::plan::Plan;
use crate::plan::fuse::Group;
use quote::quote;

/// Powers of the logits, divided by their sum.
pub fn forward(plan: &Plan, group: &Group, memory: &Memory) -> Function {
    let shape = &plan.value(group.output).shape;
    let array = lanes_type(shape);
    Function {
        name: format!("{}_forward_lanes", group.name),
        doc: format!(
            "`{}` forward, {shape}: logits become probabilities. The largest logit is subtracted first, which changes \
             nothing but keeps every power at most one.\n\n{}",
            group.name,
            formula("output[j] = e^input[j] / Σ e^input[k]    over k"),
        ),
        sizes: &[],
        arguments: vec![
            Argument::shared("input", &array, &memory.activation(group.input)),
            Argument::unique("output", &array, &memory.activation(group.output)),
        ],
        body: quote! {
            let mut largest = lanes::splat(simd, f32::NEG_INFINITY);
                for z in input {
                    largest = largest.max(lanes::load(simd, z));
                }
                let mut sum = lanes::splat(simd, 0.0);
                for (p, z) in output.iter_mut().zip(input) {
                    let power = lanes::exp(simd, lanes::load(simd, z) - largest);
                    sum += power;
                    power.store_array(p);
                }
                for p in output.iter_mut() {
                    (lanes::load(simd, p) / sum).store_array(p);
                }
        },
        calls: untiled(),
    }
}

/// From the delta of the probabilities to that of the logits.
pub fn backward(plan: &Plan, group: &Group, memory: &Memory) -> Function {
    let array = lanes_type(&plan.value(group.output).shape);
    Function {
        name: format!("{}_backward_input_lanes", group.name),
        doc: format!(
            "`{}` input delta: raising one logit raises its probability and lowers the others.\n\n{}",
            group.name,
            formula(
                "input_delta[j] = p[j] · (delta[j] − Σ p[k] · delta[k])    over k, where p is the output"
            ),
        ),
        sizes: &[],
        arguments: vec![
            Argument::shared("output", &array, &memory.activation(group.output)),
            Argument::shared("delta", &array, &memory.delta(group.output)),
            Argument::unique("input_delta", &array, &memory.delta(group.source)),
        ],
        body: quote! {
            let mut mean = lanes::splat(simd, 0.0);
                for (p, d) in output.iter().zip(delta) {
                    mean = lanes::load(simd, p).mul_add(lanes::load(simd, d), mean);
                }
                let pairs = output.iter().zip(delta);
                for ((p, d), input_delta) in pairs.zip(input_delta.iter_mut()) {
                    let change = lanes::load(simd, p) * (lanes::load(simd, d) - mean);
                    change.store_array(input_delta);
                }
        },
        calls: untiled(),
    }
}
