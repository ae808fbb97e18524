//! `impl Profiled`: a training step with a lap of the stopwatch after each kernel.

use super::Functions;
use super::function::Function;
use super::loss;
use super::memory::Memory;
use super::model::{self, Partners};
use crate::emit::loss::judges;
use crate::emit::tokens::{ident, mentions, number};
use crate::plan::fuse::Group;
use crate::plan::{Plan, ValueId};
use cnn_spec::network::Layer;
use cnn_spec::shape::Shape;
use proc_macro2::{Literal, TokenStream};
use quote::quote;

/// One kernel of a step.
struct Kernel {
    name: String,
    multiply_adds: u64,
    bytes: usize,
    /// The statement that calls it.
    call: TokenStream,
}

/// The implementation for groups and their functions.
pub fn implementation(
    plan: &Plan,
    groups: &[Group],
    memory: &Memory,
    functions: &[Functions],
) -> TokenStream {
    let name = ident(&plan.network.name);
    let (kernels, finish) = (
        kernels(plan, groups, functions, memory),
        finish(plan, groups, functions),
    );
    let clear = model::clear(groups, memory);
    let rows = kernels.iter().chain(&finish).map(|kernel| {
        let (name, bytes) = (&kernel.name, number(kernel.bytes));
        let multiply_adds = Literal::u64_unsuffixed(kernel.multiply_adds);
        quote! {
            cnn_runtime::profile::Kernel {
                name: #name,
                multiply_adds: #multiply_adds,
                bytes: #bytes,
            }
        }
    });
    let mut calls = kernels
        .iter()
        .chain(&finish)
        .enumerate()
        .map(|(index, kernel)| {
            let (call, index) = (&kernel.call, number(index));
            quote!(#call laps.lap(#index);)
        });
    let in_block: TokenStream = calls.by_ref().take(kernels.len()).collect();
    let is_training = mentions(&in_block, "is_training").then(|| quote!(let is_training = true;));
    let blocks = model::each_block(plan, &Partners::Targets, &in_block);
    let at_the_end: TokenStream = calls.collect();
    quote! {
        impl cnn_runtime::profile::Profiled for #name {
            const KERNELS: &'static [cnn_runtime::profile::Kernel] = &[#(#rows),*];

            fn profile(
                parameters: &Parameters,
                inputs: &[Input],
                targets: &[Target],
                workspace: &mut Workspace,
                gradients: &mut Parameters,
                laps: &mut cnn_runtime::profile::Laps
            ) {
                fn step<S: Lanes>(
                    simd: S,
                    parameters: &Parameters,
                    inputs: &[Input],
                    targets: &[Target],
                    workspace: &mut Workspace,
                    gradients: &mut Parameters,
                    laps: &mut cnn_runtime::profile::Laps
                ) {
                    let batch_size = inputs.len();
                    let (activations, deltas) = (&mut workspace.activations, &mut workspace.deltas);
                    #clear
                    #is_training
                    #blocks
                    #at_the_end
                }
                lanes::dispatch!(lanes::level(), simd => step(
                    simd, parameters, inputs, targets, workspace, gradients, laps
                ));
            }
        }
    }
}

/// All kernels, in the order in which a step calls them.
fn kernels(plan: &Plan, groups: &[Group], functions: &[Functions], memory: &Memory) -> Vec<Kernel> {
    let other = |name: &str, values: &[ValueId], call| Kernel {
        name: name.to_owned(),
        multiply_adds: 0,
        bytes: bytes(plan, values, None),
        call,
    };
    let mut kernels = vec![other(
        "load_lanes",
        &[ValueId::INPUT, ValueId::INPUT],
        quote!(load_lanes(simd, inputs, lanes::view_mut(&mut activations.input));),
    )];
    let layers = || groups.iter().zip(functions);
    let forward =
        layers().filter_map(|(group, functions)| Some((group, functions.forward.as_ref()?)));
    kernels.extend(forward.map(|(group, function)| of_group(plan, group, function)));
    kernels.extend(judges(plan).map(|judge| {
        let call = loss::block(judge, memory);
        let name = judge.function("loss_lanes").to_string();
        other(&name, &[judge.head().scores], quote!(#call;))
    }));
    kernels.extend(judges(plan).map(|judge| {
        let scores = judge.head().scores;
        let call = loss::delta(judge, memory, &quote!(batch_size));
        let name = judge.function("loss_backward_lanes").to_string();
        other(&name, &[scores, scores], call)
    }));
    kernels.extend(layers().rev().flat_map(|(group, functions)| {
        functions
            .backward
            .iter()
            .map(|function| of_group(plan, group, function))
    }));
    kernels
}

/// What comes after the last block.
fn finish(plan: &Plan, groups: &[Group], functions: &[Functions]) -> Vec<Kernel> {
    let layers = groups.iter().zip(functions);
    let finish = layers.filter_map(|(group, functions)| Some((group, functions.finish.as_ref()?)));
    finish
        .map(|(group, function)| of_group(plan, group, function))
        .collect()
}

fn of_group(plan: &Plan, group: &Group, function: &Function) -> Kernel {
    // Going through an activation or a pool, and adding up lanes, multiplies by nothing that was learnt.
    let adds = ["_backward_output", "_finish"];
    let learns = !adds.iter().any(|part| function.name.contains(part));
    let layer = plan
        .network
        .layers
        .iter()
        .find(|layer| learns && layer.name == group.layer && !layer.parameters.is_empty());
    let multiply_adds = |layer: &Layer| {
        layer
            .kind
            .multiply_adds(layer.input_shape(), &layer.output_shape)
    };
    // Weight gradient and input delta in one.
    let gradients = if function.name == format!("{}_backward_lanes", group.layer) {
        2
    } else {
        1
    };
    Kernel {
        name: function.name.clone(),
        multiply_adds: gradients * layer.map_or(0, multiply_adds),
        bytes: bytes(plan, &[group.input, group.output], layer),
        call: function.call(),
    }
}

/// The bytes of some values of one sample, and of what a layer learns.
fn bytes(plan: &Plan, values: &[ValueId], layer: Option<&Layer>) -> usize {
    let parameters = layer.iter().flat_map(|layer| &layer.parameters);
    let parameters = parameters.map(|parameter| &parameter.shape);
    let shapes = parameters.chain(values.iter().map(|&id| &plan.value(id).shape));
    shapes.map(Shape::elements).sum::<usize>() * plan.network.dtype.bytes()
}
