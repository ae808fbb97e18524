//! The input delta: the full convolution of the delta with the kernel turned by 180°.

use super::super::function::{Argument, Call, Function, for_registers, of_runs, sum};
use super::{Emitter, affine, each_map, inside, tiles};
use crate::emit::tokens::{formula, number};
use crate::plan::tile;
use cnn_spec::layer::{ConvMode, Padding, Pair};
use proc_macro2::TokenStream;
use quote::quote;

impl Emitter<'_> {
    /// The delta of the input, without its padding.
    pub fn backward_input(&self) -> Function {
        if self.is_routed() {
            self.routed_input()
        } else if self.conv.stride == Pair::square(1) {
            self.backward_input_gathered()
        } else {
            self.backward_input_scattered()
        }
    }

    /// With a stride of one each input position gathers what the taps over it bring back.
    fn backward_input_gathered(&self) -> Function {
        let conv = self.conv;
        let [_, height, width] = self.dims(self.group.source);
        let [_, rows, columns] = self.sums_dims();
        let border = self.memory.border(self.group);
        let Padding { top, left, .. } = self.padding();
        let tap = self.tap();
        let (heights, rows_end) = (number(height), number(rows));
        let (taps_high, taps_wide) = (
            number(conv.kernel_size.height),
            number(conv.kernel_size.width),
        );
        let kernels = number(self.kernels());
        let out = self.in_group(&quote!(o), self.kernels());
        let first = self.in_group(&quote!(i), self.inputs());
        let times = |factor: usize, name: TokenStream| {
            if factor == 1 {
                name
            } else {
                let factor = number(factor);
                quote!(#factor * #name)
            }
        };
        let (down, across) = (
            times(conv.dilation.height, quote!(ky)),
            times(conv.dilation.width, quote!(kx)),
        );
        let (at_row, at_column) = (sum(&[(1, "y")], top), sum(&[(1, "x")], left + border));
        // The first column of a tile meets the delta's border, or a column up to the tile's width beyond it.
        let taps_met = |constant| sum(&[(conv.dilation.width, "kx")], constant);
        let (before, last) = (taps_met(border), taps_met(columns + border - 1));
        let tile = quote! {
            let mut sums = [[lanes::splat(simd, 0.0); COLUMNS]; MAPS];
            for o in 0..#kernels {
                let map = &delta[#out];
                let kernel = &weight[#out];
                for ky in 0..#taps_high {
                    if !(#down..#down + #rows_end).contains(&(#at_row)) {
                        continue;
                    }
                    let row = &map[#at_row - #down];
                    for kx in 0..#taps_wide {
                        let column = #at_column;
                        if column + COLUMNS <= #before || column > #last {
                            continue;
                        }
                        let column = column - #across;
                        lanes::forget();
                        let mut values = [lanes::splat(simd, 0.0); COLUMNS];
                        for c in 0..COLUMNS {
                            values[c] = lanes::load(simd, &row[column + c]);
                        }
                        for m in 0..MAPS {
                            let w = lanes::splat(simd, kernel[i + m]#tap);
                            for c in 0..COLUMNS {
                                sums[m][c] = w.mul_add(values[c], sums[m][c]);
                            }
                        }
                    }
                }
            }
            for m in 0..MAPS {
                for c in 0..COLUMNS {
                    sums[m][c].store_array(&mut input_delta[#first + m][y][x + c]);
                }
            }
        };
        let maps = tiles("x", width, "COLUMNS", &each_map("i", &tile));
        let maps = quote!(for y in 0..#heights { #maps });
        let body = self.each_group(&maps);
        Function {
            name: format!("{}_backward_input_lanes", self.group.layer),
            doc: self.backward_input_doc(),
            sizes: &["MAPS", "COLUMNS"],
            arguments: self.backward_input_arguments(),
            body: quote!(let weight = &parameters.weight; #body),
            calls: for_registers(|registers| {
                of_runs(&self.memory.input_tiles(conv, self.group, registers))
            }),
        }
    }

    /// With a larger stride each output position sends what each tap brings back.
    fn backward_input_scattered(&self) -> Function {
        let conv = self.conv;
        let [_, height, width] = self.dims(self.group.source);
        let [_, rows, columns] = self.sums_dims();
        let padding = self.padding();
        let tap = self.tap();
        let (taps_high, taps_wide) = (
            number(conv.kernel_size.height),
            number(conv.kernel_size.width),
        );
        let (rows, columns, kernels) = (number(rows), number(columns), number(self.kernels()));
        let row = sum(
            &[(conv.stride.height, "y"), (conv.dilation.height, "ky")],
            0,
        );
        let row = inside("row", &row, [padding.top, padding.bottom], height);
        let column = sum(
            &[(conv.stride.width, "x + c"), (conv.dilation.width, "kx")],
            0,
        );
        let column = inside("column", &column, [padding.left, padding.right], width);
        let out = self.in_group(&quote!(o), self.kernels());
        let first = self.in_group(&quote!(i), self.inputs());
        let count = number(self.inputs());
        let body = self.each_group(&quote! {
            for y in 0..#rows {
                for ky in 0..#taps_high {
                    #row
                    for x in (0..#columns).step_by(COLUMNS) {
                        for i in (0..#count).step_by(MAPS) {
                            for kx in 0..#taps_wide {
                                let mut sums = [[lanes::splat(simd, 0.0); COLUMNS]; MAPS];
                                for o in 0..#kernels {
                                    let row = &delta[#out][y];
                                    let kernel = &weight[#out];
                                    let mut values = [lanes::splat(simd, 0.0); COLUMNS];
                                    for c in 0..COLUMNS {
                                        values[c] = lanes::load(simd, &row[x + c]);
                                    }
                                    for m in 0..MAPS {
                                        let w = lanes::splat(simd, kernel[i + m]#tap);
                                        for c in 0..COLUMNS {
                                            sums[m][c] = w.mul_add(values[c], sums[m][c]);
                                        }
                                    }
                                }
                                for c in 0..COLUMNS {
                                    #column
                                    for m in 0..MAPS {
                                        let map = &mut input_delta[#first + m];
                                        let place = &mut map[row][column];
                                        let sum = lanes::load(simd, place) + sums[m][c];
                                        sum.store_array(place);
                                    }
                                }
                            }
                        }
                    }
                }
            }
        });
        Function {
            name: format!("{}_backward_input_lanes", self.group.layer),
            doc: self.backward_input_doc(),
            sizes: &["MAPS", "COLUMNS"],
            arguments: self.backward_input_arguments(),
            body: quote! {
                let weight = &parameters.weight;
                lanes::clear(simd, input_delta.as_flattened_mut().as_flattened_mut());
                #body
            },
            calls: for_registers(|registers| {
                let [_, _, columns] = self.sums_dims();
                let tile = tile::of_positions(self.inputs(), columns, registers);
                vec![Call {
                    sizes: vec![tile.maps, tile.columns],
                    maps: None,
                }]
            }),
        }
    }

    fn backward_input_arguments(&self) -> Vec<Argument> {
        vec![
            Argument::parameters(self.group),
            self.delta(),
            Argument::unique(
                "input_delta",
                &self.array(self.group.source),
                &self.memory.delta(self.group.source),
            ),
        ]
    }

    pub(super) fn backward_input_doc(&self) -> String {
        let conv = self.conv;
        let kernel = match conv.mode {
            ConvMode::CrossCorrelation => "the kernel turned by 180°",
            ConvMode::Convolution => "the kernel as it is (forward it was turned)",
        };
        let minus = |text: String, padding: usize| {
            if padding == 0 {
                text
            } else {
                format!("{text} − {padding}")
            }
        };
        let row = minus(
            affine(conv.stride.height, "y", conv.dilation.height, "ky"),
            self.padding().top,
        );
        let column = minus(
            affine(conv.stride.width, "x", conv.dilation.width, "kx"),
            self.padding().left,
        );
        let routed = if self.is_routed() {
            " Only where there is one: each sample is worked on by itself, with its channels side by side."
        } else {
            ""
        };
        format!(
            "`{}` input delta: the full convolution of the delta with {kernel}. Every delta goes back through each \
             tap to the input which that tap had met.{routed}\n\n{}",
            self.group.layer,
            formula(&format!(
                "input_delta[{}][{row}][{column}] += {} · delta[o][y][x]    for all o, y, x, ky, kx",
                self.channel_text(),
                self.weight_text()
            )),
        )
    }
}
