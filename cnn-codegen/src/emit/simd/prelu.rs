//! `prelu` on lanes: a rectifier whose slope for negative values is learnt.

use super::Functions;
use super::function::{Argument, Function};
use super::site::Site;
use crate::emit::element::{channel, each, each_channel, each_position, element};
use crate::emit::tokens::formula;
use cnn_spec::layer::PRelu;
use proc_macro2::TokenStream;
use quote::quote;

/// The functions of a `prelu`.
pub fn functions(prelu: PRelu, site: Site) -> Functions {
    let mut backward = vec![backward_weights(prelu, site)];
    backward.extend(site.sent(|| backward_input(prelu, site)));
    Functions::of(forward(prelu, site), backward)
}

fn forward(prelu: PRelu, site: Site) -> Function {
    let (slope, z, a) = (
        slope(prelu, site),
        site.input_element(),
        site.output_element(),
    );
    let body = each(
        site.output_shape(),
        &quote! {
            let z = lanes::load(simd, &#z);
            let a = z.simd_gt(0.0).select(z, z * parameters.#slope);
            a.store_array(&mut #a);
        },
    );
    let doc = format!(
        "`{}` forward, {}: each value `z`, times a learnt slope where it is negative.\n\n{}",
        site.group.name,
        site.output_shape(),
        formula(&format!("output = z where z > 0, else {slope} · z")),
    );
    let arguments = vec![
        Argument::parameters(site.group),
        site.input(),
        site.output_mut(),
    ];
    site.function("forward", doc, arguments, body)
}

fn backward_weights(prelu: PRelu, site: Site) -> Function {
    let shape = site.output_shape();
    let (slope, z, d) = (
        slope(prelu, site),
        site.input_element(),
        element("delta", shape),
    );
    let product = quote! {
        let z = lanes::load(simd, &#z).min(0.0);
        total = z.mul_add(lanes::load(simd, &#d), total);
    };
    let total = |sums: TokenStream| {
        quote! {
            let mut total = lanes::splat(simd, 0.0);
            #sums
            gradients.#slope += total.reduce_sum();
        }
    };
    let body = if prelu.num_parameters == 1 {
        total(each(shape, &product))
    } else {
        each_channel(shape, &total(each_position(shape, &product)))
    };
    let doc = format!(
        "`{}` weight gradient: every negative value adds to that of its slope. It is added to `gradients`.\n\n{}",
        site.group.name,
        formula(&format!("∂loss/∂{slope} = Σ delta · z    where z ≤ 0")),
    );
    let arguments = vec![site.input(), site.delta(), Argument::gradients(site.group)];
    site.function("backward_weights", doc, arguments, body)
}

fn backward_input(prelu: PRelu, site: Site) -> Function {
    let shape = site.output_shape();
    let (slope, z) = (slope(prelu, site), site.input_element());
    let (d, place) = (element("delta", shape), element("input_delta", shape));
    let body = each(
        shape,
        &quote! {
            let d = lanes::load(simd, &#d);
            let is_positive = lanes::load(simd, &#z).simd_gt(0.0);
            let d = is_positive.select(d, d * parameters.#slope);
            d.store_array(&mut #place);
        },
    );
    let doc = format!(
        "`{}` input delta: the delta, times the slope where the input is negative.\n\n{}",
        site.group.name,
        formula(&format!(
            "input_delta = delta where z > 0, else {slope} · delta"
        )),
    );
    let arguments = vec![
        Argument::parameters(site.group),
        site.input(),
        site.delta(),
        site.input_delta(),
    ];
    site.function("backward_input", doc, arguments, body)
}

/// `weight[0]`, or that of the channel.
fn slope(prelu: PRelu, site: Site) -> TokenStream {
    if prelu.num_parameters == 1 {
        return quote!(weight[0]);
    }
    let channel = channel(site.output_shape());
    quote!(weight[#channel])
}
