//! The network as a whole: its types, its passes, and the traits that the runtime knows it by.

use super::function::{Direction, activation};
use super::loss::{Judge, judges, target_type};
use super::phases::Phases;
use super::tokens::{array_type, doc, ident, number, real, scalar, used_in};
use super::{backward_directions, call, samples, schedule, simd};
use crate::plan::{Plan, ValueId};
use crate::{Kernels, Origin};
use cnn_spec::network::{Distribution, Dtype, Parameter};
use cnn_spec::shape::Shape;
use cnn_spec::training::Training;
use proc_macro2::{Literal, TokenStream};
use quote::quote;

/// What the module begins with: the network's type and those of its input, output and target.
pub fn heading(plan: &Plan, origin: &Origin, summary: &str) -> TokenStream {
    let network = plan.network;
    let name = ident(&network.name);
    let about = doc(&format!(
        "The network of `{}`; its layers stand in [`{}::SUMMARY`].",
        origin.file_name, network.name,
    ));
    let summary = raw_text(summary);
    let array = |id: ValueId| array_type(network.dtype, &plan.value(id).shape);
    let (input, output) = (array(ValueId::INPUT), array(plan.output));
    let input_doc = doc(&format!("One sample: {}.", network.input));
    let output_doc = doc(&format!("What the network puts out: {}.", network.output()));
    let target = judges(plan).next().map(|main| {
        let target = target_type(main);
        let about = doc(match (main.part(), main.loss().classes()) {
            (Some(_), _) => "What outputs are compared with: the label, and the sample itself.",
            (None, Some(_)) => "What an output is compared with: the index of its class.",
            (None, None) => "What an output is compared with.",
        });
        quote!(#about pub type Target = #target;)
    });
    quote! {
        #about
        #[derive(Clone, Copy, Debug)]
        pub struct #name;

        impl #name {
            /// Each layer: what goes in and out, what it learns and what it costs; how the network is
            /// trained, and what it keeps in memory.
            pub const SUMMARY: &str = #summary;
        }

        #input_doc
        pub type Input = #input;

        #output_doc
        pub type Output = #output;

        #target
    }
}

/// A string literal over several lines.
fn raw_text(text: &str) -> Literal {
    format!("r\"\n{}\n\"", text.trim_end())
        .parse()
        .expect("a summary holds no quotation marks")
}

/// `forward`, and `forward_auxiliary` where other outputs are judged, too.
pub fn forward(plan: &Plan) -> TokenStream {
    let calls = |is_for_output: bool| -> TokenStream {
        plan.steps
            .iter()
            .filter(|step| step.purpose.output == is_for_output)
            .filter_map(|step| call(plan, step, Direction::Forward))
            .collect()
    };
    let for_output = calls(true);
    let parameters = used_in(&for_output, "parameters");
    let auxiliary = plan.has_auxiliaries().then(|| {
        let calls = calls(false);
        let [parameters, input] = ["parameters", "input"].map(|name| used_in(&calls, name));
        quote! {
            /// The rest of it, after `forward`: what only training has a use for.
            pub fn forward_auxiliary(
                #parameters: &Parameters,
                #input: &Input,
                activations: &mut Activations
            ) {
                #calls
            }
        }
    });
    quote! {
        /// The forward pass of one sample, layer by layer.
        pub fn forward(#parameters: &Parameters, input: &Input, activations: &mut Activations) {
            #for_output
        }

        #auxiliary
    }
}

/// The call of both.
fn whole_forward(plan: &Plan) -> TokenStream {
    let auxiliary = plan
        .has_auxiliaries()
        .then(|| quote!(forward_auxiliary(parameters, input, activations);));
    quote!(forward(parameters, input, activations); #auxiliary)
}

/// `backward`, and the memory of both passes.
pub fn backward(plan: &Plan) -> TokenStream {
    let calls: TokenStream = plan
        .steps
        .iter()
        .rev()
        .flat_map(|step| {
            backward_directions(plan, step).filter_map(|direction| call(plan, step, direction))
        })
        .collect();
    let [parameters, input, activations] =
        ["parameters", "input", "activations"].map(|name| used_in(&calls, name));
    let losses = match judges(plan).collect::<Vec<_>>().as_slice() {
        [_, _, ..] => "the losses have set the deltas of what they judge",
        _ => "`forward` and `loss_backward`",
    };
    let about = doc(&format!(
        "The backward pass of one sample, after {losses}: deltas go back from layer to layer, and each layer's \
         gradients are added to `gradients`.",
    ));
    quote! {
        #about
        pub fn backward(
            #parameters: &Parameters,
            #input: &Input,
            #activations: &Activations,
            deltas: &mut Deltas,
            gradients: &mut Parameters
        ) {
            #calls
        }

        /// What it takes to train: activations and deltas of one sample.
        #[derive(Clone, Debug, PartialEq)]
        pub struct Workspace {
            /// Written by the forward pass.
            pub activations: Activations,
            /// Written by the backward pass.
            pub deltas: Deltas,
        }

        cnn_runtime::zeroed! { Workspace { activations, deltas } }
    }
}

/// `impl Model`, and `impl Trainable` where there is training.
pub fn implementations(plan: &Plan, kernels: Kernels) -> TokenStream {
    let network = plan.network;
    let (name, scalar) = (ident(&network.name), scalar(network.dtype));
    let name_text = &network.name;
    let (input_shape, output_shape) = (dims(&network.input), dims(network.output()));
    let output = activation(plan, plan.output);
    let run = quote!(forward(parameters, input, activations));
    let (forward, result) = match kernels {
        Kernels::Plain => (
            quote!(#run; #output),
            quote!(#run; place.clone_from(#output);),
        ),
        Kernels::Simd => (run.clone(), quote!(place.clone_from(#run);)),
    };
    let first_values: TokenStream = plan
        .learning_steps()
        .flat_map(|step| {
            step.parameters
                .iter()
                .map(|parameter| first_values(&step.name, parameter, network.dtype))
        })
        .collect();
    let [parameters, rng] = ["parameters", "rng"].map(|name| used_in(&first_values, name));
    let (batch_activations, batch) = match (kernels, &network.training) {
        (Kernels::Simd, Some(_)) => (quote!(LaneActivations), simd::batch_body()),
        _ => (
            quote!(Activations),
            quote! {
                for (input, place) in inputs.iter().zip(outputs) {
                    #result
                }
            },
        ),
    };
    let trainable = network
        .training
        .as_ref()
        .map(|training| trainable(plan, training, kernels));
    quote! {
        impl cnn_runtime::Model for #name {
            type Scalar = #scalar;
            type Input = Input;
            type Output = Output;
            type Parameters = Parameters;
            type Activations = Activations;
            type BatchActivations = #batch_activations;

            const NAME: &'static str = #name_text;
            const INPUT_SHAPE: &'static [usize] = &[#(#input_shape),*];
            const OUTPUT_SHAPE: &'static [usize] = &[#(#output_shape),*];
            const SUMMARY: &'static str = Self::SUMMARY;

            fn initialize(#parameters: &mut Parameters, #rng: &mut cnn_runtime::Rng) {
                #first_values
            }

            fn forward<'a>(
                parameters: &Parameters,
                input: &Input,
                activations: &'a mut Activations
            ) -> &'a Output {
                #forward
            }

            fn forward_batch(
                parameters: &Parameters,
                inputs: &[Input],
                outputs: &mut [Output],
                activations: &mut #batch_activations
            ) {
                #batch
            }
        }

        #trainable
    }
}

/// The statement that draws a parameter's first values.
fn first_values(layer: &str, parameter: &Parameter, dtype: Dtype) -> TokenStream {
    let (layer, field) = (ident(layer), ident(parameter.name));
    let place = quote!(parameters.#layer.#field);
    match parameter.distribution {
        Distribution::Constant { value } => {
            let value = real(value, dtype);
            quote!(#place.values_mut().fill(#value);)
        }
        Distribution::Uniform { bound } => {
            let bound = real(bound, Dtype::F64);
            quote!(rng.fill_uniform(&mut #place, #bound);)
        }
        Distribution::Normal { standard_deviation } => {
            let standard_deviation = real(standard_deviation, Dtype::F64);
            quote!(rng.fill_normal(&mut #place, #standard_deviation);)
        }
    }
}

fn trainable(plan: &Plan, training: &Training, kernels: Kernels) -> TokenStream {
    let (name, scalar) = (ident(&plan.network.name), scalar(plan.network.dtype));
    let (epochs, batch_size) = (number(training.epochs), number(training.batch_size));
    let seed = Literal::u64_unsuffixed(training.seed);
    let learning_rate = real(training.optimizer.learning_rate(), Dtype::F64);
    let accumulation_steps = number(training.accumulation_steps);
    let schedule = schedule::literal(&training.schedule);
    let average = training.ema_decay.map(|_| {
        quote! {
            fn average(optimizer: &Optimizer) -> Option<&Parameters> {
                (optimizer.step > 0).then_some(&optimizer.average)
            }
        }
    });
    let phases = Phases::of(plan);
    let (statistics, in_phases) = match &phases {
        Some(phases) => (
            phases.statistics_type(),
            Some(phases.implementation(training, kernels)),
        ),
        None => (quote!(()), None),
    };
    let [gradients, evaluate, update] = match kernels {
        Kernels::Plain => plain_bodies(plan),
        Kernels::Simd => simd::trainable_bodies(phases.as_ref()),
    };
    let samples = samples::constants(plan.network);
    quote! {
        impl cnn_runtime::Trainable for #name {
            type Target = Target;
            type Optimizer = Optimizer;
            type Workspace = Workspace;
            type Statistics = #statistics;

            const SETTINGS: cnn_runtime::Settings = cnn_runtime::Settings {
                epochs: #epochs,
                batch_size: #batch_size,
                accumulation_steps: #accumulation_steps,
                learning_rate: #learning_rate,
                schedule: #schedule,
                seed: #seed,
            };
            #samples

            fn gradients(
                parameters: &Parameters,
                inputs: &[Input],
                targets: &[Target],
                batch_size: usize,
                workspace: &mut Workspace,
                gradients: &mut Parameters
            ) -> cnn_runtime::Totals {
                #gradients
            }

            fn evaluate(
                parameters: &Parameters,
                inputs: &[Input],
                targets: &[Target],
                workspace: &mut Workspace
            ) -> cnn_runtime::Totals {
                #evaluate
            }

            fn update(
                parameters: &mut Parameters,
                gradients: &Parameters,
                optimizer: &mut Optimizer,
                learning_rate: #scalar
            ) {
                #update
            }

            #in_phases
            #average
        }
    }
}

/// The bodies of `gradients`, `evaluate` and `update`, one sample at a time.
fn plain_bodies(plan: &Plan) -> [TokenStream; 3] {
    let (judged, forward) = (Judged::new(plan), whole_forward(plan));
    let (add, delta) = (judged.add(), judged.delta(&quote!(batch_size)));
    let phases = Phases::of(plan);
    let gradients = if let Some(phases) = &phases {
        phases.gradients()
    } else {
        quote! {
            let (activations, deltas) = (&mut workspace.activations, &mut workspace.deltas);
            let mut totals = cnn_runtime::Totals::default();
            for (input, target) in inputs.iter().zip(targets) {
                #forward
                #add
                #delta
                backward(parameters, input, activations, deltas, gradients);
            }
            totals
        }
    };
    let activations = if phases.is_some_and(|phases| phases.waits()) {
        quote!(workspace.samples[0].activations)
    } else {
        quote!(workspace.activations)
    };
    [
        gradients,
        quote! {
            let activations = &mut #activations;
            let mut totals = cnn_runtime::Totals::default();
            for (input, target) in inputs.iter().zip(targets) {
                #forward
                #add
            }
            totals
        },
        quote!(update(parameters, gradients, optimizer, learning_rate);),
    ]
}

/// How a sample is judged after its forward pass: its output first.
pub struct Judged<'p>(Vec<Judge<'p>>);

impl<'p> Judged<'p> {
    pub fn new(plan: &'p Plan) -> Self {
        Self(judges(plan).collect())
    }

    /// The statements that name the scores and take the sample into the totals.
    pub fn add(&self) -> TokenStream {
        let (mut names, mut losses) = (TokenStream::new(), Vec::new());
        let mut weight = None;
        for judge in &self.0 {
            let (place, target) = (judge.scores(), judge.argument());
            let function = judge.function("loss");
            if judge.is_main() {
                names.extend(quote!(let scores = #place;));
                losses.push(quote!(#function(scores, #target)));
                weight = judge.loss().classes().filter(|c| !c.weight.is_empty());
            } else {
                losses.push(quote!(#function(#place, #target)));
            }
        }
        let loss = match losses.as_slice() {
            [one] => one.clone(),
            all => {
                names.extend(quote!(let loss = #(#all)+*;));
                quote!(loss)
            }
        };
        let sample = quote!(cnn_runtime::Totals::of(#loss, scores, target));
        let Some(main) = self.0.first().filter(|_| weight.is_some()) else {
            return quote!(#names totals += #sample;);
        };
        let weights = main.constant("CLASS_WEIGHTS");
        quote! {
            #names
            let sample = #sample;
            totals += sample.weighted(#weights[*target]);
        }
    }

    /// The statements that begin the backward pass.
    pub fn delta(&self, batch_size: &TokenStream) -> TokenStream {
        let start = |judge: &Judge| {
            let (function, target) = (judge.function("loss_backward"), judge.argument());
            let (scores, delta) = (judge.scores(), judge.delta());
            let scores = if judge.is_main() {
                quote!(scores)
            } else {
                scores
            };
            quote!(#function(#scores, #target, #batch_size, &mut deltas.#delta);)
        };
        self.0.iter().map(start).collect()
    }
}

fn dims(shape: &Shape) -> Vec<Literal> {
    shape.dims().iter().map(|&dim| number(dim)).collect()
}
