//! Elementwise activations on lanes: the function, and the delta through its derivative.

use super::Functions;
use super::function::{Argument, Function, lanes_type};
use super::site::Site;
use crate::emit::element::{each, element};
use crate::emit::tokens::{formula as formula_doc, real};
use cnn_spec::layer::{Activation, Approximate, SELU_ALPHA, SELU_SCALE};
use cnn_spec::network::Dtype;
use proc_macro2::{Literal, TokenStream};
use quote::quote;
use std::f64::consts::PI;

/// What there is to say of one activation, for a vector `z`.
struct Formula {
    /// The output `a`.
    value: TokenStream,
    value_text: String,
    /// The derivative times `d`, of `z` or of `a`.
    delta: TokenStream,
    delta_text: String,
    /// Whether the derivative is one of `z`.
    reads_input: bool,
}

/// The functions of an activation that stands alone.
pub fn functions(activation: Activation, site: Site) -> Functions {
    let target = site.memory.delta(site.group.source);
    Functions::of(
        forward(activation, site),
        site.sent(|| backward("backward_input", activation, site, &target)),
    )
}

fn forward(activation: Activation, site: Site) -> Function {
    let (z, a) = (site.input_element(), site.output_element());
    let value = value(Some(activation), &quote!(z));
    let body = each(
        site.output_shape(),
        &quote! {
            let z = lanes::load(simd, &#z);
            let a = #value;
            a.store_array(&mut #a);
        },
    );
    let doc = format!(
        "`{}` forward, {}: the same function of each value `z`.\n\n{}",
        site.group.name,
        site.output_shape(),
        formula_doc(&format!("output = {}", value_text(Some(activation), "z"))),
    );
    site.function("forward", doc, vec![site.input(), site.output_mut()], body)
}

/// The delta of what an activation is applied to, which goes to `target`.
pub fn backward(end: &str, activation: Activation, site: Site, target: &TokenStream) -> Function {
    let shape = site.output_shape();
    let formula = formula(activation, &quote!(z));
    let (name, element_read, argument) = if formula.reads_input {
        (quote!(z), site.input_element(), site.input())
    } else {
        (quote!(a), site.output_element(), site.output())
    };
    let (d, place) = (element("delta", shape), element("input_delta", shape));
    let delta = formula.delta;
    let body = each(
        shape,
        &quote! {
            let #name = lanes::load(simd, &#element_read);
            let d = lanes::load(simd, &#d);
            let d = #delta;
            d.store_array(&mut #place);
        },
    );
    let doc = format!(
        "`{}`, back through the activation, {shape}: the delta times the derivative at each value, \
         `delta ⊙ σ'(z)`, where `{name}` is the {}.\n\n{}",
        site.group.name,
        if formula.reads_input {
            "input"
        } else {
            "output"
        },
        formula_doc(&format!("input_delta = {}", formula.delta_text)),
    );
    let arguments = vec![
        argument,
        site.delta(),
        Argument::unique("input_delta", &lanes_type(shape), target),
    ];
    site.function(end, doc, arguments, body)
}

/// `σ(z)` of a vector `z`.
pub fn value(activation: Option<Activation>, z: &TokenStream) -> TokenStream {
    activation.map_or_else(|| z.clone(), |activation| formula(activation, z).value)
}

/// What is done to a sum, as a formula of `z`.
pub fn value_text(activation: Option<Activation>, z: &str) -> String {
    let Some(activation) = activation else {
        return z.to_owned();
    };
    match activation {
        Activation::Relu => format!("max(0, {z})"),
        Activation::LeakyRelu { negative_slope } => {
            format!("max({z}, {negative_slope} · {z})")
        }
        Activation::Relu6 => format!("min(max(0, {z}), 6)"),
        Activation::Sigmoid => format!("σ({z})"),
        Activation::Tanh => format!("tanh({z})"),
        _ => {
            let text = formula(activation, &quote!(z)).value_text;
            if z == "z" {
                text
            } else {
                format!("{text}\n    where z = {z}")
            }
        }
    }
}

/// `d · σ'(z)` of vectors `d` and `a = σ(z)`, for an activation that another kernel takes in.
pub fn delta(activation: Activation) -> TokenStream {
    formula(activation, &quote!(z)).delta
}

/// The derivative as a formula of the output `a`.
pub fn delta_text(activation: Activation) -> String {
    formula(activation, &quote!(z)).delta_text
}

impl Formula {
    /// A function whose derivative is written in its output.
    fn of_output(
        [value, delta]: [TokenStream; 2],
        value_text: impl Into<String>,
        delta_text: impl Into<String>,
    ) -> Self {
        Self {
            value,
            value_text: value_text.into(),
            delta,
            delta_text: delta_text.into(),
            reads_input: false,
        }
    }

    /// A function whose derivative is written in its input.
    fn of_input(
        [value, delta]: [TokenStream; 2],
        value_text: impl Into<String>,
        delta_text: impl Into<String>,
    ) -> Self {
        Self {
            reads_input: true,
            ..Self::of_output([value, delta], value_text, delta_text)
        }
    }
}

fn formula(activation: Activation, z: &TokenStream) -> Formula {
    let zero = quote!(lanes::splat(simd, 0.0));
    let one = quote!(lanes::splat(simd, 1.0));
    match activation {
        Activation::Relu => Formula::of_output(
            [quote!(#z.max(0.0)), quote!(a.simd_gt(0.0).select(d, #zero))],
            "max(0, z)",
            "delta where a > 0, else 0",
        ),
        Activation::LeakyRelu { negative_slope } => {
            let slope = literal(negative_slope);
            Formula::of_output(
                [
                    quote!(#z.max(#z * #slope)),
                    quote!(a.simd_gt(0.0).select(d, d * #slope)),
                ],
                format!("max(z, {negative_slope} · z)"),
                format!("delta where a > 0, else {negative_slope} · delta"),
            )
        }
        Activation::Relu6 => Formula::of_output(
            [
                quote!(#z.max(0.0).min(6.0)),
                quote! {{
                    let is_between = a.simd_gt(0.0) & a.simd_lt(6.0);
                    is_between.select(d, #zero)
                }},
            ],
            "min(max(0, z), 6)",
            "delta where 0 < a < 6, else 0",
        ),
        Activation::Elu { alpha } => elu(alpha, z),
        Activation::Selu => selu(z),
        Activation::Gelu {
            approximate: Approximate::None,
        } => gelu(z),
        Activation::Gelu {
            approximate: Approximate::Tanh,
        } => gelu_tanh(z),
        Activation::Silu => Formula::of_input(
            [
                quote!(#z * lanes::sigmoid(simd, #z)),
                quote! {{
                    let s = lanes::sigmoid(simd, z);
                    d * s * (z * (#one - s) + 1.0)
                }},
            ],
            "z · σ(z)",
            "delta · s · (1 + z · (1 − s))    where s = σ(z)",
        ),
        Activation::Softplus { beta, threshold } => softplus(beta, threshold, z),
        Activation::Sigmoid => Formula::of_output(
            [quote!(lanes::sigmoid(simd, #z)), quote!(d * a * (#one - a))],
            "σ(z)",
            "delta · a · (1 − a)",
        ),
        Activation::HardSigmoid => Formula::of_output(
            [
                quote!((#z + 3.0).max(0.0).min(6.0) / 6.0),
                quote! {{
                    let is_between = a.simd_gt(0.0) & a.simd_lt(1.0);
                    is_between.select(d / 6.0, #zero)
                }},
            ],
            "min(max(0, z + 3), 6) / 6",
            "delta / 6 where 0 < a < 1, else 0",
        ),
        Activation::HardSwish => Formula::of_input(
            [
                quote!(#z * ((#z + 3.0).max(0.0).min(6.0) / 6.0)),
                quote! {{
                    let s = (z + 3.0).max(0.0).min(6.0) / 6.0;
                    let is_between = z.simd_gt(-3.0) & z.simd_lt(3.0);
                    let rise = is_between.select(z / 6.0, #zero);
                    d * (s + rise)
                }},
            ],
            "z · min(max(0, z + 3), 6) / 6",
            "delta · min(max(0, z + 3), 6) / 6, and delta · z / 6 more where −3 < z < 3",
        ),
        Activation::Tanh => Formula::of_output(
            [quote!(lanes::tanh(simd, #z)), quote!(d * (#one - a * a))],
            "tanh(z)",
            "delta · (1 − a²)",
        ),
    }
}

/// `z` where positive, else `alpha · (eᶻ − 1)`.
fn elu(alpha: f64, z: &TokenStream) -> Formula {
    let slope = literal(alpha);
    Formula::of_output(
        [
            quote!(lanes::elu(simd, #z, #slope)),
            quote!(a.simd_gt(0.0).select(d, d * (a + #slope))),
        ],
        format!("z where z > 0, else {slope} · (eᶻ − 1)"),
        format!("delta where a > 0, else delta · (a + {slope})"),
    )
}

/// The same with constants of its own, times a factor.
fn selu(z: &TokenStream) -> Formula {
    let [factor, alpha, slope] = [SELU_SCALE, SELU_ALPHA, SELU_SCALE * SELU_ALPHA].map(literal);
    Formula::of_output(
        [
            quote!(lanes::elu(simd, #z, #alpha) * #factor),
            quote!(a.simd_gt(0.0).select(d * #factor, d * (a + #slope))),
        ],
        format!("{factor} · (z where z > 0, else {alpha} · (eᶻ − 1))"),
        format!("{factor} · delta where a > 0, else delta · (a + {slope})"),
    )
}

/// `z · Φ(z)`.
fn gelu(z: &TokenStream) -> Formula {
    let peak = literal(1.0 / (2.0 * PI).sqrt());
    Formula::of_input(
        [
            quote!(#z * lanes::normal(simd, #z)),
            quote! {{
                let density = lanes::exp(simd, z * z * -0.5) * #peak;
                d * z.mul_add(density, lanes::normal(simd, z))
            }},
        ],
        "z · Φ(z)    where Φ(z) = (1 + erf(z / √2)) / 2",
        "delta · (Φ(z) + z · φ(z))    where φ(z) = e^(−z²/2) / √(2π)",
    )
}

/// The same with a hyperbolic tangent for the error function.
fn gelu_tanh(z: &TokenStream) -> Formula {
    let root = (2.0 / PI).sqrt();
    let [factor, cubic, slope] = [root, 0.044_715, 3.0 * 0.044_715].map(literal);
    let t = quote!(let t = lanes::tanh(simd, #z * (#z * #z * #cubic + 1.0) * #factor););
    Formula::of_input(
        [
            quote! {{
                #t
                #z * (t + 1.0) * 0.5
            }},
            quote! {{
                #t
                let slope = (#z * #z * #slope + 1.0) * #factor;
                let rise = (lanes::splat(simd, 1.0) - t * t) * slope;
                d * 0.5 * (t + 1.0 + #z * rise)
            }},
        ],
        "z · (1 + t) / 2    where t = tanh(√(2/π) · (z + 0.044715 z³))",
        "delta · (1 + t + z · (1 − t²) · √(2/π) · (1 + 3 · 0.044715 z²)) / 2    where t is as before",
    )
}

fn softplus(beta: f64, threshold: f64, z: &TokenStream) -> Formula {
    let (beta, limit) = (literal(beta), literal(threshold));
    Formula::of_input(
        [
            quote! {{
                let s = #z * #beta;
                let bend = lanes::softplus(simd, s) / #beta;
                s.simd_gt(#limit).select(#z, bend)
            }},
            quote! {{
                let s = #z * #beta;
                let bent = d * lanes::sigmoid(simd, s);
                s.simd_gt(#limit).select(d, bent)
            }},
        ],
        format!("ln(1 + eˢ) / {beta}, or z where s > {limit}    where s = {beta} · z"),
        format!("delta · σ(s), or delta where s > {limit}    where s = {beta} · z"),
    )
}

fn literal(value: f64) -> Literal {
    real(value, Dtype::F32)
}
