//! The input of a convolution whose rows fill no vector, packed so that all positions are neighbours.

use super::function::{Function, shapes};
use crate::emit::tokens::{formula, loops, number};
use crate::plan::stage::{Schedule, Stage};
use cnn_spec::layer::Conv2d;
use proc_macro2::TokenStream;
use quote::quote;

/// Copies the input once for each column of the kernels.
pub fn forward(conv: &Conv2d, schedule: &Schedule, stage: &Stage) -> Function {
    let input = schedule.tensors[stage.input].shape.dims();
    let packed = schedule.tensors[stage.output].shape.dims();
    let first = scaled(conv.dilation.width, "kx");
    let (down, across) = (conv.stride.height, conv.stride.width);
    let (place, place_text) = packed_row(down, input[1].div_ceil(down));
    let width = number(packed[3]);
    let copy = if across == 1 {
        quote!(row.copy_from_slice(&input[i][y][#first..][..#width]);)
    } else {
        let across = number(across);
        quote! {
            let values = input[i][y][#first..].iter().step_by(#across);
            for (place, value) in row.iter_mut().zip(values) {
                *place = *value;
            }
        }
    };
    let body = loops(
        &[("i", input[0]), ("kx", packed[1]), ("y", input[1])],
        &quote! {
            let row = &mut output[i][kx][#place];
            #copy
        },
    );
    let column = match (across, conv.dilation.width) {
        (1, 1) => "x + kx".to_owned(),
        (1, dilation) => format!("x + {dilation}kx"),
        (stride, 1) => format!("{stride}x + kx"),
        (stride, dilation) => format!("{stride}x + {dilation}kx"),
    };
    let doc = format!(
        "The input of `{}`, {}: once for each column of the kernels and without what lies between the windows, so that \
         the values of all positions are neighbours.\n\n{}",
        stage.layer,
        shapes(schedule, stage),
        formula(&format!(
            "output[i][kx][{place_text}][x] = input[i][y][{column}]"
        )),
    );
    Function::new(schedule, stage, doc, body)
}

/// Where a row goes: rows that one kernel row meets lie one after the other.
fn packed_row(stride: usize, per_phase: usize) -> (TokenStream, String) {
    if stride == 1 {
        return (quote!(y), "y".to_owned());
    }
    let (stride, per_phase) = (number(stride), number(per_phase));
    (
        quote!(y % #stride * #per_phase + y / #stride),
        format!("{per_phase} · (y mod {stride}) + ⌊y / {stride}⌋"),
    )
}

fn scaled(factor: usize, name: &str) -> TokenStream {
    let name = crate::emit::tokens::ident(name);
    if factor == 1 {
        return quote!(#name);
    }
    let factor = number(factor);
    quote!(#factor * #name)
}
