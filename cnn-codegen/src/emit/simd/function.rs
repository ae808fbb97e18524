//! Functions on lanes: generic over the instruction set, and over the sizes of their tile.

use crate::emit::function::parameters_type;
use crate::emit::tokens::{doc, ident, number};
use crate::plan::fuse::Group;
use crate::plan::tile::{Registers, Run};
use cnn_spec::shape::Shape;
use proc_macro2::TokenStream;
use quote::quote;

/// One function of a group of layers.
pub struct Function {
    /// Its name.
    pub name: String,
    /// What it computes, with shapes and the formula.
    pub doc: String,
    /// The names of its tile's sizes.
    pub sizes: &'static [&'static str],
    /// What it takes after `simd`, in order.
    pub arguments: Vec<Argument>,
    /// What it does.
    pub body: TokenStream,
    /// How it is called with 16 and with 32 registers.
    pub calls: [Vec<Call>; 2],
}

/// Something that a function takes.
pub struct Argument {
    /// `input: &[[[Vector<S>; 28]; 28]; 1]`.
    pub declaration: TokenStream,
    /// What the network passes for it.
    pub value: TokenStream,
}

/// One call of a function.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Call {
    /// The sizes of the tile.
    pub sizes: Vec<usize>,
    /// The maps to compute, where they are not all.
    pub maps: Option<[usize; 2]>,
}

/// The same for 16 and for 32 registers.
pub fn for_registers<T>(make: impl Fn(Registers) -> T) -> [T; 2] {
    [make(Registers::Narrow), make(Registers::Wide)]
}

/// A call for each run of tiles.
pub fn of_runs(runs: &[Run]) -> Vec<Call> {
    runs.iter()
        .map(|run| Call {
            sizes: vec![run.tile.maps, run.tile.columns],
            maps: Some([run.start, run.end]),
        })
        .collect()
}

/// The calls of a function without a tile.
pub fn untiled() -> [Vec<Call>; 2] {
    for_registers(|_| vec![Call::default()])
}

impl Function {
    /// The function itself.
    pub fn item(&self) -> TokenStream {
        let doc = doc(&self.doc);
        let name = ident(&self.name);
        let sizes = self.sizes.iter().map(|size| {
            let size = ident(size);
            quote!(const #size: usize)
        });
        let arguments = self.arguments.iter().map(|argument| &argument.declaration);
        let takes_maps = self.takes_maps();
        let maps = takes_maps.then(|| quote!(maps: core::ops::Range<usize>));
        let arguments = arguments.chain(&maps);
        let body = &self.body;
        // `simd` counts too.
        let many =
            (self.arguments.len() >= 7).then(|| quote!(#[allow(clippy::too_many_arguments)]));
        quote! {
            #doc
            #many
            #[allow(clippy::needless_range_loop)]
            pub fn #name<S: Lanes, #(#sizes),*>(simd: S, #(#arguments),*) {
                simd.vectorize(#[inline(always)] || { #body })
            }
        }
    }

    /// Calls of it, from a function in which `simd`, `parameters`, `activations`, `deltas` and `gradients` are those
    /// of the network.
    pub fn call(&self) -> TokenStream {
        let [narrow, wide] = self.calls.each_ref().map(|calls| self.calls(calls));
        if self.calls[0] == self.calls[1] {
            return narrow;
        }
        quote! {
            if const { lanes::is_wide::<S>() } {
                #wide
            } else {
                #narrow
            }
        }
    }

    fn calls(&self, calls: &[Call]) -> TokenStream {
        let name = ident(&self.name);
        let values: Vec<_> = self
            .arguments
            .iter()
            .map(|argument| &argument.value)
            .collect();
        calls
            .iter()
            .map(|call| {
                let maps = call.maps.map(|[start, end]| {
                    let (start, end) = (number(start), number(end));
                    quote!(#start..#end)
                });
                let maps = maps.into_iter();
                let arguments = quote!(simd, #(#values,)* #(#maps)*);
                if call.sizes.is_empty() {
                    return quote!(#name(#arguments););
                }
                let sizes = call.sizes.iter().map(|&size| number(size));
                quote!(#name::<S, #(#sizes),*>(#arguments);)
            })
            .collect()
    }

    fn takes_maps(&self) -> bool {
        self.calls.iter().flatten().any(|call| call.maps.is_some())
    }
}

impl Argument {
    /// `name: &type`, a tensor for which a view of `value` is passed.
    pub fn shared(name: &str, kind: &TokenStream, value: &TokenStream) -> Self {
        let name = ident(name);
        Self {
            declaration: quote!(#name: &#kind),
            value: quote!(lanes::view(&#value)),
        }
    }

    /// `name: &mut type`, a tensor for which a view of `value` is passed.
    pub fn unique(name: &str, kind: &TokenStream, value: &TokenStream) -> Self {
        let name = ident(name);
        Self {
            declaration: quote!(#name: &mut #kind),
            value: quote!(lanes::view_mut(&mut #value)),
        }
    }

    /// What a group's layer has learnt.
    pub fn parameters(group: &Group) -> Self {
        let (kind, layer) = (parameters_type(&group.layer), ident(&group.layer));
        Self {
            declaration: quote!(parameters: &#kind),
            value: quote!(&parameters.#layer),
        }
    }

    /// The gradients of that.
    pub fn gradients(group: &Group) -> Self {
        let (kind, layer) = (parameters_type(&group.layer), ident(&group.layer));
        Self {
            declaration: quote!(gradients: &mut #kind),
            value: quote!(&mut gradients.#layer),
        }
    }
}

/// `[[[Vector<S>; 24]; 24]; 3]`.
pub fn lanes_type(shape: &Shape) -> TokenStream {
    shape
        .dims()
        .iter()
        .rev()
        .fold(quote!(Vector<S>), |inner, &dim| {
            let dim = number(dim);
            quote!([#inner; #dim])
        })
}

/// `[Vector<S>; 1728]`: the same values in one row.
pub fn flat_type(shape: &Shape) -> TokenStream {
    lanes_type(&shape.flattened())
}

/// `4 * y + ky`: terms that are not known to be nothing, each a factor and an index, and a number.
pub fn sum(terms: &[(usize, &str)], constant: usize) -> TokenStream {
    let products = terms.iter().map(|&(factor, index)| {
        let index: TokenStream = index.parse().expect("indices are Rust");
        if factor == 1 {
            return index;
        }
        let factor = number(factor);
        if index.clone().into_iter().count() > 1 {
            quote!(#factor * (#index))
        } else {
            quote!(#factor * #index)
        }
    });
    let constant = (constant > 0).then(|| {
        let constant = number(constant);
        quote!(#constant)
    });
    let terms = products.chain(constant);
    quote!(#(#terms)+*)
}

/// What makes a slice of lanes of a nested array of them.
pub fn flat(shape: &Shape) -> TokenStream {
    (1..shape.rank()).map(|_| quote!(.as_flattened())).collect()
}

/// The same, to be written to.
pub fn flat_mut(shape: &Shape) -> TokenStream {
    if shape.rank() == 1 {
        return quote!(.iter_mut());
    }
    (1..shape.rank())
        .map(|_| quote!(.as_flattened_mut()))
        .collect()
}
