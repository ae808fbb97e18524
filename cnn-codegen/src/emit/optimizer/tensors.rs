//! Which parameters an optimizer is for, and memories of only those.

use crate::emit::tokens::{array_type, doc, ident, number, real, scalar};
use cnn_spec::network::{Layer, Network, Parameter};
use proc_macro2::{Ident, TokenStream};
use quote::quote;

/// Some of the parameters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Set {
    /// Those that no layer keeps frozen.
    Learnt,
    /// Of these, the matrices.
    Matrices,
    /// Of these, all others.
    Others,
}

/// All parameters of a network.
pub struct Tensors<'n> {
    network: &'n Network,
    all: Vec<(&'n Layer, &'n Parameter)>,
}

impl<'n> Tensors<'n> {
    pub fn new(network: &'n Network) -> Self {
        let layers = network.layers.iter();
        let all = layers.flat_map(|layer| {
            let parameters = layer.parameters.iter();
            parameters.map(move |parameter| (layer, parameter))
        });
        Self {
            network,
            all: all.collect(),
        }
    }

    /// The parameters of a set, each with its index.
    pub fn of(
        &self,
        set: Set,
    ) -> impl Iterator<Item = (usize, &'n Layer, &'n Parameter)> + use<'_, 'n> {
        let is_in = move |(_, layer, parameter): &(usize, &Layer, &Parameter)| {
            layer.learns()
                && parameter.is_learnt()
                && match set {
                    Set::Learnt => true,
                    Set::Matrices => parameter.is_matrix(),
                    Set::Others => !parameter.is_matrix(),
                }
        };
        let all = self.all.iter().enumerate();
        all.map(|(index, (layer, parameter))| (index, *layer, *parameter))
            .filter(is_in)
    }

    /// What a loop over a set goes over; nothing if there are none.
    pub fn indices(&self, set: Set) -> Option<TokenStream> {
        let indices: Vec<_> = self.of(set).map(|(index, ..)| index).collect();
        let (first, last) = (*indices.first()?, *indices.last()?);
        if indices.len() == self.all.len() {
            return Some(quote!(0..Parameters::TENSORS.len()));
        }
        if last - first + 1 == indices.len() {
            let (first, end) = (number(first), number(last + 1));
            return Some(quote!(#first..#end));
        }
        let indices = indices.into_iter().map(number);
        Some(quote!([#(#indices),*]))
    }

    /// The type of a memory of a set.
    pub fn memory(&self, set: Set) -> Ident {
        if self.of(set).count() == self.all.len() {
            return ident("Parameters");
        }
        ident(match set {
            Set::Learnt => "Learnt",
            Set::Matrices => "Matrices",
            Set::Others => "Others",
        })
    }

    /// That type, where it is not `Parameters`.
    pub fn memory_struct(&self, set: Set) -> Option<TokenStream> {
        let name = self.memory(set);
        if name == "Parameters" {
            return None;
        }
        let scalar = scalar(self.network.dtype);
        let tensors: Vec<_> = self.of(set).collect();
        let fields: Vec<_> = tensors
            .iter()
            .map(|(_, layer, parameter)| ident(&format!("{}_{}", layer.name, parameter.name)))
            .collect();
        let docs = tensors
            .iter()
            .map(|(_, layer, parameter)| doc(&format!("Of `{}.{}`.", layer.name, parameter.name)));
        let types = tensors
            .iter()
            .map(|(_, _, parameter)| array_type(self.network.dtype, &parameter.shape));
        let indices: Vec<_> = tensors.iter().map(|(index, ..)| number(*index)).collect();
        let about = doc(match set {
            Set::Learnt => "Values for each parameter that is learnt.",
            Set::Matrices => "Values for each parameter that is a matrix.",
            Set::Others => "Values for each parameter that is no matrix.",
        });
        Some(quote! {
            #about
            #[derive(Clone, Debug, PartialEq)]
            pub struct #name {
                #(#docs pub #fields: #types,)*
            }

            cnn_runtime::zeroed! { #name { #(#fields),* } }

            impl #name {
                /// The values for the parameter at `index` in `Parameters::TENSORS`; empty if there are
                /// none.
                pub fn tensor(&self, index: usize) -> &[#scalar] {
                    match index {
                        #(#indices => self.#fields.values(),)*
                        _ => &[],
                    }
                }

                /// The same, to be written to.
                pub fn tensor_mut(&mut self, index: usize) -> &mut [#scalar] {
                    match index {
                        #(#indices => self.#fields.values_mut(),)*
                        _ => &mut [],
                    }
                }
            }
        })
    }

    /// `LEARNING_RATE_FACTORS`, where not all are 1.
    pub fn factors(&self) -> Option<TokenStream> {
        let dtype = self.network.dtype;
        let (scalar, count) = (scalar(dtype), number(self.all.len()));
        let factors = self
            .all
            .iter()
            .map(|(layer, _)| real(layer.learning_rate_factor, dtype));
        self.has_factors().then(|| {
            quote! {
                /// What the learning rate is multiplied by for each parameter.
                #[rustfmt::skip]
                pub const LEARNING_RATE_FACTORS: [#scalar; #count] = [#(#factors),*];
            }
        })
    }

    /// The learning rate of the parameter at `index`, where it is not the same for all.
    pub fn factor(&self) -> Option<TokenStream> {
        self.has_factors()
            .then(|| quote!(let learning_rate = learning_rate * LEARNING_RATE_FACTORS[index];))
    }

    fn has_factors(&self) -> bool {
        self.all
            .iter()
            .any(|(layer, _)| layer.learning_rate_factor.total_cmp(&1.0).is_ne())
    }
}
