//! The memory of a block, and the passes over it.

use super::function::{Function, flat_type, sum};
use super::memory::{Field, Memory};
use super::{Functions, Trained};
use super::{loss, phases};
use crate::emit::phases::Phases;
use crate::emit::tokens::{doc, ident, loops, number, used_in};
use crate::plan::fuse::{self, Group, Kernel};
use crate::plan::{Plan, ValueId};
use cnn_spec::shape::Shape;
use proc_macro2::TokenStream;
use quote::quote;

/// The fewest samples of a block.
const LEAST_LANES: usize = 4;

/// `LaneActivations`, `LaneDeltas` and `Workspace`.
pub fn workspace(trained: &Trained) -> TokenStream {
    let Trained {
        plan,
        groups,
        memory,
        ..
    } = trained;
    let mut activations = vec![memory.value(ValueId::INPUT)];
    let mut deltas = memory.buffers();
    let mut weight_sums = Vec::new();
    for group in groups {
        if !matches!(group.kernel, Kernel::Fork) {
            activations.push(memory.value(group.output));
        }
        activations.extend(memory.argmax(group));
        deltas.extend(memory.sums(group).filter(|_| memory.keeps_zeros(group)));
        if matches!(group.kernel, Kernel::Conv2d { .. }) {
            weight_sums.push(memory.weight_sums(group));
        }
    }
    let waiting = plan.waiting();
    if waiting.is_none() {
        deltas.append(&mut weight_sums);
    }
    if fuse::after_scores(plan).is_some() {
        activations.push(memory.value(plan.output));
    }
    let activations = lanes_struct(
        "LaneActivations",
        "What each group of layers puts out for a block of samples.",
        &activations,
    );
    let deltas = lanes_struct(
        "LaneDeltas",
        "The loss's gradients with respect to what is put out, for a block of samples, and what they are computed with.",
        &deltas,
    );
    let [batches, batches_name] = Phases::of(plan).map_or([None, None], |phases| phases.batches());
    if let Some(samples) = waiting {
        let blocks = number(samples.div_ceil(LEAST_LANES));
        let weight_sums = lanes_struct(
            "WeightSums",
            "The gradients of weights, for each lane.",
            &weight_sums,
        );
        return quote! {
            #activations
            #deltas
            #weight_sums

            /// Activations and deltas of a block of samples.
            #[derive(Clone, Debug, PartialEq)]
            pub struct Block {
                /// Written by the forward pass.
                pub activations: LaneActivations,
                /// Written by the backward pass.
                pub deltas: LaneDeltas,
            }

            cnn_runtime::zeroed! { Block { activations, deltas } }

            /// What it takes to train: the blocks of a batch, which wait for each other. Where vectors are
            /// longer than four lanes, the first ones are enough.
            #[derive(Clone, Debug, PartialEq)]
            pub struct Workspace {
                /// A place for each.
                pub blocks: [Block; #blocks],
                /// What is added up over all of them.
                pub weight_sums: WeightSums,
                /// What the batch norms know of them.
                pub statistics: Statistics,
                #batches
            }

            cnn_runtime::zeroed! { Workspace { blocks, weight_sums, statistics #batches_name } }
        };
    }
    quote! {
        #activations
        #deltas

        /// What it takes to train: activations and deltas of a block of samples.
        #[derive(Clone, Debug, PartialEq)]
        pub struct Workspace {
            /// Written by the forward pass.
            pub activations: LaneActivations,
            /// Written by the backward pass.
            pub deltas: LaneDeltas,
            #batches
        }

        cnn_runtime::zeroed! { Workspace { activations, deltas #batches_name } }
    }
}

fn lanes_struct(name: &str, about: &str, fields: &[Field]) -> TokenStream {
    let (name, about) = (ident(name), doc(about));
    let names: Vec<_> = fields.iter().map(|field| ident(&field.name)).collect();
    let docs = fields.iter().map(|field| doc(&field.doc));
    let types = fields.iter().map(Field::room);
    quote! {
        #about
        #[derive(Clone, Debug, PartialEq)]
        pub struct #name {
            #(#docs pub #names: #types,)*
        }

        cnn_runtime::zeroed! { #name { #(#names),* } }
    }
}

/// `load_lanes`, `backward_lanes` and what goes over all blocks of a batch.
pub fn passes(trained: &Trained, last: Option<&Function>) -> TokenStream {
    let Trained { plan, memory, .. } = trained;
    let (load, outputs) = (load(plan, memory), outputs(plan, last));
    let evaluation = evaluation(plan, memory);
    let training = match Phases::of(plan) {
        Some(phases) => phases::items(trained, &phases),
        None => training(trained),
    };
    quote!(#load #training #evaluation #outputs)
}

/// `forward_lanes`, and `forward_auxiliary_lanes` where other outputs are judged, too.
pub fn forward(plan: &Plan, groups: &[Group], functions: &[Functions]) -> TokenStream {
    let calls = |is_for_output: bool| -> TokenStream {
        groups
            .iter()
            .zip(functions)
            .filter(|(group, _)| group.purpose.output == is_for_output)
            .filter_map(|(_, functions)| Some(functions.forward.as_ref()?.call()))
            .collect()
    };
    let forward = calls(true);
    let [parameters, next, is_training] =
        ["parameters", "next", "is_training"].map(|name| used_in(&forward, name));
    let auxiliary = plan.has_auxiliaries().then(|| auxiliary(&calls(false)));
    quote! {
        /// The forward pass of a block, layer by layer, after `load_lanes`. The samples of the block
        /// after it are brought near meanwhile; in training, what only the backward pass needs is
        /// kept.
        pub fn forward_lanes<S: Lanes>(
            simd: S,
            #parameters: &Parameters,
            #next: &[f32],
            #is_training: bool,
            activations: &mut LaneActivations
        ) {
            #forward
        }

        #auxiliary
    }
}

/// `forward_auxiliary_lanes`.
fn auxiliary(calls: &TokenStream) -> TokenStream {
    let [parameters, is_training] = ["parameters", "is_training"].map(|name| used_in(calls, name));
    quote! {
        /// The rest of it, after `forward_lanes`: what only training has a use for.
        pub fn forward_auxiliary_lanes<S: Lanes>(
            simd: S,
            #parameters: &Parameters,
            #is_training: bool,
            activations: &mut LaneActivations
        ) {
            #calls
        }
    }
}

/// The calls of both.
fn whole_forward(plan: &Plan, is_training: bool) -> TokenStream {
    let auxiliary = plan
        .has_auxiliaries()
        .then(|| quote!(forward_auxiliary_lanes(simd, parameters, #is_training, activations);));
    quote! {
        load_lanes(simd, inputs, lanes::view_mut(&mut activations.input));
        forward_lanes(simd, parameters, next, #is_training, activations);
        #auxiliary
    }
}

/// `load_lanes`.
fn load(plan: &Plan, memory: &Memory) -> TokenStream {
    let input = &plan.value(ValueId::INPUT).shape;
    let input_array = if memory.is_padded(ValueId::INPUT) {
        memory.array(ValueId::INPUT)
    } else {
        flat_type(input)
    };
    let gather = gather(input, memory);
    quote! {
        /// Puts the samples of a block side by side.
        #[allow(clippy::needless_range_loop)]
        pub fn load_lanes<S: Lanes>(simd: S, inputs: &[Input], block: &mut #input_array) {
            simd.vectorize(#[inline(always)] || {
                let mut samples: [&[f32]; lanes::MOST] = [&[]; lanes::MOST];
                for (sample, input) in samples.iter_mut().zip(inputs) {
                    *sample = input.values();
                }
                let samples = &samples[..inputs.len()];
                #gather
            });
        }
    }
}

/// `backward_lanes` and `gradients_lanes`.
fn training(trained: &Trained) -> TokenStream {
    let Trained {
        plan,
        groups,
        memory,
        functions,
    } = trained;
    let backward: TokenStream = functions
        .iter()
        .rev()
        .flat_map(|functions| functions.backward.iter().map(Function::call))
        .collect();
    let [parameters, activations, gradients] =
        ["parameters", "activations", "gradients"].map(|name| used_in(&backward, name));
    let clear = clear(groups, memory);
    let finish = functions
        .iter()
        .filter_map(|functions| functions.finish.as_ref());
    let finish: TokenStream = finish.map(Function::call).collect();
    let (forward, add) = (whole_forward(plan, true), loss::add(plan, memory));
    let deltas = loss::deltas(plan, memory, &quote!(batch_size));
    let about = if plan.heads.len() > 1 {
        doc(
            "The backward pass of a block, after the losses have set the deltas of what they judge: deltas go back from \
             layer to layer, and each layer's gradients are added to `gradients`.",
        )
    } else {
        quote! {
            /// The backward pass of a block, after `forward_lanes` and `loss_backward_lanes`: deltas go
            /// back from layer to layer, and each layer's gradients are added to `gradients`.
        }
    };
    let train = each_block(
        plan,
        &Partners::Targets,
        &quote! {
            #forward
            #add
            #deltas
            backward_lanes(simd, parameters, activations, deltas, gradients);
        },
    );
    quote! {
        #about
        pub fn backward_lanes<S: Lanes>(
            simd: S,
            #parameters: &Parameters,
            #activations: &LaneActivations,
            deltas: &mut LaneDeltas,
            #gradients: &mut Parameters
        ) {
            #backward
        }

        /// Adds the gradients of some samples of a batch to `gradients`, block by block.
        pub fn gradients_lanes<S: Lanes>(
            simd: S,
            parameters: &Parameters,
            inputs: &[Input],
            targets: &[Target],
            batch_size: usize,
            workspace: &mut Workspace,
            gradients: &mut Parameters
        ) -> cnn_runtime::Totals {
            let (activations, deltas) = (&mut workspace.activations, &mut workspace.deltas);
            let mut totals = cnn_runtime::Totals::default();
            #clear
            #train
            #finish
            totals
        }
    }
}

/// `evaluate_lanes`.
fn evaluation(plan: &Plan, memory: &Memory) -> TokenStream {
    let (forward, add) = (whole_forward(plan, false), loss::add(plan, memory));
    let activations = if plan.waiting().is_some() {
        quote!(workspace.blocks[0].activations)
    } else {
        quote!(workspace.activations)
    };
    let evaluate = each_block(
        plan,
        &Partners::Targets,
        &quote! {
            #forward
            #add
        },
    );
    quote! {
        /// The loss and the hits of some samples, block by block.
        pub fn evaluate_lanes<S: Lanes>(
            simd: S,
            parameters: &Parameters,
            inputs: &[Input],
            targets: &[Target],
            workspace: &mut Workspace
        ) -> cnn_runtime::Totals {
            let activations = &mut #activations;
            let mut totals = cnn_runtime::Totals::default();
            #evaluate
            totals
        }
    }
}

/// Sets to zero what a call adds up.
pub fn clear(groups: &[Group], memory: &Memory) -> TokenStream {
    let convolutions = groups
        .iter()
        .filter(|group| matches!(group.kernel, Kernel::Conv2d { .. }));
    let places = convolutions.map(|group| memory.place(&memory.weight_sums(group).name));
    quote!(#(#places.fill(Room::default());)*)
}

/// `store_lanes` and `outputs_lanes`; the last function is called after the scores.
fn outputs(plan: &Plan, last: Option<&Function>) -> TokenStream {
    let shape = &plan.value(plan.output).shape;
    let (name, array) = (ident(&plan.value(plan.output).name), flat_type(shape));
    let last = last.map(Function::call);
    let blocks = each_block(
        plan,
        &Partners::Outputs,
        &quote! {
            load_lanes(simd, inputs, lanes::view_mut(&mut activations.input));
            forward_lanes(simd, parameters, next, false, activations);
            #last
            store_lanes(simd, lanes::view(&activations.#name), outputs);
        },
    );
    quote! {
        /// Puts the outputs of a block one after the other.
        pub fn store_lanes<S: Lanes>(_: S, block: &#array, outputs: &mut [Output]) {
            for (lane, output) in outputs.iter_mut().enumerate() {
                for (place, value) in output.values_mut().iter_mut().zip(block) {
                    *place = value.as_ref()[lane];
                }
            }
        }

        /// The outputs of some samples, block by block.
        pub fn outputs_lanes<S: Lanes>(
            simd: S,
            parameters: &Parameters,
            inputs: &[Input],
            outputs: &mut [Output],
            activations: &mut LaneActivations
        ) {
            #blocks
        }
    }
}

/// What belongs to samples, one to each.
pub enum Partners {
    /// Read.
    Targets,
    /// Written.
    Outputs,
    /// Targets, and a place for each block between two phases.
    Waiting,
}

/// Goes over the blocks of some samples and of their partners; `next` are the values of the samples of the next block.
pub fn each_block(plan: &Plan, partners: &Partners, body: &TokenStream) -> TokenStream {
    let (name, chunks) = match partners {
        Partners::Targets | Partners::Waiting => (quote!(targets), quote!(chunks)),
        Partners::Outputs => (quote!(outputs), quote!(chunks_mut)),
    };
    let (pattern, places) = match partners {
        // More than there are places for must not go on silently without the rest.
        Partners::Waiting => (
            quote!((#name, block)),
            quote!(.zip(&mut places[..inputs.len().div_ceil(S::COUNT)])),
        ),
        Partners::Targets | Partners::Outputs => (name.clone(), quote!()),
    };
    let next = used_in(body, "next");
    let input = &plan.value(ValueId::INPUT).shape;
    let flat = input.dims().iter().map(|_| quote!(.as_flattened()));
    quote! {
        let blocks = inputs.chunks(S::COUNT);
        let following = blocks.clone().skip(1).chain([&[][..]]);
        let following = following.map(|inputs| inputs #(#flat)*);
        let #name = #name.#chunks(S::COUNT) #places;
        for ((inputs, #next), #pattern) in blocks.zip(following).zip(#name) {
            #body
        }
    }
}

/// Fills a block with samples, row by row where there are zeros around it.
fn gather(input: &Shape, memory: &Memory) -> TokenStream {
    if !memory.is_padded(ValueId::INPUT) {
        return quote!(lanes::gather(simd, samples, 0, block););
    }
    let [channels, rows, columns] = [0, 1, 2].map(|axis| input.dims()[axis]);
    let [top, left] = memory.origin(ValueId::INPUT);
    let y = sum(&[(1, "y")], top);
    let row = sum(&[(rows, "c"), (1, "y")], 0);
    let (width, first, end) = (number(columns), number(left), number(left + columns));
    loops(
        &[("c", channels), ("y", rows)],
        &quote! {
            let row = &mut block[c][#y][#first..#end];
            lanes::gather(simd, samples, #width * (#row), row);
        },
    )
}

/// The body of `forward_batch`.
pub fn batch_body() -> TokenStream {
    quote! {
        lanes::dispatch!(lanes::level(), simd => outputs_lanes(
            simd, parameters, inputs, outputs, activations
        ));
    }
}

/// The bodies of `gradients`, `evaluate` and `update`: each chooses the instruction set once.
pub fn trainable_bodies(phases: Option<&Phases>) -> [TokenStream; 3] {
    let gradients = phases.map_or_else(
        || {
            quote! {
                lanes::dispatch!(lanes::level(), simd => gradients_lanes(
                    simd, parameters, inputs, targets, batch_size, workspace, gradients
                ))
            }
        },
        Phases::gradients,
    );
    [
        gradients,
        quote! {
            lanes::dispatch!(lanes::level(), simd => evaluate_lanes(
                simd, parameters, inputs, targets, workspace
            ))
        },
        quote! {
            lanes::dispatch!(lanes::level(), simd => simd.vectorize(#[inline(always)] || update(
                parameters, gradients, optimizer, learning_rate
            )));
        },
    ]
}
