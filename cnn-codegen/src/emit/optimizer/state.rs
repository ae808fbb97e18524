//! The struct `Optimizer`: what is remembered from step to step, and under which names.

use super::muon::Muon;
use super::rule::Rule;
use super::tensors::{Set, Tensors};
use crate::emit::tokens::{doc, ident, number, scalar};
use cnn_spec::network::Dtype;
use proc_macro2::{Ident, TokenStream};
use quote::quote;

/// What an optimizer remembers.
pub struct State<'e> {
    pub dtype: Dtype,
    pub tensors: &'e Tensors<'e>,
    pub rule: &'e Rule,
    /// What the rule is for.
    pub set: Set,
    pub muon: Option<&'e Muon<'e>>,
    pub counts: bool,
    pub averages: bool,
}

/// A memory of some parameters.
struct Field {
    name: Ident,
    about: String,
    kind: Ident,
}

impl State<'_> {
    /// `Optimizer` with its traits, and the types of its memories.
    pub fn items(&self) -> TokenStream {
        let sets = match self.muon {
            None => vec![Set::Learnt],
            Some(_) => vec![Set::Matrices, Set::Others],
        };
        let fields = self.fields();
        let is_used = |set: &Set| {
            let kind = self.tensors.memory(*set);
            fields.iter().any(|field| field.kind == kind)
        };
        let structs = sets
            .into_iter()
            .filter(is_used)
            .filter_map(|set| self.tensors.memory_struct(set));
        let (memory, implementation) = (self.memory(&fields), self.implementation(&fields));
        quote!(#(#structs)* #memory #implementation)
    }

    fn fields(&self) -> Vec<Field> {
        let mut fields = Vec::new();
        if self.muon.is_some() {
            fields.push(Field {
                name: ident("momentum"),
                about: "The running mean of the matrices' gradients.".to_owned(),
                kind: self.tensors.memory(Set::Matrices),
            });
        }
        if self.tensors.indices(self.set).is_some() {
            fields.extend(self.rule.memories.iter().map(|memory| Field {
                name: ident(memory.name),
                about: format!("`{}`: {}.", memory.letter, memory.about),
                kind: self.tensors.memory(self.set),
            }));
        }
        if self.averages {
            fields.push(Field {
                name: ident("average"),
                about: "`a`: the running average of the parameters.".to_owned(),
                kind: ident("Parameters"),
            });
        }
        fields
    }

    /// Names and descriptions of the numbers beside the count of updates.
    fn numbers(&self) -> Vec<(Ident, TokenStream)> {
        let numbers = self.rule.numbers.iter();
        numbers
            .map(|[name, about]| (ident(name), doc(&format!("{about}."))))
            .collect()
    }

    /// The struct `Optimizer`.
    fn memory(&self, fields: &[Field]) -> TokenStream {
        let scalar = scalar(self.dtype);
        let (numbers, number_docs): (Vec<_>, Vec<_>) = self.numbers().into_iter().unzip();
        let names: Vec<_> = fields.iter().map(|field| &field.name).collect();
        let docs = fields.iter().map(|field| doc(&field.about));
        let kinds = fields.iter().map(|field| &field.kind);
        let step = self.counts.then(|| {
            quote! {
                /// `t`: how many updates there have been.
                pub step: u64,
            }
        });
        let step_name = self.counts.then(|| quote!(step,));
        let (work, work_names) = match self.muon {
            Some(muon) => (muon.work(), quote!(, direction, work)),
            None => (quote!(), quote!()),
        };
        quote! {
            /// What the optimizer remembers from step to step.
            #[derive(Clone, Debug, PartialEq)]
            pub struct Optimizer {
                #step
                #(#number_docs pub #numbers: #scalar,)*
                #(#docs pub #names: #kinds,)*
                #work
            }

            cnn_runtime::zeroed! { Optimizer { #step_name #(#numbers,)* #(#names),* #work_names } }
        }
    }

    /// `impl OptimizerState`.
    fn implementation(&self, fields: &[Field]) -> TokenStream {
        let scalar = scalar(self.dtype);
        let memories: Vec<_> = fields.iter().map(|field| &field.name).collect();
        let memory_names = memories.iter().map(ToString::to_string);
        let indices: Vec<_> = (0..memories.len()).map(number).collect();
        let [tensor, tensor_mut] = if memories.is_empty() {
            [quote!(&[]), quote!(&mut [])]
        } else {
            [
                quote!(match memory { #(#indices => self.#memories.tensor(index),)* _ => &[] }),
                quote!(match memory { #(#indices => self.#memories.tensor_mut(index),)* _ => &mut [] }),
            ]
        };
        let [memory, index] = match memories.is_empty() {
            true => [quote!(_), quote!(_)],
            false => [quote!(memory), quote!(index)],
        };
        let (number_names, get, set) = self.number_access();
        let [number_index, value] = match number_names.is_empty() {
            true => [quote!(_), quote!(_)],
            false => [quote!(index), quote!(value)],
        };
        quote! {
            impl cnn_runtime::OptimizerState for Optimizer {
                type Scalar = #scalar;

                const NUMBERS: &'static [&'static str] = &[#(#number_names),*];
                const MEMORIES: &'static [&'static str] = &[#(#memory_names),*];

                fn number(&self, #number_index: usize) -> f64 {
                    #get
                }

                fn set_number(&mut self, #number_index: usize, #value: f64) {
                    #set
                }

                fn tensor(&self, #memory: usize, #index: usize) -> &[#scalar] {
                    #tensor
                }

                fn tensor_mut(&mut self, #memory: usize, #index: usize) -> &mut [#scalar] {
                    #tensor_mut
                }
            }
        }
    }

    /// The names of the numbers, how one is read and how it is written.
    fn number_access(&self) -> (Vec<String>, TokenStream, TokenStream) {
        let scalar = scalar(self.dtype);
        let step = self.counts.then(|| (ident("step"), quote!(u64)));
        let others = self.numbers().into_iter();
        let others = others.map(|(name, _)| (name, quote!(#scalar)));
        let numbers: Vec<_> = step.into_iter().chain(others).collect();
        if numbers.is_empty() {
            return (Vec::new(), quote!(0.0), quote!());
        }
        let names = numbers.iter().map(|(name, _)| name.to_string()).collect();
        let reads = numbers.iter().enumerate().map(|(index, (name, kind))| {
            let index = number(index);
            if kind.to_string() == "f64" {
                quote!(#index => self.#name)
            } else if kind.to_string() == "f32" {
                quote!(#index => f64::from(self.#name))
            } else {
                quote!(#index => self.#name as f64)
            }
        });
        let writes = numbers.iter().enumerate().map(|(index, (name, kind))| {
            let index = number(index);
            let value = if kind.to_string() == "f64" {
                quote!(value)
            } else {
                quote!(value as #kind)
            };
            quote!(if index == #index { self.#name = #value; })
        });
        (
            names,
            quote!(match index { #(#reads,)* _ => 0.0 }),
            quote!(#(#writes)*),
        )
    }
}
