//! A fork on lanes: the delta of a value that is read several times is the sum of what its readers send back.

use super::Functions;
use super::function::Function;
use super::site::Site;
use crate::emit::element::{each, element};
use crate::emit::tokens::formula;
use quote::quote;

/// The function of a fork.
pub fn functions(site: Site) -> Functions {
    Functions::backwards(site.sent(|| backward(site)))
}

fn backward(site: Site) -> Function {
    let aliases: Vec<_> = site.plan.aliases(site.group.output).collect();
    let names: Vec<_> = (1..=aliases.len())
        .map(|number| format!("delta{number}"))
        .collect();
    let shape = site.output_shape();
    let mut terms = names.iter().map(|name| {
        let element = element(name, shape);
        quote!(lanes::load(simd, &#element))
    });
    let first = terms.next();
    let place = element("input_delta", shape);
    let body = each(
        shape,
        &quote! {
            let mut d = #first;
            #(d += #terms;)*
            d.store_array(&mut #place);
        },
    );
    let doc = format!(
        "`{}` delta: {} layers read `{0}`, so that its delta is the sum of those that they send back.\n\n{}",
        site.plan.value(site.group.output).name,
        aliases.len(),
        formula(&format!("input_delta = {}", names.join(" + "))),
    );
    let deltas = names.iter().zip(aliases);
    let deltas = deltas.map(|(name, alias)| site.delta_of(name, alias));
    let arguments = deltas.chain([site.input_delta()]).collect();
    site.function("backward_input", doc, arguments, body)
}
