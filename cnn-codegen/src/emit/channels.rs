//! Which kernels see which input channels: the loops over `o`, `i` and `group`.

use super::tokens::{loops, number};
use proc_macro2::TokenStream;
use quote::quote;

/// The channels of a convolution, split into groups that do not see each other.
#[derive(Clone, Copy)]
pub struct Channels {
    /// Groups.
    pub groups: usize,
    /// Input channels of one group: what one kernel sees.
    pub inputs: usize,
    /// Kernels of one group.
    pub kernels: usize,
}

impl Channels {
    /// For each kernel `o`.
    pub fn each_kernel(self, body: &TokenStream) -> TokenStream {
        let (groups, kernels) = (number(self.groups), number(self.kernels));
        match (self.groups, self.kernels) {
            (1, _) => quote!(for o in 0..#kernels { #body }),
            (_, 1) => quote!(for o in 0..#groups { #body }),
            _ => quote! {
                for group in 0..#groups {
                    for o in group * #kernels..(group + 1) * #kernels { #body }
                }
            },
        }
    }

    /// For each input channel that kernel `o` sees: `i` counts them, [`Self::in_input`] is its index.
    pub fn each_input(self, body: &TokenStream) -> TokenStream {
        if self.sees_one() {
            return body.clone();
        }
        if self.groups == 1 {
            return loops(&[("i", self.inputs)], body);
        }
        let (group, inputs) = (self.group(), number(self.inputs));
        loops(
            &[("i", self.inputs)],
            &quote!(let channel = #group * #inputs + i; #body),
        )
    }

    /// The index of the channel in a kernel.
    pub fn in_kernel(self) -> TokenStream {
        if self.sees_one() {
            quote!(0)
        } else {
            quote!(i)
        }
    }

    /// The index of the channel in the input.
    pub fn in_input(self) -> TokenStream {
        match (self.groups, self.inputs) {
            (1, _) => quote!(i),
            (_, 1) => self.group(),
            _ => quote!(channel),
        }
    }

    /// The group of kernel `o`.
    fn group(self) -> TokenStream {
        if self.kernels == 1 {
            quote!(o)
        } else {
            quote!(group)
        }
    }

    /// Whether a kernel sees a single channel, that of its group.
    fn sees_one(self) -> bool {
        self.groups > 1 && self.inputs == 1
    }
}
