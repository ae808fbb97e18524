//! The buffers of a forward pass.

use crate::emit::tokens::{doc, number};
use crate::plan::stage::Schedule;
use proc_macro2::{Ident, TokenStream};
use quote::{format_ident, quote};
use std::iter;

/// The values of a `Room`.
const ROOM: usize = 16;

/// `Activations`.
pub fn activations(schedule: &Schedule) -> TokenStream {
    let names = names(schedule);
    let lengths = schedule.lengths().into_iter();
    let rooms = lengths.map(|length| number(length.div_ceil(ROOM)));
    let docs = (0..names.len()).map(|buffer| {
        let tenants = schedule.tenants(buffer);
        let lines = tenants.map(|tensor| format!("- `{}`: {}", tensor.name, tensor.shape));
        let lines: Vec<_> = iter::once("One after the other:".to_owned())
            .chain(lines)
            .collect();
        doc(&lines.join("\n"))
    });
    quote! {
        /// What the layers put out for one sample, in memory that is used again.
        #[derive(Clone, Debug, PartialEq)]
        pub struct Activations {
            #(#docs pub #names: [Room; #rooms],)*
        }

        cnn_runtime::zeroed! { Activations { #(#names),* } }
    }
}

/// The names of all buffers.
pub fn names(schedule: &Schedule) -> Vec<Ident> {
    (0..schedule.lengths().len()).map(named).collect()
}

/// The name of the buffer that holds a tensor.
pub fn name(schedule: &Schedule, tensor: usize) -> Ident {
    named(schedule.places[tensor - 1])
}

/// A tensor to be read, in `forward_rows`.
pub fn shared(schedule: &Schedule, tensor: usize) -> TokenStream {
    if tensor == 0 {
        return quote!(input);
    }
    let name = name(schedule, tensor);
    quote!(lanes::view(#name))
}

/// A tensor to be written.
pub fn unique(schedule: &Schedule, tensor: usize) -> TokenStream {
    let name = name(schedule, tensor);
    quote!(lanes::view_mut(#name))
}

fn named(buffer: usize) -> Ident {
    format_ident!("buffer{}", buffer + 1)
}
