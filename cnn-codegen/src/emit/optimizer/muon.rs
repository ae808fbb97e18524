//! Muon: orthogonal steps for matrices.

use super::tensors::{Set, Tensors};
use crate::emit::tokens::{doc, formula, number, real, scalar};
use cnn_spec::network::{Network, Parameter};
use cnn_spec::training::MuonSettings;
use proc_macro2::TokenStream;
use quote::quote;

pub struct Muon<'n> {
    settings: MuonSettings,
    network: &'n Network,
}

impl<'n> Muon<'n> {
    pub fn new(settings: MuonSettings, network: &'n Network) -> Self {
        Self { settings, network }
    }

    /// `MATRICES`.
    pub fn items(&self) -> TokenStream {
        let dtype = self.network.dtype;
        let scalar = scalar(dtype);
        let rows = self.matrices().into_iter().map(|(index, rows, columns)| {
            let factor = real(self.settings.adjustment.factor(rows, columns), dtype);
            let (index, rows) = (number(index), number(rows));
            quote!((#index, #rows, #factor))
        });
        let count = number(self.matrices().len());
        quote! {
            /// The parameters that are matrices: their index, their rows, and what their shape makes of the
            /// length of a step.
            #[rustfmt::skip]
            pub const MATRICES: [(usize, usize, #scalar); #count] = [#(#rows),*];
        }
    }

    /// The memory that a step is made in.
    pub fn work(&self) -> TokenStream {
        let scalar = scalar(self.network.dtype);
        let sizes = || self.matrices().into_iter();
        let largest = sizes().map(|(_, rows, columns)| rows * columns).max();
        let smaller = sizes().map(|(_, rows, columns)| rows.min(columns)).max();
        let (largest, smaller) = (largest.unwrap_or(0), smaller.unwrap_or(0));
        let (direction, work) = (number(largest), number(largest + 2 * smaller * smaller));
        let about = doc(
            "The step of one matrix, and what it takes to make it orthogonal; nothing stays in there.",
        );
        quote! {
            #about
            pub direction: [#scalar; #direction],
            /// See `direction`.
            pub work: [#scalar; #work],
        }
    }

    pub fn doc(&self) -> String {
        let (keep, rest) = self.shares();
        let MuonSettings {
            nesterov,
            weight_decay,
            ns_steps,
            ..
        } = self.settings;
        let direction = if nesterov {
            format!("{keep} m + {rest} g")
        } else {
            "m".to_owned()
        };
        let [a, b, c] = MuonSettings::NEWTON_SCHULZ;
        format!(
            "Muon: every matrix `w` takes a step in the direction of its momentum `m`, all of whose singular values \
             are made nearly 1 by {ns_steps} iterations of Newton and Schulz; `factor` is that of its shape.\n\n{}\n\n\
             All else follows another rule. ",
            formula(&format!(
                "m ← {keep} m + {rest} g\n\
                 X = d / ‖d‖    where d = {direction}\n\
                 X ← {a} X + ({b} A + {c} A²) X    where A = X Xᵀ\n\
                 w ← w − learning_rate · ({weight_decay} w + factor · X)"
            )),
        )
    }

    /// The loop over the matrices.
    pub fn update(&self, clip: Option<&TokenStream>, factor: Option<&TokenStream>) -> TokenStream {
        let dtype = self.network.dtype;
        let (keep, rest) = self.shares();
        let MuonSettings {
            nesterov,
            weight_decay,
            epsilon,
            ns_steps,
            ..
        } = self.settings;
        let direction = if nesterov {
            quote!(#keep * *m + #rest * g)
        } else {
            quote!(*m)
        };
        let (decay, epsilon) = (real(weight_decay, dtype), real(epsilon, dtype));
        let steps = number(ns_steps);
        quote! {
            for (index, rows, length) in MATRICES {
                #factor
                let w = parameters.tensor_mut(index);
                let g = gradients.tensor(index);
                let m = optimizer.momentum.tensor_mut(index);
                let direction = &mut optimizer.direction[..w.len()];
                for (d, (g, m)) in core::iter::zip(&mut *direction, core::iter::zip(g, m)) {
                    #clip
                    *m = #keep * *m + #rest * g;
                    *d = #direction;
                }
                let work = &mut optimizer.work;
                cnn_runtime::muon::orthogonalize(direction, rows, #steps, #epsilon, work);
                for (w, d) in core::iter::zip(w, direction) {
                    *w -= learning_rate * (#decay * *w + length * *d);
                }
            }
        }
    }

    fn shares(&self) -> (proc_macro2::Literal, proc_macro2::Literal) {
        let (momentum, dtype) = (self.settings.momentum, self.network.dtype);
        (real(momentum, dtype), real(1.0 - momentum, dtype))
    }

    /// Index, rows and columns of each.
    fn matrices(&self) -> Vec<(usize, usize, usize)> {
        let size = |(index, _, parameter): (usize, _, &Parameter)| {
            let rows = parameter.shape.dims()[0];
            (index, rows, parameter.shape.elements() / rows)
        };
        Tensors::new(self.network)
            .of(Set::Matrices)
            .map(size)
            .collect()
    }
}
