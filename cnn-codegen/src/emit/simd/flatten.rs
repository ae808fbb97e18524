//! `flatten` on lanes: the values of all maps, one after the other.

use super::function::{Argument, Function, flat, flat_mut, lanes_type, untiled};
use super::memory::Memory;
use crate::plan::Plan;
use crate::plan::fuse::Group;
use quote::quote;

/// Copies the maps.
pub fn forward(plan: &Plan, group: &Group, memory: &Memory) -> Function {
    let (input, output) = (
        &plan.value(group.input).shape,
        &plan.value(group.output).shape,
    );
    let flat = flat(input);
    Function {
        name: format!("{}_forward_lanes", group.name),
        doc: format!(
            "`{}` forward, {input} → {output}: the values of all maps, one after the other.",
            group.name
        ),
        sizes: &[],
        arguments: vec![
            Argument::shared("input", &lanes_type(input), &memory.activation(group.input)),
            Argument::unique(
                "output",
                &lanes_type(output),
                &memory.activation(group.output),
            ),
        ],
        body: quote! {
            for (place, value) in output.iter_mut().zip(input #flat) {
                lanes::load(simd, value).store_array(place);
            }
        },
        calls: untiled(),
    }
}

/// Copies the delta back.
pub fn backward(plan: &Plan, group: &Group, memory: &Memory) -> Function {
    let (input, output) = (
        &plan.value(group.source).shape,
        &plan.value(group.output).shape,
    );
    let flat_mut = flat_mut(input);
    Function {
        name: format!("{}_backward_input_lanes", group.name),
        doc: format!("`{}` input delta: the delta, as maps again.", group.name),
        sizes: &[],
        arguments: vec![
            Argument::shared("delta", &lanes_type(output), &memory.delta(group.output)),
            Argument::unique(
                "input_delta",
                &lanes_type(input),
                &memory.delta(group.source),
            ),
        ],
        body: quote! {
            for (value, place) in delta.iter().zip(input_delta #flat_mut) {
                lanes::load(simd, value).store_array(place);
            }
        },
        calls: untiled(),
    }
}
