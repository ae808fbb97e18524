//! Elementwise activations on lanes: the function, and the delta through its derivative.

use super::function::{Argument, Function, flat, flat_mut, lanes_type, untiled};
use super::memory::Memory;
use crate::emit::tokens::{formula, real};
use crate::plan::Plan;
use crate::plan::fuse::Group;
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

/// `d · σ'(z)` of vectors `d` and `a = σ(z)`.
pub fn delta(activation: Activation) -> TokenStream {
    let is_positive = quote!(a.simd_gt(0.0));
    match activation {
        Activation::Relu => quote!(#is_positive.select(d, lanes::splat(simd, 0.0))),
        Activation::LeakyRelu { negative_slope } => {
            let slope = real(negative_slope, Dtype::F32);
            quote!(#is_positive.select(d, d * #slope))
        }
        Activation::Sigmoid => quote!(d * a * (lanes::splat(simd, 1.0) - a)),
        Activation::Tanh => quote!(d * (lanes::splat(simd, 1.0) - a * a)),
    }
}

/// What is done to a sum, as a formula of `z`.
pub fn value_text(activation: Option<Activation>, z: &str) -> String {
    match activation {
        None => z.to_owned(),
        Some(Activation::Relu) => format!("max(0, {z})"),
        Some(Activation::LeakyRelu { negative_slope }) => {
            format!("max({z}, {negative_slope} · {z})")
        }
        Some(Activation::Sigmoid) => format!("σ({z})"),
        Some(Activation::Tanh) => format!("tanh({z})"),
    }
}

/// The derivative as a formula of the output `a`.
pub fn delta_text(activation: Activation) -> String {
    match activation {
        Activation::Relu => "delta where a > 0, else 0".to_owned(),
        Activation::LeakyRelu { negative_slope } => {
            format!("delta where a > 0, else {negative_slope} · delta")
        }
        Activation::Sigmoid => "delta · a · (1 − a)".to_owned(),
        Activation::Tanh => "delta · (1 − a²)".to_owned(),
    }
}

/// The forward function of an activation that stands alone.
pub fn forward(activation: Activation, plan: &Plan, group: &Group, memory: &Memory) -> Function {
    let shape = &plan.value(group.output).shape;
    let array = lanes_type(shape);
    let value = value(Some(activation), &quote!(z));
    let (flat, flat_mut) = (flat(shape), flat_mut(shape));
    let body = quote! {
        for (input, output) in input #flat.iter().zip(output #flat_mut) {
            let z = lanes::load(simd, &input);
                let a = #value;
                a.store_array(output);
        }
    };
    Function {
        name: format!("{}_forward_lanes", group.name),
        doc: format!(
            "`{}` forward, {shape}: the same function of each value `z`.\n\n{}",
            group.name,
            formula(&format!("output = {}", value_text(Some(activation), "z"))),
        ),
        sizes: &[],
        arguments: vec![
            Argument::shared("input", &array, &memory.activation(group.input)),
            Argument::unique("output", &array, &memory.activation(group.output)),
        ],
        body,
        calls: untiled(),
    }
}

/// The delta of what an activation is applied to.
pub fn backward(
    name: &str,
    activation: Activation,
    plan: &Plan,
    group: &Group,
    memory: &Memory,
    target: &TokenStream,
) -> Function {
    let shape = &plan.value(group.output).shape;
    let array = lanes_type(shape);
    let delta = delta(activation);
    let (flat, flat_mut) = (flat(shape), flat_mut(shape));
    let body = quote! {
        let pairs = output #flat.iter().zip(delta #flat);
        let input_deltas = input_delta #flat_mut;
        for ((output, delta), input_delta) in pairs.zip(input_deltas) {
            let (a, d) = (lanes::load(simd, output), lanes::load(simd, delta));
                let d = #delta;
                d.store_array(input_delta);
        }
    };
    Function {
        name: name.to_owned(),
        doc: format!(
            "`{}`, back through the activation, {shape}: the delta times the derivative at each value, \
             `delta ⊙ σ'(z)`, where `a` is the output.\n\n{}",
            group.name,
            formula(&format!("input_delta = {}", delta_text(activation))),
        ),
        sizes: &[],
        arguments: vec![
            Argument::shared("output", &array, &memory.activation(group.output)),
            Argument::shared("delta", &array, &memory.delta(group.output)),
            Argument::unique("input_delta", &array, target),
        ],
        body,
        calls: untiled(),
    }
}
