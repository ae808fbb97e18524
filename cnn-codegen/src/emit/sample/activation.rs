//! Elementwise activations on vectors.

use super::function::Function;
pub use crate::emit::simd::activation::value;
use crate::emit::tokens::formula;
use crate::plan::stage::{Schedule, Stage};
use cnn_spec::layer::Activation;
use proc_macro2::TokenStream;
use quote::quote;

/// Replaces each `z` of `output` by `σ(z)`.
pub fn in_place(activation: Activation) -> TokenStream {
    let value = value(Some(activation), &quote!(z));
    quote! {
        for values in output.values_mut().chunks_mut(S::COUNT) {
            let z = rows::load_part(simd, values);
            let a = #value;
            rows::store_part(simd, values, a);
        }
    }
}

/// What is done to a sum, as a formula.
pub fn value_text(activation: Option<Activation>, z: &str) -> String {
    match activation {
        Some(Activation::LeakyRelu { negative_slope }) => {
            format!("max(z, {negative_slope} · z)    where z = {z}")
        }
        _ => crate::emit::simd::activation::value_text(activation, z),
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
