//! `flatten` on lanes: the values of all maps, one after the other.

use super::function::{Argument, Function, flat_type, untiled};
use super::memory::Memory;
use crate::emit::tokens::loops;
use crate::plan::Plan;
use crate::plan::fuse::Group;
use quote::quote;

/// Copies the maps.
pub fn forward(plan: &Plan, group: &Group, memory: &Memory) -> Function {
    let (input, output) = (
        &plan.value(group.input).shape,
        &plan.value(group.output).shape,
    );
    Function {
        name: format!("{}_forward_lanes", group.name),
        doc: format!(
            "`{}` forward, {input} → {output}: the values of all maps, one after the other.",
            group.name
        ),
        sizes: &[],
        arguments: vec![
            Argument::shared("input", &flat_type(input), &memory.activation(group.input)),
            Argument::unique(
                "output",
                &flat_type(output),
                &memory.activation(group.output),
            ),
        ],
        body: loops(
            &[("i", input.elements())],
            &quote!(lanes::load(simd, &input[i]).store_array(&mut output[i]);),
        ),
        calls: untiled(),
    }
}

/// Copies the delta back.
pub fn backward(plan: &Plan, group: &Group, memory: &Memory) -> Function {
    let (input, output) = (
        &plan.value(group.source).shape,
        &plan.value(group.output).shape,
    );
    Function {
        name: format!("{}_backward_input_lanes", group.name),
        doc: format!("`{}` input delta: the delta, as maps again.", group.name),
        sizes: &[],
        arguments: vec![
            Argument::shared("delta", &flat_type(output), &memory.delta(group.output)),
            Argument::unique(
                "input_delta",
                &flat_type(input),
                &memory.delta(group.source),
            ),
        ],
        body: loops(
            &[("i", input.elements())],
            &quote!(lanes::load(simd, &delta[i]).store_array(&mut input_delta[i]);),
        ),
        calls: untiled(),
    }
}
