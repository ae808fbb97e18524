//! A batch in phases, on lanes: where a batch norm is, every block waits for all others, and dropouts choose by where a
//! sample stands.

use super::Functions;
use super::function::Function;
use super::loss;
use super::memory::Memory;
use super::model::{self, Partners};
use crate::emit::batch_norm;
use crate::emit::phases::{Stretch, add, by_phase, cut};
use crate::emit::tokens::{ident, mentions, number, used_in};
use crate::plan::Plan;
use crate::plan::fuse::Group;
use proc_macro2::{Ident, TokenStream};
use quote::{format_ident, quote};

/// The statistics, the stretches of both passes, and `phase_lanes`.
pub fn items(
    plan: &Plan,
    groups: &[Group],
    functions: &[Functions],
    memory: &Memory,
) -> TokenStream {
    let statistics = batch_norm::batch_items(plan);
    let (forward, backward) = (forward(groups, functions), backward(groups, functions));
    let items = forward
        .iter()
        .map(|stretch| item("forward", stretch))
        .chain(backward.iter().map(|stretch| item("backward", stretch)));
    let phase = phase(plan, groups, functions, memory, [&forward, &backward]);
    quote!(#statistics #(#items)* #phase)
}

/// The forward pass, cut where a batch norm has to know all samples.
fn forward(groups: &[Group], functions: &[Functions]) -> Vec<Stretch> {
    let mut stretches = vec![Stretch::default()];
    for (group, functions) in groups.iter().zip(functions) {
        let mut forward = functions.training.as_ref().or(functions.forward.as_ref());
        if let Some(batch) = &functions.batch {
            cut(&mut stretches, &group.layer, Some(batch.statistics.call()));
            forward = Some(&batch.forward);
        }
        add(&mut stretches, forward.map(Function::call));
    }
    stretches
}

/// The backward pass, cut likewise where a delta goes on.
fn backward(groups: &[Group], functions: &[Functions]) -> Vec<Stretch> {
    let mut stretches = vec![Stretch::default()];
    for (group, functions) in groups.iter().zip(functions).rev() {
        if let Some(batch) = &functions.batch {
            let statistics = Some(batch.backward_statistics.call());
            if functions.backward.is_empty() {
                let is_wanted = batch.backward_weights.is_some();
                add(&mut stretches, statistics.filter(|_| is_wanted));
            } else {
                cut(&mut stretches, &group.layer, statistics);
            }
        }
        let calls = functions.backward.iter().map(Function::call);
        add(&mut stretches, Some(calls.collect()));
    }
    stretches
}

/// One stretch.
fn item(pass: &str, stretch: &Stretch) -> TokenStream {
    let (name, calls) = (name(pass, stretch), &stretch.calls);
    let about = stretch.doc(pass, "a block");
    let arguments: Vec<_> = arguments(pass, stretch)
        .map(|(name, kind)| {
            let name = ident(name);
            quote!(#name: #kind)
        })
        .collect();
    // `simd` counts too.
    let many = (arguments.len() >= 7).then(|| quote!(#[allow(clippy::too_many_arguments)]));
    quote! {
        #about
        #many
        pub fn #name<S: Lanes>(simd: S, #(#arguments),*) {
            #calls
        }
    }
}

fn name(pass: &str, stretch: &Stretch) -> Ident {
    format_ident!("{}_lanes", stretch.name(pass))
}

fn call(pass: &str, stretch: &Stretch) -> TokenStream {
    let name = name(pass, stretch);
    let arguments = arguments(pass, stretch).map(|(name, _)| ident(name));
    quote!(#name(simd, #(#arguments),*);)
}

/// What a stretch takes: names and types.
fn arguments<'s>(
    pass: &str,
    stretch: &'s Stretch,
) -> impl Iterator<Item = (&'static str, TokenStream)> + use<'s> {
    let activations = if pass == "forward" {
        quote!(&mut LaneActivations)
    } else {
        quote!(&LaneActivations)
    };
    let all = [
        ("parameters", quote!(&Parameters)),
        ("statistics", quote!(&Statistics)),
        ("masks", quote!(lanes::BlockMasks)),
        ("samples", quote!(usize)),
        ("next", quote!(&[f32])),
        ("is_training", quote!(bool)),
        ("activations", activations),
        ("deltas", quote!(&mut LaneDeltas)),
        ("weight_sums", quote!(&mut WeightSums)),
        ("gradients", quote!(&mut Parameters)),
        ("sums", quote!(&mut Statistics)),
    ];
    all.into_iter()
        .filter(|(name, _)| mentions(&stretch.calls, name))
}

/// `phase_lanes`.
fn phase(
    plan: &Plan,
    groups: &[Group],
    functions: &[Functions],
    memory: &Memory,
    [forward, backward]: [&[Stretch]; 2],
) -> TokenStream {
    let (add, deltas) = (
        loss::add(plan, memory),
        loss::deltas(plan, memory, &quote!(part.batch_size)),
    );
    let load = quote! {
        load_lanes(simd, inputs, lanes::view_mut(&mut activations.input));
    };
    let judge = quote!(#add #deltas);
    let last = forward.len() - 1;
    let passes = forward.iter().enumerate().map(|(index, stretch)| {
        let load = (index == 0).then_some(&load);
        let forward = call("forward", stretch);
        let back = (index == last).then(|| {
            let backward = call("backward", &backward[0]);
            quote!(#judge #backward)
        });
        quote!(#load #forward #back)
    });
    let returns = backward[1..]
        .iter()
        .map(|stretch| call("backward", stretch));
    let all: Vec<_> = passes.chain(returns).collect();
    let work = by_phase(&all);
    let is_training = mentions(&work, "is_training").then(|| quote!(let is_training = true;));
    let samples = mentions(&work, "samples").then(|| quote!(let samples = inputs.len();));
    let masks = mentions(&work, "masks").then(|| {
        quote! {
            let masks = lanes::BlockMasks::of(part.key, first);
            first += S::COUNT;
        }
    });
    let first = masks.as_ref().map(|_| quote!(let mut first = part.first;));
    let work = quote!(#masks #samples #work);
    let finish: TokenStream = functions
        .iter()
        .filter_map(|functions| functions.finish.as_ref())
        .map(Function::call)
        .collect();
    let frame = Frame {
        begin: model::clear(groups, memory),
        before: quote! {
            #is_training
            let mut totals = cnn_runtime::Totals::default();
            #first
        },
        work,
        end: finish,
    };
    let (body, kind) = if plan.waiting().is_some() {
        let last = all.len() - 1;
        (frame.waiting(plan, functions, last), quote!(Statistics))
    } else {
        (frame.alone(plan), quote!(()))
    };
    let [phase, statistics, gradients] =
        ["phase", "statistics", "gradients"].map(|name| used_in(&body, name));
    quote! {
        /// One of the phases in which some samples of a batch are gone through, block by block.
        #[allow(clippy::too_many_arguments)]
        pub fn phase_lanes<S: Lanes>(
            simd: S,
            #phase: usize,
            parameters: &Parameters,
            samples: (&[Input], &[Target]),
            part: cnn_runtime::Part,
            #statistics: &#kind,
            workspace: &mut Workspace,
            #gradients: &mut Parameters
        ) -> cnn_runtime::Totals {
            #body
        }
    }
}

/// What `phase_lanes` does with blocks.
struct Frame {
    /// Once for some samples, before their first block.
    begin: TokenStream,
    /// In each phase, before the first block.
    before: TokenStream,
    /// For each block.
    work: TokenStream,
    /// Once, after the last block.
    end: TokenStream,
}

impl Frame {
    /// The body where each block has a place of its own, and waits there for the others.
    fn waiting(&self, plan: &Plan, functions: &[Functions], last: usize) -> TokenStream {
        let Self {
            begin,
            before,
            work,
            end,
        } = self;
        let weights = functions
            .iter()
            .filter_map(|functions| functions.batch.as_ref()?.backward_weights.as_ref())
            .map(|[_, call]| call);
        let end = quote!(#end #(#weights)*);
        let last = number(last);
        let end = (!end.is_empty()).then(|| quote!(if phase == #last { #end }));
        let blocks = model::each_block(
            plan,
            &Partners::Waiting,
            &quote! {
                let Block { activations, deltas } = block;
                #work
            },
        );
        let body = quote! {
            if phase == 0 {
                *sums = cnn_runtime::Zeroed::ZERO;
                #begin
            }
            #before
            #blocks
            #end
            totals
        };
        let weight_sums = mentions(&body, "weight_sums")
            .then(|| quote!(let weight_sums = &mut workspace.weight_sums;));
        quote! {
            let (inputs, targets) = samples;
            let (places, sums) = (&mut workspace.blocks, &mut workspace.statistics);
            #weight_sums
            #body
        }
    }

    /// The body where one block comes after the other.
    fn alone(&self, plan: &Plan) -> TokenStream {
        let Self {
            begin,
            before,
            work,
            end,
        } = self;
        let blocks = model::each_block(plan, &Partners::Targets, work);
        quote! {
            let (inputs, targets) = samples;
            let (activations, deltas) = (&mut workspace.activations, &mut workspace.deltas);
            #begin
            #before
            #blocks
            #end
            totals
        }
    }
}
