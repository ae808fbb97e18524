//! One value of an array, and a loop over all of them: `array[c][y][x]` of maps, `array[i]` of a vector.

use super::tokens::{ident, loops};
use cnn_spec::shape::Shape;
use proc_macro2::TokenStream;
use quote::{format_ident, quote};

/// The value of an array at the indices of [`each`].
pub fn element(array: &str, shape: &Shape) -> TokenStream {
    let array = format_ident!("{array}");
    let indices = indices(shape).iter().map(|index| format_ident!("{index}"));
    quote!(#array #([#indices])*)
}

/// For each value of an array.
pub fn each(shape: &Shape, body: &TokenStream) -> TokenStream {
    loops(&ranges(shape), body)
}

/// For each position, whatever the channel.
pub fn each_position(shape: &Shape, body: &TokenStream) -> TokenStream {
    loops(&ranges(shape)[1..], body)
}

/// For each channel, or each value of a vector.
pub fn each_channel(shape: &Shape, body: &TokenStream) -> TokenStream {
    loops(&ranges(shape)[..1], body)
}

/// The index of the channel: `c`, or `i` of a vector.
pub fn channel(shape: &Shape) -> TokenStream {
    let index = ident(indices(shape)[0]);
    quote!(#index)
}

fn ranges(shape: &Shape) -> Vec<(&'static str, usize)> {
    let indices = indices(shape).iter().copied();
    indices.zip(shape.dims().iter().copied()).collect()
}

fn indices(shape: &Shape) -> &'static [&'static str] {
    if shape.rank() == 1 {
        &["i"]
    } else {
        &["c", "y", "x"]
    }
}
