//! Rust for the kernels on lanes: training and evaluation work on blocks of samples side by side.

pub mod activation;
mod adaptive_avg_pool2d;
mod add;
mod batch_norm;
mod channel_shuffle;
mod concat;
mod conv2d;
mod conv_transpose2d;
mod dense;
mod dropout;
mod fork;
mod function;
mod global_pool;
mod layer_norm;
mod loss;
mod memory;
mod model;
mod phases;
mod pool;
mod prelu;
mod reshape;
mod site;
mod softmax;
mod upsample2d;
mod zero_pad;

use crate::emit::profile::After;
use crate::plan::fuse::{self, Group, Kernel};
use crate::plan::{Plan, Step};
use batch_norm::BatchFunctions;
use function::Function;
use memory::Memory;
use proc_macro2::TokenStream;
use quote::quote;
use site::Site;

/// The functions of a group.
pub struct Functions {
    /// What `forward` calls for each tile.
    tile: Option<TokenStream>,
    /// None where nothing is computed.
    forward: Option<Function>,
    /// What training calls in its stead.
    training: Option<Function>,
    /// What the weight gradient calls for each tile.
    weight_tile: Option<TokenStream>,
    /// What the input delta calls for each tile.
    input_tile: Option<TokenStream>,
    /// In the order in which they are called.
    backward: Vec<Function>,
    /// What is called after the last block.
    finish: Option<Function>,
    /// What a batch norm has for the sake of its batch.
    batch: Option<BatchFunctions>,
}

impl Functions {
    /// Those of a group that needs no more.
    fn of(forward: Function, backward: Vec<Function>) -> Self {
        Self {
            forward: Some(forward),
            ..Self::backwards(backward)
        }
    }

    /// Those of a group that computes nothing forward.
    fn backwards(backward: Vec<Function>) -> Self {
        Self {
            tile: None,
            forward: None,
            training: None,
            weight_tile: None,
            input_tile: None,
            backward,
            finish: None,
            batch: None,
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

/// What is trained of a network on lanes.
pub struct Trained<'p> {
    plan: &'p Plan<'p>,
    groups: Vec<Group<'p>>,
    memory: Memory<'p>,
    /// Those of each group.
    functions: Vec<Functions>,
}

impl<'p> Trained<'p> {
    fn new(plan: &'p Plan) -> Self {
        let groups = fuse::for_losses(plan);
        let memory = Memory::new(plan, &groups);
        let functions = groups
            .iter()
            .map(|group| functions(plan, group, &memory))
            .collect();
        Self {
            plan,
            groups,
            memory,
            functions,
        }
    }

    /// Groups and their functions, in the order of the forward pass.
    fn layers(&self) -> impl DoubleEndedIterator<Item = (&Group<'p>, &Functions)> {
        self.groups.iter().zip(&self.functions)
    }
}

/// What a network whose kernels are on lanes has beside the forward pass of one sample.
pub fn items(plan: &Plan) -> TokenStream {
    let trained = Trained::new(plan);
    let memory = &trained.memory;
    let last = fuse::after_scores(plan).and_then(|group| functions(plan, &group, memory).forward);
    let evaluated = fuse::for_evaluation(plan);
    let inference: Vec<_> = evaluated
        .iter()
        .map(|group| functions(plan, group, memory))
        .collect();
    let workspace = model::workspace(&trained);
    let layers = trained.functions.iter().map(|functions| {
        let (tile, forward) = (&functions.tile, &functions.forward);
        let forward = forward.iter().chain(&functions.training);
        let forward = forward.map(Function::item);
        let (weight_tile, finish) = (&functions.weight_tile, &functions.finish);
        let input_tile = &functions.input_tile;
        let backward = functions.backward.iter().chain(finish).map(Function::item);
        let [statistics, backward_statistics, backward_weights] = batch_items(functions);
        quote! {
            #tile
            #statistics
            #(#forward)*
            #weight_tile
            #input_tile
            #backward_statistics
            #backward_weights
            #(#backward)*
        }
    });
    let folded = inference
        .iter()
        .filter(|of_inference| !has_forward(&trained.functions, of_inference))
        .map(|folded| {
            let (tile, forward) = (&folded.tile, folded.forward.as_ref().map(Function::item));
            quote!(#tile #forward)
        });
    let losses = loss::functions(plan);
    let forward = model::forward(plan, &evaluated, &inference);
    let passes = model::passes(&trained, last.as_ref());
    let last = last.as_ref().map(Function::item);
    quote!(#workspace #(#layers)* #(#folded)* #last #losses #forward #passes)
}

/// A training step whose calls are each followed by something: the body of `phase_lanes`.
pub fn profile(plan: &Plan, after: &mut After) -> TokenStream {
    phases::unrolled(&Trained::new(plan), after)
}

/// Whether some groups have the forward pass that another has.
fn has_forward(groups: &[Functions], of: &Functions) -> bool {
    let name = |functions: &Functions| Some(functions.forward.as_ref()?.name.clone());
    groups.iter().any(|functions| name(functions) == name(of))
}

/// What a batch norm gathers, forward and backward, and its weight gradient.
fn batch_items(functions: &Functions) -> [Option<TokenStream>; 3] {
    let Some(batch) = &functions.batch else {
        return [None, None, None];
    };
    let weights = batch
        .backward_weights
        .as_ref()
        .map(|[item, _]| item.clone());
    let is_used = weights.is_some() || !functions.backward.is_empty();
    let backward = is_used.then(|| batch.backward_statistics.item());
    [Some(batch.statistics.item()), backward, weights]
}

/// The functions of a group, without those that nobody needs.
fn functions(plan: &Plan, group: &Group, memory: &Memory) -> Functions {
    all_functions(plan, group, memory).learning(plan, group)
}

fn all_functions(plan: &Plan, group: &Group, memory: &Memory) -> Functions {
    let site = Site {
        plan,
        group,
        memory,
    };
    match group.kernel {
        Kernel::Conv2d {
            conv,
            norm,
            activation,
            pool,
        } => conv2d::functions(conv, norm, activation, pool, site),
        Kernel::ConvTranspose2d(conv) => conv_transpose2d::functions(conv, site),
        Kernel::Dense { dense, activation } => dense::functions(dense, activation, site),
        Kernel::Activation(activation) => activation::functions(activation, site),
        Kernel::PRelu(prelu) => prelu::functions(prelu, site),
        Kernel::MaxPool2d(pool) => pool::max_functions(pool, site),
        Kernel::AvgPool2d(pool) => pool::avg_functions(pool, site),
        Kernel::GlobalPool(pool) => global_pool::functions(pool, site),
        Kernel::AdaptiveAvgPool2d => adaptive_avg_pool2d::functions(site),
        Kernel::Upsample2d(upsample) => upsample2d::functions(upsample, site),
        Kernel::ZeroPad(padding) => zero_pad::functions(padding, site),
        Kernel::Reshape => reshape::functions(site),
        Kernel::ChannelShuffle(shuffle) => channel_shuffle::functions(shuffle, site),
        Kernel::Softmax => softmax::functions(site),
        Kernel::LogSoftmax => softmax::log_functions(site),
        Kernel::BatchNorm { norm, activation } => batch_norm::functions(norm, activation, site),
        Kernel::Dropout(dropout) => dropout::functions(dropout, site),
        Kernel::LayerNorm(norm) => layer_norm::functions(norm, site),
        Kernel::Add { activation } => add::functions(activation, site),
        Kernel::Concat => concat::functions(site),
        Kernel::Fork => fork::functions(site),
    }
}

pub use function::sum;
pub use model::{batch_body, trainable_bodies};
