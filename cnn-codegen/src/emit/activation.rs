//! Elementwise activations: `delta = upstream ⊙ σ'(z)`.

use super::element::{each, element};
use super::function::{Argument, Function, Functions};
use super::tokens::{formula as formula_doc, real, scalar};
use crate::plan::{Plan, Step};
use cnn_spec::layer::{Activation, Approximate, SELU_ALPHA, SELU_SCALE};
use cnn_spec::network::Dtype;
use proc_macro2::TokenStream;
use quote::quote;
use std::f64::consts::PI;

/// What there is to say of one activation.
struct Formula {
    /// What value and derivative share: statements that give it a name.
    shared: TokenStream,
    /// The same of the derivative alone.
    slope: TokenStream,
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
    Functions {
        forward: Some(forward(&formula, plan, step)),
        backward_weights: None,
        backward_input: backward_input(&formula, plan, step),
    }
}

fn forward(formula: &Formula, plan: &Plan, step: &Step) -> Function {
    let shape = &plan.value(step.output).shape;
    let (shared, value) = (&formula.shared, &formula.value);
    let (z, a) = (element("input", shape), element("output", shape));
    Function {
        doc: format!(
            "`{}` forward, {}: the same function of each value `z`.\n\n{}",
            step.name,
            shape,
            formula_doc(&format!("output = {}", formula.value_text)),
        ),
        arguments: vec![Argument::Input, Argument::OutputMut],
        body: each(shape, &quote!(let z = #z; #shared #a = #value;)),
    }
}

fn backward_input(formula: &Formula, plan: &Plan, step: &Step) -> Function {
    let shape = &plan.value(step.output).shape;
    let (shared, slope, delta) = (&formula.shared, &formula.slope, &formula.delta);
    let (z, a) = (element("input", shape), element("output", shape));
    let (upstream, downstream) = (element("delta", shape), element("input_delta", shape));
    let read = if formula.reads == Argument::Input {
        quote!(let z = #z; #shared #slope)
    } else {
        quote!(let a = #a;)
    };
    Function {
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
    }
}

impl Formula {
    /// A function whose derivative is written in its input.
    fn of_input(
        [value, delta]: [TokenStream; 2],
        value_text: impl Into<String>,
        delta_text: impl Into<String>,
    ) -> Self {
        Self {
            shared: TokenStream::new(),
            slope: TokenStream::new(),
            value,
            value_text: value_text.into(),
            delta,
            delta_text: delta_text.into(),
            reads: Argument::Input,
        }
    }

    /// A function whose derivative is written in its output.
    fn of_output(
        [value, delta]: [TokenStream; 2],
        value_text: impl Into<String>,
        delta_text: impl Into<String>,
    ) -> Self {
        Self {
            reads: Argument::Output,
            ..Self::of_input([value, delta], value_text, delta_text)
        }
    }
}

fn formula(activation: Activation, dtype: Dtype) -> Formula {
    match activation {
        Activation::Relu => Formula::of_input(
            [
                quote!(if z < 0.0 { 0.0 } else { z }),
                quote!(if z > 0.0 { d } else { 0.0 }),
            ],
            "max(0, z)",
            "delta where z > 0, else 0",
        ),
        Activation::LeakyRelu { negative_slope } => {
            let slope = real(negative_slope, dtype);
            Formula::of_input(
                [
                    quote!(if z > 0.0 { z } else { #slope * z }),
                    quote!(if z > 0.0 { d } else { #slope * d }),
                ],
                format!("z where z > 0, else {slope} · z"),
                format!("delta where z > 0, else {slope} · delta"),
            )
        }
        Activation::Relu6 => Formula::of_input(
            [
                quote!(z.clamp(0.0, 6.0)),
                quote!(if z > 0.0 && z < 6.0 { d } else { 0.0 }),
            ],
            "min(max(0, z), 6)",
            "delta where 0 < z < 6, else 0",
        ),
        Activation::Elu { alpha } => elu(1.0, alpha, dtype),
        Activation::Selu => elu(SELU_SCALE, SELU_ALPHA, dtype),
        Activation::Gelu {
            approximate: Approximate::None,
        } => gelu(dtype),
        Activation::Gelu {
            approximate: Approximate::Tanh,
        } => gelu_tanh(dtype),
        Activation::Silu => Formula {
            shared: quote!(let s = 1.0 / (1.0 + cnn_runtime::math::exp(-z));),
            ..Formula::of_input(
                [quote!(z * s), quote!(d * s * (1.0 + z * (1.0 - s)))],
                "z · s    where s = 1 / (1 + e⁻ᶻ)",
                "delta · s · (1 + z · (1 − s))    where s = 1 / (1 + e⁻ᶻ)",
            )
        },
        Activation::Softplus { beta, threshold } => softplus(beta, threshold, dtype),
        Activation::Sigmoid => Formula::of_output(
            [
                quote!(1.0 / (1.0 + cnn_runtime::math::exp(-z))),
                quote!(d * a * (1.0 - a)),
            ],
            "1 / (1 + e⁻ᶻ)",
            "delta · a · (1 − a)    where a is the output",
        ),
        Activation::HardSigmoid => Formula::of_input(
            [
                quote!((z + 3.0).clamp(0.0, 6.0) / 6.0),
                quote!(if z > -3.0 && z < 3.0 { d / 6.0 } else { 0.0 }),
            ],
            "min(max(0, z + 3), 6) / 6",
            "delta / 6 where −3 < z < 3, else 0",
        ),
        Activation::HardSwish => Formula {
            shared: quote!(let s = (z + 3.0).clamp(0.0, 6.0) / 6.0;),
            ..Formula::of_input(
                [
                    quote!(z * s),
                    quote!(if z > -3.0 && z < 3.0 {
                        d * (s + z / 6.0)
                    } else {
                        d * s
                    }),
                ],
                "z · s    where s = min(max(0, z + 3), 6) / 6",
                "delta · s, and delta · z / 6 more where −3 < z < 3",
            )
        },
        Activation::Tanh => Formula::of_output(
            [
                quote!(cnn_runtime::math::tanh(z)),
                quote!(d * (1.0 - a * a)),
            ],
            "tanh(z)",
            "delta · (1 − a²)    where a is the output",
        ),
    }
}

/// `scale · z` where positive, else `scale · alpha · (eᶻ − 1)`.
fn elu(scale: f64, alpha: f64, dtype: Dtype) -> Formula {
    let (factor, factor_text) = times(scale, dtype);
    let (slope, slope_text) = times(scale * alpha, dtype);
    Formula::of_input(
        [
            quote!(if z > 0.0 { #factor z } else { #slope cnn_runtime::math::exp_m1(z) }),
            quote!(if z > 0.0 { #factor d } else { #slope d * cnn_runtime::math::exp(z) }),
        ],
        format!("{factor_text}z where z > 0, else {slope_text}(eᶻ − 1)"),
        format!("{factor_text}delta where z > 0, else {slope_text}delta · eᶻ"),
    )
}

/// `z · Φ(z)`.
fn gelu(dtype: Dtype) -> Formula {
    let scalar = scalar(dtype);
    let peak = real(1.0 / (2.0 * PI).sqrt(), dtype);
    let root = quote!(core::#scalar::consts::FRAC_1_SQRT_2);
    Formula {
        shared: quote! {
            let e = cnn_runtime::math::erf(z * #root);
            let p = 0.5 * (1.0 + e);
        },
        slope: quote!(let density = #peak * cnn_runtime::math::exp(-0.5 * z * z);),
        ..Formula::of_input(
            [quote!(z * p), quote!(d * (p + z * density))],
            "z · p    where p = Φ(z) = (1 + erf(z / √2)) / 2",
            "delta · (p + z · φ(z))    where p = Φ(z) and φ(z) = e^(−z²/2) / √(2π)",
        )
    }
}

/// The same with a hyperbolic tangent for the error function.
fn gelu_tanh(dtype: Dtype) -> Formula {
    let root = (2.0 / PI).sqrt();
    let [factor, cubic, slope] = [root, 0.044_715, 3.0 * 0.044_715].map(|value| real(value, dtype));
    Formula {
        shared: quote!(let t = cnn_runtime::math::tanh(#factor * (z + #cubic * z * z * z));),
        slope: quote!(let slope = #factor * (1.0 + #slope * z * z);),
        ..Formula::of_input(
            [
                quote!(0.5 * z * (1.0 + t)),
                quote!(0.5 * d * (1.0 + t + z * (1.0 - t * t) * slope)),
            ],
            "z · (1 + t) / 2    where t = tanh(√(2/π) · (z + 0.044715 z³))",
            "delta · (1 + t + z · (1 − t²) · √(2/π) · (1 + 3 · 0.044715 z²)) / 2    where t is as before",
        )
    }
}

fn softplus(beta: f64, threshold: f64, dtype: Dtype) -> Formula {
    let (factor, factor_text) = times(beta, dtype);
    let limit = real(threshold, dtype);
    let share = if factor.is_empty() {
        quote!()
    } else {
        let beta = real(beta, dtype);
        quote!(/ #beta)
    };
    Formula {
        shared: quote!(let s = #factor z;),
        ..Formula::of_input(
            [
                quote! {
                    if s > #limit {
                        z
                    } else {
                        cnn_runtime::math::ln_1p(cnn_runtime::math::exp(s)) #share
                    }
                },
                quote!(if s > #limit { d } else { d / (1.0 + cnn_runtime::math::exp(-s)) }),
            ],
            format!("ln(1 + eˢ) / {beta}, or z where s > {limit}    where s = {factor_text}z"),
            format!("delta / (1 + e⁻ˢ), or delta where s > {limit}    where s = {factor_text}z"),
        )
    }
}

/// `factor *` in code and in text; nothing where it is one.
fn times(factor: f64, dtype: Dtype) -> (TokenStream, String) {
    let factor = real(factor, dtype);
    if factor.to_string() == "1.0" {
        return (TokenStream::new(), String::new());
    }
    (quote!(#factor *), format!("{factor} · "))
}
