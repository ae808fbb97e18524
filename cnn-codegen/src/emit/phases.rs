//! The passes of a batch whose samples are not each one by itself: where a batch norm is, every sample waits for all
//! others, and dropouts choose by where a sample stands.

use super::function::Direction;
use super::model::Judged;
use super::profile::{After, Pass, Work, nothing};
use super::tokens::{doc, ident, mentions, number, used_in};
use super::{backward_directions, call, directions};
use super::{batch_norm, dropout};
use crate::Kernels;
use crate::plan::{Plan, Step};
use cnn_spec::layer::{BatchNorm, Kind};
use cnn_spec::training::Training;
use proc_macro2::{Ident, TokenStream};
use quote::{format_ident, quote};

/// The phases of a network in training: one where each sample is one by itself.
pub struct Phases<'p> {
    plan: &'p Plan<'p>,
    norms: Vec<(&'p Step<'p>, &'p BatchNorm)>,
    forward: Vec<Stretch>,
    /// How a sample is judged after it, and how its deltas begin.
    judgement: TokenStream,
    backward: Vec<Stretch>,
    /// The weight gradients of norms, after all samples.
    of_norms: TokenStream,
    has_dropouts: bool,
}

/// A pass of one sample, or of one block of them, from one wait to the next.
#[derive(Default)]
pub struct Stretch {
    /// The norms where it begins and where it ends, if not where the pass does.
    pub from: Option<String>,
    pub to: Option<String>,
    pub calls: TokenStream,
}

impl<'p> Phases<'p> {
    /// Those of a network that is trained; none where each sample is one by itself.
    pub fn of(plan: &'p Plan) -> Option<Self> {
        plan.network.training.as_ref()?;
        let phases = Self::new(plan, &mut nothing);
        (phases.has_dropouts || phases.waits()).then_some(phases)
    }

    /// Those of any network that is trained, whose calls are each followed by something.
    pub fn new(plan: &'p Plan, after: &mut After) -> Self {
        // In the order of the calls.
        let forward = forward(plan, after);
        let judgement = judgement(plan, after);
        let backward = backward(plan, after);
        Self {
            plan,
            norms: batch_norm::all(plan).collect(),
            forward,
            judgement,
            backward,
            of_norms: of_norms(plan, after),
            has_dropouts: dropout::is_in(plan),
        }
    }

    /// Whether samples wait for each other.
    pub fn waits(&self) -> bool {
        !self.norms.is_empty()
    }

    /// How often a batch is gone through.
    pub fn count(&self) -> usize {
        self.forward.len() + self.backward.len() - 1
    }

    /// The memory, the stretches of both passes, and `phase`.
    pub fn items(&self, training: &Training) -> TokenStream {
        let statistics = batch_norm::batch_items(self.plan);
        let workspace = self.workspace(training);
        let forward = self
            .forward
            .iter()
            .map(|stretch| Self::item("forward", stretch));
        let backward = self
            .backward
            .iter()
            .map(|stretch| Self::item("backward", stretch));
        quote!(#statistics #(#forward)* #(#backward)* #workspace)
    }

    /// One stretch.
    fn item(pass: &str, stretch: &Stretch) -> TokenStream {
        let (name, calls) = (stretch.name(pass), &stretch.calls);
        let arguments = arguments(pass, stretch).map(|(name, kind)| {
            let name = ident(name);
            quote!(#name: #kind)
        });
        let arguments: Vec<_> = arguments.collect();
        let many = (arguments.len() > 7).then(|| quote!(#[allow(clippy::too_many_arguments)]));
        let about = stretch.doc(pass, "one sample");
        quote! {
            #about
            #many
            pub fn #name(#(#arguments),*) {
                #calls
            }
        }
    }

    /// What a workspace counts batches by, if there are dropouts: the field, and its name.
    pub fn batches(&self) -> [Option<TokenStream>; 2] {
        let field = quote! {
            /// How many batches there have been, so that dropouts choose anew in each.
            pub batches: u64,
        };
        [field, quote!(, batches)].map(|tokens| self.has_dropouts.then_some(tokens))
    }

    /// `Workspace`.
    fn workspace(&self, training: &Training) -> TokenStream {
        let [count, count_name] = self.batches();
        if !self.waits() {
            return quote! {
                /// What it takes to train: activations and deltas of one sample.
                #[derive(Clone, Debug, PartialEq)]
                pub struct Workspace {
                    /// Written by the forward pass.
                    pub activations: Activations,
                    /// Written by the backward pass.
                    pub deltas: Deltas,
                    #count
                }

                cnn_runtime::zeroed! { Workspace { activations, deltas #count_name } }
            };
        }
        let batch_size = number(training.batch_size);
        quote! {
            /// Activations and deltas of one sample.
            #[derive(Clone, Debug, PartialEq)]
            pub struct Sample {
                /// Written by the forward pass.
                pub activations: Activations,
                /// Written by the backward pass.
                pub deltas: Deltas,
            }

            cnn_runtime::zeroed! { Sample { activations, deltas } }

            /// What it takes to train: the samples of a batch, which wait for each other.
            #[derive(Clone, Debug, PartialEq)]
            pub struct Workspace {
                /// A place for each.
                pub samples: [Sample; #batch_size],
                /// What the batch norms know of them.
                pub statistics: Statistics,
                #count
            }

            cnn_runtime::zeroed! { Workspace { samples, statistics #count_name } }
        }
    }

    /// The method `phase` of plain kernels.
    fn phase(&self) -> TokenStream {
        let body = self.body(&Stretch::call);
        let statistics = self.statistics_type();
        let [phase, statistics_name, gradients] =
            ["phase", "statistics", "gradients"].map(|name| used_in(&body, name));
        quote! {
            fn phase(
                #phase: usize,
                parameters: &Parameters,
                samples: (&[Input], &[Target]),
                part: cnn_runtime::Part,
                #statistics_name: &#statistics,
                workspace: &mut Workspace,
                #gradients: &mut Parameters
            ) -> cnn_runtime::Totals {
                #body
            }
        }
    }

    /// The body of `phase` that makes the calls of all stretches by itself.
    pub fn unrolled(&self) -> TokenStream {
        self.body(&|stretch, _| stretch.calls.clone())
    }

    /// The body of `phase`, given how to go along a stretch of a pass.
    fn body(&self, along: &dyn Fn(&Stretch, &str) -> TokenStream) -> TokenStream {
        let (forward, judgement) = (&self.forward, &self.judgement);
        let last = forward.last().zip(self.backward.first());
        let middle = last.map(|(forward, backward)| {
            let (forward, backward) = (along(forward, "forward"), along(backward, "backward"));
            quote!(#forward #judgement #backward)
        });
        let before = forward[..forward.len() - 1]
            .iter()
            .map(|stretch| along(stretch, "forward"));
        let after = self.backward[1..]
            .iter()
            .map(|stretch| along(stretch, "backward"));
        let all: Vec<_> = before.chain(middle).chain(after).collect();
        let work = by_phase(&all);
        let masks = self
            .has_dropouts
            .then(|| quote!(let masks = cnn_runtime::Masks::of(part.key, part.first + index);));
        if self.waits() {
            return self.waiting(masks.as_ref(), &work);
        }
        let samples = quote!(inputs.iter().zip(targets));
        let samples = if masks.is_some() {
            quote!(for (index, (input, target)) in #samples.enumerate())
        } else {
            quote!(for (input, target) in #samples)
        };
        quote! {
            let (inputs, targets) = samples;
            let (activations, deltas) = (&mut workspace.activations, &mut workspace.deltas);
            let mut totals = cnn_runtime::Totals::default();
            #samples {
                #masks
                #work
            }
            totals
        }
    }

    /// The body of `phase` where samples wait.
    fn waiting(&self, masks: Option<&TokenStream>, work: &TokenStream) -> TokenStream {
        let (last, of_norms) = (number(self.count() - 1), &self.of_norms);
        let weights = (!of_norms.is_empty()).then(|| {
            quote! {
                if phase == #last {
                    #of_norms
                }
            }
        });
        // More than there are places for must not go on silently without the rest.
        let samples = quote!(
            inputs
                .iter()
                .zip(targets)
                .zip(&mut workspace.samples[..inputs.len()])
        );
        let samples = if masks.is_some() {
            quote!(for (index, ((input, target), sample)) in #samples.enumerate())
        } else {
            quote!(for ((input, target), sample) in #samples)
        };
        quote! {
            let (inputs, targets) = samples;
            let sums = &mut workspace.statistics;
            if phase == 0 {
                *sums = cnn_runtime::Zeroed::ZERO;
            }
            let mut totals = cnn_runtime::Totals::default();
            #samples {
                let Sample { activations, deltas } = sample;
                #masks
                #work
            }
            #weights
            totals
        }
    }

    /// The body of `gradients`: all phases.
    pub fn gradients(&self) -> TokenStream {
        let (key, count) = if self.has_dropouts {
            (
                quote!(workspace.batches),
                quote!(workspace.batches = workspace.batches.wrapping_add(1);),
            )
        } else {
            (quote!(0), quote!())
        };
        let part = quote! {
            let part = cnn_runtime::Part::whole(batch_size, #key);
            #count
        };
        let samples = quote!((inputs, targets));
        if !self.waits() {
            return quote! {
                #part
                Self::phase(0, parameters, #samples, part, &(), workspace, gradients)
            };
        }
        quote! {
            #part
            let mut totals = cnn_runtime::Totals::default();
            for number in 0..Self::PHASES {
                let statistics = workspace.statistics.clone();
                let of_phase = Self::phase(number, parameters, #samples, part, &statistics, workspace, gradients);
                totals += of_phase;
            }
            totals
        }
    }

    /// The items of `impl Trainable` that other networks do without.
    pub fn implementation(&self, training: &Training, kernels: Kernels) -> TokenStream {
        let statistics = self.waits().then(|| {
            quote! {
                fn statistics(workspace: &Workspace) -> Option<&Statistics> {
                    Some(&workspace.statistics)
                }

                fn track(parameters: &mut Parameters, statistics: &Statistics) {
                    track(parameters, statistics);
                }
            }
        });
        let constants = self.waits().then(|| {
            let (phases, most) = (number(self.count()), number(training.batch_size));
            let is_alone = |(step, _): &(&Step, &BatchNorm)| {
                BatchNorm::positions(&self.plan.value(step.output).shape) == 1
            };
            let least = self.norms.iter().any(is_alone);
            let least = least.then(|| {
                quote!(
                    const MIN_BATCH: usize = 2;
                )
            });
            quote! {
                const PHASES: usize = #phases;
                #least
                const MAX_WAITING: usize = #most;
            }
        });
        let kind = self.statistics_type();
        let phase = match kernels {
            Kernels::Plain => self.phase(),
            Kernels::Simd => quote! {
                fn phase(
                    phase: usize,
                    parameters: &Parameters,
                    samples: (&[Input], &[Target]),
                    part: cnn_runtime::Part,
                    statistics: &#kind,
                    workspace: &mut Workspace,
                    gradients: &mut Parameters
                ) -> cnn_runtime::Totals {
                    lanes::dispatch!(lanes::level(), simd => phase_lanes(
                        simd, phase, parameters, samples, part, statistics, workspace, gradients
                    ))
                }
            },
        };
        quote! {
            #constants

            #phase

            #statistics
        }
    }

    /// `Statistics`, or `()`.
    pub fn statistics_type(&self) -> TokenStream {
        if self.waits() {
            quote!(Statistics)
        } else {
            quote!(())
        }
    }
}

/// What is done in each phase.
pub fn by_phase(all: &[TokenStream]) -> TokenStream {
    match all {
        [one] => one.clone(),
        [others @ .., last] => {
            let numbers = (0..others.len()).map(number);
            quote! {
                match phase {
                    #(#numbers => { #others })*
                    _ => { #last }
                }
            }
        }
        [] => TokenStream::new(),
    }
}

/// The forward pass, cut where a batch norm has to know all samples.
fn forward(plan: &Plan, after: &mut After) -> Vec<Stretch> {
    let mut stretches = vec![Stretch::default()];
    for step in &plan.steps {
        if matches!(step.kind(), Some(Kind::BatchNorm(_))) {
            let end = followed(plan, step, Direction::Statistics, after);
            cut(&mut stretches, &step.name, end);
        }
        let forward = followed(plan, step, Direction::TrainingForward, after);
        add(&mut stretches, forward);
    }
    stretches
}

/// What comes between the passes.
fn judgement(plan: &Plan, after: &mut After) -> TokenStream {
    let judged = Judged::new(plan);
    let (loss, delta) = (judged.add(), judged.delta(&quote!(part.batch_size)));
    let mut followed = |name, pass, call| {
        let work = Work {
            name,
            layer: None,
            pass,
            values: &[plan.output],
        };
        let after = after(work);
        quote!(#call #after)
    };
    let loss = followed("loss", Pass::Forward, loss);
    let delta = followed("loss_backward", Pass::Backward, delta);
    quote!(#loss #delta)
}

/// The backward pass, cut likewise where a delta goes on.
fn backward(plan: &Plan, after: &mut After) -> Vec<Stretch> {
    let mut stretches = vec![Stretch::default()];
    for step in plan.steps.iter().rev() {
        if !matches!(step.kind(), Some(Kind::BatchNorm(_))) {
            for direction in backward_directions(plan, step) {
                add(&mut stretches, followed(plan, step, direction, after));
            }
            continue;
        }
        let [weights, input] = directions(plan, step);
        if !(weights || input) {
            continue;
        }
        let statistics = followed(plan, step, Direction::BackwardStatistics, after);
        if input {
            cut(&mut stretches, &step.name, statistics);
            let input = followed(plan, step, Direction::BackwardInput, after);
            add(&mut stretches, input);
        } else {
            add(&mut stretches, statistics);
        }
    }
    stretches
}

/// The weight gradients of batch norms, of sums over all samples.
fn of_norms(plan: &Plan, after: &mut After) -> TokenStream {
    batch_norm::all(plan)
        .filter(|(step, norm)| norm.affine && directions(plan, step)[0])
        .filter_map(|(step, _)| followed(plan, step, Direction::BackwardWeights, after))
        .collect()
}

/// A call of one of a step's functions, if it has it, and what follows.
fn followed(
    plan: &Plan,
    step: &Step,
    direction: Direction,
    after: &mut After,
) -> Option<TokenStream> {
    let call = call(plan, step, direction)?;
    let name = direction.name(step).to_string();
    let values: Vec<_> = step.inputs.iter().copied().chain([step.output]).collect();
    let after = after(Work {
        name: &name,
        layer: Some(&step.name),
        pass: direction.pass(),
        values: &values,
    });
    Some(quote!(#call #after))
}

/// Adds calls to the last stretch.
pub fn add(stretches: &mut [Stretch], calls: Option<TokenStream>) {
    if let Some(last) = stretches.last_mut() {
        last.calls.extend(calls);
    }
}

/// Ends the last stretch with a call, and begins another one.
pub fn cut(stretches: &mut Vec<Stretch>, norm: &str, end: Option<TokenStream>) {
    add(stretches, end);
    if let Some(last) = stretches.last_mut() {
        last.to = Some(norm.to_owned());
    }
    stretches.push(Stretch {
        from: Some(norm.to_owned()),
        ..Stretch::default()
    });
}

impl Stretch {
    /// What the documentation says of it.
    pub fn doc(&self, pass: &str, of_what: &str) -> TokenStream {
        let from = self.from.as_ref();
        let from = from.map_or_else(String::new, |norm| format!(", from `{norm}` on"));
        let to = self.to.as_ref().map_or_else(String::new, |norm| {
            format!(", up to what `{norm}` has to know of all samples")
        });
        doc(&format!(
            "The {pass} pass of {of_what} in training{from}{to}."
        ))
    }

    /// `forward_from_norm1_to_norm2`.
    pub fn name(&self, pass: &str) -> Ident {
        match (&self.from, &self.to) {
            (None, None) => format_ident!("{pass}_in_training"),
            (None, Some(to)) => format_ident!("{pass}_to_{to}"),
            (Some(from), None) => format_ident!("{pass}_from_{from}"),
            (Some(from), Some(to)) => format_ident!("{pass}_from_{from}_to_{to}"),
        }
    }

    /// A call from `phase`.
    fn call(&self, pass: &str) -> TokenStream {
        let name = self.name(pass);
        let arguments = arguments(pass, self).map(|(name, _)| ident(name));
        quote!(#name(#(#arguments),*);)
    }
}

/// What a stretch takes: names and types.
fn arguments<'s>(
    pass: &str,
    stretch: &'s Stretch,
) -> impl Iterator<Item = (&'static str, TokenStream)> + use<'s> {
    let activations = if pass == "forward" {
        quote!(&mut Activations)
    } else {
        quote!(&Activations)
    };
    let all = [
        ("parameters", quote!(&Parameters)),
        ("statistics", quote!(&Statistics)),
        ("masks", quote!(cnn_runtime::Masks)),
        ("input", quote!(&Input)),
        ("activations", activations),
        ("deltas", quote!(&mut Deltas)),
        ("gradients", quote!(&mut Parameters)),
        ("sums", quote!(&mut Statistics)),
    ];
    all.into_iter()
        .filter(|(name, _)| mentions(&stretch.calls, name))
}
