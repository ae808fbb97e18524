//! A batch in phases, on lanes: where a batch norm is, every block waits for all others, and dropouts choose by where a
//! sample stands.

use super::function::Function;
use super::model::{self, Partners};
use super::{Trained, loss};
use crate::emit::batch_norm;
use crate::emit::function::Direction;
use crate::emit::phases::{Phases, Stretch, add, by_phase, cut};
use crate::emit::profile::{After, Pass, Work, nothing};
use crate::emit::tokens::{ident, mentions, number, used_in};
use crate::plan::fuse::Group;
use crate::plan::{Plan, ValueId};
use proc_macro2::{Ident, TokenStream};
use quote::{format_ident, quote};

/// The statistics, the stretches of both passes, and `phase_lanes`.
pub fn items(trained: &Trained, phases: &Phases) -> TokenStream {
    let statistics = batch_norm::batch_items(trained.plan);
    let passes = Passes::new(trained, &mut nothing);
    let forward = passes.forward.iter();
    let forward = forward.map(|stretch| item("forward", stretch));
    let backward = passes.backward.iter();
    let backward = backward.map(|stretch| item("backward", stretch));
    let body = passes.body(trained, &call);
    let kind = phases.statistics_type();
    let [phase, statistics_name, gradients] =
        ["phase", "statistics", "gradients"].map(|name| used_in(&body, name));
    quote! {
        #statistics
        #(#forward)*
        #(#backward)*

        /// One of the phases in which some samples of a batch are gone through, block by block.
        #[allow(clippy::too_many_arguments)]
        pub fn phase_lanes<S: Lanes>(
            simd: S,
            #phase: usize,
            parameters: &Parameters,
            samples: (&[Input], &[Target]),
            part: cnn_runtime::Part,
            #statistics_name: &#kind,
            workspace: &mut Workspace,
            #gradients: &mut Parameters
        ) -> cnn_runtime::Totals {
            #body
        }
    }
}

/// The body of `phase_lanes` that makes the calls of all stretches by itself, each followed by something.
pub fn unrolled(trained: &Trained, after: &mut After) -> TokenStream {
    let along = |stretch: &Stretch, _: &str| stretch.calls.clone();
    Passes::new(trained, after).body(trained, &along)
}

/// What is called in a step, in order.
struct Passes {
    load: TokenStream,
    forward: Vec<Stretch>,
    /// How samples are judged, and how their deltas begin.
    judgement: TokenStream,
    backward: Vec<Stretch>,
    /// After the last block.
    finish: TokenStream,
}

impl Passes {
    fn new(trained: &Trained, after: &mut After) -> Self {
        // In the order of the calls.
        let load = load(after);
        let forward = forward(trained, after);
        let judgement = judgement(trained, after);
        let backward = backward(trained, after);
        Self {
            load,
            forward,
            judgement,
            backward,
            finish: finish(trained, after),
        }
    }

    /// The body of `phase_lanes`, given how to go along a stretch of a pass.
    fn body(
        &self,
        trained: &Trained,
        along: &dyn Fn(&Stretch, &str) -> TokenStream,
    ) -> TokenStream {
        let (load, judgement) = (&self.load, &self.judgement);
        let last = self.forward.len() - 1;
        let passes = self.forward.iter().enumerate().map(|(index, stretch)| {
            let load = (index == 0).then_some(load);
            let forward = along(stretch, "forward");
            let back = (index == last).then(|| {
                let backward = along(&self.backward[0], "backward");
                quote!(#judgement #backward)
            });
            quote!(#load #forward #back)
        });
        let returns = self.backward[1..]
            .iter()
            .map(|stretch| along(stretch, "backward"));
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
        let frame = Frame {
            begin: model::clear(&trained.groups, &trained.memory),
            before: quote! {
                #is_training
                let mut totals = cnn_runtime::Totals::default();
                #first
            },
            work: quote!(#masks #samples #work),
            end: &self.finish,
        };
        if trained.plan.waiting().is_some() {
            frame.waiting(trained.plan, all.len() - 1)
        } else {
            frame.alone(trained.plan)
        }
    }
}

/// Puts the samples of a block side by side.
fn load(after: &mut After) -> TokenStream {
    let after = after(Work {
        name: "load_lanes",
        layer: None,
        pass: Pass::Forward,
        values: &[ValueId::INPUT, ValueId::INPUT],
    });
    quote! {
        load_lanes(simd, inputs, lanes::view_mut(&mut activations.input));
        #after
    }
}

/// The forward pass, cut where a batch norm has to know all samples.
fn forward(trained: &Trained, after: &mut After) -> Vec<Stretch> {
    let mut stretches = vec![Stretch::default()];
    for (group, functions) in trained.layers() {
        let mut followed = |function: &Function| followed(group, function, Pass::Forward, after);
        let mut forward = functions.training.as_ref().or(functions.forward.as_ref());
        if let Some(batch) = &functions.batch {
            let statistics = followed(&batch.statistics);
            cut(&mut stretches, &group.layer, Some(statistics));
            forward = Some(&batch.forward);
        }
        add(&mut stretches, forward.map(followed));
    }
    stretches
}

/// What comes between the passes.
fn judgement(trained: &Trained, after: &mut After) -> TokenStream {
    let Trained { plan, memory, .. } = trained;
    let mut followed = |name, pass, call| {
        let after = after(Work {
            name,
            layer: None,
            pass,
            values: &[plan.output],
        });
        quote!(#call #after)
    };
    let add = followed("loss_lanes", Pass::Forward, loss::add(plan, memory));
    let deltas = loss::deltas(plan, memory, &quote!(part.batch_size));
    let deltas = followed("loss_backward_lanes", Pass::Backward, deltas);
    quote!(#add #deltas)
}

/// The backward pass, cut likewise where a delta goes on.
fn backward(trained: &Trained, after: &mut After) -> Vec<Stretch> {
    let mut stretches = vec![Stretch::default()];
    for (group, functions) in trained.layers().rev() {
        let mut followed = |function: &Function| followed(group, function, Pass::Backward, after);
        if let Some(batch) = &functions.batch {
            let goes_on = !functions.backward.is_empty();
            if goes_on {
                let statistics = followed(&batch.backward_statistics);
                cut(&mut stretches, &group.layer, Some(statistics));
            } else if batch.backward_weights.is_some() {
                let statistics = followed(&batch.backward_statistics);
                add(&mut stretches, Some(statistics));
            }
        }
        let calls = functions.backward.iter().map(followed);
        add(&mut stretches, Some(calls.collect()));
    }
    stretches
}

/// What comes after the last block.
fn finish(trained: &Trained, after: &mut After) -> TokenStream {
    let mut finish = TokenStream::new();
    for (group, functions) in trained.layers() {
        let call = functions.finish.as_ref();
        finish.extend(call.map(|function| followed(group, function, Pass::Backward, after)));
    }
    for (group, functions) in trained.layers() {
        let batch = functions.batch.as_ref();
        let Some([_, call]) = batch.and_then(|batch| batch.backward_weights.as_ref()) else {
            continue;
        };
        let after = after(Work {
            name: &format!("{}_{}", group.layer, Direction::BackwardWeights.suffix()),
            layer: Some(&group.layer),
            pass: Pass::Backward,
            values: &[group.output],
        });
        finish.extend(quote!(#call #after));
    }
    finish
}

/// A call, and what follows.
fn followed(group: &Group, function: &Function, pass: Pass, after: &mut After) -> TokenStream {
    let call = function.call();
    let after = after(Work {
        name: &function.name,
        layer: Some(&group.layer),
        pass,
        values: &[group.input, group.output],
    });
    quote!(#call #after)
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

fn call(stretch: &Stretch, pass: &str) -> TokenStream {
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

/// What `phase_lanes` does with blocks.
struct Frame<'a> {
    /// Once for some samples, before their first block.
    begin: TokenStream,
    /// In each phase, before the first block.
    before: TokenStream,
    /// For each block.
    work: TokenStream,
    /// Once, after the last block.
    end: &'a TokenStream,
}

impl Frame<'_> {
    /// The body where each block has a place of its own, and waits there for the others.
    fn waiting(&self, plan: &Plan, last: usize) -> TokenStream {
        let Self {
            begin,
            before,
            work,
            end,
        } = self;
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
