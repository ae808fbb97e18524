//! The weight gradient: the valid cross-correlation of the input with the delta.

use super::super::function::{Argument, Function, sum, untiled};
use super::{Emitter, affine};
use crate::emit::tokens::{doc, formula, ident, number};
use crate::plan::tile::{self, Registers, TapRun};
use cnn_spec::layer::{ConvBias, Pair};
use proc_macro2::{Ident, TokenStream};
use quote::quote;

impl Emitter<'_> {
    /// The gradients of weights and biases: sums over positions.
    pub fn backward_weights(&self) -> Function {
        if self.is_routed() {
            return self.routed_weights();
        }
        let mut arguments = vec![
            Argument::shared(
                "input",
                &self.array(self.group.input),
                &self.memory.activation(self.group.input),
            ),
            self.delta(),
            self.weight_sums(),
        ];
        let bias = self.bias_gradient();
        if bias.is_some() {
            arguments.push(Argument::gradients(self.group));
        }
        let tiles = self.each_band(&self.each_group(&self.tap_tiles()));
        Function {
            name: format!("{}_backward_weights_lanes", self.group.layer),
            doc: self.backward_weights_doc(),
            sizes: &[],
            arguments,
            body: quote!(#tiles #bias),
            calls: untiled(),
        }
    }

    fn weight_sums(&self) -> Argument {
        let sums = self.memory.weight_sums(self.group);
        let (name, array) = (ident(&sums.name), sums.array());
        Argument::unique("sums", &array, &quote!(deltas.#name))
    }

    /// The gradient of the bias, if it is not computed with the delta.
    fn bias_gradient(&self) -> Option<TokenStream> {
        let [maps, rows, columns] = self.sums_dims().map(number);
        let column = sum(&[(1, "x")], self.memory.border(self.group));
        match self.conv.bias {
            ConvBias::Channel if !self.adds_bias() => Some(quote! {
                for o in 0..#maps {
                    gradients.bias[o] += lanes::sum(simd, delta[o].as_flattened());
                }
            }),
            ConvBias::Position => Some(quote! {
                for o in 0..#maps {
                    for y in 0..#rows {
                        for x in 0..#columns {
                            let d = lanes::load(simd, &delta[o][y][#column]);
                            gradients.bias[o][y][x] += d.reduce_sum();
                        }
                    }
                }
            }),
            _ => None,
        }
    }

    /// Goes over the delta band by band, so that its rows are near while every tap is led over them.
    fn each_band(&self, body: &TokenStream) -> TokenStream {
        let [_, rows, columns] = self.sums_dims();
        let band = tile::band(rows, columns);
        let (bands, end) = (number(rows.div_ceil(band)), number(rows));
        if band == rows {
            return quote!(let rows = 0..#end; #body);
        }
        let band = number(band);
        quote! {
            for band in 0..#bands {
                let rows = #band * band..(#band * (band + 1)).min(#end);
                #body
            }
        }
    }

    /// Tile by tile, each of maps and rows of taps.
    fn tap_tiles(&self) -> TokenStream {
        let Pair { height, width } = self.conv.kernel_size;
        let [narrow, wide] = [Registers::Narrow, Registers::Wide].map(|registers| {
            let runs = tile::of_taps(self.kernels(), height, width, registers);
            runs.iter()
                .map(|run| self.tap_run(run))
                .collect::<TokenStream>()
        });
        if narrow.to_string() == wide.to_string() {
            return narrow;
        }
        quote!(if const { lanes::is_wide::<S>() } { #wide } else { #narrow })
    }

    fn tap_run(&self, run: &TapRun) -> TokenStream {
        let (name, inputs) = (self.taps_name(), number(self.inputs()));
        let [start, end, maps] = [run.maps.start, run.maps.end, run.maps.tile.maps].map(number);
        let o = self.in_group(&quote!(o), self.kernels());
        let calls = run.rows.chunk_by(|one, next| one[1] == next[1]).map(|tiles| {
            let ([first, rows], last) = (tiles[0], tiles[tiles.len() - 1][0]);
            let [first, end, rows] = [first, last + rows, rows].map(number);
            let call = |first: TokenStream| {
                quote!(#name::<S, #maps, #rows>(simd, input, delta, rows.clone(), [#o, i, #first], sums);)
            };
            if tiles.len() == 1 {
                return call(quote!(#first));
            }
            let call = call(quote!(ky));
            quote!(for ky in (#first..#end).step_by(#rows) { #call })
        });
        quote! {
            for o in (#start..#end).step_by(#maps) {
                for i in 0..#inputs { #(#calls)* }
            }
        }
    }

    fn taps_name(&self) -> Ident {
        ident(&format!("{}_taps_lanes", self.group.layer))
    }

    /// What the weight gradient calls for each tile.
    pub fn weight_tile(&self) -> TokenStream {
        if self.is_routed() {
            return self.routed_rows();
        }
        let conv = self.conv;
        let name = self.taps_name();
        let [_, _, columns] = self.sums_dims();
        let (input, delta) = (self.array(self.group.input), self.delta_array());
        let sums = self.memory.weight_sums(self.group).array();
        let group = self.group_of_map();
        let channel = self.channel();
        let row = sum(
            &[
                (conv.stride.height, "y"),
                (conv.dilation.height, "first + r"),
            ],
            0,
        );
        let column = sum(&[(conv.stride.width, "x"), (conv.dilation.width, "kx")], 0);
        let delta_column = sum(&[(1, "x")], self.memory.border(self.group));
        let taps = sum(&[(conv.kernel_size.width, "ROWS")], 0);
        let (columns, width) = (number(columns), number(conv.kernel_size.width));
        let doc = doc(&format!(
            "The sums of `MAPS` kernels of `{}` from `o` on, at `ROWS` rows of taps from `first` on, for input channel `i`: \
             led over some rows of the delta. All of them stay in registers.",
            self.group.layer
        ));
        quote! {
            #doc
            #[inline(always)]
            #[allow(clippy::needless_range_loop)]
            pub fn #name<S: Lanes, const MAPS: usize, const ROWS: usize>(
                simd: S,
                input: &#input,
                delta: &#delta,
                rows: core::ops::Range<usize>,
                place: [usize; 3],
                sums: &mut #sums
            ) {
                let [o, i, first] = place;
                #group
                let mut taps = [[[lanes::splat(simd, 0.0); #width]; ROWS]; MAPS];
                for m in 0..MAPS {
                    for r in 0..ROWS {
                        for kx in 0..#width {
                            taps[m][r][kx] = lanes::load(simd, &sums[o + m][i][first + r][kx]);
                        }
                    }
                }
                for y in rows {
                    let deltas: [_; MAPS] = core::array::from_fn(|m| &delta[o + m][y]);
                    let row = |r: usize| &input[#channel][#row];
                    let inputs: [_; ROWS] = core::array::from_fn(row);
                    for x in 0..#columns {
                        // The fewer of both stay in registers.
                        if MAPS < #taps {
                            let mut d = [lanes::splat(simd, 0.0); MAPS];
                            for m in 0..MAPS {
                                d[m] = lanes::load(simd, &deltas[m][#delta_column]);
                            }
                            for r in 0..ROWS {
                                for kx in 0..#width {
                                    let value = lanes::load(simd, &inputs[r][#column]);
                                    for m in 0..MAPS {
                                        taps[m][r][kx] = d[m].mul_add(value, taps[m][r][kx]);
                                    }
                                }
                            }
                        } else {
                            let mut values = [[lanes::splat(simd, 0.0); #width]; ROWS];
                            for r in 0..ROWS {
                                for kx in 0..#width {
                                    values[r][kx] = lanes::load(simd, &inputs[r][#column]);
                                }
                            }
                            for m in 0..MAPS {
                                let d = lanes::load(simd, &deltas[m][#delta_column]);
                                for r in 0..ROWS {
                                    for kx in 0..#width {
                                        taps[m][r][kx] = d.mul_add(values[r][kx], taps[m][r][kx]);
                                    }
                                }
                            }
                        }
                    }
                }
                for m in 0..MAPS {
                    for r in 0..ROWS {
                        for kx in 0..#width {
                            taps[m][r][kx].store_array(&mut sums[o + m][i][first + r][kx]);
                        }
                    }
                }
            }
        }
    }

    /// Adds the sums of a call to the gradients.
    pub fn finish_weights(&self) -> Function {
        if self.is_routed() {
            return self.finish_routed_weights();
        }
        let ([maps, ..], tap) = (self.sums_dims(), self.tap());
        let Pair { height, width } = self.conv.kernel_size;
        let [maps, inputs, height, width] = [maps, self.inputs(), height, width].map(number);
        Function {
            name: format!("{}_finish_weights_lanes", self.group.layer),
            doc: format!(
                "`{}` weight gradient, last part: the sums of a call, added up over the lanes, are added to `gradients`.",
                self.group.layer
            ),
            sizes: &[],
            arguments: vec![self.weight_sums(), Argument::gradients(self.group)],
            body: quote! {
                for o in 0..#maps {
                    for i in 0..#inputs {
                        for ky in 0..#height {
                            for kx in 0..#width {
                                let sum = lanes::load(simd, &sums[o][i][ky][kx]);
                                gradients.weight[o][i]#tap += sum.reduce_sum();
                            }
                        }
                    }
                }
            },
            calls: untiled(),
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
            "`{}` weight gradient: the valid cross-correlation of the input with the delta, summed over all positions. \
             Each sample of a block has sums of its own, which are kept in `sums` through a call.\n\n{}",
            self.group.layer,
            formula(&format!(
                "∂loss/∂{} = Σ delta[o][y][x] · input[i][{row}][{column}]    over y, x{bias}",
                self.weight_text()
            )),
        )
    }
}
