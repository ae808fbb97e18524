//! Forward: every kernel slides over the input, bias, activation and pool at once.

use super::super::activation;
use super::super::function::{Argument, Function, sum, untiled};
use super::{Emitter, affine};
use crate::emit::batch_norm;
use crate::emit::function::{parameters_pattern, parameters_type};
use crate::emit::tokens::{doc, formula, ident, loops, number};
use crate::plan::ValueId;
use crate::plan::tile::{self, Registers, Run, Slide};
use cnn_spec::layer::{ConvBias, Pair};
use proc_macro2::{Ident, TokenStream};
use quote::quote;

impl Emitter<'_> {
    /// From input to output, tile by tile.
    pub fn forward(&self) -> Function {
        let [narrow, wide] = [Registers::Narrow, Registers::Wide].map(|registers| {
            let [_, _, columns] = self.dims(self.group.output);
            let Pair { height, width } = self.pool_size();
            if self.shares_inputs() {
                return self.windows_of_maps(registers);
            }
            tile::of_windows(self.kernels(), columns, height * width, registers)
        });
        let lines = self
            .reads_samples()
            .then(|| quote!(let mut lines = lanes::lines(next);));
        let [narrow, wide] = [(narrow, Registers::Narrow), (wide, Registers::Wide)]
            .map(|(slide, registers)| self.slide(&slide, registers));
        let folded = self
            .norm
            .map(|folded| batch_norm::folded(folded.norm, self.conv.out_channels));
        let folded = folded.map(|folded| quote!(#folded let folded = [&factor, &shift];));
        let body = if narrow.to_string() == wide.to_string() {
            quote!(#folded #lines #narrow)
        } else {
            quote! {
                #folded
                #lines
                if const { lanes::is_wide::<S>() } {
                    #wide
                } else {
                    #narrow
                }
            }
        };
        Function {
            name: format!("{}_forward_lanes", self.group.name),
            doc: self.forward_doc(),
            sizes: &[],
            arguments: self.forward_arguments(),
            body,
            calls: untiled(),
        }
    }

    fn forward_arguments(&self) -> Vec<Argument> {
        let mut arguments = vec![
            Argument::parameters(self.group),
            self.input(),
            Argument::unique(
                "output",
                &self.memory.array(self.group.output),
                &self.memory.activation(self.group.output),
            ),
        ];
        arguments.extend(self.norm.map(|folded| {
            let name = &self.plan.value(folded.output).name;
            let (kind, field) = (parameters_type(name), ident(name));
            Argument {
                declaration: quote!(norm: &#kind),
                value: quote!(&parameters.#field),
            }
        }));
        if self.reads_samples() {
            arguments.push(Argument {
                declaration: quote!(next: &[f32]),
                value: quote!(next),
            });
        }
        arguments.extend(self.memory.argmax(self.group).map(|argmax| {
            let (name, array) = (ident(&argmax.name), argmax.array());
            Argument {
                declaration: quote!(mut argmax: Option<&mut #array>),
                value: quote!(is_training.then(|| lanes::view_mut(&mut activations.#name))),
            }
        }));
        arguments
    }

    /// Whether it reads the network's input: then it has the next samples brought near while it works.
    fn reads_samples(&self) -> bool {
        self.group.source == ValueId::INPUT
    }

    /// Every tile of the output, row by row.
    ///
    /// All maps are computed at one place before the next, so that the input under a tile stays in the nearest cache; but
    /// where that keeps the input under a whole row, and not the output too, each map's row is written in one go.
    fn slide(&self, slide: &Slide, registers: Registers) -> TokenStream {
        let [maps, rows, columns] = self.dims(self.group.output);
        let size = slide.columns;
        if self.is_depthwise() {
            return self.slide_in_maps(slide, registers);
        }
        let inputs = self.inputs_under_row();
        if tile::is_near(inputs) && !tile::is_near(inputs + maps * columns) {
            let runs = slide.runs.iter().map(|run| {
                let along_row = self.each_place(size, &self.tile_call(run, size));
                each_tile(run, &along_row)
            });
            let (prefetch, tiles) = (
                self.prefetch(rows, registers),
                self.each_group(&quote!(#(#runs)*)),
            );
            return loops(&[("y", rows)], &quote!(#prefetch #tiles));
        }
        let runs = slide
            .runs
            .iter()
            .map(|run| each_tile(run, &self.tile_call(run, size)));
        let (prefetch, tiles) = (
            self.prefetch(rows * columns.div_ceil(size), registers),
            self.each_group(&quote!(#(#runs)*)),
        );
        loops(
            &[("y", rows)],
            &self.each_place(size, &quote!(#prefetch #tiles)),
        )
    }

    /// How many values of the input a group's kernels meet along a row of the output.
    fn inputs_under_row(&self) -> usize {
        let (conv, sums) = (self.conv, self.pool_size().height);
        let taps = (conv.kernel_size.height - 1) * conv.dilation.height + 1;
        let [_, _, width] = self.input_dims();
        self.inputs() * ((sums - 1) * conv.stride.height + taps) * width
    }

    /// Has a part of the next samples brought near, if it reads them: there are so many parts.
    pub(super) fn prefetch(&self, parts: usize, registers: Registers) -> Option<TokenStream> {
        self.reads_samples().then(|| {
            let lines = registers.lines(self.plan.network.input.elements());
            let lines = number(lines.div_ceil(parts));
            quote!(lanes::prefetch(simd, &mut lines, #lines);)
        })
    }

    /// Goes along a row of the output, so many columns at a time; the last may overlap the ones before.
    pub(super) fn each_place(&self, size: usize, body: &TokenStream) -> TokenStream {
        let [_, _, columns] = self.dims(self.group.output);
        let count = columns.div_ceil(size);
        if size == 1 {
            return loops(&[("x", count)], body);
        }
        let (last, is_whole) = (number(columns - size), columns.is_multiple_of(size));
        let size = number(size);
        let x = if is_whole {
            quote!(#size * tile)
        } else {
            quote!((#size * tile).min(#last))
        };
        loops(&[("tile", count)], &quote!(let x = #x; #body))
    }

    /// Computes a tile of a run of maps.
    pub(super) fn tile_call(&self, run: &Run, columns: usize) -> TokenStream {
        let (name, maps) = (self.tile_name(), run.tile.maps);
        let (size, columns) = (number(maps), number(columns));
        let argmax = self.keeps_places().then(|| quote!(argmax.as_deref_mut(),));
        let folded = self.norm.map(|_| quote!(folded,));
        let mut terms = Vec::new();
        if self.conv.groups > 1 {
            terms.push((self.kernels(), "group"));
        }
        if tile_count(run) > 1 {
            terms.push((maps, "map"));
        }
        let o = if terms.is_empty() {
            let start = number(run.start);
            quote!(#start)
        } else {
            sum(&terms, run.start)
        };
        quote! {
            #name::<S, #size, #columns>(simd, parameters, input, output, #argmax #folded [#o, y, x]);
        }
    }

    fn tile_name(&self) -> Ident {
        ident(&format!("{}_tile_lanes", self.group.name))
    }

    /// The dot products of a tile, and what is made of them.
    pub fn tile(&self) -> TokenStream {
        let name = self.tile_name();
        let parameters = parameters_type(&self.group.layer);
        let pattern = parameters_pattern(self.plan, &self.group.layer);
        let [input, output] = [self.group.input, self.group.output].map(|id| self.memory.array(id));
        let argmax = self.memory.argmax(self.group).map(|argmax| {
            let array = argmax.array();
            quote!(argmax: Option<&mut #array>,)
        });
        let folded = self.norm.map(|_| {
            let channels = number(self.conv.out_channels);
            quote!(folded: [&[f32; #channels]; 2],)
        });
        let (doc, bias, group, taps, norm) = (
            doc(&self.tile_doc()),
            self.biases(),
            self.group_of_map(),
            self.taps(),
            self.norm(),
        );
        let (sums, store) = if self.pool.is_some() {
            let Pair { height, width } = self.pool_size();
            let positions = number(height * width);
            (
                quote!([[[lanes::splat(simd, 0.0); #positions]; COLUMNS]; MAPS]),
                self.store_largest(),
            )
        } else {
            (
                quote!([[lanes::splat(simd, 0.0); COLUMNS]; MAPS]),
                self.store(),
            )
        };
        quote! {
            #doc
            #[inline(always)]
            #[allow(clippy::needless_range_loop)]
            pub fn #name<S: Lanes, const MAPS: usize, const COLUMNS: usize>(
                simd: S,
                parameters: &#parameters,
                input: &#input,
                output: &mut #output,
                #argmax
                #folded
                place: [usize; 3]
            ) {
                let #pattern = parameters;
                let [o, y, x] = place;
                let mut sums = #sums;
                #bias
                #group
                #taps
                #norm
                #store
            }
        }
    }

    /// What the sums begin with.
    fn biases(&self) -> TokenStream {
        let (row, column) = self.position();
        match (self.conv.bias, self.pool) {
            (ConvBias::None, _) => quote!(),
            (ConvBias::Channel, None) => quote! {
                for m in 0..MAPS {
                    sums[m] = [lanes::splat(simd, bias[o + m]); COLUMNS];
                }
            },
            (ConvBias::Channel, Some(_)) => {
                let positions = self.positions();
                quote! {
                    for m in 0..MAPS {
                        sums[m] = [[lanes::splat(simd, bias[o + m]); #positions]; COLUMNS];
                    }
                }
            }
            (ConvBias::Position, _) => {
                let sum = self.sum_at();
                let each = self.each_position(&quote! {
                    for m in 0..MAPS {
                        #sum = lanes::splat(simd, bias[o + m][#row][#column]);
                    }
                });
                quote!(#each)
            }
        }
    }

    /// The products of all taps. The taps of a row stand together, those of a column do not: most of their input would
    /// be the same, and would be kept in registers from one to the next.
    fn taps(&self) -> TokenStream {
        if self.shares_inputs() {
            return self.rows_of_taps();
        }
        let (conv, value) = (self.conv, self.value_under_tap());
        let (tap, at) = (self.tap(), self.sum_at());
        let products = self.each_position(&quote! {
            #value
            for m in 0..MAPS {
                #at = w[m].mul_add(value, #at);
            }
        });
        let Pair { height, width } = conv.kernel_size;
        loops(
            &[("ky", height), ("i", self.inputs()), ("kx", width)],
            &quote! {
                lanes::forget();
                let mut w = [lanes::splat(simd, 0.0); MAPS];
                for m in 0..MAPS {
                    w[m] = lanes::splat(simd, weight[o + m][i]#tap);
                }
                #products
            },
        )
    }

    /// `let value = …;`, what a tap meets at a position of the tile.
    pub(super) fn value_under_tap(&self) -> TokenStream {
        let (conv, channel) = (self.conv, self.channel());
        let ((row, column), [top, left]) = (self.position(), self.origin());
        let row = sum(
            &[
                (conv.stride.height, &row.to_string()),
                (conv.dilation.height, "ky"),
            ],
            top,
        );
        let column = sum(
            &[
                (conv.stride.width, &column.to_string()),
                (conv.dilation.width, "kx"),
            ],
            left,
        );
        quote!(let value = lanes::load(simd, &input[#channel][#row][#column]);)
    }

    /// What a batch norm makes of sums.
    fn norm(&self) -> Option<TokenStream> {
        self.norm?;
        let sum = self.sum_at();
        let each = self.each_position(&quote!(#sum = #sum.mul_add(factor, shift);));
        Some(quote! {
            let [factor, shift] = folded;
            for m in 0..MAPS {
                let factor = lanes::splat(simd, factor[o + m]);
                let shift = lanes::splat(simd, shift[o + m]);
                #each
            }
        })
    }

    /// Whether the places of the largest sums are kept for the backward pass.
    fn keeps_places(&self) -> bool {
        self.memory.argmax(self.group).is_some()
    }

    /// `sums[m][c]`, or the sum at position `k` of a window.
    pub(super) fn sum_at(&self) -> TokenStream {
        let position = self.pool.map(|_| quote!([k]));
        quote!(sums[m][c] #position)
    }

    /// Goes over the positions of a tile.
    pub(super) fn each_position(&self, body: &TokenStream) -> TokenStream {
        let body = match self.pool {
            Some(_) => {
                let positions = self.positions();
                quote!(for k in 0..#positions { #body })
            }
            None => body.clone(),
        };
        quote!(for c in 0..COLUMNS { #body })
    }

    fn positions(&self) -> TokenStream {
        let Pair { height, width } = self.pool_size();
        let positions = number(height * width);
        quote!(#positions)
    }

    /// Row and column of a sum; position `k` of a window is counted row by row.
    fn position(&self) -> (TokenStream, TokenStream) {
        let Pair { height, width } = self.pool_size();
        let (down, across) = match (height, width) {
            (1, 1) => (None, None),
            (1, _) => (None, Some("k".to_owned())),
            (_, 1) => (Some("k".to_owned()), None),
            _ => (Some(format!("k / {width}")), Some(format!("k % {width}"))),
        };
        let with = |factor: usize, index: &str, offset: Option<String>| {
            let mut terms = vec![(factor, index)];
            if let Some(offset) = &offset {
                terms.push((1, offset));
            }
            sum(&terms, 0)
        };
        (with(height, "y", down), with(width, "x + c", across))
    }

    /// The number of the group that a tile's maps are in, where there are several.
    pub(super) fn group_of_map(&self) -> Option<TokenStream> {
        let kernels = number(self.kernels());
        match (self.conv.groups, self.kernels()) {
            (1, _) => None,
            (_, 1) => Some(quote!(let group = o;)),
            _ => Some(quote!(let group = o / #kernels;)),
        }
    }

    fn output_index(&self) -> TokenStream {
        self.memory.index(
            self.group.output,
            [&quote!(o + m), &quote!(y), &quote!(x + c)],
        )
    }

    /// Sums become outputs.
    fn store(&self) -> TokenStream {
        let at = self.output_index();
        let value = activation::value(self.activation, &quote!(z));
        quote! {
            for m in 0..MAPS {
                for c in 0..COLUMNS {
                    let z = sums[m][c];
                    let a = #value;
                    a.store_array(&mut output #at);
                }
            }
        }
    }

    /// The largest sum of each window becomes an output. In training its place is kept too.
    fn store_largest(&self) -> TokenStream {
        let at = self.output_index();
        let positions = self.positions();
        let value = activation::value(self.activation, &quote!(z));
        let places = self.keeps_places().then(|| store_places(&positions));
        quote! {
            for m in 0..MAPS {
                for c in 0..COLUMNS {
                    let mut z = sums[m][c][0];
                    for k in 1..#positions {
                        z = z.max(sums[m][c][k]);
                    }
                    let a = #value;
                    a.store_array(&mut output #at);
                }
            }
            #places
        }
    }

    fn shapes(&self) -> String {
        format!(
            "{} → {}",
            self.plan.value(self.group.input).shape,
            self.plan.value(self.group.output).shape
        )
    }

    fn tile_doc(&self) -> String {
        let conv = self.conv;
        let row = affine(conv.stride.height, "y", conv.dilation.height, "ky");
        let column = affine(conv.stride.width, "x", conv.dilation.width, "kx");
        let bias = match conv.bias {
            ConvBias::Channel => "bias[o] + ",
            ConvBias::Position => "bias[o][y][x] + ",
            ConvBias::None => "",
        };
        let what = match self.pool {
            Some(pool) => format!("`COLUMNS` windows of {}", pool.window.kernel_size),
            None => "`COLUMNS` columns".to_owned(),
        };
        let channel = self.channel_text();
        let over = if self.is_depthwise() {
            "ky, kx"
        } else {
            "i, ky, kx"
        };
        let sum = format!(
            "{bias}Σ {} · input[{channel}][{row}][{column}]",
            self.weight_text()
        );
        let z = match self.norm {
            None => format!("z[o][y][x] = {sum}    over {over}"),
            Some(folded) => format!(
                "z[o][y][x] = factor[o] · ({sum}) + shift[o]    over {over}\n    where {}",
                batch_norm::folded_text(folded.norm)
            ),
        };
        format!(
            "`{}` forward of `MAPS` maps from `o` on, at {what} from row `y`, column `x` of the output on. Each sum is the \
             dot product of a kernel with the input under it; all of them stay in registers.\n\n{}",
            self.group.name,
            formula(&z),
        )
    }

    fn forward_doc(&self) -> String {
        let (text, z) = match self.pool {
            Some(pool) => (
                format!(
                    " The largest value of each {} window is kept{}.",
                    pool.window.kernel_size,
                    if self.keeps_places() {
                        ", and where it was"
                    } else {
                        ""
                    }
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
}

/// Keeps where in its window each of the largest sums is.
fn store_places(positions: &TokenStream) -> TokenStream {
    quote! {
        let Some(argmax) = argmax else { return };
        for m in 0..MAPS {
            for c in 0..COLUMNS {
                let (mut z, mut place) = (sums[m][c][0], lanes::splat(simd, 0.0));
                for k in 1..#positions {
                    let is_larger = sums[m][c][k].simd_gt(z);
                    place = is_larger.select(lanes::splat(simd, k as f32), place);
                    z = z.max(sums[m][c][k]);
                }
                place.store_array(&mut argmax[o + m][y][x + c]);
            }
        }
    }
}

fn tile_count(run: &Run) -> usize {
    (run.end - run.start) / run.tile.maps
}

/// For each tile of a run of maps.
pub(super) fn each_tile(run: &Run, body: &TokenStream) -> TokenStream {
    match tile_count(run) {
        1 => body.clone(),
        count => loops(&[("map", count)], body),
    }
}
