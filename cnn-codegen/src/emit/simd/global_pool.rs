//! Global pooling on lanes: each map becomes its mean or its largest value.

use super::Functions;
use super::function::Function;
use super::site::Site;
use crate::emit::element::{each_channel, each_position, element};
use crate::emit::tokens::{formula, real};
use cnn_spec::layer::{GlobalPool, Reduction};
use cnn_spec::network::Dtype;
use proc_macro2::Literal;
use quote::quote;

/// The functions of a global pool.
pub fn functions(pool: GlobalPool, site: Site) -> Functions {
    match pool.reduction {
        Reduction::Mean => Functions::of(mean_forward(site), site.sent(|| mean_backward(site))),
        Reduction::Max => Functions::of(max_forward(site), site.sent(|| max_backward(site))),
    }
}

/// Values in a map.
fn count(site: Site) -> Literal {
    let maps = site.input_shape().dims();
    real((maps[1] * maps[2]) as f64, Dtype::F32)
}

fn mean_forward(site: Site) -> Function {
    let (shape, count, z) = (site.input_shape(), count(site), site.input_element());
    let sum = each_position(shape, &quote!(sum += lanes::load(simd, &#z);));
    let body = each_channel(
        shape,
        &quote! {
            let mut sum = lanes::splat(simd, 0.0);
            #sum
            (sum / #count).store_array(&mut output[c]);
        },
    );
    let doc = format!(
        "`{}` forward, {}: each map becomes its mean.\n\n{}",
        site.group.name,
        site.shapes(),
        formula(&format!(
            "output[c] = Σ input[c][y][x] / {count}    over y, x"
        )),
    );
    site.function("forward", doc, vec![site.input(), site.output_mut()], body)
}

fn mean_backward(site: Site) -> Function {
    let (shape, count) = (site.input_shape(), count(site));
    let place = element("input_delta", shape);
    let shares = each_position(shape, &quote!(share.store_array(&mut #place);));
    let body = each_channel(
        shape,
        &quote!(let share = lanes::load(simd, &delta[c]) / #count; #shares),
    );
    let doc = format!(
        "`{}` input delta: every value of a map gets an equal share of the map's delta.",
        site.group.name
    );
    let arguments = vec![site.delta(), site.input_delta()];
    site.function("backward_input", doc, arguments, body)
}

fn max_forward(site: Site) -> Function {
    let (shape, z) = (site.input_shape(), site.input_element());
    let values = each_position(
        shape,
        &quote!(largest = largest.max(lanes::load(simd, &#z));),
    );
    let body = each_channel(
        shape,
        &quote! {
            let mut largest = lanes::splat(simd, f32::NEG_INFINITY);
            #values
            largest.store_array(&mut output[c]);
        },
    );
    let doc = format!(
        "`{}` forward, {}: each map becomes its largest value.\n\n{}",
        site.group.name,
        site.shapes(),
        formula("output[c] = max input[c][y][x]    over y, x"),
    );
    site.function("forward", doc, vec![site.input(), site.output_mut()], body)
}

fn max_backward(site: Site) -> Function {
    let (shape, z) = (site.input_shape(), site.input_element());
    let place = element("input_delta", shape);
    let routes = each_position(
        shape,
        &quote! {
            let is_largest = lanes::load(simd, &#z).simd_eq(largest);
            let routed = is_largest.select(rest, lanes::splat(simd, 0.0));
            routed.store_array(&mut #place);
            rest -= routed;
        },
    );
    let body = each_channel(
        shape,
        &quote! {
            let largest = lanes::load(simd, &output[c]);
            let mut rest = lanes::load(simd, &delta[c]);
            #routes
        },
    );
    let doc = format!(
        "`{}` input delta: the delta of each map goes to its argmax, the first position that holds the largest value; \
         the others get zero.",
        site.group.name
    );
    let arguments = vec![
        site.input(),
        site.output(),
        site.delta(),
        site.input_delta(),
    ];
    site.function("backward_input", doc, arguments, body)
}
