//! The second file of a trainer: what a report shows of the network beside figures.

use super::function::Direction;
use super::tokens::{doc, ident, number, scalar};
use super::{chosen, functions, model, parameters};
use crate::Kernels;
use crate::plan::{Operation, Plan, Step};
use cnn_spec::layer::Kind;
use proc_macro2::TokenStream;
use quote::quote;

/// All items of the file, for a network that is the module `net` beside it.
pub fn items(plan: &Plan, kernels: Kernels) -> TokenStream {
    let body = match chosen(plan, kernels) {
        // The network itself keeps what each layer puts out.
        Kernels::Plain => quote!(),
        Kernels::Simd => forward(plan),
    };
    let (show, insight) = (show_layers(plan), constant(plan));
    quote! {
        use super::net::*;
        use cnn_runtime::trainer::Insight;
        use cnn_runtime::{Tensor as _, Zeroed as _};

        #insight
        #show
        #body
    }
}

/// The forward pass of one sample in which every layer is a function of its own and keeps what it puts out.
fn forward(plan: &Plan) -> TokenStream {
    let activations = parameters::values_struct(
        "Activations",
        "What each layer puts out for one sample.",
        plan,
        |value| value.original.is_none(),
    );
    let layers = plan.steps.iter().filter_map(|step| {
        let forward = functions(plan, step).forward?;
        // A dropout lets everything pass.
        let is_dropout = matches!(step.kind(), Some(Kind::Dropout(_)));
        (!is_dropout).then(|| forward.item(plan, step, Direction::Forward))
    });
    let forward = model::forward(plan);
    quote!(#activations #(#layers)* #forward)
}

/// `INSIGHT`.
fn constant(plan: &Plan) -> TokenStream {
    let name = ident(&plan.network.name);
    let about = doc(&format!(
        "What a report shows of `{}` beside figures.",
        plan.network.name
    ));
    let is_convolution = |step: &&Step| matches!(step.kind(), Some(Kind::Conv2d(_)));
    let kernels = plan.steps.iter().find(is_convolution).map_or_else(
        || quote!(None),
        |step| {
            let name = format!("{}.weight", step.name);
            quote!(Some(#name))
        },
    );
    quote! {
        #about
        pub const INSIGHT: Insight<#name> = Insight {
            spec: include_str!("../net.toml"),
            kernels: #kernels,
            show_layers,
            profile: None,
        };
    }
}

/// `show_layers`.
fn show_layers(plan: &Plan) -> TokenStream {
    let scalar = scalar(plan.network.dtype);
    let auxiliary = plan
        .has_auxiliaries()
        .then(|| quote!(forward_auxiliary(parameters, input, &mut activations);));
    let calls = plan.steps.iter().filter(|step| is_shown(step)).map(|step| {
        let value = plan.value(step.output);
        let (name, field) = (&step.name, ident(&value.name));
        let dims = value.shape.dims().iter().map(|&dim| number(dim));
        quote!(show(#name, &[#(#dims),*], activations.#field.values());)
    });
    quote! {
        /// Shows what each layer puts out for one sample, in order: its name, the shape and the values.
        pub fn show_layers(
            parameters: &Parameters,
            input: &Input,
            show: &mut cnn_runtime::trainer::Show<'_, #scalar>
        ) {
            let mut activations = Activations::boxed();
            forward(parameters, input, &mut activations);
            #auxiliary
            #(#calls)*
        }
    }
}

/// Zeros around a value, another name for it, and a dropout that lets everything pass, are nothing to see.
fn is_shown(step: &Step) -> bool {
    match step.operation {
        Operation::Layer(kind) => !matches!(kind, Kind::Dropout(_)),
        Operation::ZeroPad(_) | Operation::Fork => false,
    }
}
