//! From the delta of the output, back through pool and activation, to that of the sums.

use super::super::activation;
use super::super::function::{Argument, Function, lanes_type, sum, untiled};
use super::Emitter;
use crate::emit::tokens::{doc, formula, ident, number};
use cnn_spec::layer::ConvBias;
use proc_macro2::{Ident, TokenStream};
use quote::quote;

impl Emitter<'_> {
    /// From the delta of the output to that of the sums, if they are not the same and the weight gradient does not do it
    /// band by band.
    pub fn backward_output(&self) -> Option<Function> {
        if self.is_routed() {
            return Some(self.route_output());
        }
        let sums = self.memory.sums(self.group)?;
        if self.memory.band(self.group).is_some() {
            return None;
        }
        let [_, rows, _] = self.dims(self.group.output).map(number);
        let mut arguments = self.output_arguments();
        arguments.push(Argument::unique(
            "sums_delta",
            &sums.array(),
            &self.memory.sums_delta(self.group),
        ));
        if self.adds_bias() {
            arguments.push(Argument::gradients(self.group));
        }
        Some(Function {
            name: format!("{}_backward_output_lanes", self.group.name),
            doc: self.backward_output_doc(""),
            sizes: &[],
            arguments,
            body: self.sums_deltas(&quote!(y in 0..#rows), "y"),
            calls: untiled(),
        })
    }

    /// The same for a band of rows, which the weight gradient calls for.
    pub fn backward_output_band(&self) -> Option<TokenStream> {
        self.memory.band(self.group)?;
        let name = self.band_name();
        let doc = doc(&self.backward_output_doc(", for some rows of the output"));
        let arguments = self.output_arguments().into_iter();
        let arguments = arguments.map(|argument| argument.declaration);
        let sums = self.delta_array();
        let gradients = self
            .adds_bias()
            .then(|| Argument::gradients(self.group).declaration);
        let body = self.sums_deltas(&quote!((row, y) in rows.clone().enumerate()), "row");
        Some(quote! {
            #doc
            #[inline(always)]
            #[allow(clippy::needless_range_loop)]
            pub fn #name<S: Lanes>(
                simd: S,
                #(#arguments,)*
                rows: core::ops::Range<usize>,
                sums_delta: &mut #sums,
                #gradients
            ) {
                #body
            }
        })
    }

    /// A call for the deltas of the sums of the output's `rows`.
    pub(super) fn band_call(&self) -> TokenStream {
        let name = self.band_name();
        let output = self.activation.map(|_| quote!(output,));
        let argmax = self.pool.map(|_| quote!(argmax,));
        let gradients = self.adds_bias().then(|| quote!(gradients));
        quote!(#name(simd, #output #argmax delta, rows.clone(), sums_delta, #gradients);)
    }

    fn band_name(&self) -> Ident {
        ident(&format!("{}_backward_output_lanes", self.group.name))
    }

    /// The deltas of the sums under each output; a row of it is found at `row`.
    fn sums_deltas(&self, rows: &TokenStream, row: &str) -> TokenStream {
        let [maps, ..] = self.dims(self.group.output).map(number);
        let origin = [0, self.memory.border(self.group)];
        let deltas = self.sums_deltas_of_map(rows, row, &quote!(sums_delta[o]), origin);
        quote!(for o in 0..#maps { #deltas })
    }

    /// The deltas of the sums of map `o`, which go into `map` from `origin` on.
    pub(super) fn sums_deltas_of_map(
        &self,
        rows: &TokenStream,
        row: &str,
        map: &TokenStream,
        origin: [usize; 2],
    ) -> TokenStream {
        let [_, _, columns] = self.dims(self.group.output).map(number);
        let (derivative, store) = (self.derivative(), self.store_delta(row, map, origin));
        let [start, add, end] = self.bias_total();
        quote! {
            #start
            for #rows {
                for x in 0..#columns {
                    let d = lanes::load(simd, &delta[o][y][x]);
                    #derivative
                    #add
                    #store
                }
            }
            #end
        }
    }

    fn backward_output_doc(&self, part: &str) -> String {
        let text = if self.pool.is_some() {
            "the delta of each window goes to its argmax; the others had no part in the output and get zero"
        } else {
            "value by value"
        };
        format!(
            "`{}`, from the output's delta to that of the convolution's sums{part}: {text}.{}{}",
            self.group.name,
            self.bias_text(),
            self.derivative_text(),
        )
    }

    /// Where the delta `d` of a value goes.
    fn store_delta(&self, row: &str, map: &TokenStream, [top, left]: [usize; 2]) -> TokenStream {
        let pool = self.pool_size();
        if self.pool.is_none() {
            let (row, column) = (sum(&[(1, row)], top), sum(&[(1, "x")], left));
            return quote!(d.store_array(&mut #map[#row][#column]););
        }
        let row = sum(&[(pool.height, row), (1, "wy")], top);
        let column = sum(&[(pool.width, "x"), (1, "wx")], left);
        let index = sum(&[(pool.width, "wy"), (1, "wx")], 0);
        let (pool_rows, pool_columns) = (number(pool.height), number(pool.width));
        quote! {
            let place = lanes::load(simd, &argmax[o][y][x]);
            for wy in 0..#pool_rows {
                for wx in 0..#pool_columns {
                    let is_largest = place.simd_eq((#index) as f32);
                    let routed = is_largest.select(d, lanes::splat(simd, 0.0));
                    let (row, column) = (#row, #column);
                    routed.store_array(&mut #map[row][column]);
                }
            }
        }
    }

    /// Output, argmax and delta, as far as there are such.
    pub(super) fn output_arguments(&self) -> Vec<Argument> {
        let array = lanes_type(&self.plan.value(self.group.output).shape);
        let output = self.activation.map(|_| {
            let value = self.memory.activation(self.group.output);
            Argument::shared("output", &self.memory.array(self.group.output), &value)
        });
        let argmax = self.memory.argmax(self.group).map(|argmax| {
            let name = ident(&argmax.name);
            Argument::shared("argmax", &argmax.array(), &quote!(activations.#name))
        });
        let delta = Argument::shared("delta", &array, &self.memory.delta(self.group.output));
        output.into_iter().chain(argmax).chain([delta]).collect()
    }

    /// From the delta `d` of a value to that of its sum.
    pub(super) fn derivative(&self) -> Option<TokenStream> {
        let index = [&quote!(o), &quote!(y), &quote!(x)];
        let index = self.memory.index(self.group.output, index);
        self.activation.map(|activation| {
            let delta = activation::delta(activation);
            quote! {
                let a = lanes::load(simd, &output #index);
                let d = #delta;
            }
        })
    }

    pub(super) fn derivative_text(&self) -> String {
        self.activation.map_or_else(String::new, |activation| {
            format!(
                "\n\n{}",
                formula(&format!("d = {}", activation::delta_text(activation)))
            )
        })
    }

    /// Whether the deltas of the sums are added up to the gradient of the bias where they are made.
    pub(super) fn adds_bias(&self) -> bool {
        self.conv.bias == ConvBias::Channel
            && self.learns()
            && (self.is_routed() || self.memory.sums(self.group).is_some())
    }

    /// Before the deltas of a map, at each, and after them: the gradient of its bias.
    pub(super) fn bias_total(&self) -> [Option<TokenStream>; 3] {
        [
            quote!(let mut total = lanes::splat(simd, 0.0);),
            quote!(total += d;),
            quote!(gradients.bias[o] += total.reduce_sum();),
        ]
        .map(|part| self.adds_bias().then_some(part))
    }

    pub(super) fn bias_text(&self) -> &'static str {
        if self.adds_bias() {
            " Their sum is the gradient of the bias, which is added to `gradients`."
        } else {
            ""
        }
    }
}
