//! The gradients behind a fused max pool, where each delta is followed by itself: lists of deltas and where they go, and
//! kernels with the channels of one sample side by side.

use super::super::function::{Argument, Function, sum, untiled};
use super::{Emitter, affine};
use crate::emit::tokens::{doc, formula, ident, number, real};
use crate::plan::tile::{self, Registers};
use cnn_spec::layer::{Padding, Pair};
use cnn_spec::network::Dtype;
use proc_macro2::{Ident, TokenStream};
use quote::quote;

impl Emitter<'_> {
    /// From the delta of the output to lists of where the windows send it.
    pub fn route_output(&self) -> Function {
        let [maps, rows, columns] = self.dims(self.group.output);
        let [_, _, width] = self.input_dims();
        let (stride, pool) = (self.conv.stride, self.pool_size());
        let derivative = self.derivative();
        let [start, add, end] = self.bias_total();
        let offset = self.route_offset();
        let (maps, windows) = (number(maps), number(rows * columns));
        let (down, across) = (
            width * stride.height * pool.height,
            stride.width * pool.width,
        );
        let begin = sum(&[(down, "y"), (across, "x")], 0);
        let place = match columns {
            1 => quote!((w, 0)),
            columns => {
                let columns = number(columns);
                quote!((w / #columns, w % #columns))
            }
        };
        let room = number((rows * columns).next_multiple_of(16));
        let body = quote! {
            // Where in the input the first of each window's positions begins.
            let mut begins = [0.0; #room];
            for w in 0..#windows {
                let (y, x) = #place;
                begins[w] = (#begin) as f32;
            }
            for o in 0..#maps {
                let mut counts = [0; lanes::MOST];
                #start
                for first in (0..#windows).step_by(S::COUNT) {
                    let mut offsets = [lanes::splat(simd, 0.0); lanes::MOST];
                    let mut deltas = [lanes::splat(simd, 0.0); lanes::MOST];
                    for (k, w) in (first..#windows).take(S::COUNT).enumerate() {
                        let (y, x) = #place;
                        let d = lanes::load(simd, &delta[o][y][x]);
                        #derivative
                        #add
                        deltas[k] = d;
                        let place = lanes::load(simd, &argmax[o][y][x]);
                        #offset
                    }
                    let begins = S::f32s::from_slice(simd, &begins[first..][..S::COUNT]);
                    lanes::route::<S, _, _>(begins, offsets, deltas, o, routes, &mut counts);
                }
                lanes::end_routes(simd, o, routes, &counts);
                #end
            }
        };
        let mut arguments = self.output_arguments();
        arguments.push(self.routes(true));
        if self.adds_bias() {
            arguments.push(Argument::gradients(self.group));
        }
        Function {
            name: format!("{}_backward_output_lanes", self.group.name),
            doc: self.route_output_doc(),
            sizes: &[],
            arguments,
            body,
            calls: untiled(),
        }
    }

    /// How far from a window's first position the kernel begins that computed the largest sum.
    fn route_offset(&self) -> TokenStream {
        let (stride, pool) = (self.conv.stride, self.pool_size());
        let [_, _, width] = self.input_dims();
        let place = match stride.width {
            1 => quote!(place),
            stride => {
                let stride = real(stride as f64, Dtype::F32);
                quote!(place * #stride)
            }
        };
        if pool.height == 1 {
            return quote!(offsets[k] = #place;);
        }
        let columns = real(pool.width as f64, Dtype::F32);
        let below = (width * stride.height) as f64 - (stride.width * pool.width) as f64;
        let below = real(below, Dtype::F32);
        quote! {
            let row = ((place + 0.5) / #columns).floor();
            offsets[k] = #place + row * #below;
        }
    }

    fn routes(&self, is_written: bool) -> Argument {
        let [maps, ..] = self.sums_dims();
        let [maps, room] = [maps, self.memory.most_routes(self.group)].map(number);
        let kind = quote!([[[lanes::Route; #room]; #maps]; lanes::MOST]);
        let value = self.memory.place(&self.memory.routes(self.group).name);
        if is_written {
            Argument::unique("routes", &kind, &value)
        } else {
            Argument::shared("routes", &kind, &value)
        }
    }

    fn samples(&self) -> Argument {
        let field = self.memory.samples(self.group);
        Argument::unique("samples", &field.array(), &self.memory.place(&field.name))
    }

    /// The positions from the first that a kernel sees to the last.
    fn span(&self) -> usize {
        let Pair { height, width } = self.conv.kernel_size;
        let [_, _, columns] = self.input_dims();
        (height - 1) * columns + width
    }

    fn rows_name(&self) -> Ident {
        ident(&format!("{}_tap_rows_lanes", self.group.layer))
    }

    /// What some rows of taps sum up along a list.
    pub fn routed_rows(&self) -> TokenStream {
        let Pair { height, width } = self.conv.kernel_size;
        let [_, _, columns] = self.input_dims();
        let (name, span) = (self.rows_name(), number(self.span()));
        let position = sum(&[(columns, "first + ky"), (1, "kx")], 0);
        let (height, width) = (number(height), number(width));
        let doc = doc(&format!(
            "Follows the deltas of one sample and one map of `{}`: `ROWS` rows of its taps from `first` on, each a vector \
             of channels, stay in registers and add up what they met, times the delta.",
            self.group.layer
        ));
        quote! {
            #doc
            #[inline(always)]
            #[allow(clippy::needless_range_loop)]
            pub fn #name<S: Lanes, const ROWS: usize>(
                simd: S,
                sample: &[Vector<S>],
                routes: &[lanes::Route],
                first: usize,
                sums: &mut [[Vector<S>; #width]; #height]
            ) {
                let mut rows = [[lanes::splat(simd, 0.0); #width]; ROWS];
                for ky in 0..ROWS {
                    for kx in 0..#width {
                        rows[ky][kx] = lanes::load(simd, &sums[first + ky][kx]);
                    }
                }
                for route in routes {
                    let Some(window) = lanes::window::<_, #span>(sample, route.position) else { break; };
                    let d = lanes::splat(simd, route.delta);
                    for ky in 0..ROWS {
                        for kx in 0..#width {
                            let values = lanes::load(simd, &window[#position]);
                            rows[ky][kx] = d.mul_add(values, rows[ky][kx]);
                        }
                    }
                }
                for ky in 0..ROWS {
                    for kx in 0..#width {
                        rows[ky][kx].store_array(&mut sums[first + ky][kx]);
                    }
                }
            }
        }
    }

    /// The weight gradient, delta by delta.
    pub fn routed_weights(&self) -> Function {
        let Pair { height, width } = self.conv.kernel_size;
        let [maps, ..] = self.sums_dims();
        let name = self.rows_name();
        let [narrow, wide] =
            [Registers::Narrow, Registers::Wide].map(|registers| {
                let calls = tile::of_rows(height, width, registers).into_iter().map(|run| {
                let [first, rows] = run.map(number);
                quote!(#name::<S, #rows>(simd, sample, &routes[lane][o], #first, &mut sums[o]);)
            });
                quote!(#(#calls)*)
            });
        let rows = if narrow.to_string() == wide.to_string() {
            narrow
        } else {
            quote!(if const { lanes::is_wide::<S>() } { #wide } else { #narrow })
        };
        let kernels = number(maps);
        let [top, left] = self.origin().map(number);
        let body = quote! {
            for (group, maps) in input.chunks(S::COUNT).enumerate() {
                let sums = &mut sums[group];
                lanes::exchange(simd, maps, [#top, #left], &mut samples[..S::COUNT]);
                for lane in 0..S::COUNT {
                    let sample = samples[lane].as_flattened();
                    for o in 0..#kernels { #rows }
                }
            }
        };
        Function {
            name: format!("{}_backward_weights_lanes", self.group.layer),
            doc: self.routed_weights_doc(),
            sizes: &[],
            arguments: vec![
                self.input(),
                self.routes(false),
                self.samples(),
                self.routed_sums(),
            ],
            body,
            calls: untiled(),
        }
    }

    fn routed_sums(&self) -> Argument {
        let Pair { height, width } = self.conv.kernel_size;
        let [maps, ..] = self.sums_dims();
        let [maps, height, width] = [maps, height, width].map(number);
        let place = self.memory.place(&self.memory.weight_sums(self.group).name);
        Argument {
            declaration: quote!(sums: &mut [[[[Vector<S>; #width]; #height]; #maps]]),
            value: quote!(lanes::views_mut(&mut #place)),
        }
    }

    /// Adds the sums of a call to the gradients.
    pub fn finish_routed_weights(&self) -> Function {
        let Pair { height, width } = self.conv.kernel_size;
        let ([maps, ..], tap) = (self.sums_dims(), self.tap());
        let [maps, height, width, inputs] = [maps, height, width, self.inputs()].map(number);
        Function {
            name: format!("{}_finish_weights_lanes", self.group.layer),
            doc: format!(
                "`{}` weight gradient, last part: the sums of a call are added to `gradients`, each lane to the weight of \
                 its channel.",
                self.group.layer
            ),
            sizes: &[],
            arguments: vec![self.routed_sums(), Argument::gradients(self.group)],
            body: quote! {
                for (first, sums) in (0..#inputs).step_by(S::COUNT).zip(sums) {
                    for o in 0..#maps {
                        for ky in 0..#height {
                            for kx in 0..#width {
                                let channels = sums[o][ky][kx].as_ref();
                                for (i, sum) in (first..#inputs).zip(channels) {
                                    gradients.weight[o][i]#tap += sum;
                                }
                            }
                        }
                    }
                }
            },
            calls: untiled(),
        }
    }

    /// The input delta, delta by delta.
    pub fn routed_input(&self) -> Function {
        let Pair { height, width } = self.conv.kernel_size;
        let [maps, ..] = self.sums_dims();
        let [_, _, columns] = self.input_dims();
        let Padding { top, left, .. } = self.padding();
        let tap = self.tap();
        let position = sum(&[(columns, "ky"), (1, "kx")], 0);
        let [maps, height, width, inputs, top, left] =
            [maps, height, width, self.inputs(), top, left].map(number);
        let span = number(self.span());
        let kernels = self.memory.kernels(self.group);
        let place = self.memory.place(&kernels.name);
        let body = quote! {
            for first in (0..#inputs).step_by(S::COUNT) {
                for o in 0..#maps {
                    let mut channels: [&[f32]; lanes::MOST] = [&[]; lanes::MOST];
                    let count = S::COUNT.min(#inputs - first);
                    for k in 0..count {
                        channels[k] = parameters.weight[o][first + k].as_flattened();
                    }
                    lanes::gather(simd, &channels[..count], 0, kernels[o].as_flattened_mut());
                }
                for lane in 0..S::COUNT {
                    let sample = samples[lane].as_flattened_mut();
                    lanes::clear(simd, sample);
            for o in 0..#maps {
                let kernel = &kernels[o];
                for route in &routes[lane][o] {
                    let window = lanes::window_mut::<_, #span>(sample, route.position);
                    let Some(window) = window else { break; };
                    let d = lanes::splat(simd, route.delta);
                    for ky in 0..#height {
                        for kx in 0..#width {
                            let place = &mut window[#position];
                            let w = lanes::load(simd, &kernel #tap);
                            d.mul_add(w, lanes::load(simd, place)).store_array(place);
                        }
                    }
                }
            }
                }
                let maps = &mut input_delta[first..];
                lanes::exchange(simd, &samples[..S::COUNT], [#top, #left], maps);
            }
        };
        Function {
            name: format!("{}_backward_input_lanes", self.group.layer),
            doc: self.backward_input_doc(),
            sizes: &[],
            arguments: vec![
                Argument::parameters(self.group),
                self.routes(false),
                self.samples(),
                Argument::unique("kernels", &kernels.array(), &place),
                Argument::unique(
                    "input_delta",
                    &self.array(self.group.source),
                    &self.memory.delta(self.group.source),
                ),
            ],
            body,
            calls: untiled(),
        }
    }
}

/// Documentation: what the lists are, and the formula with this layer's numbers in it.
impl Emitter<'_> {
    fn route_output_doc(&self) -> String {
        format!(
            "`{}`, from the output's delta to that of the convolution's sums: the delta of each {} window goes to its \
             argmax; the others had no part in the output. What is not zero is put into lists, one for each sample and \
             map.{}{}",
            self.group.name,
            self.pool_size(),
            self.bias_text(),
            self.derivative_text(),
        )
    }

    fn routed_weights_doc(&self) -> String {
        let conv = self.conv;
        let row = affine(conv.stride.height, "y", conv.dilation.height, "ky");
        let column = affine(conv.stride.width, "x", conv.dilation.width, "kx");
        format!(
            "`{}` weight gradient: the valid cross-correlation of the input with the delta, summed over the positions \
             that have one. Each sample is worked on by itself, with its channels side by side; the sums of a call are \
             kept in `sums`.\n\n{}",
            self.group.layer,
            formula(&format!(
                "∂loss/∂{} = Σ delta[o][y][x] · input[i][{row}][{column}]    over y, x",
                self.weight_text()
            )),
        )
    }
}
