//! Elementwise activations on vectors.

use super::function::Function;
use crate::emit::tokens::{formula, real};
use crate::plan::stage::{Schedule, Stage};
use cnn_spec::layer::Activation;
use cnn_spec::network::Dtype;
use proc_macro2::TokenStream;
use quote::quote;

/// `σ(z)` of a vector `z`.
pub fn value(activation: Option<Activation>, z: &TokenStream) -> TokenStream {
    match activation {
        None => z.clone(),
        Some(Activation::Relu) => quote!(#z.max(0.0)),
        Some(Activation::LeakyRelu { negative_slope }) => {
            let slope = real(negative_slope, Dtype::F32);
            quote!(#z.max(#z * #slope))
        }
        Some(Activation::Sigmoid) => quote!(lanes::sigmoid(simd, #z)),
        Some(Activation::Tanh) => quote!(lanes::tanh(simd, #z)),
    }
}

/// Replaces each `z` of `output` by `σ(z)`.
pub fn in_place(activation: Activation) -> TokenStream {
    let value = value(Some(activation), &quote!(z));
    quote! {
        for values in output.values_mut().chunks_mut(S::COUNT) {
            let z = rows::load_part(simd, values);
            rows::store_part(simd, values, #value);
        }
    }
}

/// What is done to a sum, as a formula.
pub fn value_text(activation: Option<Activation>, z: &str) -> String {
    match activation {
        None => z.to_owned(),
        Some(Activation::Relu) => format!("max(0, {z})"),
        Some(Activation::LeakyRelu { negative_slope }) => {
            format!("max(z, {negative_slope} · z)    where z = {z}")
        }
        Some(Activation::Sigmoid) => format!("σ({z})"),
        Some(Activation::Tanh) => format!("tanh({z})"),
    }
}

/// An activation that stands alone.
pub fn forward(activation: Activation, schedule: &Schedule, stage: &Stage) -> Function {
    let shape = &schedule.tensors[stage.output].shape;
    let doc = format!(
        "`{}` forward, {shape}: the same function of each value `z`.\n\n{}",
        stage.name,
        formula(&format!("output = {}", value_text(Some(activation), "z")))
    );
    let in_place = in_place(activation);
    let body = quote! {
        *output = *input;
        #in_place
    };
    Function::new(schedule, stage, doc, body)
}
