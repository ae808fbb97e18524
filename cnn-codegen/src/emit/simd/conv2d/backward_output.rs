//! From the delta of the output, back through pool and activation, to that of the sums.

use super::super::activation;
use super::super::function::{Argument, Function, lanes_type, sum, untiled};
use super::Emitter;
use crate::emit::tokens::{formula, ident, number};
use cnn_spec::layer::ConvBias;
use proc_macro2::TokenStream;
use quote::quote;

impl Emitter<'_> {
    /// From the delta of the output to that of the sums, if they are not the same.
    pub fn backward_output(&self) -> Option<Function> {
        if self.is_routed() {
            return Some(self.route_output());
        }
        let sums = self.memory.sums(self.group)?;
        let [maps, rows, columns] = self.dims(self.group.output).map(number);
        let derivative = self.derivative();
        let (store, text) = self.store_delta();
        let [start, add, end] = self.bias_total();
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
            doc: format!(
                "`{}`, from the output's delta to that of the convolution's sums: {text}.{}{}",
                self.group.name,
                self.bias_text(),
                self.derivative_text(),
            ),
            sizes: &[],
            arguments,
            body: quote! {
                for o in 0..#maps {
                    #start
                    for y in 0..#rows {
                        for x in 0..#columns {
                            let d = lanes::load(simd, &delta[o][y][x]);
                            #derivative
                            #add
                            #store
                        }
                    }
                    #end
                }
            },
            calls: untiled(),
        })
    }

    /// Where the delta `d` of a value goes, and what there is to say about it.
    fn store_delta(&self) -> (TokenStream, &'static str) {
        let (pool, border) = (self.pool_size(), self.memory.border(self.group));
        if self.pool.is_none() {
            let column = sum(&[(1, "x")], border);
            let store = quote!(d.store_array(&mut sums_delta[o][y][#column]););
            return (store, "value by value");
        }
        let row = sum(&[(pool.height, "y"), (1, "wy")], 0);
        let column = sum(&[(pool.width, "x"), (1, "wx")], border);
        let index = sum(&[(pool.width, "wy"), (1, "wx")], 0);
        let (pool_rows, pool_columns) = (number(pool.height), number(pool.width));
        let store = quote! {
            let place = lanes::load(simd, &argmax[o][y][x]);
            for wy in 0..#pool_rows {
                for wx in 0..#pool_columns {
                    let is_largest = place.simd_eq((#index) as f32);
                    let routed = is_largest.select(d, lanes::splat(simd, 0.0));
                    let (row, column) = (#row, #column);
                    routed.store_array(&mut sums_delta[o][row][column]);
                }
            }
        };
        (
            store,
            "the delta of each window goes to its argmax; the others had no part in the output and get zero",
        )
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
