//! Forward: every kernel slides over the input, bias, activation and pool at once.

use super::super::activation;
use super::super::function::{Argument, Function, for_registers, of_runs, sum};
use super::{Emitter, affine, each_map, tiles};
use crate::emit::function::{parameters_pattern, parameters_type};
use crate::emit::tokens::{doc, formula, ident, number};
use crate::plan::tile;
use cnn_spec::layer::{ConvBias, Pair};
use proc_macro2::{Ident, TokenStream};
use quote::quote;

impl Emitter<'_> {
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
                values[c] = lanes::load(simd, &row[#column]);
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
            pub fn #name<S: Lanes, const MAPS: usize, const COLUMNS: usize>(
                simd: S,
                parameters: &#parameters,
                input: &#input,
                place: [usize; 3],
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

    /// From input to output, tile by tile.
    pub fn forward(&self) -> Function {
        let pool = self.pool_size();
        let [_, rows, columns] = self.dims(self.group.output);
        let tile = if self.pool.is_some() {
            self.pooled_tile()
        } else {
            self.plain_tile()
        };
        let positions = tiles("x", columns * pool.width, "COLUMNS", &tile);
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
            #sums_of(simd, parameters, input, [o, y, x], &mut sums);
            for m in 0..MAPS {
                for c in 0..COLUMNS {
                    let z = sums[m][c];
                    let a = #value;
                    a.store_array(&mut output[o + m][y][x + c]);
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
                #sums_of(simd, parameters, input, place, &mut sums);
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
                    a.store_array(&mut output[o + m][y][column + c]);
                    places[m][c].store_array(&mut argmax[o + m][y][column + c]);
                }
            }
        }
    }

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
}
