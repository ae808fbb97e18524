//! Rust for the kernels on lanes: training and evaluation work on blocks of samples side by side.

pub mod activation;
mod conv2d;
mod dense;
mod flatten;
mod function;
mod loss;
mod memory;
mod model;
mod pool;
mod profile;
mod softmax;

use crate::plan::fuse::{self, Group, Kernel};
use crate::plan::{Plan, Step};
use cnn_spec::training::Training;
use function::Function;
use memory::Memory;
use pool::Pool;
use proc_macro2::TokenStream;
use quote::quote;

/// The functions of a group.
struct Functions {
    /// What `forward` calls for each tile.
    tile: Option<TokenStream>,
    forward: Function,
    /// What the weight gradient calls for each tile.
    weight_tile: Option<TokenStream>,
    /// In the order in which they are called.
    backward: Vec<Function>,
    /// What is called after the last block.
    finish: Option<Function>,
}

impl Functions {
    /// Those of a group that needs no more.
    fn of(forward: Function, backward: Vec<Function>) -> Self {
        Self {
            tile: None,
            forward,
            weight_tile: None,
            backward,
            finish: None,
        }
    }
}

impl Functions {
    /// The same without gradients that nobody learns from: of a frozen layer, and before the first that is not.
    fn learning(mut self, plan: &Plan, group: &Group) -> Self {
        let is_frozen = |step: &Step| step.name == group.layer && !step.learns;
        if plan.steps.iter().any(is_frozen) {
            let weights = format!("{}_backward_weights_lanes", group.layer);
            self.backward.retain(|function| function.name != weights);
            (self.weight_tile, self.finish) = (None, None);
        }
        if !plan.value(group.output).has_delta {
            self.backward.clear();
        }
        self
    }
}

/// What a network whose kernels are on lanes has beside the forward pass of one sample.
pub fn items(plan: &Plan, training: &Training, profile: bool) -> TokenStream {
    let groups = fuse::fuse(plan);
    let memory = Memory::new(plan);
    let of = |group: &Group| functions(plan, group, &memory).learning(plan, group);
    let last = fuse::after_scores(plan).map(|group| of(&group).forward);
    let functions: Vec<_> = groups.iter().map(of).collect();
    let workspace = model::workspace(plan, &groups, &memory);
    let layers = functions.iter().map(|functions| {
        let (tile, forward) = (&functions.tile, functions.forward.item());
        let (weight_tile, finish) = (&functions.weight_tile, &functions.finish);
        let backward = functions.backward.iter().chain(finish).map(Function::item);
        quote!(#tile #forward #weight_tile #(#backward)*)
    });
    let loss = loss::functions(&training.loss, plan);
    let passes = model::passes(plan, &groups, &functions, last.as_ref(), &memory);
    let last = last.as_ref().map(Function::item);
    let profiled = profile.then(|| profile::implementation(plan, &groups, &memory, &functions));
    quote!(#workspace #(#layers)* #last #loss #passes #profiled)
}

fn functions(plan: &Plan, group: &Group, memory: &Memory) -> Functions {
    let sends_delta = memory.needs_input_delta(group);
    let sent = |function: &dyn Fn() -> Function| {
        sends_delta.then(function).into_iter().collect::<Vec<_>>()
    };
    match group.kernel {
        Kernel::Conv2d {
            conv,
            activation,
            pool,
        } => {
            let emitter = conv2d::Emitter {
                conv,
                activation,
                pool,
                plan,
                group,
                memory,
            };
            let mut backward: Vec<_> = emitter.backward_output().into_iter().collect();
            backward.push(emitter.backward_weights());
            backward.extend(sent(&|| emitter.backward_input()));
            Functions {
                tile: Some(emitter.tile()),
                forward: emitter.forward(),
                weight_tile: Some(emitter.weight_tile()),
                backward,
                finish: Some(emitter.finish_weights()),
            }
        }
        Kernel::Dense { dense, activation } => {
            let emitter = dense::Emitter {
                dense,
                activation,
                plan,
                group,
                memory,
            };
            let mut backward: Vec<_> = emitter.backward_output().into_iter().collect();
            backward.push(emitter.backward_weights());
            backward.extend(sent(&|| emitter.backward_input()));
            Functions::of(emitter.forward(), backward)
        }
        Kernel::Activation(kind) => Functions::of(
            activation::forward(kind, plan, group, memory),
            sent(&|| {
                let name = format!("{}_backward_input_lanes", group.name);
                activation::backward(
                    &name,
                    kind,
                    plan,
                    group,
                    memory,
                    &memory.delta(group.source),
                )
            }),
        ),
        Kernel::MaxPool2d(kind) => {
            let pool = Pool::max(kind, plan, group, memory);
            Functions::of(pool.max_forward(), sent(&|| pool.max_backward()))
        }
        Kernel::AvgPool2d(kind) => {
            let pool = Pool::avg(kind, plan, group, memory);
            Functions::of(pool.avg_forward(), sent(&|| pool.avg_backward()))
        }
        Kernel::Flatten => Functions::of(
            flatten::forward(plan, group, memory),
            sent(&|| flatten::backward(plan, group, memory)),
        ),
        Kernel::Softmax => Functions::of(
            softmax::forward(plan, group, memory),
            sent(&|| softmax::backward(plan, group, memory)),
        ),
    }
}

pub use model::{batch_body, trainable_bodies};
