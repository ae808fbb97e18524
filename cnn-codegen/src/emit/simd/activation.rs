//! Elementwise activations on lanes: the function, and the delta through its derivative.

use super::function::{Argument, Function, lanes_type, untiled};
use super::memory::Memory;
use crate::emit::axis::each_output;
use crate::emit::tokens::{formula, loops, real};
use crate::plan::Plan;
use crate::plan::fuse::Group;
use cnn_spec::layer::Activation;
use cnn_spec::network::Dtype;
use cnn_spec::shape::Shape;
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
        Some(_) => unreachable!("networks with other activations have plain kernels"),
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
        _ => unreachable!("networks with other activations have plain kernels"),
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
        Some(_) => unreachable!("networks with other activations have plain kernels"),
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
        _ => unreachable!("networks with other activations have plain kernels"),
    }
}

/// For each value of a group's output, given its index and that in the output's memory.
fn each_value(
    shape: &Shape,
    group: &Group,
    memory: &Memory,
    body: impl Fn(&TokenStream, &TokenStream) -> TokenStream,
) -> TokenStream {
    if shape.rank() == 1 {
        let at = quote!([i]);
        return loops(&[("i", shape.elements())], &body(&at, &at));
    }
    let output_at = memory.index(group.output, [&quote!(c), &quote!(y), &quote!(x)]);
    each_output(shape, &body(&quote!([c][y][x]), &output_at))
}

/// The forward function of an activation that stands alone.
pub fn forward(activation: Activation, plan: &Plan, group: &Group, memory: &Memory) -> Function {
    let shape = &plan.value(group.output).shape;
    let array = lanes_type(shape);
    let value = value(Some(activation), &quote!(z));
    let body = each_value(shape, group, memory, |at, output_at| {
        quote! {
            let z = lanes::load(simd, &input #at);
            let a = #value;
            a.store_array(&mut output #output_at);
        }
    });
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
            Argument::unique(
                "output",
                &memory.array(group.output),
                &memory.activation(group.output),
            ),
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
    let body = each_value(shape, group, memory, |at, output_at| {
        quote! {
            let a = lanes::load(simd, &output #output_at);
            let d = lanes::load(simd, &delta #at);
            let d = #delta;
            d.store_array(&mut input_delta #at);
        }
    });
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
            Argument::shared(
                "output",
                &memory.array(group.output),
                &memory.activation(group.output),
            ),
            Argument::shared("delta", &array, &memory.delta(group.output)),
            Argument::unique("input_delta", &array, target),
        ],
        body,
        calls: untiled(),
    }
}
