//! Zeros around feature maps, on lanes.

use super::Functions;
use super::function::{Function, sum};
use super::site::Site;
use crate::emit::element::each;
use cnn_spec::layer::Padding;
use proc_macro2::TokenStream;
use quote::quote;

/// The functions of a padding step.
pub fn functions(padding: Padding, site: Site) -> Functions {
    Functions::of(
        forward(padding, site),
        site.sent(|| backward(padding, site)),
    )
}

fn forward(padding: Padding, site: Site) -> Function {
    let (z, [row, column]) = (site.input_element(), inner(padding));
    let index = site
        .memory
        .index(site.group.output, [&quote!(c), &row, &column]);
    let doc = format!(
        "`{}` forward, {}: the input with a border of zeros, which are in the output from the start.",
        site.group.name,
        site.shapes()
    );
    let body = each(site.input_shape(), &quote!(output #index = #z;));
    site.function("forward", doc, vec![site.input(), site.output_mut()], body)
}

fn backward(padding: Padding, site: Site) -> Function {
    let [row, column] = inner(padding);
    let doc = format!(
        "`{}` input delta: the delta without its border.",
        site.group.name
    );
    let body = each(
        site.input_shape(),
        &quote!(input_delta[c][y][x] = delta[c][#row][#column];),
    );
    let arguments = vec![site.delta(), site.input_delta()];
    site.function("backward_input", doc, arguments, body)
}

/// The row and the column that a value has inside the border.
fn inner(padding: Padding) -> [TokenStream; 2] {
    [
        sum(&[(1, "y")], padding.top),
        sum(&[(1, "x")], padding.left),
    ]
}
