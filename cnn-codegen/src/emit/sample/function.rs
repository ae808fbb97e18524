//! Functions on vectors of one sample: generic over the instruction set, and over the sizes of their tile.

use super::memory;
use crate::emit::function::parameters_type;
use crate::emit::tokens::{array_type, doc, ident, number};
use crate::plan::spatial::WIDTHS;
use crate::plan::stage::{Schedule, Stage};
use cnn_spec::network::Dtype;
use proc_macro2::{Ident, TokenStream};
use quote::{format_ident, quote};

/// The function of a stage.
pub struct Function {
    /// Its name.
    pub name: Ident,
    /// What it computes, with shapes and the formula.
    pub doc: String,
    /// The layer whose parameters it takes.
    pub layer: Option<String>,
    /// The batch norm that is folded into it.
    pub norm: Option<String>,
    /// The types of what it reads and writes.
    pub types: [TokenStream; 2],
    /// The names of its tile's sizes.
    pub sizes: Vec<&'static str>,
    /// What it does.
    pub body: TokenStream,
    /// How it is called with vectors of each width.
    pub calls: [Vec<Call>; WIDTHS.len()],
}

/// One call of a function.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Call {
    /// The sizes of the tile.
    pub sizes: Vec<usize>,
    /// The maps to compute, where not all are computed at once.
    pub maps: Option<[usize; 2]>,
}

impl Function {
    /// A function without parameters and tile.
    pub fn new(schedule: &Schedule, stage: &Stage, doc: String, body: TokenStream) -> Self {
        Self {
            name: format_ident!("{}_forward", stage.name),
            doc,
            layer: None,
            norm: None,
            types: [stage.input, stage.output].map(|tensor| array(schedule, tensor)),
            sizes: Vec::new(),
            body,
            calls: WIDTHS.map(|_| vec![Call::default()]),
        }
    }

    /// The function itself.
    pub fn item(&self) -> TokenStream {
        let (name, doc, body) = (&self.name, doc(&self.doc), &self.body);
        let [input, output] = &self.types;
        let sizes = self.sizes.iter().map(|size| {
            let size = ident(size);
            quote!(const #size: usize)
        });
        let parameters = self.layer.iter().map(|layer| {
            let parameters = parameters_type(layer);
            quote!(parameters: &#parameters)
        });
        let norm = self.norm.iter().map(|norm| {
            let norm = parameters_type(norm);
            quote!(norm: &#norm)
        });
        let takes_maps = self.calls.iter().flatten().any(|call| call.maps.is_some());
        let maps = takes_maps.then(|| quote!(maps: core::ops::Range<usize>));
        let arguments = parameters
            .chain(norm)
            .chain([quote!(input: &#input), quote!(output: &mut #output)])
            .chain(maps);
        quote! {
            #doc
            #[allow(clippy::needless_range_loop)]
            pub fn #name<S: Lanes, #(#sizes),*>(simd: S, #(#arguments),*) {
                simd.vectorize(#[inline(always)] || { #body })
            }
        }
    }

    /// Calls of it, in `forward_rows`.
    pub fn call(&self, schedule: &Schedule, stage: &Stage) -> TokenStream {
        let [narrow, middle, wide] = self
            .calls
            .each_ref()
            .map(|calls| self.calls_of(calls, schedule, stage));
        let [four, eight, _] = WIDTHS.map(number);
        if self.calls.iter().all(|calls| *calls == self.calls[0]) {
            return narrow;
        }
        quote! {
            match S::COUNT {
                #four => { #narrow }
                #eight => { #middle }
                _ => { #wide }
            }
        }
    }

    fn calls_of(&self, calls: &[Call], schedule: &Schedule, stage: &Stage) -> TokenStream {
        let name = &self.name;
        let (input, output) = (
            memory::shared(schedule, stage.input),
            memory::unique(schedule, stage.output),
        );
        calls
            .iter()
            .map(|call| {
                let parameters = self.layer.iter().chain(&self.norm).map(|layer| {
                    let layer = ident(layer);
                    quote!(&parameters.#layer)
                });
                let maps = call.maps.map(|[start, end]| {
                    let (start, end) = (number(start), number(end));
                    quote!(#start..#end)
                });
                let arguments = [quote!(simd)]
                    .into_iter()
                    .chain(parameters)
                    .chain([input.clone(), output.clone()])
                    .chain(maps);
                let sizes: Vec<_> = call.sizes.iter().map(|&size| number(size)).collect();
                if sizes.is_empty() {
                    quote!(#name(#(#arguments),*);)
                } else {
                    quote!(#name::<S, #(#sizes),*>(#(#arguments),*);)
                }
            })
            .collect()
    }
}

/// The type of a tensor.
pub fn array(schedule: &Schedule, tensor: usize) -> TokenStream {
    array_type(Dtype::F32, &schedule.tensors[tensor].shape)
}

/// `1×28×28 → 3×12×12`.
pub fn shapes(schedule: &Schedule, stage: &Stage) -> String {
    let [input, output] = [stage.input, stage.output].map(|tensor| &schedule.tensors[tensor].shape);
    format!("{input} → {output}")
}
