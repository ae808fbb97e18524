//! The weight gradient: the valid cross-correlation of the input with the delta.

use super::super::function::{Argument, Function, for_registers, of_map_runs, sum};
use super::{Emitter, affine, each_map};
use crate::emit::function::parameters_pattern;
use crate::emit::tokens::{formula, number};
use crate::plan::tile;
use cnn_spec::layer::ConvBias;
use proc_macro2::TokenStream;
use quote::quote;

impl Emitter<'_> {
    /// The gradients of weights and biases: sums over positions and lanes.
    pub fn backward_weights(&self) -> Function {
        let (bias, sweeps, pattern) = (
            self.bias_gradient(),
            self.sweeps(),
            parameters_pattern(self.plan, &self.group.layer),
        );
        let first = self.in_group(&quote!(first), self.kernels());
        let maps = each_map(
            "first",
            &quote! {
                let o = #first;
                let deltas: [_; MAPS] = core::array::from_fn(|m| &delta[o + m]);
                #sweeps
                #bias
            },
        );
        let maps = self.each_group(&maps);
        let taps = self.conv.kernel_size.width;
        Function {
            name: format!("{}_backward_weights_lanes", self.group.layer),
            doc: self.backward_weights_doc(),
            sizes: &["MAPS"],
            arguments: vec![
                Argument::shared(
                    "input",
                    &self.array(self.group.input),
                    &self.memory.activation(self.group.input),
                ),
                self.delta(),
                Argument::gradients(self.group),
            ],
            body: quote!(let #pattern = gradients; #maps),
            calls: for_registers(|registers| {
                of_map_runs(&tile::of_taps(self.kernels(), taps, registers))
            }),
        }
    }

    fn bias_gradient(&self) -> TokenStream {
        let [_, rows, columns] = self.sums_dims();
        let column = sum(&[(1, "x")], self.memory.border(self.group));
        let (rows, columns) = (number(rows), number(columns));
        match self.conv.bias {
            ConvBias::None => quote!(),
            ConvBias::Channel => quote! {
                for m in 0..MAPS {
                    bias[o + m] += lanes::sum(simd, deltas[m].as_flattened());
                }
            },
            ConvBias::Position => quote! {
                for m in 0..MAPS {
                    for y in 0..#rows {
                        for x in 0..#columns {
                            bias[o + m][y][x] += lanes::sum(simd, &[deltas[m][y][#column]]);
                        }
                    }
                }
            },
        }
    }

    /// Leads each row of taps over the delta, band by band.
    fn sweeps(&self) -> TokenStream {
        let [_, rows, columns] = self.sums_dims();
        let (inputs, tap_rows) = (number(self.inputs()), number(self.conv.kernel_size.height));
        let (taps, tap) = (number(self.conv.kernel_size.width), self.tap());
        let band = tile::band(rows, columns);
        let end = number(rows);
        let band_rows = if band == rows {
            quote!(0..#end)
        } else {
            let band = number(band);
            quote!(#band * band..(#band * (band + 1)).min(#end))
        };
        let sweep = self.sweep();
        let sweep = quote! {
            for i in 0..#inputs {
                for ky in 0..#tap_rows {
                    let mut sums = [[lanes::splat(simd, 0.0); #taps]; MAPS];
                    for y in #band_rows { #sweep }
                    for m in 0..MAPS {
                        for kx in 0..#taps {
                            weight[o + m][i]#tap += sums[m][kx].reduce_sum();
                        }
                    }
                }
            }
        };
        match rows.div_ceil(band) {
            1 => sweep,
            bands => {
                let bands = number(bands);
                quote!(for band in 0..#bands { #sweep })
            }
        }
    }

    /// Leads a row of taps over one row of the delta.
    fn sweep(&self) -> TokenStream {
        let conv = self.conv;
        let [_, _, columns] = self.sums_dims();
        let (columns, taps) = (number(columns), number(conv.kernel_size.width));
        let channel = self.channel();
        let row = sum(
            &[(conv.stride.height, "y"), (conv.dilation.height, "ky")],
            0,
        );
        let column = sum(&[(conv.stride.width, "x"), (conv.dilation.width, "kx")], 0);
        let delta_column = sum(&[(1, "x")], self.memory.border(self.group));
        quote! {
            let row = &input[#channel][#row];
            let rows: [_; MAPS] = core::array::from_fn(|m| &deltas[m][y]);
            for x in 0..#columns {
                let mut d = [lanes::splat(simd, 0.0); MAPS];
                for m in 0..MAPS {
                    d[m] = lanes::load(simd, &rows[m][#delta_column]);
                }
                for kx in 0..#taps {
                    let value = lanes::load(simd, &row[#column]);
                    for m in 0..MAPS {
                        sums[m][kx] = d[m].mul_add(value, sums[m][kx]);
                    }
                }
            }
        }
    }

    fn backward_weights_doc(&self) -> String {
        let conv = self.conv;
        let row = affine(conv.stride.height, "y", conv.dilation.height, "ky");
        let column = affine(conv.stride.width, "x", conv.dilation.width, "kx");
        let bias = match conv.bias {
            ConvBias::Channel => "\n∂loss/∂bias[o] = Σ delta[o][y][x]    over y, x",
            ConvBias::Position => "\n∂loss/∂bias[o][y][x] = delta[o][y][x]",
            ConvBias::None => "",
        };
        format!(
            "`{}` weight gradient: the valid cross-correlation of the input with the delta, summed over all positions \
             and over the samples of the block. It is added to `gradients`. A row of taps of `MAPS` kernels is in \
             registers at a time.\n\n{}",
            self.group.layer,
            formula(&format!(
                "∂loss/∂{} = Σ delta[o][y][x] · input[i][{row}][{column}]    over y, x{bias}",
                self.weight_text()
            )),
        )
    }
}
