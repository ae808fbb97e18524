//! A convolution that looks at each map by itself: forward and backward, one map after the other, so that a map is in the
//! nearest cache while all taps are led over it.

use super::super::Functions;
use super::super::function::{Argument, Function, for_registers, lanes_type, sum, untiled};
use super::Emitter;
use super::forward::each_tile;
use crate::emit::function::parameters_type;
use crate::emit::tokens::{doc, ident, loops, number};
use crate::plan::depthwise;
use crate::plan::tile::{Registers, Run, Slide, Tile};
use cnn_spec::layer::{ConvBias, Padding, Pair};
use cnn_spec::shape::Shape;
use proc_macro2::{Ident, TokenStream};
use quote::quote;

/// Forward: the tiles are those of every convolution, gone over in another order.
impl Emitter<'_> {
    pub(super) fn is_depthwise(&self) -> bool {
        self.memory.is_depthwise(self.group)
    }

    /// Whether neighbouring sums have most of their inputs in common, and read them once.
    pub(super) fn shares_inputs(&self) -> bool {
        self.is_depthwise() && depthwise::shares_inputs(self.conv)
    }

    /// The tiles of windows that share their inputs.
    pub(super) fn windows_of_maps(&self, registers: Registers) -> Slide {
        let [_, _, columns] = self.dims(self.group.output);
        let Pair { height, width } = self.pool_size();
        let taps = self.conv.kernel_size.width;
        let columns = depthwise::of_windows(taps, columns, height * width, registers);
        Slide {
            columns,
            runs: vec![Run {
                start: 0,
                end: self.kernels(),
                tile: Tile { maps: 1, columns },
            }],
        }
    }

    /// Every tile of the output, channel by channel.
    pub(super) fn slide_in_maps(&self, slide: &Slide, registers: Registers) -> TokenStream {
        let [_, rows, _] = self.dims(self.group.output);
        let groups = self.conv.groups;
        let runs = slide.runs.iter().map(|run| {
            let along_row = self.each_place(slide.columns, &self.tile_call(run, slide.columns));
            each_tile(run, &along_row)
        });
        let prefetch = self.prefetch(groups * rows, registers);
        loops(
            &[("group", groups), ("y", rows)],
            &quote!(#prefetch #(#runs)*),
        )
    }

    /// The products of all taps, row by row: the weights of a row stay in registers, and so does each input while the
    /// taps meet it.
    pub(super) fn rows_of_taps(&self) -> TokenStream {
        let Pair { height, width } = self.conv.kernel_size;
        let (value, tap, at) = (self.value_under_tap(), self.tap(), self.sum_at());
        let width = number(width);
        let products = self.each_position(&quote! {
            for kx in 0..#width {
                #value
                for m in 0..MAPS {
                    #at = w[m][kx].mul_add(value, #at);
                }
            }
        });
        loops(
            &[("ky", height)],
            &quote! {
                lanes::forget();
                let mut w = [[lanes::splat(simd, 0.0); #width]; MAPS];
                for m in 0..MAPS {
                    for kx in 0..#width {
                        w[m][kx] = lanes::splat(simd, weight[o + m][0]#tap);
                    }
                }
                #products
            },
        )
    }
}

/// Backward: the delta of the sums, the weight gradient and the input delta of one map before those of the next.
impl Emitter<'_> {
    pub(super) fn depthwise_functions(&self, forward: Functions) -> Functions {
        Functions {
            weight_tile: self.learns().then(|| self.tap_rows()),
            input_tile: self.sends().then(|| self.input_rows()),
            finish: self.learns().then(|| self.finish_weights()),
            backward: vec![self.backward_maps()],
            ..forward
        }
    }

    fn sends(&self) -> bool {
        self.memory.needs_input_delta(self.group)
    }

    /// The function that is called for a block.
    fn backward_maps(&self) -> Function {
        let (learns, sends) = (self.learns(), self.sends());
        let mut arguments = Vec::new();
        if sends {
            arguments.push(Argument::parameters(self.group));
        }
        if learns {
            arguments.push(self.input());
        }
        arguments.extend(self.output_arguments());
        let sums = self.memory.sums_delta(self.group);
        arguments.push(Argument::unique("sums_delta", &self.delta_array(), &sums));
        if learns {
            arguments.push(self.weight_sums());
        }
        if learns && self.conv.bias != ConvBias::None {
            arguments.push(Argument::gradients(self.group));
        }
        if sends {
            let (array, place) = (self.source_array(), self.memory.delta(self.group.source));
            arguments.push(Argument::unique("input_delta", &array, &place));
        }
        let (channel, maps) = (self.channel_index(), self.each_kernel(&self.backward_map()));
        let input_rows = sends.then(|| self.input_rows_call());
        let channels = number(self.conv.groups);
        let end = match (learns, sends) {
            (true, true) => "",
            (true, false) => "_weights",
            (false, _) => "_input",
        };
        Function {
            name: format!("{}_backward{end}_lanes", self.group.layer),
            doc: self.backward_maps_doc(),
            sizes: &[],
            arguments,
            body: quote!(for #channel in 0..#channels { #maps #input_rows }),
            calls: untiled(),
        }
    }

    /// For map `o`, which is the `m`-th of its channel: the delta of its sums, and what its parameters get.
    fn backward_map(&self) -> TokenStream {
        let [_, rows, _] = self.dims(self.group.output).map(number);
        let Padding { top, left, .. } = self.memory.zeros(self.group);
        let map = self.delta_map();
        let deltas = self.sums_deltas_of_map(&quote!(y in 0..#rows), "y", &map, [top, left]);
        if !self.learns() {
            return deltas;
        }
        let biases = (self.conv.bias == ConvBias::Position)
            .then(|| self.position_biases_of_map(&map, [top, left]));
        let weights = self.tap_rows_call();
        quote!(#deltas #biases #weights)
    }

    /// `o`, or `i` where a channel has several kernels.
    fn channel_index(&self) -> Ident {
        ident(if self.kernels() == 1 { "o" } else { "i" })
    }

    /// For each kernel `o` of a channel, its `m`-th.
    fn each_kernel(&self, body: &TokenStream) -> TokenStream {
        match self.kernels() {
            1 => body.clone(),
            kernels => {
                let o = sum(&[(kernels, "i"), (1, "m")], 0);
                loops(&[("m", kernels)], &quote!(let o = #o; #body))
            }
        }
    }

    /// The delta of the sums of such a kernel.
    fn delta_map(&self) -> TokenStream {
        if self.kernels() == 1 {
            quote!(sums_delta[0])
        } else {
            quote!(sums_delta[m])
        }
    }

    /// One map of that.
    fn delta_map_array(&self) -> TokenStream {
        map_type(&self.memory.sums_shape(self.group))
    }

    fn source_array(&self) -> TokenStream {
        lanes_type(&self.plan.value(self.group.source).shape)
    }

    fn tap_rows_call(&self) -> TokenStream {
        let [_, _, columns] = self.sums_dims();
        let (name, channel, map) = (self.tap_rows_name(), self.channel_index(), self.delta_map());
        for_each_registers(|registers| {
            let rows = depthwise::of_taps(self.conv.kernel_size, columns, registers);
            let calls = rows.into_iter().map(|(first, tile)| {
                let rest = number(columns % tile.columns);
                let [first, rows, columns] = [first, tile.maps, tile.columns].map(number);
                quote! {
                    #name::<S, #rows, #columns, #rest>(simd, &input[#channel], &#map, #first, &mut sums[o][0]);
                }
            });
            quote!(#(#calls)*)
        })
    }

    fn tap_rows_name(&self) -> Ident {
        ident(&format!("{}_tap_rows_lanes", self.group.layer))
    }

    /// The sums of some rows of taps of one map, and a tile of the positions that they are led over.
    fn tap_rows(&self) -> TokenStream {
        let conv = self.conv;
        let [_, rows, columns] = self.sums_dims();
        let Pair { height, width } = conv.kernel_size;
        let Padding { top, left, .. } = self.memory.zeros(self.group);
        let (name, tile) = (self.tap_rows_name(), self.tap_tile_name());
        let (input, delta) = (self.input_map_array(), self.delta_map_array());
        let origin = self.origin();
        let row = sum(
            &[
                (conv.stride.height, "y"),
                (conv.dilation.height, "first + ky"),
            ],
            origin[0],
        );
        let column = sum(
            &[(conv.stride.width, "x + c"), (conv.dilation.width, "kx")],
            origin[1],
        );
        let (delta_row, delta_column) = (sum(&[(1, "y")], top), sum(&[(1, "x + c")], left));
        let (rows_doc, tile_doc) = (doc(&self.tap_rows_doc()), doc(&self.tap_tile_doc()));
        let [rows, columns, height, width] = [rows, columns, height, width].map(number);
        quote! {
            #tile_doc
            #[inline(always)]
            #[allow(clippy::needless_range_loop)]
            pub fn #tile<S: Lanes, const ROWS: usize, const COLUMNS: usize>(
                simd: S,
                input: &#input,
                delta: &#delta,
                place: [usize; 3],
                taps: &mut [[S::f32s; #width]; ROWS]
            ) {
                let [first, y, x] = place;
                let mut d = [lanes::splat(simd, 0.0); COLUMNS];
                for c in 0..COLUMNS {
                    d[c] = lanes::load(simd, &delta[#delta_row][#delta_column]);
                }
                for ky in 0..ROWS {
                    for c in 0..COLUMNS {
                        for kx in 0..#width {
                            let value = lanes::load(simd, &input[#row][#column]);
                            taps[ky][kx] = d[c].mul_add(value, taps[ky][kx]);
                        }
                    }
                }
            }

            #rows_doc
            #[inline(always)]
            #[allow(clippy::needless_range_loop)]
            pub fn #name<S: Lanes, const ROWS: usize, const COLUMNS: usize, const REST: usize>(
                simd: S,
                input: &#input,
                delta: &#delta,
                first: usize,
                sums: &mut [[Vector<S>; #width]; #height]
            ) {
                let mut taps = [[lanes::splat(simd, 0.0); #width]; ROWS];
                for ky in 0..ROWS {
                    for kx in 0..#width {
                        taps[ky][kx] = lanes::load(simd, &sums[first + ky][kx]);
                    }
                }
                for y in 0..#rows {
                    for tile in 0..#columns / COLUMNS {
                        #tile::<S, ROWS, COLUMNS>(simd, input, delta, [first, y, COLUMNS * tile], &mut taps);
                    }
                    #tile::<S, ROWS, REST>(simd, input, delta, [first, y, #columns - REST], &mut taps);
                }
                for ky in 0..ROWS {
                    for kx in 0..#width {
                        taps[ky][kx].store_array(&mut sums[first + ky][kx]);
                    }
                }
            }
        }
    }

    fn tap_tile_name(&self) -> Ident {
        ident(&format!("{}_tap_tile_lanes", self.group.layer))
    }

    /// One channel of the input, with the zeros around it.
    fn input_map_array(&self) -> TokenStream {
        map_type(&self.memory.value(self.group.input).shape)
    }

    fn input_rows_call(&self) -> TokenStream {
        let [_, _, width] = self.dims(self.group.source);
        let (name, channel) = (self.input_rows_name(), self.channel_index());
        for_each_registers(|registers| {
            let taps = self.conv.kernel_size.width;
            let columns = depthwise::of_inputs(taps, width, self.conv.stride.width, registers);
            let [columns, rest] = [columns, width % columns].map(number);
            quote! {
                #name::<S, #columns, #rest>(simd, parameters, sums_delta, #channel, &mut input_delta[#channel]);
            }
        })
    }

    fn input_rows_name(&self) -> Ident {
        ident(&format!("{}_input_rows_lanes", self.group.layer))
    }

    fn input_tile_name(&self) -> Ident {
        ident(&format!("{}_input_tile_lanes", self.group.layer))
    }

    /// The input delta of one channel, and a tile of it.
    fn input_rows(&self) -> TokenStream {
        let [_, height, width] = self.dims(self.group.source).map(number);
        let (name, tile, channel) = (
            self.input_rows_name(),
            self.input_tile_name(),
            self.channel_index(),
        );
        let parameters = parameters_type(&self.group.layer);
        let (delta, input_delta) = (self.delta_array(), self.source_map_array());
        let rows_doc = doc(&self.backward_input_doc());
        let tile_doc = doc(&self.input_tile_doc());
        let gather = self.gather();
        quote! {
            #tile_doc
            #[inline(always)]
            #[allow(clippy::needless_range_loop)]
            pub fn #tile<S: Lanes, const COLUMNS: usize>(
                simd: S,
                parameters: &#parameters,
                sums_delta: &#delta,
                place: [usize; 3],
                input_delta: &mut #input_delta
            ) {
                let [#channel, y, x] = place;
                let mut sums = [lanes::splat(simd, 0.0); COLUMNS];
                #gather
                for c in 0..COLUMNS {
                    sums[c].store_array(&mut input_delta[y][x + c]);
                }
            }

            #rows_doc
            #[inline(always)]
            #[allow(clippy::needless_range_loop)]
            pub fn #name<S: Lanes, const COLUMNS: usize, const REST: usize>(
                simd: S,
                parameters: &#parameters,
                sums_delta: &#delta,
                #channel: usize,
                input_delta: &mut #input_delta
            ) {
                for y in 0..#height {
                    for tile in 0..#width / COLUMNS {
                        #tile::<S, COLUMNS>(simd, parameters, sums_delta, [#channel, y, COLUMNS * tile], input_delta);
                    }
                    #tile::<S, REST>(simd, parameters, sums_delta, [#channel, y, #width - REST], input_delta);
                }
            }
        }
    }

    fn source_map_array(&self) -> TokenStream {
        map_type(&self.plan.value(self.group.source).shape)
    }

    /// What all taps bring back to a tile of the input.
    fn gather(&self) -> TokenStream {
        let Self { conv, .. } = self;
        let Pair { height, width } = conv.kernel_size;
        let [height, width] = [height, width].map(number);
        let (zeros, padding, tap) = (self.memory.zeros(self.group), self.padding(), self.tap());
        let (down, across) = (
            sum(&[(conv.dilation.height, "ky")], 0),
            sum(&[(conv.dilation.width, "kx")], 0),
        );
        let (top, left) = (
            padding.top + conv.stride.height * zeros.top,
            padding.left + conv.stride.width * zeros.left,
        );
        let (at_row, at_column) = (sum(&[(1, "y")], top), sum(&[(1, "c")], left));
        let (bind_row, row) = met("row", &quote!(#at_row - #down), conv.stride.height);
        let (bind_column, column) = met("column", &quote!(#at_column - #across), conv.stride.width);
        let x = match conv.stride.width {
            1 => quote!(x),
            stride => {
                let stride = number(stride);
                quote!(x / #stride)
            }
        };
        let map = self.delta_map();
        self.each_kernel(&quote! {
            for ky in 0..#height {
                #bind_row
                let deltas = &#map[#row];
                let mut w = [lanes::splat(simd, 0.0); #width];
                for kx in 0..#width {
                    w[kx] = lanes::splat(simd, parameters.weight[o][0]#tap);
                }
                for c in 0..COLUMNS {
                    for kx in 0..#width {
                        #bind_column
                        let value = lanes::load(simd, &deltas[#x + #column]);
                        sums[c] = w[kx].mul_add(value, sums[c]);
                    }
                }
            }
        })
    }
}

/// Documentation.
impl Emitter<'_> {
    fn backward_maps_doc(&self) -> String {
        let parts = match (self.learns(), self.sends()) {
            (true, true) => "the weight gradient and the input delta",
            (true, false) => "the weight gradient",
            (false, _) => "the input delta",
        };
        format!(
            "`{}` backward, map by map, so that each stays in the nearest cache. The delta of the output becomes that of the \
             sums, which is put among zeros in `sums_delta`.{} From there it goes to {parts}.{}",
            self.group.name,
            self.bias_text(),
            self.derivative_text(),
        )
    }

    fn tap_rows_doc(&self) -> String {
        format!(
            "{}\n\nOf the kernel whose map this is, `ROWS` rows of taps from `first` on stay in registers.",
            self.backward_weights_doc(),
        )
    }

    fn tap_tile_doc(&self) -> String {
        format!(
            "What `COLUMNS` deltas from row `y`, column `x` on add to sums of taps of `{}`: each delta times the inputs \
             that the taps had met there.",
            self.group.layer
        )
    }

    fn input_tile_doc(&self) -> String {
        format!(
            "`COLUMNS` columns of the input delta of `{}`, from row `y`, column `x` on: what all taps over them bring back. \
             They stay in registers.",
            self.group.layer
        )
    }
}

/// Binds `name` to a place in steps of the stride, or continues where no step ends there; and the index of the delta.
fn met(name: &str, place: &TokenStream, stride: usize) -> (TokenStream, TokenStream) {
    if stride == 1 {
        return (TokenStream::new(), place.clone());
    }
    let (name, stride) = (ident(name), number(stride));
    let bind = quote! {
        let #name = #place;
        if !#name.is_multiple_of(#stride) {
            continue;
        }
    };
    (bind, quote!(#name / #stride))
}

/// `[[Vector<S>; 28]; 28]`: one of several maps.
fn map_type(maps: &Shape) -> TokenStream {
    let map = Shape::new(&maps.dims()[1..]).expect("a part of what the check has counted");
    lanes_type(&map)
}

/// The same for 16 and for 32 registers, chosen where they differ.
fn for_each_registers(make: impl Fn(Registers) -> TokenStream) -> TokenStream {
    let [narrow, wide] = for_registers(make);
    if narrow.to_string() == wide.to_string() {
        return narrow;
    }
    quote!(if const { lanes::is_wide::<S>() } { #wide } else { #narrow })
}
