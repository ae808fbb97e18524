//! `upsample2d` on lanes: forward, every value becomes a block of itself; backward, it gets the sum of the block's deltas.

use super::Functions;
use super::function::{Function, sum};
use super::site::Site;
use crate::emit::element::each;
use crate::emit::tokens::{formula, loops};
use cnn_spec::layer::{Pair, Upsample2d};
use proc_macro2::TokenStream;
use quote::quote;

/// The functions of an upsampling.
pub fn functions(upsample: Upsample2d, site: Site) -> Functions {
    Functions::of(
        forward(upsample, site),
        site.sent(|| backward(upsample, site)),
    )
}

fn forward(upsample: Upsample2d, site: Site) -> Function {
    let Pair { height, width } = upsample.scale_factor;
    let (z, [row, column]) = (site.input_element(), places(upsample));
    let index = site
        .memory
        .index(site.group.output, [&quote!(c), &row, &column]);
    let block = each_of_block(upsample, &quote!(output #index = value;));
    let body = each(site.input_shape(), &quote!(let value = #z; #block));
    let doc = format!(
        "`{}` forward, {}: every value becomes a block of {height}×{width}.\n\n{}",
        site.group.name,
        site.shapes(),
        formula(&format!(
            "output[c][y][x] = input[c][⌊y / {height}⌋][⌊x / {width}⌋]"
        )),
    );
    site.function("forward", doc, vec![site.input(), site.output_mut()], body)
}

fn backward(upsample: Upsample2d, site: Site) -> Function {
    let [row, column] = places(upsample);
    let block = each_of_block(
        upsample,
        &quote!(sum += lanes::load(simd, &delta[c][#row][#column]);),
    );
    let body = each(
        site.input_shape(),
        &quote! {
            let mut sum = lanes::splat(simd, 0.0);
            #block
            sum.store_array(&mut input_delta[c][y][x]);
        },
    );
    let doc = format!(
        "`{}` input delta: every value gets the sum of the deltas of its block.",
        site.group.name
    );
    let arguments = vec![site.delta(), site.input_delta()];
    site.function("backward_input", doc, arguments, body)
}

/// Goes over the rows `i` and the columns `j` of a block.
fn each_of_block(upsample: Upsample2d, body: &TokenStream) -> TokenStream {
    let Pair { height, width } = upsample.scale_factor;
    loops(&[("i", height), ("j", width)], body)
}

/// The row and the column of the output there: `2 * y + i` and `2 * x + j`.
fn places(upsample: Upsample2d) -> [TokenStream; 2] {
    let Pair { height, width } = upsample.scale_factor;
    [
        sum(&[(height, "y"), (1, "i")], 0),
        sum(&[(width, "x"), (1, "j")], 0),
    ]
}
