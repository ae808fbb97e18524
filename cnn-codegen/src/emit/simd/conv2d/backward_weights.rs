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
        let mut arguments = vec![self.input()];
        let is_banded = self.memory.band(self.group).is_some();
        if is_banded {
            arguments.extend(self.output_arguments());
            let sums = self.memory.sums_delta(self.group);
            arguments.push(Argument::unique("sums_delta", &self.delta_array(), &sums));
        } else {
            arguments.push(self.delta());
        }
        let sums = self.memory.weight_sums(self.group);
        arguments.push(Argument::unique(
            "sums",
            &self.taps_array(),
            &self.memory.place(&sums.name),
        ));
        let bias = self.bias_gradient();
        if bias.is_some() || (is_banded && self.adds_bias()) {
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

    /// The sums of each kernel, in one row.
    fn taps_array(&self) -> TokenStream {
        let [maps, ..] = self.sums_dims();
        let (maps, taps) = (number(maps), number(self.tap_count()));
        quote!([[Vector<S>; #taps]; #maps])
    }

    fn tap_count(&self) -> usize {
        self.inputs() * self.conv.kernel_size.height * self.conv.kernel_size.width
    }

    pub(super) fn weight_sums(&self) -> Argument {
        let sums = self.memory.weight_sums(self.group);
        Argument::unique("sums", &sums.array(), &self.memory.place(&sums.name))
    }

    /// The gradient of the bias, if it is not computed with the delta.
    fn bias_gradient(&self) -> Option<TokenStream> {
        let [maps, ..] = self.sums_dims().map(number);
        match self.conv.bias {
            ConvBias::Channel if !self.adds_bias() => Some(quote! {
                for o in 0..#maps {
                    gradients.bias[o] += lanes::sum(simd, delta[o].as_flattened());
                }
            }),
            ConvBias::Position => {
                let origin = [0, self.memory.border(self.group)];
                let biases = self.position_biases_of_map(&quote!(delta[o]), origin);
                Some(quote!(for o in 0..#maps { #biases }))
            }
            _ => None,
        }
    }

    /// The gradients of map `o`'s bias where each position has one of its own, given the deltas of its sums.
    pub(super) fn position_biases_of_map(
        &self,
        map: &TokenStream,
        [top, left]: [usize; 2],
    ) -> TokenStream {
        let [_, rows, columns] = self.sums_dims().map(number);
        let (row, column) = (sum(&[(1, "y")], top), sum(&[(1, "x")], left));
        quote! {
            for y in 0..#rows {
                for x in 0..#columns {
                    let d = lanes::load(simd, &#map[#row][#column]);
                    gradients.bias[o][y][x] += d.reduce_sum();
                }
            }
        }
    }

    /// Goes over the delta band by band, so that its rows are near while every tap is led over them.
    fn each_band(&self, body: &TokenStream) -> TokenStream {
        let [_, rows, columns] = self.sums_dims();
        let (band, rows, before) = match self.memory.band(self.group) {
            Some(band) => {
                let [_, rows, _] = self.dims(self.group.output);
                let (call, pool) = (self.band_call(), self.pool_size());
                let sums_rows = (pool.height > 1).then(|| {
                    let height = number(pool.height);
                    quote!(let rows = #height * rows.start..#height * rows.end;)
                });
                (band, rows, quote!(#call #sums_rows))
            }
            None => (tile::band(rows, columns), rows, quote!()),
        };
        let (bands, end) = (number(rows.div_ceil(band)), number(rows));
        if band == rows {
            return quote!(let rows = 0..#end; #before #body);
        }
        let size = number(band);
        let last = (rows % band > 0).then(|| quote!(.min(#end)));
        quote! {
            for band in 0..#bands {
                let rows = #size * band..(#size * (band + 1)) #last;
                #before
                #body
            }
        }
    }

    /// The name of what the weight gradient reads as the delta of the sums.
    fn delta_name(&self) -> Ident {
        let is_banded = self.memory.band(self.group).is_some();
        ident(if is_banded { "sums_delta" } else { "delta" })
    }

    /// Tile by tile, each of maps and taps.
    fn tap_tiles(&self) -> TokenStream {
        let taps = self.tap_count();
        let [narrow, wide] = [Registers::Narrow, Registers::Wide].map(|registers| {
            let runs = tile::of_taps(self.kernels(), taps, registers);
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
        let (name, delta) = (self.taps_name(), self.delta_name());
        let o = self.in_group(&quote!(o), self.kernels());
        let [start, end, maps] = [run.maps.start, run.maps.end, run.maps.tile.maps].map(number);
        let calls = run.taps.iter().map(|run| {
            let [start, end, taps] = [run.start, run.end, run.tile.columns].map(number);
            let call = |first: TokenStream| {
                quote!(#name::<S, #maps, #taps>(simd, input, #delta, rows.clone(), [#o, #first], sums);)
            };
            if run.end - run.start == run.tile.columns {
                return call(quote!(#start));
            }
            let call = call(quote!(first));
            quote!(for first in (#start..#end).step_by(#taps) { #call })
        });
        quote! {
            for o in (#start..#end).step_by(#maps) { #(#calls)* }
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
        let band = self.backward_output_band();
        let conv = self.conv;
        let name = self.taps_name();
        let [_, _, columns] = self.sums_dims();
        let (input, delta) = (self.memory.array(self.group.input), self.delta_array());
        let [top, left] = self.origin();
        let sums = self.taps_array();
        let group = self.group_of_map();
        let (place, channel) = (self.place_of_tap(), self.channel_of_tap());
        let (rows, delta_row) = match self.memory.band(self.group) {
            Some(_) => (quote!((row, y) in rows.enumerate()), quote!(row)),
            None => (quote!(y in rows), quote!(y)),
        };
        let row = sum(
            &[(conv.stride.height, "y"), (conv.dilation.height, "ky")],
            top,
        );
        let start = sum(&[(conv.dilation.width, "kx")], left);
        let length = number((columns - 1) * conv.stride.width + 1);
        let column = sum(&[(conv.stride.width, "x")], 0);
        let delta_column = sum(&[(1, "x")], self.memory.border(self.group));
        let columns = number(columns);
        let doc = doc(&format!(
            "The sums of `MAPS` kernels of `{}` from `o` on, at `TAPS` taps from `first` on, counted row by row: led over \
             some rows of the delta. All of them stay in registers.",
            self.group.layer
        ));
        quote! {
            #band

            #doc
            #[inline(always)]
            #[allow(clippy::needless_range_loop)]
            pub fn #name<S: Lanes, const MAPS: usize, const TAPS: usize>(
                simd: S,
                input: &#input,
                delta: &#delta,
                rows: core::ops::Range<usize>,
                place: [usize; 2],
                sums: &mut #sums
            ) {
                let [o, first] = place;
                #group
                let mut taps = [[lanes::splat(simd, 0.0); TAPS]; MAPS];
                for m in 0..MAPS {
                    for t in 0..TAPS {
                        taps[m][t] = lanes::load(simd, &sums[o + m][first + t]);
                    }
                }
                for #rows {
                    let mut deltas = [&delta[o][#delta_row]; MAPS];
                    for m in 1..MAPS {
                        deltas[m] = &delta[o + m][#delta_row];
                    }
                    let mut inputs: [&[_]; TAPS] = [&[]; TAPS];
                    for t in 0..TAPS {
                        #place
                        inputs[t] = &input[#channel][#row][#start..][..#length];
                    }
                    for x in 0..#columns {
                        // The fewer of both stay in registers.
                        if MAPS < TAPS {
                            let mut d = [lanes::splat(simd, 0.0); MAPS];
                            for m in 0..MAPS {
                                d[m] = lanes::load(simd, &deltas[m][#delta_column]);
                            }
                            for t in 0..TAPS {
                                let value = lanes::load(simd, &inputs[t][#column]);
                                for m in 0..MAPS {
                                    taps[m][t] = d[m].mul_add(value, taps[m][t]);
                                }
                            }
                        } else {
                            let mut values = [lanes::splat(simd, 0.0); TAPS];
                            for t in 0..TAPS {
                                values[t] = lanes::load(simd, &inputs[t][#column]);
                            }
                            for m in 0..MAPS {
                                let d = lanes::load(simd, &deltas[m][#delta_column]);
                                for t in 0..TAPS {
                                    taps[m][t] = d.mul_add(values[t], taps[m][t]);
                                }
                            }
                        }
                    }
                }
                for m in 0..MAPS {
                    for t in 0..TAPS {
                        taps[m][t].store_array(&mut sums[o + m][first + t]);
                    }
                }
            }
        }
    }

    /// From the number of a tap to its channel, row and column, as far as there are several.
    fn place_of_tap(&self) -> TokenStream {
        let Pair { height, width } = self.conv.kernel_size;
        let (area, rows, columns) = (number(height * width), number(height), number(width));
        let i = match height * width {
            _ if self.inputs() == 1 => quote!(),
            1 => quote!(let i = tap;),
            _ => quote!(let i = tap / #area;),
        };
        let ky = match (width, self.inputs()) {
            _ if height == 1 => quote!(0),
            (1, 1) => quote!(tap),
            (1, _) => quote!(tap % #rows),
            (_, 1) => quote!(tap / #columns),
            _ => quote!(tap / #columns % #rows),
        };
        let kx = match (height, self.inputs()) {
            _ if width == 1 => quote!(0),
            (1, 1) => quote!(tap),
            _ => quote!(tap % #columns),
        };
        let tap = (self.inputs() * height * width > 1).then(|| quote!(let tap = first + t;));
        quote!(#tap #i let (ky, kx) = (#ky, #kx);)
    }

    fn channel_of_tap(&self) -> TokenStream {
        if self.conv.groups == 1 && self.inputs() == 1 {
            return quote!(0);
        }
        self.channel()
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

    pub(super) fn backward_weights_doc(&self) -> String {
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
                "∂loss/∂{} = Σ delta[o][y][x] · input[{}][{row}][{column}]    over y, x{bias}",
                self.weight_text(),
                self.channel_text()
            )),
        )
    }
}
