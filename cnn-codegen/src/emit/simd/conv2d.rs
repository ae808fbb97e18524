//! `conv2d` on lanes, with the activation and the max pool that follow it.

use super::activation;
use super::function::{Argument, Call, Function, for_registers, lanes_type, of_runs, sum, untiled};
use super::memory::Memory;
use crate::emit::function::{parameters_pattern, parameters_type};
use crate::emit::tokens::{doc, formula, ident, number};
use crate::plan::fuse::Group;
use crate::plan::tile;
use crate::plan::{Plan, ValueId};
use cnn_spec::layer::{Activation, Conv2d, ConvBias, ConvMode, MaxPool2d, Padding, Pair};
use proc_macro2::{Ident, TokenStream};
use quote::quote;

/// A convolution with what is fused to it.
pub struct Emitter<'a> {
    pub conv: &'a Conv2d,
    pub activation: Option<Activation>,
    pub pool: Option<&'a MaxPool2d>,
    pub plan: &'a Plan<'a>,
    pub group: &'a Group<'a>,
    pub memory: &'a Memory<'a>,
}

impl Emitter<'_> {
    /// Channels that one kernel sees.
    fn inputs(&self) -> usize {
        self.input_dims()[0] / self.conv.groups
    }

    /// Kernels that see the same channels.
    fn kernels(&self) -> usize {
        self.conv.out_channels / self.conv.groups
    }

    fn input_dims(&self) -> [usize; 3] {
        self.dims(self.group.input)
    }

    fn sums_dims(&self) -> [usize; 3] {
        self.dims(self.group.sums)
    }

    fn dims(&self, id: ValueId) -> [usize; 3] {
        self.plan
            .value(id)
            .shape
            .maps()
            .expect("a convolution is between feature maps")
    }

    fn pool_size(&self) -> Pair {
        self.pool.map_or(Pair::square(1), |pool| pool.kernel_size)
    }

    /// `input[i]`, or the channel of the group.
    fn channel(&self) -> TokenStream {
        match (self.conv.groups, self.inputs()) {
            (1, _) => quote!(i),
            (_, 1) => quote!(group),
            (_, inputs) => {
                let inputs = number(inputs);
                quote!(group * #inputs + i)
            }
        }
    }

    /// The indices of a tap: `[ky][kx]`, turned where the mode is a true convolution.
    fn tap(&self) -> TokenStream {
        let Pair { height, width } = self.conv.kernel_size;
        let index = |tap: TokenStream, taps: usize| match self.conv.mode {
            ConvMode::Convolution if taps > 1 => {
                let last = number(taps - 1);
                quote!(#last - #tap)
            }
            _ => tap,
        };
        let (ky, kx) = (index(quote!(ky), height), index(quote!(kx), width));
        quote!([#ky][#kx])
    }

    /// Goes over the groups of channels, if there are several.
    fn each_group(&self, body: &TokenStream) -> TokenStream {
        if self.conv.groups == 1 {
            return body.clone();
        }
        let groups = number(self.conv.groups);
        quote!(for group in 0..#groups { #body })
    }

    /// The first of a tile's kernels or channels, of which a group has `count`.
    fn in_group(&self, index: &TokenStream, count: usize) -> TokenStream {
        if self.conv.groups == 1 {
            return index.clone();
        }
        let is_one = count == 1;
        let count = number(count);
        if is_one {
            return quote!(group + #index);
        }
        quote!(group * #count + #index)
    }

    /// Rows inside columns, so that no value serves two taps in a row and asks for a register in between.
    fn each_tap(&self, body: &TokenStream) -> TokenStream {
        let Pair { height, width } = self.conv.kernel_size;
        let (height, width) = (number(height), number(width));
        quote! {
            for kx in 0..#width {
                for ky in 0..#height { #body }
            }
        }
    }

    /// The dot products of a tile.
    pub fn sums(&self) -> TokenStream {
        let conv = self.conv;
        let name = self.sums_name();
        let parameters = parameters_type(&self.group.layer);
        let (pattern, input) = (
            parameters_pattern(self.plan, &self.group.layer),
            self.array(self.group.input),
        );
        let channel = self.channel();
        let (tap, inputs) = (self.tap(), number(self.inputs()));
        let row = sum(
            &[(conv.stride.height, "y"), (conv.dilation.height, "ky")],
            0,
        );
        let column = sum(
            &[(conv.stride.width, "x + c"), (conv.dilation.width, "kx")],
            0,
        );
        let group = (conv.groups > 1).then(|| {
            let kernels = number(self.kernels());
            if self.kernels() == 1 {
                quote!(let group = o;)
            } else {
                quote!(let group = o / #kernels;)
            }
        });
        let bias = match conv.bias {
            ConvBias::None => quote!(*sums = [[lanes::splat(simd, 0.0); COLUMNS]; MAPS];),
            ConvBias::Channel => quote! {
                for m in 0..MAPS {
                    sums[m] = [lanes::splat(simd, bias[o + m]); COLUMNS];
                }
            },
            ConvBias::Position => quote! {
                for m in 0..MAPS {
                    for c in 0..COLUMNS {
                        sums[m][c] = lanes::splat(simd, bias[o + m][y][x + c]);
                    }
                }
            },
        };
        let taps = self.each_tap(&quote! {
            let row = &input[#channel][#row];
            let mut values = [lanes::splat(simd, 0.0); COLUMNS];
            for c in 0..COLUMNS {
                values[c] = row[#column].load(simd, part);
            }
            for m in 0..MAPS {
                let w = lanes::splat(simd, kernels[m][i]#tap);
                for c in 0..COLUMNS {
                    sums[m][c] = w.mul_add(values[c], sums[m][c]);
                }
            }
        });
        let doc = doc(&self.sums_doc());
        quote! {
            #doc
            #[inline(always)]
            #[allow(clippy::needless_range_loop)]
            pub fn #name<S: Simd, const MAPS: usize, const COLUMNS: usize>(
                simd: S,
                parameters: &#parameters,
                input: &#input,
                place: [usize; 3],
                part: usize,
                sums: &mut [[S::f32s; COLUMNS]; MAPS]
            ) {
                let #pattern = parameters;
                let [o, y, x] = place;
                let kernels: [_; MAPS] = core::array::from_fn(|m| &weight[o + m]);
                #bias
                #group
                for i in 0..#inputs { #taps }
            }
        }
    }

    fn sums_name(&self) -> Ident {
        ident(&format!("{}_sums_lanes", self.group.layer))
    }

    fn array(&self, id: ValueId) -> TokenStream {
        lanes_type(&self.plan.value(id).shape)
    }

    /// From input to output, tile by tile.
    pub fn forward(&self) -> Function {
        let pool = self.pool_size();
        let [_, rows, columns] = self.dims(self.group.output);
        let tile = if self.pool.is_some() {
            self.pooled_tile()
        } else {
            self.plain_tile()
        };
        let parts = quote!(for part in 0..lanes::parts::<S>() { #tile });
        let positions = tiles("x", columns * pool.width, "COLUMNS", &parts);
        let first = self.in_group(&quote!(first), self.kernels());
        let maps = each_map("first", &quote!(let o = #first; #positions));
        let rows = number(rows);
        let mut arguments = vec![
            Argument::parameters(self.group),
            Argument::shared(
                "input",
                &self.array(self.group.input),
                &self.memory.activation(self.group.input),
            ),
            Argument::unique(
                "output",
                &self.array(self.group.output),
                &self.memory.activation(self.group.output),
            ),
        ];
        if let Some(argmax) = self.memory.argmax(self.group) {
            let name = ident(&argmax.name);
            arguments.push(Argument::unique(
                "argmax",
                &argmax.array(),
                &quote!(activations.#name),
            ));
        }
        Function {
            name: format!("{}_forward_lanes", self.group.name),
            doc: self.forward_doc(),
            sizes: &["MAPS", "COLUMNS"],
            arguments,
            body: self.each_group(&quote!(for y in 0..#rows { #maps })),
            calls: for_registers(|registers| {
                let mut runs = tile::of_maps(self.kernels(), columns, pool.width, registers);
                for run in &mut runs {
                    run.tile.columns *= pool.width;
                }
                of_runs(&runs)
            }),
        }
    }

    /// What is done to a tile of sums without a pool.
    fn plain_tile(&self) -> TokenStream {
        let sums_of = self.sums_name();
        let value = activation::value(self.activation, &quote!(z));
        quote! {
            let mut sums = [[lanes::splat(simd, 0.0); COLUMNS]; MAPS];
            #sums_of(simd, parameters, input, [o, y, x], part, &mut sums);
            for m in 0..MAPS {
                for c in 0..COLUMNS {
                    let z = sums[m][c];
                    let a = #value;
                    output[o + m][y][x + c].store(simd, part, a);
                }
            }
        }
    }

    /// The largest sums of a tile's windows, found row by row.
    fn pooled_tile(&self) -> TokenStream {
        let sums_of = self.sums_name();
        let Pair { height, width } = self.pool_size();
        let row = sum(&[(height, "y"), (1, "wy")], 0);
        let (height, width) = (number(height), number(width));
        let value = activation::value(self.activation, &quote!(z));
        quote! {
            let mut largest = [[lanes::splat(simd, f32::NEG_INFINITY); COLUMNS]; MAPS];
            let mut places = [[lanes::splat(simd, 0.0); COLUMNS]; MAPS];
            for wy in 0..#height {
                let place = [o, #row, x];
                let mut sums = [[lanes::splat(simd, 0.0); COLUMNS]; MAPS];
                #sums_of(simd, parameters, input, place, part, &mut sums);
                for m in 0..MAPS {
                    for c in 0..COLUMNS {
                        let (z, window) = (sums[m][c], c / #width);
                        let is_larger = z.simd_gt(largest[m][window]);
                        let place = lanes::splat(simd, (#width * wy + c % #width) as f32);
                        let before = places[m][window];
                        places[m][window] = is_larger.select(place, before);
                        largest[m][window] = largest[m][window].max(z);
                    }
                }
            }
            let column = x / #width;
            for m in 0..MAPS {
                for c in 0..COLUMNS / #width {
                    let z = largest[m][c];
                    let a = #value;
                    output[o + m][y][column + c].store(simd, part, a);
                    argmax[o + m][y][column + c].store(simd, part, places[m][c]);
                }
            }
        }
    }

    /// From the delta of the output to that of the sums, if they are not the same.
    pub fn backward_output(&self) -> Option<Function> {
        let sums = self.memory.sums(self.group)?;
        let [maps, rows, columns] = self.dims(self.group.output);
        let pool = self.pool_size();
        let border = self.memory.border(self.group);
        let (maps, rows, columns) = (number(maps), number(rows), number(columns));
        let (pool_rows, pool_columns) = (number(pool.height), number(pool.width));
        let derivative = self.activation.map(|activation| {
            let delta = activation::delta(activation);
            quote! {
                let a = output[o][y][x].load(simd, part);
                let d = #delta;
            }
        });
        let (store, text) = if self.pool.is_some() {
            let row = sum(&[(pool.height, "y"), (1, "wy")], 0);
            let column = sum(&[(pool.width, "x"), (1, "wx")], border);
            let store = quote! {
                let place = argmax[o][y][x].load(simd, part);
                for wy in 0..#pool_rows {
                    for wx in 0..#pool_columns {
                        let is_largest = place.simd_eq((#pool_columns * wy + wx) as f32);
                        let routed = is_largest.select(d, lanes::splat(simd, 0.0));
                        let (row, column) = (#row, #column);
                        sums_delta[o][row][column].store(simd, part, routed);
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
                quote!(sums_delta[o][y][#column].store(simd, part, d);),
                "value by value",
            )
        };
        let array = lanes_type(&self.plan.value(self.group.output).shape);
        let mut arguments = Vec::new();
        if self.activation.is_some() {
            arguments.push(Argument::shared(
                "output",
                &array,
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
                            for part in 0..lanes::parts::<S>() {
                                let d = delta[o][y][x].load(simd, part);
                                #derivative
                                #store
                            }
                        }
                    }
                }
            },
            calls: untiled(),
        })
    }

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
            sizes: &["MAPS", "VECTORS"],
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
                of_runs(&tile::of_taps(self.kernels(), taps, registers))
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
                    let mut sums = [[[lanes::splat(simd, 0.0); #taps]; VECTORS]; MAPS];
                    for y in #band_rows { #sweep }
                    for m in 0..MAPS {
                        for kx in 0..#taps {
                            let mut sum = sums[m][0][kx];
                            for v in 1..VECTORS {
                                sum += sums[m][v][kx];
                            }
                            weight[o + m][i]#tap += sum.reduce_sum();
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
            for vectors in 0..lanes::parts::<S>() / VECTORS {
                for x in 0..#columns {
                    for v in 0..VECTORS {
                        let part = vectors * VECTORS + v;
                        let mut d = [lanes::splat(simd, 0.0); MAPS];
                        for m in 0..MAPS {
                            d[m] = rows[m][#delta_column].load(simd, part);
                        }
                        for kx in 0..#taps {
                            let value = row[#column].load(simd, part);
                            for m in 0..MAPS {
                                sums[m][v][kx] = d[m].mul_add(value, sums[m][v][kx]);
                            }
                        }
                    }
                }
            }
        }
    }

    fn delta(&self) -> Argument {
        Argument::shared(
            "delta",
            &lanes_type(&self.memory.sums_shape(self.group)),
            &self.memory.sums_delta(self.group),
        )
    }

    /// The delta of the input, without its padding.
    pub fn backward_input(&self) -> Function {
        if self.conv.stride == Pair::square(1) {
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
        let Padding { top, left, .. } = conv.padding;
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
        let (past, border_number) = (number(columns + border), number(border));
        let tile = quote! {
                for part in 0..lanes::parts::<S>() {
                    let mut sums = [[lanes::splat(simd, 0.0); COLUMNS]; MAPS];
                    for o in 0..#kernels {
                        let kernel = &weight[#out];
                        for ky in 0..#taps_high {
                            if !(#down..#down + #rows_end).contains(&(#at_row)) {
                                continue;
                            }
                            let row = &delta[#out][#at_row - #down];
                            for kx in 0..#taps_wide {
                                let column = #at_column;
                                if column + COLUMNS <= #across + #border_number || column >= #across + #past {
                                    continue;
                                }
                                let column = column - #across;
                                let mut values = [lanes::splat(simd, 0.0); COLUMNS];
                                for c in 0..COLUMNS {
                                    values[c] = row[column + c].load(simd, part);
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
                            input_delta[#first + m][y][x + c].store(simd, part, sums[m][c]);
                        }
                    }
                }
        };
        let columns_tiles = tiles("x", width, "COLUMNS", &tile);
        let maps = each_map("i", &columns_tiles);
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
        let Padding { top, left, .. } = conv.padding;
        let tap = self.tap();
        let (taps_high, taps_wide) = (
            number(conv.kernel_size.height),
            number(conv.kernel_size.width),
        );
        let (rows, columns, kernels) = (number(rows), number(columns), number(self.kernels()));
        let (top, left, height, width) = (number(top), number(left), number(height), number(width));
        let row = sum(
            &[(conv.stride.height, "y"), (conv.dilation.height, "ky")],
            0,
        );
        let column = sum(&[(conv.stride.width, "x"), (conv.dilation.width, "kx")], 0);
        let out = self.in_group(&quote!(o), self.kernels());
        let first = self.in_group(&quote!(i), self.inputs());
        let tile = quote! {
            for y in 0..#rows {
                for ky in 0..#taps_high {
                    let row = #row;
                    if !(#top..#top + #height).contains(&row) {
                        continue;
                    }
                    for x in 0..#columns {
                        for kx in 0..#taps_wide {
                            let column = #column;
                            if !(#left..#left + #width).contains(&column) {
                                continue;
                            }
                            for part in 0..lanes::parts::<S>() {
                                let mut sums = [lanes::splat(simd, 0.0); MAPS];
                                for o in 0..#kernels {
                                    let d = delta[#out][y][x].load(simd, part);
                                    for m in 0..MAPS {
                                        let w = lanes::splat(simd, weight[#out][i + m]#tap);
                                        sums[m] = w.mul_add(d, sums[m]);
                                    }
                                }
                                for m in 0..MAPS {
                                    let place = &mut input_delta[#first + m][row - #top][column - #left];
                                    place.store(simd, part, place.load(simd, part) + sums[m]);
                                }
                            }
                        }
                    }
                }
            }
        };
        let count = number(self.inputs());
        let body = self.each_group(&quote! {
            for tile in 0..#count / MAPS {
                let i = tile * MAPS;
                #tile
            }
        });
        Function {
            name: format!("{}_backward_input_lanes", self.group.layer),
            doc: self.backward_input_doc(),
            sizes: &["MAPS"],
            arguments: self.backward_input_arguments(),
            body: quote!(
                    let weight = &parameters.weight;
                    let values = input_delta.as_flattened_mut().as_flattened_mut();
            values.fill(Lanes::default());
                    #body
                ),
            calls: for_registers(|_| {
                vec![Call {
                    sizes: vec![tile::divisor(self.inputs(), 12)],
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
}

/// Documentation: shapes, and the formula with this layer's numbers in it.
impl Emitter<'_> {
    fn shapes(&self) -> String {
        format!(
            "{} → {}",
            self.plan.value(self.group.input).shape,
            self.plan.value(self.group.output).shape
        )
    }

    fn sums_doc(&self) -> String {
        let conv = self.conv;
        let row = affine(conv.stride.height, "y", conv.dilation.height, "ky");
        let column = affine(conv.stride.width, "x", conv.dilation.width, "kx");
        let bias = match conv.bias {
            ConvBias::Channel => "bias[o] + ",
            ConvBias::Position => "bias[o][y][x] + ",
            ConvBias::None => "",
        };
        format!(
            "`{}`'s sums of `MAPS` kernels from `o` on, in row `y` at `COLUMNS` columns from `x` on: each is the dot \
             product of a kernel with the window under it. All of them stay in registers.\n\n{}",
            self.group.layer,
            formula(&format!(
                "z[o][y][x] = {bias}Σ {} · input[i][{row}][{column}]    over i, ky, kx",
                self.weight_text()
            )),
        )
    }

    fn forward_doc(&self) -> String {
        let (text, z) = match self.pool {
            Some(pool) => (
                format!(
                    " The largest sum of each {} window is kept, and where it was.",
                    pool.kernel_size
                ),
                "max z over the window",
            ),
            None => (String::new(), "z[o][y][x]"),
        };
        format!(
            "`{}` forward, {}: every kernel slides over the input of all samples of the block, tile by tile.{text}\n\n{}",
            self.group.name,
            self.shapes(),
            formula(&format!(
                "output[o][y][x] = {}",
                activation::value_text(self.activation, z)
            )),
        )
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

    fn backward_input_doc(&self) -> String {
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
            conv.padding.top,
        );
        let column = minus(
            affine(conv.stride.width, "x", conv.dilation.width, "kx"),
            conv.padding.left,
        );
        format!(
            "`{}` input delta: the full convolution of the delta with {kernel}. Every delta goes back through each \
             tap to the input which that tap had met.\n\n{}",
            self.group.layer,
            formula(&format!(
                "input_delta[i][{row}][{column}] += {} · delta[o][y][x]    for all o, y, x, ky, kx",
                self.weight_text()
            )),
        )
    }

    fn weight_text(&self) -> String {
        let Pair { height, width } = self.conv.kernel_size;
        let tap = |tap: &str, taps: usize| match self.conv.mode {
            ConvMode::Convolution if taps > 1 => format!("{} − {tap}", taps - 1),
            _ => tap.to_owned(),
        };
        format!("weight[o][i][{}][{}]", tap("ky", height), tap("kx", width))
    }
}

fn affine(stride: usize, position: &str, dilation: usize, tap: &str) -> String {
    let product = |factor: usize, name: &str| match factor {
        1 => name.to_owned(),
        factor => format!("{factor}{name}"),
    };
    format!("{} + {}", product(stride, position), product(dilation, tap))
}

/// Binds `name` to the first of `size` things, tile by tile; the last tile may overlap the one before.
fn tiles(name: &str, count: usize, size: &str, body: &TokenStream) -> TokenStream {
    let (name, size) = (ident(name), ident(size));
    let suffixed = proc_macro2::Literal::usize_suffixed(count);
    let count = number(count);
    quote! {
        for tile in 0..#suffixed.div_ceil(#size) {
            let #name = (tile * #size).min(#count - #size);
            #body
        }
    }
}

/// Goes over the maps of a call, a tile at a time.
fn each_map(first: &str, body: &TokenStream) -> TokenStream {
    let first = ident(first);
    quote!(for #first in maps.clone().step_by(MAPS) { #body })
}
