//! From the delta of the output, back through pool and activation, to that of the sums.

use super::super::activation;
use super::super::function::{Argument, Function, lanes_type, sum, untiled};
use super::Emitter;
use crate::emit::tokens::{formula, ident, number};
use quote::quote;

impl Emitter<'_> {
    /// From the delta of the output to that of the sums, if they are not the same.
    pub fn backward_output(&self) -> Option<Function> {
        let sums = self.memory.sums(self.group)?;
        let [maps, rows, columns] = self.dims(self.group.output);
        let pool = self.pool_size();
        let border = self.memory.border(self.group);
        let (maps, rows, columns) = (number(maps), number(rows), number(columns));
        let (pool_rows, pool_columns) = (number(pool.height), number(pool.width));
        let at = self
            .memory
            .index(self.group.output, [&quote!(o), &quote!(y), &quote!(x)]);
        let derivative = self.activation.map(|activation| {
            let delta = activation::delta(activation);
            quote! {
                let a = lanes::load(simd, &output #at);
                let d = #delta;
            }
        });
        let (store, text) = if self.pool.is_some() {
            let row = sum(&[(pool.height, "y"), (1, "wy")], 0);
            let column = sum(&[(pool.width, "x"), (1, "wx")], border);
            let store = quote! {
                let place = lanes::load(simd, &argmax[o][y][x]);
                for wy in 0..#pool_rows {
                    for wx in 0..#pool_columns {
                        let is_largest = place.simd_eq((#pool_columns * wy + wx) as f32);
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
        } else {
            let column = sum(&[(1, "x")], border);
            (
                quote!(d.store_array(&mut sums_delta[o][y][#column]);),
                "value by value",
            )
        };
        let array = lanes_type(&self.plan.value(self.group.output).shape);
        let mut arguments = Vec::new();
        if self.activation.is_some() {
            arguments.push(Argument::shared(
                "output",
                &self.memory.array(self.group.output),
                &self.memory.activation(self.group.output),
            ));
        }
        if let Some(argmax) = self.memory.argmax(self.group) {
            let name = ident(&argmax.name);
            arguments.push(Argument::shared(
                "argmax",
                &argmax.array(),
                &quote!(activations.#name),
            ));
        }
        arguments.push(Argument::shared(
            "delta",
            &array,
            &self.memory.delta(self.group.output),
        ));
        arguments.push(Argument::unique(
            "sums_delta",
            &sums.array(),
            &self.memory.sums_delta(self.group),
        ));
        let formula = self.activation.map_or_else(String::new, |activation| {
            format!(
                "\n\n{}",
                formula(&format!("d = {}", activation::delta_text(activation)))
            )
        });
        Some(Function {
            name: format!("{}_backward_output_lanes", self.group.name),
            doc: format!(
                "`{}`, from the output's delta to that of the convolution's sums: {text}.{formula}",
                self.group.name
            ),
            sizes: &[],
            arguments,
            body: quote! {
                for o in 0..#maps {
                    for y in 0..#rows {
                        for x in 0..#columns {
                            let d = lanes::load(simd, &delta[o][y][x]);
                                #derivative
                                #store
                        }
                    }
                }
            },
            calls: untiled(),
        })
    }
}
