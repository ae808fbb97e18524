//! Rust for the forward pass of one sample on vectors: neighbouring values of a row side by side.

mod activation;
mod conv2d;
mod dense;
mod depthwise;
mod function;
mod max_pool2d;
mod memory;
mod pack;
mod softmax;

use super::function::{Argument, Direction};
use crate::emit::tokens::{ident, used_in};
use crate::plan::Plan;
use crate::plan::stage::{Schedule, Stage, Task};
use proc_macro2::TokenStream;
use quote::{format_ident, quote};

/// What a network has for one sample: its memory, a function for each stage, and `forward`.
pub fn items(plan: &Plan) -> TokenStream {
    let schedule = Schedule::new(plan);
    let activations = memory::activations(&schedule);
    let (functions, calls): (Vec<_>, Vec<_>) = schedule
        .stages
        .iter()
        .map(|stage| function_and_call(plan, &schedule, stage))
        .unzip();
    let calls: TokenStream = calls.into_iter().collect();
    let buffers = memory::names(&schedule);
    let [simd, parameters] = ["simd", "parameters"].map(|name| used_in(&calls, name));
    let last = schedule.stages.last().map_or(0, |stage| stage.output);
    let output = memory::shared(&schedule, last);
    quote! {
        #activations
        #(#functions)*

        /// The forward pass of one sample, layer by layer.
        pub fn forward_rows<'a, S: Lanes>(
            #simd: S,
            #parameters: &Parameters,
            input: &Input,
            activations: &'a mut Activations
        ) -> &'a Output {
            let Activations { #(#buffers),* } = activations;
            #calls
            #output
        }

        /// The forward pass of one sample, with the vectors of the machine that it runs on.
        pub fn forward<'a>(
            parameters: &Parameters,
            input: &Input,
            activations: &'a mut Activations
        ) -> &'a Output {
            lanes::dispatch!(lanes::level(), simd => forward_rows(
                simd, parameters, input, activations
            ))
        }
    }
}

fn function_and_call(
    plan: &Plan,
    schedule: &Schedule,
    stage: &Stage,
) -> (TokenStream, TokenStream) {
    let function = match &stage.task {
        Task::Plain(step) => return plain(plan, schedule, stage, step),
        Task::Conv2d(convolution) => conv2d::forward(convolution, plan, schedule, stage),
        Task::Depthwise(plane) => depthwise::forward(plane, plan, schedule, stage),
        Task::Pack(conv) => pack::forward(conv, schedule, stage),
        Task::Dense { dense, activation } => {
            dense::forward(dense, *activation, plan, schedule, stage)
        }
        Task::Activation(activation) => activation::forward(*activation, schedule, stage),
        Task::MaxPool2d(pool) => max_pool2d::forward(pool, schedule, stage),
        Task::Softmax => softmax::forward(schedule, stage),
    };
    (function.item(), function.call(schedule, stage))
}

/// The textbook's function, which has nothing to gain.
fn plain(
    plan: &Plan,
    schedule: &Schedule,
    stage: &Stage,
    step: &crate::plan::Step,
) -> (TokenStream, TokenStream) {
    let Some(forward) = super::functions(plan, step).forward else {
        return (quote!(), quote!());
    };
    let (item, name) = (
        forward.item(plan, step, Direction::Forward),
        format_ident!("{}_forward", step.name),
    );
    let inputs: Vec<_> = stage.inputs().collect();
    let arguments = forward.arguments.iter().map(|argument| match argument {
        Argument::Parameters => {
            let layer = ident(&step.name);
            quote!(&parameters.#layer)
        }
        Argument::Mean => running(step, "running_mean"),
        Argument::Variance => running(step, "running_var"),
        Argument::InputOf(index) => memory::shared(schedule, inputs[*index]),
        Argument::OutputMut => memory::unique(schedule, stage.output),
        _ => memory::shared(schedule, stage.input),
    });
    (item, quote!(#name(#(#arguments),*);))
}

/// A running average of a batch norm.
fn running(step: &crate::plan::Step, field: &str) -> TokenStream {
    let (layer, field) = (ident(&step.name), ident(field));
    quote!(&parameters.#layer.#field)
}
