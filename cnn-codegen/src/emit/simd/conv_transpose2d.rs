//! `conv_transpose2d` on lanes: a convolution's three passes with forward and backward exchanged.

use super::Functions;
use super::conv2d::{inside, tiles};
use super::function::{Argument, Call, Function, for_registers, sum};
use super::site::Site;
use crate::emit::axis::{Axis, Window};
use crate::emit::function::parameters_pattern;
use crate::emit::tokens::{formula, loops, number};
use crate::plan::tile;
use cnn_spec::layer::ConvTranspose2d;
use proc_macro2::TokenStream;
use quote::quote;

/// The functions of a transposed convolution.
pub fn functions(conv: &ConvTranspose2d, site: Site) -> Functions {
    let emitter = Emitter { conv, site };
    let mut backward = vec![emitter.backward_weights()];
    backward.extend(site.sent(|| emitter.backward_input()));
    Functions::of(emitter.forward(), backward)
}

/// A weight in formulas.
const WEIGHT: &str = "weight[i][o][ky][kx]";

struct Emitter<'a> {
    conv: &'a ConvTranspose2d,
    site: Site<'a>,
}

impl Emitter<'_> {
    /// Each input position sends what each tap makes of its channels to the output.
    fn forward(&self) -> Function {
        let (site, pattern) = (
            self.site,
            parameters_pattern(self.site.plan, &self.site.group.layer),
        );
        let [_, height, width] = self.input_dims();
        let (first, [y, x]) = (self.biases(), self.input_place("x + c"));
        let (input, output) = (
            self.of_group("i", self.inputs()),
            self.of_group("o", self.outputs()),
        );
        let [row, column] = self.places("x + c");
        let [top, left] = site.memory.origin(site.group.output);
        let (at_row, at_column) = (sum(&[(1, "row")], top), sum(&[(1, "column")], left));
        let (width, inputs, outputs) =
            (number(width), number(self.inputs()), number(self.outputs()));
        let tile = quote! {
            let mut sums = [[lanes::splat(simd, 0.0); COLUMNS]; MAPS];
            for i in 0..#inputs {
                let kernel = &weight[#input];
                let map = &input[#input];
                let mut values = [lanes::splat(simd, 0.0); COLUMNS];
                for c in 0..COLUMNS {
                    values[c] = lanes::load(simd, &map[#y][#x]);
                }
                for m in 0..MAPS {
                    let w = lanes::splat(simd, kernel[o + m][ky][kx]);
                    for c in 0..COLUMNS {
                        sums[m][c] = w.mul_add(values[c], sums[m][c]);
                    }
                }
            }
            for c in 0..COLUMNS {
                #column
                for m in 0..MAPS {
                    let map = &mut output[#output + m];
                    let place = &mut map[#at_row][#at_column];
                    let sum = lanes::load(simd, place) + sums[m][c];
                    sum.store_array(place);
                }
            }
        };
        let taps = loops(&[("kx", self.conv.kernel_size.width)], &tile);
        let taps = quote! {
            #row
            for x in (0..#width).step_by(COLUMNS) {
                for o in (0..#outputs).step_by(MAPS) { #taps }
            }
        };
        let sums = loops(
            &[("y", height), ("ky", self.conv.kernel_size.height)],
            &taps,
        );
        let sums = self.each_group(&sums);
        let bias = if self.conv.bias { "bias[o], and " } else { "" };
        let doc = format!(
            "`{}` forward, {}: every input value puts the kernel, times itself, into the output.\n\n{}",
            site.group.name,
            site.shapes(),
            formula(&format!(
                "{} = {bias}Σ {WEIGHT} · input[i][y][x]    over all i, y, x, ky, kx",
                self.output_formula("output"),
            )),
        );
        let arguments = vec![
            Argument::parameters(site.group),
            site.input(),
            site.output_mut(),
        ];
        Function {
            sizes: &["MAPS", "COLUMNS"],
            calls: tiled(self.outputs(), self.input_dims()[2]),
            ..site.function(
                "forward",
                doc,
                arguments,
                quote!(let #pattern = parameters; #first #sums),
            )
        }
    }

    /// Each tap has met every input value at one place of the delta.
    fn backward_weights(&self) -> Function {
        let (site, pattern) = (
            self.site,
            parameters_pattern(self.site.plan, &self.site.group.layer),
        );
        let [_, height, width] = self.input_dims();
        let [y, x] = self.input_place("x");
        let (input, output) = (
            self.of_group("i", self.inputs()),
            self.of_group("o", self.outputs()),
        );
        let [row, column] = self.places("x");
        let (inputs, outputs) = (number(self.inputs()), number(self.outputs()));
        let (heights, widths) = (number(height), number(width));
        let tile = quote! {
            let mut sums = [[lanes::splat(simd, 0.0); COLUMNS]; MAPS];
            for y in 0..#heights {
                #row
                for x in 0..#widths {
                    #column
                    let mut deltas = [lanes::splat(simd, 0.0); COLUMNS];
                    for c in 0..COLUMNS {
                        let map = &delta[#output + c];
                        deltas[c] = lanes::load(simd, &map[row][column]);
                    }
                    for m in 0..MAPS {
                        let map = &input[#input + m];
                        let value = lanes::load(simd, &map[#y][#x]);
                        for c in 0..COLUMNS {
                            sums[m][c] = value.mul_add(deltas[c], sums[m][c]);
                        }
                    }
                }
            }
            for m in 0..MAPS {
                for c in 0..COLUMNS {
                    let kernel = &mut weight[#input + m][o + c];
                    kernel[ky][kx] += sums[m][c].reduce_sum();
                }
            }
        };
        let taps = [
            ("ky", self.conv.kernel_size.height),
            ("kx", self.conv.kernel_size.width),
        ];
        let taps = loops(&taps, &tile);
        let sums = self.each_group(&quote! {
            for i in (0..#inputs).step_by(MAPS) {
                for o in (0..#outputs).step_by(COLUMNS) { #taps }
            }
        });
        let bias = self.conv.bias.then(|| {
            loops(
                &[("o", self.conv.out_channels)],
                &quote!(bias[o] += lanes::sum(simd, delta[o].as_flattened());),
            )
        });
        let bias_text = if self.conv.bias {
            "\n∂loss/∂bias[o] = Σ delta[o][y][x]    over y, x"
        } else {
            ""
        };
        let doc = format!(
            "`{}` weight gradient: each tap has met every input value at one place of the delta. It is added to \
             `gradients`.\n\n{}",
            site.group.name,
            formula(&format!(
                "∂loss/∂{WEIGHT} = Σ input[i][y][x] · {}    over y, x{bias_text}",
                self.output_formula("delta"),
            )),
        );
        let arguments = vec![site.input(), site.delta(), Argument::gradients(site.group)];
        Function {
            sizes: &["MAPS", "COLUMNS"],
            calls: tiled(self.inputs(), self.outputs()),
            ..site.function(
                "backward_weights",
                doc,
                arguments,
                quote!(let #pattern = gradients; #sums #bias),
            )
        }
    }

    /// A convolution of the delta.
    fn backward_input(&self) -> Function {
        let site = self.site;
        let [_, height, width] = self.input_dims();
        let (input, output) = (
            self.of_group("i", self.inputs()),
            self.of_group("o", self.outputs()),
        );
        let [row, column] = self.places("x");
        let outputs = number(self.outputs());
        let (taps_high, taps_wide) = (
            number(self.conv.kernel_size.height),
            number(self.conv.kernel_size.width),
        );
        let tile = tiles(
            "i",
            self.inputs(),
            "MAPS",
            &quote! {
                let mut sums = [lanes::splat(simd, 0.0); MAPS];
                for ky in 0..#taps_high {
                    #row
                    for kx in 0..#taps_wide {
                        #column
                        for o in 0..#outputs {
                            let map = &delta[#output];
                            let d = lanes::load(simd, &map[row][column]);
                            for m in 0..MAPS {
                                let kernel = &weight[#input + m][o];
                                let w = lanes::splat(simd, kernel[ky][kx]);
                                sums[m] = w.mul_add(d, sums[m]);
                            }
                        }
                    }
                }
                for m in 0..MAPS {
                    sums[m].store_array(&mut input_delta[#input + m][y][x]);
                }
            },
        );
        let sums = self.each_group(&loops(&[("y", height), ("x", width)], &tile));
        let doc = format!(
            "`{}` input delta: a convolution of the delta, every kernel's dot product with the window that its input \
             value had filled.\n\n{}",
            site.group.name,
            formula(&format!(
                "input_delta[i][y][x] = Σ {WEIGHT} · {}    over o, ky, kx",
                self.output_formula("delta"),
            )),
        );
        let arguments = vec![
            Argument::parameters(site.group),
            site.delta(),
            site.input_delta(),
        ];
        Function {
            sizes: &["MAPS"],
            calls: for_registers(|registers| {
                let tile = tile::of_features(self.inputs(), self.outputs(), registers);
                vec![Call {
                    sizes: vec![tile.maps],
                    maps: None,
                }]
            }),
            ..site.function(
                "backward_input",
                doc,
                arguments,
                quote!(let weight = &parameters.weight; #sums),
            )
        }
    }

    /// What the output begins with.
    fn biases(&self) -> TokenStream {
        let output = self.site.output_shape().dims();
        let bias = if self.conv.bias {
            quote!(bias[c])
        } else {
            quote!(0.0)
        };
        let place = self.site.output_element();
        let fill = loops(
            &[("y", output[1]), ("x", output[2])],
            &quote!(first.store_array(&mut #place);),
        );
        loops(
            &[("c", output[0])],
            &quote!(let first = lanes::splat(simd, #bias); #fill),
        )
    }

    fn input_dims(&self) -> [usize; 3] {
        let dims = self.site.input_shape().dims();
        [0, 1, 2].map(|axis| dims[axis])
    }

    /// Input channels of a group.
    fn inputs(&self) -> usize {
        self.input_dims()[0] / self.conv.groups
    }

    /// Output channels of a group.
    fn outputs(&self) -> usize {
        self.conv.out_channels / self.conv.groups
    }

    /// A channel of the group, which has `count`.
    fn of_group(&self, index: &str, count: usize) -> TokenStream {
        if self.conv.groups == 1 {
            return sum(&[(1, index)], 0);
        }
        sum(&[(count, "group"), (1, index)], 0)
    }

    fn each_group(&self, body: &TokenStream) -> TokenStream {
        if self.conv.groups == 1 {
            return body.clone();
        }
        loops(&[("group", self.conv.groups)], body)
    }

    /// Row `y` and some column of the input among the zeros around it.
    fn input_place(&self, column: &str) -> [TokenStream; 2] {
        let [top, left] = self.site.memory.origin(self.site.group.input);
        [sum(&[(1, "y")], top), sum(&[(1, column)], left)]
    }

    /// The statements that name the row and the column of the output which a tap meets, and go on where there is none.
    fn places(&self, x: &str) -> [TokenStream; 2] {
        let conv = self.conv;
        let output = self.site.output_shape().dims();
        let row = sum(
            &[(conv.stride.height, "y"), (conv.dilation.height, "ky")],
            0,
        );
        let column = sum(&[(conv.stride.width, x), (conv.dilation.width, "kx")], 0);
        let (padding, last) = (conv.padding, [self.last(0), self.last(1)]);
        [
            inside(
                "row",
                &row,
                [padding.height, last[0].saturating_sub(output[1] - 1)],
                output[1],
            ),
            inside(
                "column",
                &column,
                [padding.width, last[1].saturating_sub(output[2] - 1)],
                output[2],
            ),
        ]
    }

    /// The last row or column of the output that a tap would meet.
    fn last(&self, axis: usize) -> usize {
        let conv = self.conv;
        let [stride, dilation, taps, padding] = if axis == 0 {
            [
                conv.stride.height,
                conv.dilation.height,
                conv.kernel_size.height,
                conv.padding.height,
            ]
        } else {
            [
                conv.stride.width,
                conv.dilation.width,
                conv.kernel_size.width,
                conv.padding.width,
            ]
        };
        let reach = (self.input_dims()[1 + axis] - 1) * stride + (taps - 1) * dilation;
        reach.saturating_sub(padding)
    }

    fn output_formula(&self, array: &str) -> String {
        let window = Window {
            kernel_size: self.conv.kernel_size,
            stride: self.conv.stride,
            dilation: self.conv.dilation,
            padding: self.conv.padding,
        };
        let [rows, columns]: [Axis; 2] = window.axes(self.site.output_shape());
        let (row, column) = (rows.formula("y", "ky"), columns.formula("x", "kx"));
        format!(
            "{array}[{}][{row}][{column}]",
            self.of_group("o", self.outputs())
        )
    }
}

/// Calls with tiles of so many maps and columns.
fn tiled(maps: usize, columns: usize) -> [Vec<Call>; 2] {
    for_registers(|registers| {
        let tile = tile::of_positions(maps, columns, registers);
        vec![Call {
            sizes: vec![tile.maps, tile.columns],
            maps: None,
        }]
    })
}
