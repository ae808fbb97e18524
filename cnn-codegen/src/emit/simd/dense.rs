//! `dense` on lanes, with the activation that follows it.

use super::function::{Argument, Call, Function, flat_type, for_registers, lanes_type};
use super::memory::Memory;
use super::site::Site;
use super::{Functions, activation};
use crate::emit::function::parameters_pattern;
use crate::emit::tokens::{formula, ident, loops, number};
use crate::plan::Plan;
use crate::plan::fuse::Group;
use crate::plan::tile;
use cnn_spec::layer::{Activation, Dense};
use cnn_spec::shape::Shape;
use proc_macro2::{Literal, TokenStream};
use quote::quote;

/// Inputs in a chunk.
const LANES: usize = 16;

/// A dense layer with what is fused to it.
struct Emitter<'a> {
    dense: &'a Dense,
    activation: Option<Activation>,
    plan: &'a Plan<'a>,
    group: &'a Group<'a>,
    memory: &'a Memory<'a>,
}

/// The functions of a dense layer.
pub fn functions(dense: &Dense, activation: Option<Activation>, site: Site) -> Functions {
    let Site {
        plan,
        group,
        memory,
    } = site;
    let emitter = Emitter {
        dense,
        activation,
        plan,
        group,
        memory,
    };
    let mut backward: Vec<_> = emitter.backward_output(site).into_iter().collect();
    backward.push(emitter.backward_weights());
    backward.extend(site.sent(|| emitter.backward_input()));
    Functions::of(emitter.forward(), backward)
}

impl Emitter<'_> {
    fn input(&self) -> &Shape {
        &self.plan.value(self.group.input).shape
    }

    fn inputs(&self) -> usize {
        self.input().elements()
    }

    fn outputs(&self) -> usize {
        self.dense.out_features
    }

    /// For each tile of features, of which there are `count`.
    fn tiles(name: &str, count: usize, body: &TokenStream) -> TokenStream {
        let name = ident(name);
        let suffixed = Literal::usize_suffixed(count);
        let count = number(count);
        quote! {
            for tile in 0..#suffixed.div_ceil(FEATURES) {
                let #name = (tile * FEATURES).min(#count - FEATURES);
                #body
            }
        }
    }

    /// Weighted sums of every input.
    fn forward(&self) -> Function {
        let first = if self.dense.bias {
            quote!(for f in 0..FEATURES {
                sums[f] = lanes::splat(simd, bias[o + f]);
            })
        } else {
            quote!()
        };
        let value = activation::value(self.activation, &quote!(sums[f]));
        let pattern = parameters_pattern(self.plan, &self.group.layer);
        let (pairs, last) = self.pairs();
        let tiles = Self::tiles(
            "o",
            self.outputs(),
            &quote! {
                let mut rows = [&weight[o]; FEATURES];
                for f in 1..FEATURES {
                    rows[f] = &weight[o + f];
                }
                let mut sums = [lanes::splat(simd, 0.0); FEATURES];
                #first
                #pairs
                #last
                for f in 0..FEATURES {
                    let a = #value;
                    a.store_array(&mut output[o + f]);
                }
            },
        );
        let bias = if self.dense.bias { "bias[o] + " } else { "" };
        let sum = format!("{bias}Σ weight[o][i] · input[i]");
        Function {
            name: format!("{}_forward_lanes", self.group.name),
            doc: format!(
                "`{}` forward, {} → {}: each output is a weighted sum of every input. `FEATURES` outputs are in registers \
                 at a time.\n\n{}",
                self.group.name,
                self.input(),
                self.outputs(),
                formula(&format!(
                    "output[o] = {}    over i",
                    activation::value_text(self.activation, &sum)
                )),
            ),
            sizes: &["FEATURES"],
            arguments: vec![
                Argument::parameters(self.group),
                Argument::shared(
                    "input",
                    &flat_type(self.input()),
                    &self.memory.activation(self.group.input),
                ),
                Argument::unique(
                    "output",
                    &lanes_type(&self.plan.value(self.group.output).shape),
                    &self.memory.activation(self.group.output),
                ),
            ],
            body: quote!(let #pattern = parameters; #tiles),
            calls: feature_calls(self.outputs(), self.inputs()),
        }
    }

    /// The products with the inputs, two by two, and with the last of an odd number.
    ///
    /// Neighbours in a row of weights can be loaded in the same cycle; weights of several rows often cannot, because
    /// rows tend to begin in the same bank of the cache.
    fn pairs(&self) -> (Option<TokenStream>, Option<TokenStream>) {
        let inputs = self.inputs();
        let (end, last) = (number(inputs / 2 * 2), number(inputs - 1));
        let pairs = (inputs > 1).then(|| {
            quote! {
                for i in (0..#end).step_by(2) {
                    let pair = [lanes::load(simd, &input[i]), lanes::load(simd, &input[i + 1])];
                    for f in 0..FEATURES {
                        for j in 0..2 {
                            let w = lanes::splat(simd, rows[f][i + j]);
                            sums[f] = pair[j].mul_add(w, sums[f]);
                        }
                    }
                }
            }
        });
        let last = (!inputs.is_multiple_of(2)).then(|| {
            quote! {
                let value = lanes::load(simd, &input[#last]);
                for f in 0..FEATURES {
                    let w = lanes::splat(simd, rows[f][#last]);
                    sums[f] = value.mul_add(w, sums[f]);
                }
            }
        });
        (pairs, last)
    }

    /// From the delta of the output to that of the sums.
    fn backward_output(&self, site: Site) -> Option<Function> {
        let place = self.memory.sums_delta(self.group);
        let back = |activation| activation::backward("backward_output", activation, site, &place);
        self.activation.map(back)
    }

    fn delta(&self) -> Argument {
        let shape = &self.plan.value(self.group.sums).shape;
        Argument::shared(
            "delta",
            &lanes_type(shape),
            &self.memory.sums_delta(self.group),
        )
    }

    /// Outer products of delta and input, summed over the samples of the block.
    fn backward_weights(&self) -> Function {
        let pattern = parameters_pattern(self.plan, &self.group.layer);
        let (inputs, outputs) = (self.inputs(), self.outputs());
        let suffixed = Literal::usize_suffixed(outputs);
        let count = number(outputs);
        let bias = self.dense.bias.then(|| {
            quote! {
                for o in 0..#count {
                    bias[o] += lanes::sum(simd, &delta[o..=o]);
                }
            }
        });
        let (whole, last) = (self.whole_chunks(), self.last_chunk());
        let rows = self
            .memory
            .rows(self.group)
            .expect("a dense layer has rows");
        let chunk_count = number(rows.shape.dims()[1]);
        let bias_text = if self.dense.bias {
            "\n∂loss/∂bias[o] = delta[o]"
        } else {
            ""
        };
        Function {
            name: format!("{}_backward_weights_lanes", self.group.layer),
            doc: format!(
                "`{}` weight gradient: the outer product of delta and input, summed over the samples of the block: the \
                 samples stand one after the other here, and the inputs side by side. It is added to `gradients`.\n\n{}",
                self.group.layer,
                formula(&format!(
                    "∂loss/∂weight[o][i] = delta[o] · input[i]{bias_text}"
                )),
            ),
            sizes: &["FEATURES", "CHUNKS"],
            arguments: vec![
                Argument::shared(
                    "input",
                    &flat_type(self.input()),
                    &self.memory.activation(self.group.input),
                ),
                self.delta(),
                Argument::unique(
                    "rows",
                    &quote!([[Room; #chunk_count]; lanes::MOST]),
                    &self.memory.place(&rows.name),
                ),
                Argument::gradients(self.group),
            ],
            body: quote! {
                let #pattern = gradients;
                lanes::scatter(simd, input, rows);
                for tile in 0..#suffixed.div_ceil(FEATURES) {
                    let o = (tile * FEATURES).min(#count - FEATURES);
                    #whole
                    #last
                }
                #bias
            },
            calls: for_registers(|registers| {
                let tile = tile::of_chunks(outputs, inputs / LANES, registers);
                vec![Call {
                    sizes: vec![tile.maps, tile.columns],
                    maps: None,
                }]
            }),
        }
    }

    /// The gradients of sixteen inputs at a time. Where the last tile of outputs overlaps the one before, that one has
    /// already added its sums.
    fn whole_chunks(&self) -> Option<TokenStream> {
        let product = product(&quote!(chunk + c), &quote!(CHUNKS));
        let chunks = self.inputs() / LANES;
        let count = number(chunks);
        (chunks > 0).then(|| {
            quote! {
                for group in 0..#count / CHUNKS {
                    let chunk = group * CHUNKS;
                    #product
                    for f in tile * FEATURES - o..FEATURES {
                        let (gradients, _) = weight[o + f].as_chunks_mut::<{ lanes::MOST }>();
                        for c in 0..CHUNKS {
                            let gradient = &mut gradients[chunk + c];
                            let sum = f32x16::load_array_ref(simd, gradient) + sums[f][c];
                            sum.store_array(gradient);
                        }
                    }
                }
            }
        })
    }

    /// The gradients of the inputs that are left, fewer than sixteen.
    fn last_chunk(&self) -> Option<TokenStream> {
        let chunks = number(self.inputs() / LANES);
        let product = product(&quote!(#chunks), &quote!(1));
        (!self.inputs().is_multiple_of(LANES)).then(|| {
            quote! {
                #product
                for f in tile * FEATURES - o..FEATURES {
                    let (_, gradients) = weight[o + f].as_chunks_mut::<{ lanes::MOST }>();
                    for (gradient, sum) in gradients.iter_mut().zip(sums[f][0].to_array()) {
                        *gradient += sum;
                    }
                }
            }
        })
    }

    /// The transposed weights times the delta.
    fn backward_input(&self) -> Function {
        let source = &self.plan.value(self.group.source).shape;
        let rows = tile::rows(self.outputs(), self.inputs());
        let in_bands = rows < self.outputs();
        let (outputs, count) = (number(self.outputs()), number(rows));
        let (range, before) = if in_bands {
            (
                quote!(#count * band..(#count * (band + 1)).min(#outputs)),
                quote!(for f in 0..FEATURES {
                    sums[f] = lanes::load(simd, &input_delta[i + f]);
                }),
            )
        } else {
            (quote!(0..#outputs), quote!())
        };
        let tiles = Self::tiles(
            "i",
            self.inputs(),
            &quote! {
                let mut sums = [lanes::splat(simd, 0.0); FEATURES];
                #before
                for o in #range {
                    let d = lanes::load(simd, &delta[o]);
                    for f in 0..FEATURES {
                        sums[f] = d.mul_add(lanes::splat(simd, weight[o][i + f]), sums[f]);
                    }
                }
                for f in 0..FEATURES {
                    sums[f].store_array(&mut input_delta[i + f]);
                }
            },
        );
        let (tiles, calls) = if in_bands {
            let bands = loops(&[("band", self.outputs().div_ceil(rows))], &tiles);
            // Eight divide whole pages: no tile may overlap another, which would add to it twice.
            let calls = for_registers(|_| {
                vec![Call {
                    sizes: vec![8],
                    maps: None,
                }]
            });
            (quote!(lanes::clear(simd, input_delta); #bands), calls)
        } else {
            (tiles, feature_calls(self.inputs(), 1))
        };
        Function {
            name: format!("{}_backward_input_lanes", self.group.layer),
            doc: format!(
                "`{}` input delta: the transposed weights times the delta.\n\n{}",
                self.group.layer,
                formula("input_delta[i] = Σ weight[o][i] · delta[o]    over o"),
            ),
            sizes: &["FEATURES"],
            arguments: vec![
                Argument::parameters(self.group),
                self.delta(),
                Argument::unique(
                    "input_delta",
                    &flat_type(source),
                    &self.memory.delta(self.group.source),
                ),
            ],
            body: quote!(let weight = &parameters.weight; #tiles),
            calls,
        }
    }
}

/// Calls with tiles of so many features, whose weights lie `stride` values apart.
fn feature_calls(features: usize, stride: usize) -> [Vec<Call>; 2] {
    for_registers(|registers| {
        let tile = tile::of_features(features, stride, registers);
        vec![Call {
            sizes: vec![tile.maps],
            maps: None,
        }]
    })
}

/// Products of the deltas of a tile's outputs with some chunks of inputs, summed over the samples.
fn product(chunk: &TokenStream, columns: &TokenStream) -> TokenStream {
    quote! {
        let mut sums = [[f32x16::splat(simd, 0.0); #columns]; FEATURES];
        for sample in 0..S::COUNT {
            let mut values = [f32x16::splat(simd, 0.0); #columns];
            for c in 0..#columns {
                values[c] = lanes::chunk(simd, &rows[sample][#chunk]);
            }
            for f in 0..FEATURES {
                let d = f32x16::splat(simd, delta[o + f].as_ref()[sample]);
                for c in 0..#columns {
                    sums[f][c] = d.mul_add(values[c], sums[f][c]);
                }
            }
        }
    }
}
