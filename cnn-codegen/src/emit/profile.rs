//! The file that takes the time of a network: a training step with a lap of the stopwatch after each kernel.

use super::phases::Phases;
use super::tokens::{ident, number, used_in};
use super::{chosen, simd};
use crate::Kernels;
use crate::plan::{Plan, ValueId};
use cnn_spec::network::Layer;
use cnn_spec::shape::Shape;
use proc_macro2::{Literal, TokenStream};
use quote::quote;

/// A call of a training step, as it is put together.
#[derive(Clone, Copy)]
pub struct Work<'a> {
    /// The function.
    pub name: &'a str,
    /// The layer that it belongs to, if it is one's.
    pub layer: Option<&'a str>,
    pub pass: Pass,
    /// What it reads and writes.
    pub values: &'a [ValueId],
}

/// The pass that a call belongs to.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Pass {
    Forward,
    Backward,
}

/// What follows each call of a training step.
pub type After<'a> = dyn FnMut(Work<'_>) -> TokenStream + 'a;

/// Nothing follows a call.
pub fn nothing(_: Work<'_>) -> TokenStream {
    TokenStream::new()
}

/// All items of the file, for a network that is the module `net` beside it.
pub fn items(plan: &Plan, kernels: Kernels) -> TokenStream {
    let mut kinds = Vec::new();
    let mut lap = |work: Work<'_>| {
        let index = number(kinds.len());
        kinds.push(kernel(plan, work));
        quote!(laps.lap(#index);)
    };
    let phases = Phases::new(plan, &mut nothing);
    let statistics = phases.statistics_type();
    let (imports, profile) = match chosen(plan, kernels) {
        Kernels::Plain => (None, Phases::new(plan, &mut lap).unrolled()),
        Kernels::Simd => {
            let step = simd::profile(plan, &mut lap);
            let imports = quote!(
                use cnn_runtime::lanes::{self, prelude::*};
            );
            (Some(imports), on_lanes(&step, &statistics))
        }
    };
    let name = ident(&plan.network.name);
    let [phase, part, statistics_name, gradients] =
        ["phase", "part", "statistics", "gradients"].map(|name| used_in(&profile, name));
    quote! {
        #imports
        use super::net::*;
        use cnn_runtime::profile::{Kernel, Laps, Pass, Profiled};

        impl Profiled for #name {
            const KERNELS: &'static [Kernel] = &[#(#kinds),*];

            fn profile(
                #phase: usize,
                parameters: &Parameters,
                samples: (&[Input], &[Target]),
                #part: cnn_runtime::Part,
                #statistics_name: &#statistics,
                workspace: &mut Workspace,
                #gradients: &mut Parameters,
                laps: &mut Laps
            ) -> cnn_runtime::Totals {
                #profile
            }
        }
    }
}

/// The body of `profile` around a phase on lanes.
fn on_lanes(phase: &TokenStream, statistics: &TokenStream) -> TokenStream {
    let [number, part, statistics_name, gradients] =
        ["phase", "part", "statistics", "gradients"].map(|name| used_in(phase, name));
    quote! {
        #[allow(clippy::too_many_arguments)]
        fn phase_lanes<S: Lanes>(
            simd: S,
            #number: usize,
            parameters: &Parameters,
            samples: (&[Input], &[Target]),
            #part: cnn_runtime::Part,
            #statistics_name: &#statistics,
            workspace: &mut Workspace,
            #gradients: &mut Parameters,
            laps: &mut Laps
        ) -> cnn_runtime::Totals {
            #phase
        }
        lanes::dispatch!(lanes::level(), simd => phase_lanes(
            simd, phase, parameters, samples, part, statistics, workspace, gradients, laps
        ))
    }
}

/// What the runtime is told of a call.
fn kernel(plan: &Plan, work: Work<'_>) -> TokenStream {
    let layer = plan
        .network
        .layers
        .iter()
        .find(|layer| Some(layer.name.as_str()) == work.layer);
    let multiply_adds = Literal::u64_unsuffixed(layer.map_or(0, |layer| {
        directions(work.name, layer) * multiply_adds(layer)
    }));
    let (name, bytes) = (work.name, number(bytes(plan, work.values, layer)));
    let pass = match work.pass {
        Pass::Forward => quote!(Pass::Forward),
        Pass::Backward => quote!(Pass::Backward),
    };
    let layer = work
        .layer
        .map_or_else(|| quote!(None), |layer| quote!(Some(#layer)));
    quote! {
        Kernel {
            name: #name,
            layer: #layer,
            pass: #pass,
            multiply_adds: #multiply_adds,
            bytes: #bytes,
        }
    }
}

/// How many of a layer's three products with its weights a function is: none where it goes through an activation or a
/// pool, or adds up lanes.
fn directions(function: &str, layer: &Layer) -> u64 {
    let adds = ["_backward_output", "_finish"];
    if adds.iter().any(|part| function.contains(part)) {
        0
    } else if function == format!("{}_backward_lanes", layer.name) {
        2
    } else {
        1
    }
}

fn multiply_adds(layer: &Layer) -> u64 {
    layer
        .kind
        .multiply_adds(layer.input_shape(), &layer.output_shape)
}

/// The bytes of some values of one sample, and of what a layer learns.
fn bytes(plan: &Plan, values: &[ValueId], layer: Option<&Layer>) -> usize {
    let parameters = layer.iter().flat_map(|layer| &layer.parameters);
    let parameters = parameters.map(|parameter| &parameter.shape);
    let shapes = parameters.chain(values.iter().map(|&id| &plan.value(id).shape));
    shapes.map(Shape::elements).sum::<usize>() * plan.network.dtype.bytes()
}
