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
        let numbers = self.number_access();
        let tensors = self.tensor_access(fields);
        let [number_names, memory_names] =
            [&numbers, &tensors].map(|access| access.as_ref().map(Access::name_function));
        let functions = [numbers, tensors].map(|access| access.map(|access| access.functions));
        quote! {
            impl cnn_runtime::OptimizerState for Optimizer {
                type Scalar = #scalar;

                #number_names
                #memory_names
                #(#functions)*
            }
        }
    }

    /// `number` and `set_number`, if there are numbers.
    fn number_access(&self) -> Option<Access> {
        let (scalar, dtype) = (scalar(self.dtype), self.dtype);
        let step = self.counts.then(|| ident("step"));
        let others = self.numbers().into_iter().map(|(name, _)| name);
        let numbers: Vec<_> = step.into_iter().chain(others).collect();
        let (mut reads, mut writes) = (Vec::new(), Vec::new());
        for (index, name) in numbers.iter().enumerate() {
            let index = number(index);
            let (read, write) = match dtype {
                _ if name == "step" => (quote!(self.step as f64), quote!(value as u64)),
                Dtype::F32 => (quote!(f64::from(self.#name)), quote!(value as #scalar)),
                Dtype::F64 => (quote!(self.#name), quote!(value)),
            };
            reads.push(quote!(#index => #read));
            writes.push(quote!(if index == #index { self.#name = #write; }));
        }
        let functions = quote! {
            fn number(&self, index: usize) -> f64 {
                match index {
                    #(#reads,)*
                    _ => 0.0,
                }
            }

            fn set_number(&mut self, index: usize, value: f64) {
                #(#writes)*
            }
        };
        (!numbers.is_empty()).then(|| Access {
            name: ["number_name", "index"].map(ident),
            names: numbers.iter().map(ToString::to_string).collect(),
            functions,
        })
    }

    /// `tensor` and `tensor_mut`, if there are memories.
    fn tensor_access(&self, fields: &[Field]) -> Option<Access> {
        let scalar = scalar(self.dtype);
        let memories: Vec<_> = fields.iter().map(|field| &field.name).collect();
        let indices: Vec<_> = (0..memories.len()).map(number).collect();
        let functions = quote! {
            fn tensor(&self, memory: usize, index: usize) -> &[#scalar] {
                match memory {
                    #(#indices => self.#memories.tensor(index),)*
                    _ => &[],
                }
            }

            fn tensor_mut(&mut self, memory: usize, index: usize) -> &mut [#scalar] {
                match memory {
                    #(#indices => self.#memories.tensor_mut(index),)*
                    _ => &mut [],
                }
            }
        };
        (!memories.is_empty()).then(|| Access {
            name: ["memory_name", "memory"].map(ident),
            names: memories.iter().map(ToString::to_string).collect(),
            functions,
        })
    }
}

/// How some of what is remembered is found by its index.
struct Access {
    /// The function that gives the names, and what it takes.
    name: [Ident; 2],
    names: Vec<String>,
    functions: TokenStream,
}

impl Access {
    fn name_function(&self) -> TokenStream {
        let Self {
            name: [name, index],
            names,
            ..
        } = self;
        let indices = (0..names.len()).map(number);
        quote! {
            fn #name(#index: usize) -> Option<&'static str> {
                match #index {
                    #(#indices => Some(#names),)*
                    _ => None,
                }
            }
        }
    }
}
