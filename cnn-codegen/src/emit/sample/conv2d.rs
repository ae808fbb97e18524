//! `conv2d` on vectors of neighbouring positions, with the activation and the max pool that follow it.

use super::activation;
use super::function::{Call, Function, shapes};
use crate::emit::batch_norm;
use crate::emit::function::parameters_pattern;
use crate::emit::tokens::{formula, number};
use crate::plan::Plan;
use crate::plan::spatial::{self, WIDEST, WIDTHS};
use crate::plan::stage::{Convolution, Schedule, Stage, Sums};
use cnn_spec::layer::{ConvBias, ConvMode};
use proc_macro2::TokenStream;
use quote::quote;

/// The dot product of each kernel with each window, and what is done to it.
pub fn forward(
    convolution: &Convolution,
    plan: &Plan,
    schedule: &Schedule,
    stage: &Stage,
) -> Function {
    let Emitted { sizes, calls } = tiles(convolution);
    let emitter = Emitter {
        convolution,
        output: schedule.tensors[stage.output]
            .shape
            .maps()
            .unwrap_or_default(),
    };
    let pattern = parameters_pattern(plan, &stage.layer);
    let (taps, maps) = (emitter.taps(), emitter.each_group());
    let norm = convolution.sums.norm;
    let folded =
        norm.map(|folded| batch_norm::folded(folded.norm, convolution.sums.conv.out_channels));
    Function {
        layer: Some(stage.layer.clone()),
        norm: norm.map(|folded| plan.value(folded.output).name.clone()),
        sizes,
        calls,
        ..Function::new(
            schedule,
            stage,
            emitter.doc(schedule, stage),
            quote!(#taps let #pattern = parameters; #folded #maps),
        )
    }
}

struct Emitted {
    sizes: Vec<&'static str>,
    calls: [Vec<Call>; WIDTHS.len()],
}

fn tiles(convolution: &Convolution) -> Emitted {
    let is_packed = convolution.is_packed;
    let calls = WIDTHS.map(|width| {
        let runs = spatial::runs(convolution.work, width);
        runs.iter()
            .map(|run| Call {
                sizes: if is_packed {
                    vec![run.tile.maps, run.tile.vectors]
                } else {
                    vec![run.tile.maps, run.tile.rows, run.tile.vectors]
                },
                maps: Some([run.start, run.end]),
            })
            .collect()
    });
    Emitted {
        sizes: if is_packed {
            vec!["MAPS", "VECTORS"]
        } else {
            vec!["MAPS", "ROWS", "VECTORS"]
        },
        calls,
    }
}

struct Emitter<'a> {
    convolution: &'a Convolution<'a>,
    output: [usize; 3],
}

/// The most columns of a kernel that are spelled out.
const SPELLED_OUT: usize = 3;

impl Emitter<'_> {
    /// `STARTS`: where the value under each weight is, or under the first of each row of a kernel.
    fn taps(&self) -> TokenStream {
        let Convolution {
            channel,
            row_taps,
            column_taps,
            work,
            ..
        } = self.convolution;
        let (count, apart) = if self.spells_out() {
            (work.taps / column_taps.len(), quote!([0]))
        } else {
            (work.taps, quote!(COLUMN_TAPS))
        };
        let [row_taps, column_taps] = [row_taps, column_taps]
            .map(|taps| taps.iter().map(|&tap| number(tap)).collect::<Vec<_>>());
        let (rows, columns) = (number(row_taps.len()), number(column_taps.len()));
        let (count, channel) = (number(count), number(*channel));
        quote! {
            const ROW_TAPS: [usize; #rows] = [#(#row_taps),*];
            const COLUMN_TAPS: [usize; #columns] = [#(#column_taps),*];
            const STARTS: [usize; #count] = rows::taps(#channel, &ROW_TAPS, &#apart);
        }
    }

    /// Whether the columns of a kernel are spelled out in the loop over its rows: no more than the registers bear.
    fn spells_out(&self) -> bool {
        self.convolution.column_taps.len() <= SPELLED_OUT
    }

    /// For each group of channels, all tiles.
    fn each_group(&self) -> TokenStream {
        let Convolution {
            sums,
            work,
            channels,
            channel,
            ..
        } = self.convolution;
        if sums.conv.groups == 1 {
            let tiles = self.each_tile(&quote!(maps.clone()), &quote!());
            return quote!(let values = input.values(); #tiles);
        }
        let kernels = match work.maps {
            1 => quote!(group),
            kernels => {
                let kernels = number(kernels);
                quote!(#kernels * group)
            }
        };
        let (values, groups) = (number(channels * channel), number(sums.conv.groups));
        let tiles = self.each_tile(&quote!(maps.clone()), &quote!(let o = #kernels + o;));
        quote! {
            for group in 0..#groups {
                let values = &input.values()[#values * group..];
                #tiles
            }
        }
    }

    /// For each tile of positions, whose input stays in the nearest cache, all tiles of maps.
    fn each_tile(&self, maps: &TokenStream, first: &TokenStream) -> TokenStream {
        let Convolution {
            work,
            pitch,
            is_packed,
            ..
        } = self.convolution;
        let (rows, columns, pitch) = (number(work.rows), number(work.columns), number(*pitch));
        let (tile_rows, bias, norm) = (self.tile_rows(), self.bias(), self.norm());
        let together = if self.spells_out() {
            quote!(COLUMN_TAPS)
        } else {
            quote!([0])
        };
        let (start, store) = if *is_packed {
            (quote!(x), self.store())
        } else if work.is_pooled {
            (quote!(#pitch * y + x), self.store_pooled())
        } else {
            (quote!(#pitch * y + x), self.store())
        };
        let tiles = quote! {
            for x in rows::starts(#columns, VECTORS * S::COUNT) {
                let window = &values[#start..];
                for o in #maps.step_by(MAPS) {
                    #first
                    let kernels = &weight[o..o + MAPS];
                    let mut sums = [[[lanes::splat(simd, 0.0); VECTORS]; #tile_rows]; MAPS];
                    #bias
                    rows::correlate(simd, kernels, &STARTS, &#together, window, #pitch, &mut sums);
                    #norm
                    #store
                }
            }
        };
        if *is_packed {
            return tiles;
        }
        quote!(for y in rows::starts(#rows, ROWS) { #tiles })
    }

    /// Sums begin with the bias.
    fn bias(&self) -> TokenStream {
        match self.convolution.sums.conv.bias {
            ConvBias::None => TokenStream::new(),
            ConvBias::Channel => {
                let rows = self.tile_rows();
                quote! {
                    for m in 0..MAPS {
                        sums[m] = [[lanes::splat(simd, bias[o + m]); VECTORS]; #rows];
                    }
                }
            }
            ConvBias::Position => {
                let (r, places) = (self.tile_row(), self.places());
                let load = if self.is_partial() {
                    quote!(rows::load_part(simd, biases))
                } else {
                    quote!(S::f32s::from_slice(simd, biases))
                };
                self.each_vector(&quote! {
                    let biases = &bias[o + m].values()[#places];
                    sums[m][#r][v] = #load;
                })
            }
        }
    }

    /// What a batch norm makes of sums.
    fn norm(&self) -> Option<TokenStream> {
        self.convolution.sums.norm.map(|_| {
            quote! {
                for m in 0..MAPS {
                    let factor = lanes::splat(simd, factor[o + m]);
                    let shift = lanes::splat(simd, shift[o + m]);
                    for z in sums[m].as_flattened_mut() {
                        *z = z.mul_add(factor, shift);
                    }
                }
            }
        })
    }

    /// Values become outputs.
    fn store(&self) -> TokenStream {
        let (r, places) = (self.tile_row(), self.places());
        let value = activation::value(self.convolution.sums.activation, &quote!(z));
        let store = if self.is_partial() {
            quote!(rows::store_part(simd, places, #value);)
        } else {
            quote!(#value.store_slice(places);)
        };
        self.each_vector(&quote! {
            let z = sums[m][#r][v];
            let map = output[o + m].values_mut();
            let places = &mut map[#places];
            #store
        })
    }

    /// The largest value of each 2×2 window becomes an output.
    fn store_pooled(&self) -> TokenStream {
        let value = activation::value(self.convolution.sums.activation, &quote!(z));
        quote! {
            for m in 0..MAPS {
                for pair in 0..rows::pairs::<ROWS, VECTORS>() {
                    let z = rows::pool(simd, &sums[m], pair);
                    let (a, place) = (#value, [y / 2, x / 2]);
                    let map = &mut output[o + m];
                    rows::store_pair::<S, ROWS, VECTORS, _>(simd, map, place, pair, a);
                }
            }
        }
    }

    /// For each vector of a tile, whose first value is at `start` in its map.
    fn each_vector(&self, body: &TokenStream) -> TokenStream {
        let [_, rows, columns] = self.output;
        let [count, columns] = [rows * columns, columns].map(number);
        if self.is_partial() {
            let start = quote!(let start = (x + v * S::COUNT).min(#count););
            return quote!(for m in 0..MAPS { for v in 0..VECTORS { #start #body } });
        }
        if self.convolution.is_packed {
            let start = quote!(let start = x + v * S::COUNT;);
            return quote!(for m in 0..MAPS { for v in 0..VECTORS { #start #body } });
        }
        quote! {
            for m in 0..MAPS {
                for r in 0..ROWS {
                    for v in 0..VECTORS {
                        let start = #columns * (y + r) + x + v * S::COUNT;
                        #body
                    }
                }
            }
        }
    }

    /// The values of a vector.
    fn places(&self) -> TokenStream {
        if self.is_partial() {
            quote!(start..)
        } else {
            quote!(start..start + S::COUNT)
        }
    }

    /// Whether the positions do not fill the widest vector.
    fn is_partial(&self) -> bool {
        let [_, rows, columns] = self.output;
        self.convolution.is_packed && rows * columns < WIDEST
    }

    fn tile_rows(&self) -> TokenStream {
        if self.convolution.is_packed {
            quote!(1)
        } else {
            quote!(ROWS)
        }
    }

    fn tile_row(&self) -> TokenStream {
        if self.convolution.is_packed {
            quote!(0)
        } else {
            quote!(r)
        }
    }

    fn doc(&self, schedule: &Schedule, stage: &Stage) -> String {
        let Convolution {
            sums,
            is_pooled,
            is_packed,
            ..
        } = self.convolution;
        let Sums {
            conv,
            norm,
            activation,
        } = sums;
        let bias = match conv.bias {
            ConvBias::None => "",
            ConvBias::Channel => "bias[o] + ",
            ConvBias::Position => "bias[o][y][x] + ",
        };
        let mode = match conv.mode {
            ConvMode::CrossCorrelation => "a cross-correlation",
            ConvMode::Convolution => "a true convolution: the kernel is turned by 180°",
        };
        let about = if *is_packed {
            "from its packed input, in which all positions are neighbours"
        } else {
            "with neighbouring columns side by side in vectors"
        };
        let sum = format!("{bias}Σ weight[o][k] · window[k]");
        let (sum, where_) = match norm {
            None => (sum, String::new()),
            Some(folded) => (
                format!("factor[o] · ({sum}) + shift[o]"),
                format!("\n    where {}", batch_norm::folded_text(folded.norm)),
            ),
        };
        let (value, over) = if *is_pooled {
            (
                format!("max({sum})"),
                "k, and the largest of each 2×2 window",
            )
        } else {
            (sum, "k")
        };
        format!(
            "`{}` forward, {}: each kernel slides over the input ({mode}), {about}. Of `MAPS` kernels a tile of sums is in \
             registers at a time. `STARTS` and `COLUMN_TAPS` say where in a window the value under each weight is.\n\n{}",
            stage.name,
            shapes(schedule, stage),
            formula(&format!(
                "output[o][y][x] = {}    over {over}{where_}",
                activation::value_text(*activation, &value)
            )),
        )
    }
}
