//! `add` on lanes, with the activation that follows it. The delta of a sum is that of each of its terms, which find it
//! where it is.

use super::function::Function;
use super::site::Site;
use super::{Functions, activation};
use crate::emit::element::each;
use crate::emit::tokens::formula;
use cnn_spec::layer::Activation;
use quote::quote;

/// The functions of a sum.
pub fn functions(activation: Option<Activation>, site: Site) -> Functions {
    let backward = activation
        .into_iter()
        .flat_map(|activation| site.sent(|| backward_output(activation, site)));
    Functions::of(forward(activation, site), backward.collect())
}

fn forward(activation: Option<Activation>, site: Site) -> Function {
    let names: Vec<_> = (1..=site.group.inputs().count())
        .map(|number| format!("input{number}"))
        .collect();
    let inputs = || names.iter().zip(site.group.inputs());
    let terms = inputs().map(|(name, id)| {
        let element = site.element(name, id);
        quote!(lanes::load(simd, &#element))
    });
    let place = site.output_element();
    let value = activation::value(activation, &quote!(z));
    let body = each(
        site.output_shape(),
        &quote! {
            let z = #(#terms)+*;
            let a = #value;
            a.store_array(&mut #place);
        },
    );
    let sum = names.join(" + ");
    let doc = format!(
        "`{}` forward, {}: the sum of its inputs, element by element.\n\n{}",
        site.group.name,
        site.shapes(),
        formula(&format!(
            "output = {}",
            activation::value_text(activation, &sum)
        )),
    );
    let arguments = inputs().map(|(name, id)| site.read(name, id));
    let arguments = arguments.chain([site.output_mut()]).collect();
    site.function("forward", doc, arguments, body)
}

fn backward_output(activation: Activation, site: Site) -> Function {
    let place = site.memory.sums_delta(site.group);
    activation::backward("backward_output", activation, site, &place)
}
