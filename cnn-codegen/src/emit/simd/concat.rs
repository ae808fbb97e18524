//! `concat` on lanes: the channels of one input behind those of another.

use super::Functions;
use super::function::{Function, sum};
use super::site::Site;
use crate::emit::element::{each, element};
use crate::emit::tokens::{formula, ident, number};
use crate::plan::ValueId;
use proc_macro2::TokenStream;
use quote::quote;

/// The functions of a concatenation.
pub fn functions(site: Site) -> Functions {
    Functions::of(forward(site), site.sent(|| backward(site)))
}

fn forward(site: Site) -> Function {
    let copies = parts(site).map(|(number, id, start)| {
        let name = format!("input{number}");
        if let [features] = *site.shape(id).dims() {
            let (part, input) = (part(start, features), ident(&name));
            return quote!(output[#part].copy_from_slice(#input););
        }
        let (input, c) = (site.element(&name, id), sum(&[(1, "c")], start));
        let place = site
            .memory
            .index(site.group.output, [&c, &quote!(y), &quote!(x)]);
        each(site.shape(id), &quote!(output #place = #input;))
    });
    let body = quote!(#(#copies)*);
    let names = parts(site).map(|(number, ..)| format!("input{number}"));
    let doc = format!(
        "`{}` forward, {}: the inputs one after the other.\n\n{}",
        site.group.name,
        site.shapes(),
        formula(&format!(
            "output = [{}]",
            names.collect::<Vec<_>>().join(", ")
        )),
    );
    let arguments = parts(site).map(|(number, id, _)| site.read(&format!("input{number}"), id));
    let arguments = arguments.chain([site.output_mut()]).collect();
    site.function("forward", doc, arguments, body)
}

fn backward(site: Site) -> Function {
    let sent = || parts(site).filter(|(_, id, _)| site.plan.value(*id).has_delta);
    let name = |number: usize| format!("input{number}_delta");
    let copies = sent().map(|(number, id, start)| {
        let name = name(number);
        if let [features] = *site.shape(id).dims() {
            let (part, input_delta) = (part(start, features), ident(&name));
            return quote!(#input_delta.copy_from_slice(&delta[#part]););
        }
        let (place, c) = (element(&name, site.shape(id)), sum(&[(1, "c")], start));
        each(site.shape(id), &quote!(#place = delta[#c][y][x];))
    });
    let body = quote!(#(#copies)*);
    let doc = format!(
        "`{}` input delta: each input gets the delta of the part that it became.",
        site.group.name
    );
    let targets = sent().map(|(number, id, _)| site.delta_mut_of(&name(number), id));
    let arguments = [site.delta()].into_iter().chain(targets).collect();
    site.function("backward_input", doc, arguments, body)
}

/// Each input: its number, itself, and the channel of the output that its first one becomes.
fn parts(site: Site<'_>) -> impl Iterator<Item = (usize, ValueId, usize)> {
    let mut start = 0;
    site.group.inputs().enumerate().map(move |(index, id)| {
        let first = start;
        start += site.shape(id).dims()[0];
        (index + 1, id, first)
    })
}

/// The features of the output that are those of an input: `5..10`.
fn part(start: usize, features: usize) -> TokenStream {
    let (end, start) = (number(start + features), number(start));
    quote!(#start..#end)
}
