//! Rust for a plan: one file per kind of layer, forward directly above backward.

mod activation;
mod adaptive_avg_pool2d;
mod add;
mod avg_pool2d;
mod axis;
mod batch_norm;
mod channel_shuffle;
mod channels;
mod concat;
mod conv2d;
mod conv_transpose2d;
mod dense;
mod dropout;
mod element;
mod flatten;
mod fork;
mod function;
mod global_pool;
pub mod insight;
mod layer_norm;
pub mod loss;
mod max_pool2d;
pub mod memory;
mod model;
pub mod optimizer;
mod parameters;
mod phases;
mod prelu;
pub mod profile;
mod reshape;
mod sample;
mod samples;
mod schedule;
mod simd;
mod softmax;
mod tokens;
mod upsample2d;
mod zero_pad;

use crate::plan::{Operation, Plan, Step, ValueId};
use crate::{Kernels, Options, Origin, Summary};
use cnn_spec::layer::Kind;
use cnn_spec::network::Dtype;
use function::{Direction, Functions};
use memory::Memory;
use phases::Phases;
use proc_macro2::TokenStream;
use quote::quote;
use tokens::{mentions, mentions_module};

/// What is generated for a network.
pub struct Items {
    /// What the network is and takes.
    pub summary: Summary,
    /// All items of its module, in the order in which they are read.
    pub tokens: TokenStream,
}

/// Generates everything.
pub fn items(plan: &Plan, origin: &Origin, options: &Options) -> Items {
    let parameters = parameters::items(plan);
    let kernels = chosen(plan, options.kernels);
    let body = match kernels {
        Kernels::Plain => plain(plan),
        Kernels::Simd => on_lanes(plan),
    };
    let optimizer = plan
        .network
        .training
        .as_ref()
        .map(|training| optimizer::items(plan.network, training, kernels));
    let implementations = model::implementations(plan, kernels);
    let summary = Summary {
        layers: cnn_spec::Summary::new(plan.network),
        kernels,
        memory: Memory::of(quote!(#parameters #body #optimizer)),
    };
    let heading = model::heading(plan, origin, &summary.to_string());
    let items = quote! {
        #heading
        #parameters
        #body
        #optimizer
        #implementations
    };
    let imports = imports(plan, &items, kernels);
    Items {
        summary,
        tokens: quote!(#imports #items),
    }
}

/// The kernels that a network can have: vectors are of `f32`.
fn chosen(plan: &Plan, kernels: Kernels) -> Kernels {
    match plan.network.dtype {
        Dtype::F32 => kernels,
        Dtype::F64 => Kernels::Plain,
    }
}

/// All layers, one sample at a time.
fn plain(plan: &Plan) -> TokenStream {
    let training = plan.network.training.as_ref();
    let activations = parameters::values_struct(
        "Activations",
        "What each layer puts out for one sample.",
        plan,
        |value| value.original.is_none(),
    );
    let deltas = training.map(|_| {
        parameters::values_struct(
            "Deltas",
            "The loss's gradient with respect to what each layer puts out.",
            plan,
            |value| value.has_delta,
        )
    });
    let layers = plan.steps.iter().map(|step| layer_functions(plan, step));
    let losses = loss::judges(plan).map(loss::Judge::functions);
    let passes = passes(plan);
    quote!(#activations #deltas #(#layers)* #(#losses)* #passes)
}

/// Both passes of one sample through all layers.
pub fn passes(plan: &Plan) -> TokenStream {
    let forward = model::forward(plan);
    let backward = plan
        .network
        .training
        .as_ref()
        .map(|training| match Phases::of(plan) {
            Some(phases) => phases.items(training),
            None => model::backward(plan),
        });
    quote!(#forward #backward)
}

/// The forward pass of one sample on vectors, and everything of a block of samples.
fn on_lanes(plan: &Plan) -> TokenStream {
    let sample = sample::items(plan);
    let lanes = plan.network.training.as_ref().map(|_| simd::items(plan));
    quote!(#sample #lanes)
}

/// The runtime's traits whose methods the items call, and modules that they name: an optimizer visits the parameters,
/// and arrays are seen as their values.
fn imports(plan: &Plan, items: &TokenStream, kernels: Kernels) -> TokenStream {
    let parameters = plan
        .network
        .training
        .as_ref()
        .map(|_| quote!(Parameters as _));
    let is_flattened = mentions(items, "values") || mentions(items, "values_mut");
    let tensor = is_flattened.then(|| quote!(Tensor as _));
    let settings = samples::are_set(plan.network).then(|| quote!(settings));
    let rows = mentions_module(items, "rows").then(|| quote!(rows));
    let names = [parameters, tensor, rows, settings];
    let names: Vec<_> = names.into_iter().flatten().collect();
    let lanes = (kernels == Kernels::Simd).then(|| {
        quote!(
            use cnn_runtime::lanes::{self, prelude::*};
        )
    });
    let names = match names.as_slice() {
        [] => None,
        [one] => Some(quote!(use cnn_runtime::#one;)),
        more => Some(quote!(use cnn_runtime::{#(#more),*};)),
    };
    quote!(#lanes #names)
}

/// The functions of one kind of operation.
fn functions(plan: &Plan, step: &Step) -> Functions {
    match step.operation {
        Operation::ZeroPad(padding) => zero_pad::functions(padding, plan, step),
        Operation::Fork => fork::functions(plan, step),
        Operation::Layer(kind) => match kind {
            Kind::Conv2d(conv) => conv2d::functions(conv, plan, step),
            Kind::ConvTranspose2d(conv) => conv_transpose2d::functions(conv, plan, step),
            Kind::MaxPool2d(pool) => max_pool2d::functions(pool, plan, step),
            Kind::AvgPool2d(pool) => avg_pool2d::functions(pool, plan, step),
            Kind::GlobalPool(pool) => global_pool::functions(*pool, plan, step),
            Kind::AdaptiveAvgPool2d(_) => adaptive_avg_pool2d::functions(plan, step),
            Kind::Upsample2d(upsample) => upsample2d::functions(*upsample, plan, step),
            Kind::ZeroPad2d(pad) => zero_pad::functions(pad.padding, plan, step),
            Kind::Dense(dense) => dense::functions(dense, plan, step),
            Kind::Activation(activation) => activation::functions(*activation, plan, step),
            Kind::PRelu(prelu) => prelu::functions(*prelu, plan, step),
            Kind::Softmax(_) => softmax::functions(plan, step),
            Kind::LogSoftmax(_) => softmax::log_functions(plan, step),
            Kind::Flatten(_) => flatten::functions(plan, step),
            Kind::Reshape(_) => reshape::functions(plan, step),
            Kind::ChannelShuffle(shuffle) => channel_shuffle::functions(*shuffle, plan, step),
            Kind::BatchNorm(norm) => batch_norm::functions(norm, plan, step),
            Kind::LayerNorm(norm) => layer_norm::functions(norm, plan, step),
            Kind::Dropout(dropout) => dropout::functions(dropout, plan, step),
            Kind::Add(_) => add::functions(plan, step),
            Kind::Concat(_) => concat::functions(plan, step),
        },
    }
}

/// Whether the backward pass of a step is part of training, for its weights and for its input.
fn directions(plan: &Plan, step: &Step) -> [bool; 2] {
    let reaches_loss = step.purpose.loss;
    let sends_delta = |input: &ValueId| plan.value(*input).has_delta;
    [
        reaches_loss && step.learns,
        reaches_loss && step.inputs.iter().any(sends_delta),
    ]
}

/// The plain functions of a step, in the order in which they are read.
pub fn layer_functions(plan: &Plan, step: &Step) -> TokenStream {
    let functions = functions(plan, step);
    let [weights, input] = directions(plan, step);
    let is_trained = plan.network.training.is_some();
    let forward = functions
        .forward
        .filter(|_| is_trained || !matches!(step.kind(), Some(Kind::Dropout(_))))
        .map(|function| function.item(plan, step, Direction::Forward));
    let backward_weights = functions
        .backward_weights
        .filter(|_| weights)
        .map(|function| function.item(plan, step, Direction::BackwardWeights));
    let backward_input = input.then(|| {
        functions
            .backward_input
            .item(plan, step, Direction::BackwardInput)
    });
    let (statistics, backward_statistics) = match step.kind() {
        Some(Kind::BatchNorm(norm)) if is_trained => {
            let [forward, backward] = batch_norm::statistics(norm, plan, step);
            let backward = (weights || input)
                .then(|| backward.item(plan, step, Direction::BackwardStatistics));
            let forward = forward.item(plan, step, Direction::Statistics);
            (Some(forward), backward)
        }
        _ => (None, None),
    };
    quote! {
        #statistics
        #forward
        #backward_statistics
        #backward_weights
        #backward_input
    }
}

/// What a step does in the backward pass: weights first, then the input.
fn backward_directions(plan: &Plan, step: &Step) -> impl Iterator<Item = Direction> {
    let all = [Direction::BackwardWeights, Direction::BackwardInput];
    let directions = all.into_iter().zip(directions(plan, step));
    directions.filter_map(|(direction, is_wanted)| is_wanted.then_some(direction))
}

/// The call of one of a step's functions, if it has it.
fn call(plan: &Plan, step: &Step, direction: Direction) -> Option<TokenStream> {
    let functions = functions(plan, step);
    let function = match (direction, step.kind()) {
        (Direction::Forward, Some(Kind::Dropout(_))) => {
            return Some(dropout::inference(plan, step));
        }
        (Direction::Forward | Direction::TrainingForward, _) => functions.forward?,
        (Direction::BackwardWeights, _) => functions.backward_weights?,
        (Direction::BackwardInput, _) => functions.backward_input,
        (Direction::Statistics | Direction::BackwardStatistics, Some(Kind::BatchNorm(norm))) => {
            let [forward, backward] = batch_norm::statistics(norm, plan, step);
            if direction == Direction::Statistics {
                forward
            } else {
                backward
            }
        }
        (Direction::Statistics | Direction::BackwardStatistics, _) => return None,
    };
    Some(function.call(plan, step, direction))
}
