//! Elementwise activations: `delta = upstream ⊙ σ'(z)`.

use super::function::{Argument, Function, Functions};
use super::tokens::{formula as formula_doc, loops, real};
use crate::plan::{Plan, Step};
use cnn_spec::layer::Activation;
use cnn_spec::network::Dtype;
use cnn_spec::shape::Shape;
use proc_macro2::TokenStream;
use quote::{format_ident, quote};

/// What there is to say of one activation.
struct Formula {
    /// The output, of `z`.
    value: TokenStream,
    value_text: String,
    /// The derivative times `d`, of `z` or of `a = σ(z)`.
    delta: TokenStream,
    delta_text: String,
    /// What the derivative is written in.
    reads: Argument,
}

/// The functions of an activation.
pub fn functions(activation: Activation, plan: &Plan, step: &Step) -> Functions {
    let formula = formula(activation, plan.network.dtype);
    let shape = &plan.value(step.output).shape;
    let (value, delta) = (&formula.value, &formula.delta);
    let (z, a) = (element("input", shape), element("output", shape));
    let (upstream, downstream) = (element("delta", shape), element("input_delta", shape));
    let read = if formula.reads == Argument::Input {
        quote!(let z = #z;)
    } else {
        quote!(let a = #a;)
    };
    let forward = Function {
        doc: format!(
            "`{}` forward, {}: the same function of each value `z`.\n\n{}",
            step.name,
            shape,
            formula_doc(&format!("output = {}", formula.value_text)),
        ),
        arguments: vec![Argument::Input, Argument::OutputMut],
        body: each(shape, &quote!(let z = #z; #a = #value;)),
    };
    let backward_input = Function {
        doc: format!(
            "`{}` input delta: the delta times the derivative at each value, `delta ⊙ σ'(z)`.\n\n{}",
            step.name,
            formula_doc(&format!("input_delta = {}", formula.delta_text)),
        ),
        arguments: vec![formula.reads, Argument::Delta, Argument::InputDelta],
        body: each(
            shape,
            &quote!(#read let d = #upstream; #downstream = #delta;),
        ),
    };
    Functions {
        forward: Some(forward),
        backward_weights: None,
        backward_input,
    }
}

fn formula(activation: Activation, dtype: Dtype) -> Formula {
    match activation {
        Activation::Relu => Formula {
            value: quote!(if z < 0.0 { 0.0 } else { z }),
            value_text: "max(0, z)".to_owned(),
            delta: quote!(if z > 0.0 { d } else { 0.0 }),
            delta_text: "delta where z > 0, else 0".to_owned(),
            reads: Argument::Input,
        },
        Activation::LeakyRelu { negative_slope } => {
            let slope = real(negative_slope, dtype);
            Formula {
                value: quote!(if z > 0.0 { z } else { #slope * z }),
                value_text: format!("z where z > 0, else {slope} · z"),
                delta: quote!(if z > 0.0 { d } else { #slope * d }),
                delta_text: format!("delta where z > 0, else {slope} · delta"),
                reads: Argument::Input,
            }
        }
        Activation::Sigmoid => Formula {
            value: quote!(1.0 / (1.0 + cnn_runtime::math::exp(-z))),
            value_text: "1 / (1 + e⁻ᶻ)".to_owned(),
            delta: quote!(d * a * (1.0 - a)),
            delta_text: "delta · a · (1 − a)    where a is the output".to_owned(),
            reads: Argument::Output,
        },
        Activation::Tanh => Formula {
            value: quote!(cnn_runtime::math::tanh(z)),
            value_text: "tanh(z)".to_owned(),
            delta: quote!(d * (1.0 - a * a)),
            delta_text: "delta · (1 − a²)    where a is the output".to_owned(),
            reads: Argument::Output,
        },
    }
}

const INDICES: [&str; 3] = ["c", "y", "x"];

/// `array[c][y][x]`, or `array[i]` of a vector.
fn element(array: &str, shape: &Shape) -> TokenStream {
    let array = format_ident!("{array}");
    let indices = indices(shape).iter().map(|index| format_ident!("{index}"));
    quote!(#array #([#indices])*)
}

fn each(shape: &Shape, body: &TokenStream) -> TokenStream {
    let ranges: Vec<_> = indices(shape)
        .iter()
        .copied()
        .zip(shape.dims().iter().copied())
        .collect();
    loops(&ranges, body)
}

fn indices(shape: &Shape) -> &'static [&'static str] {
    if shape.rank() == 1 {
        &["i"]
    } else {
        &INDICES[..shape.rank()]
    }
}
