//! `softmax` and `log_softmax` on lanes: logits become probabilities, or their logarithms, over channels.

use super::Functions;
use super::function::Function;
use super::site::Site;
use crate::emit::element::{each_channel, each_position, element};
use crate::emit::tokens::formula;
use proc_macro2::TokenStream;
use quote::quote;

/// The functions of a softmax.
pub fn functions(site: Site) -> Functions {
    Functions::of(forward(site), site.sent(|| backward(site)))
}

/// The functions of a log-softmax.
pub fn log_functions(site: Site) -> Functions {
    Functions::of(log_forward(site), site.sent(|| log_backward(site)))
}

fn forward(site: Site) -> Function {
    let shape = site.output_shape();
    let (z, p, largest) = (site.input_element(), site.output_element(), largest(site));
    let powers = each_channel(
        shape,
        &quote! {
            let power = lanes::exp(simd, lanes::load(simd, &#z) - largest);
            sum += power;
            power.store_array(&mut #p);
        },
    );
    let shares = each_channel(
        shape,
        &quote!((lanes::load(simd, &#p) / sum).store_array(&mut #p);),
    );
    let body = each_position(
        shape,
        &quote!(#largest let mut sum = lanes::splat(simd, 0.0); #powers #shares),
    );
    let doc = format!(
        "`{}` forward, {shape}: logits become probabilities. The largest logit is subtracted first, which changes \
         nothing but keeps every power at most one.\n\n{}",
        site.group.name,
        formula("output[j] = e^input[j] / Σ e^input[k]    over k"),
    );
    site.function("forward", doc, vec![site.input(), site.output_mut()], body)
}

fn backward(site: Site) -> Function {
    let shape = site.output_shape();
    let (p, d) = (site.output_element(), element("delta", shape));
    let place = element("input_delta", shape);
    let mean = each_channel(
        shape,
        &quote!(mean = lanes::load(simd, &#p).mul_add(lanes::load(simd, &#d), mean);),
    );
    let deltas = each_channel(
        shape,
        &quote! {
            let change = lanes::load(simd, &#p) * (lanes::load(simd, &#d) - mean);
            change.store_array(&mut #place);
        },
    );
    let body = each_position(
        shape,
        &quote!(let mut mean = lanes::splat(simd, 0.0); #mean #deltas),
    );
    let doc = format!(
        "`{}` input delta: raising one logit raises its probability and lowers the others.\n\n{}",
        site.group.name,
        formula(
            "input_delta[j] = p[j] · (delta[j] − Σ p[k] · delta[k])    over k, where p is the output"
        ),
    );
    let arguments = vec![site.output(), site.delta(), site.input_delta()];
    site.function("backward_input", doc, arguments, body)
}

fn log_forward(site: Site) -> Function {
    let shape = site.output_shape();
    let (z, a, largest) = (site.input_element(), site.output_element(), largest(site));
    let powers = each_channel(
        shape,
        &quote!(sum += lanes::exp(simd, lanes::load(simd, &#z) - largest);),
    );
    let differences = each_channel(
        shape,
        &quote!((lanes::load(simd, &#z) - logarithm).store_array(&mut #a);),
    );
    let body = each_position(
        shape,
        &quote! {
            #largest
            let mut sum = lanes::splat(simd, 0.0);
            #powers
            let logarithm = largest + lanes::ln(simd, sum);
            #differences
        },
    );
    let doc = format!(
        "`{}` forward, {shape}: logits become the logarithms of probabilities. The largest logit is subtracted first, \
         so that no power overflows.\n\n{}",
        site.group.name,
        formula("output[j] = input[j] − ln Σ e^input[k]    over k"),
    );
    site.function("forward", doc, vec![site.input(), site.output_mut()], body)
}

fn log_backward(site: Site) -> Function {
    let shape = site.output_shape();
    let (a, d) = (site.output_element(), element("delta", shape));
    let place = element("input_delta", shape);
    let sums = each_channel(shape, &quote!(sum += lanes::load(simd, &#d);));
    let deltas = each_channel(
        shape,
        &quote! {
            let p = lanes::exp(simd, lanes::load(simd, &#a));
            (lanes::load(simd, &#d) - p * sum).store_array(&mut #place);
        },
    );
    let body = each_position(
        shape,
        &quote!(let mut sum = lanes::splat(simd, 0.0); #sums #deltas),
    );
    let doc = format!(
        "`{}` input delta: every logit is subtracted in its share, its probability.\n\n{}",
        site.group.name,
        formula("input_delta[j] = delta[j] − e^output[j] · Σ delta[k]    over k"),
    );
    let arguments = vec![site.output(), site.delta(), site.input_delta()];
    site.function("backward_input", doc, arguments, body)
}

/// The statements that find the largest logit at a position.
fn largest(site: Site) -> TokenStream {
    let z = site.input_element();
    let channels = each_channel(
        site.output_shape(),
        &quote!(largest = largest.max(lanes::load(simd, &#z));),
    );
    quote!(let mut largest = lanes::splat(simd, f32::NEG_INFINITY); #channels)
}
