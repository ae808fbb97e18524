//! `reshape` and `flatten` on lanes: the same values in another shape.

use super::Functions;
use super::function::{Argument, Function, flat_type, sum};
use super::site::Site;
use crate::emit::element::each;
use quote::quote;

/// The functions of a layer that only gives values another shape.
pub fn functions(site: Site) -> Functions {
    Functions::of(forward(site), site.sent(|| backward(site)))
}

fn forward(site: Site) -> Function {
    let shape = site.output_shape();
    let doc = format!(
        "`{}` forward, {}: the same values in another shape.",
        site.group.name,
        site.shapes()
    );
    let place = site.memory.activation(site.group.output);
    let (output, body) = if site.memory.is_padded(site.group.output) {
        let [_, height, width] = [0, 1, 2].map(|axis| shape.dims()[axis]);
        let index = sum(&[(height * width, "c"), (width, "y"), (1, "x")], 0);
        let place = site.output_element();
        (
            site.output_mut(),
            each(shape, &quote!(#place = input[#index];)),
        )
    } else {
        let row = Argument::unique("output", &flat_type(shape), &place);
        (
            row,
            quote! {
                for (place, value) in output.iter_mut().zip(input) {
                    *place = *value;
                }
            },
        )
    };
    site.function("forward", doc, vec![site.input_row(), output], body)
}

fn backward(site: Site) -> Function {
    let row = flat_type(site.output_shape());
    let (group, memory) = (site.group, site.memory);
    let arguments = vec![
        Argument::shared("delta", &row, &memory.delta(group.output)),
        Argument::unique("input_delta", &row, &memory.delta(group.source)),
    ];
    let doc = format!(
        "`{}` input delta: the same delta in the shape of the input.",
        group.name
    );
    site.function(
        "backward_input",
        doc,
        arguments,
        quote! {
            for (place, d) in input_delta.iter_mut().zip(delta) {
                *place = *d;
            }
        },
    )
}
