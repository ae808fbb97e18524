//! `conv2d`: forward, a sliding dot product; backward, the valid cross-correlation of input and delta for the
//! weights, and the full convolution of the delta with the kernel turned by 180° for the input.
//!
//! The three are one loop nest: each tap multiplies what it meets, and every factor's derivative is the
//! product of the others.

use super::axis::{Axis, Index, Window};
use super::channels::Channels;
use super::function::{Argument, Function, Functions, parameters_pattern};
use super::tokens::{formula, loops, number, scalar};
use crate::plan::{Plan, Step};
use cnn_spec::layer::{Conv2d, ConvBias, ConvMode, Pair};
use proc_macro2::TokenStream;
use quote::quote;

/// The functions of a convolution over an input that already holds its padding.
pub fn functions(conv: &Conv2d, plan: &Plan, step: &Step) -> Functions {
    let emitter = Emitter::new(conv, plan, step);
    Functions {
        forward: Some(emitter.forward()),
        backward_weights: Some(emitter.backward_weights()),
        backward_input: emitter.backward_input(),
    }
}

struct Emitter<'a> {
    conv: &'a Conv2d,
    plan: &'a Plan<'a>,
    step: &'a Step<'a>,
    rows: Axis,
    columns: Axis,
    channels: Channels,
}

impl<'a> Emitter<'a> {
    fn new(conv: &'a Conv2d, plan: &'a Plan, step: &'a Step) -> Self {
        let input = &plan.value(step.input()).shape;
        let window = Window {
            kernel_size: conv.kernel_size,
            stride: conv.stride,
            dilation: conv.dilation,
            padding: Pair {
                height: 0,
                width: 0,
            },
        };
        let [rows, columns] = window.axes(input);
        let channels = Channels {
            groups: conv.groups,
            inputs: input.dims()[0] / conv.groups,
            kernels: conv.out_channels / conv.groups,
        };
        Self {
            conv,
            plan,
            step,
            rows,
            columns,
            channels,
        }
    }

    fn forward(&self) -> Function {
        let pattern = parameters_pattern(self.plan, &self.step.name);
        let bias = match self.conv.bias {
            ConvBias::Channel => quote!(output[o].values_mut().fill(bias[o]);),
            ConvBias::Position => quote!(output[o] = bias[o];),
            ConvBias::None => quote!(output[o].values_mut().fill(0.0);),
        };
        let (weight, [row, column], channel) = (self.weight(), self.indices(), self.channel());
        let (bind_row, bind_column) = (&row.binding, &column.binding);
        let positions = self.each_output(
            bind_row,
            &quote!(#bind_column output[o][y][x] += w * input[#channel][#row][#column];),
        );
        let taps = self.each_tap(&quote!(), &quote!(let w = #weight; #positions));
        let body = self.each_pair(&quote!(let kernel = &weight[o]; #bias), &taps, &quote!());
        Function {
            doc: self.forward_doc(),
            arguments: vec![Argument::Parameters, Argument::Input, Argument::OutputMut],
            body: quote!(let #pattern = parameters; #body),
        }
    }

    fn backward_weights(&self) -> Function {
        let pattern = parameters_pattern(self.plan, &self.step.name);
        let scalar = scalar(self.plan.network.dtype);
        let bias = match self.conv.bias {
            ConvBias::Channel => {
                quote!(bias[o] += delta[o].values().iter().sum::<#scalar>();)
            }
            ConvBias::Position => {
                self.each_output(&quote!(), &quote!(bias[o][y][x] += delta[o][y][x];))
            }
            ConvBias::None => quote!(),
        };
        let (weight, [row, column], channel) = (self.weight(), self.indices(), self.channel());
        let (bind_row, bind_column) = (&row.binding, &column.binding);
        let taps = self.each_tap(
            bind_row,
            &quote!(#bind_column #weight += d * input[#channel][#row][#column];),
        );
        let positions = self.each_output(&quote!(), &quote!(let d = delta[o][y][x]; #taps));
        let body = self.each_pair(&quote!(let kernel = &mut weight[o];), &positions, &bias);
        Function {
            doc: self.backward_weights_doc(),
            arguments: vec![Argument::Input, Argument::Delta, Argument::Gradients],
            body: quote!(let #pattern = gradients; #body),
        }
    }

    fn backward_input(&self) -> Function {
        let (weight, [row, column], channel) = (self.weight(), self.indices(), self.channel());
        let (bind_row, bind_column) = (&row.binding, &column.binding);
        let positions = self.each_output(
            bind_row,
            &quote!(#bind_column input_delta[#channel][#row][#column] += w * delta[o][y][x];),
        );
        let taps = self.each_tap(&quote!(), &quote!(let w = #weight; #positions));
        let body = self.each_pair(&quote!(let kernel = &weight[o];), &taps, &quote!());
        Function {
            doc: self.backward_input_doc(),
            arguments: vec![Argument::Parameters, Argument::Delta, Argument::InputDelta],
            body: quote!(input_delta.values_mut().fill(0.0); let weight = &parameters.weight; #body),
        }
    }

    /// `kernel[i][ky][kx]`, or the tap opposite to it where the kernel is turned.
    fn weight(&self) -> TokenStream {
        let channel = self.channels.in_kernel();
        let index = |tap: TokenStream, taps: usize| match self.conv.mode {
            ConvMode::Convolution if taps > 1 => {
                let last = number(taps - 1);
                quote!(#last - #tap)
            }
            ConvMode::Convolution | ConvMode::CrossCorrelation => tap,
        };
        let (ky, kx) = (
            index(quote!(ky), self.rows.taps),
            index(quote!(kx), self.columns.taps),
        );
        quote!(kernel[#channel][#ky][#kx])
    }

    fn indices(&self) -> [Index; 2] {
        [self.rows.index("y", "ky"), self.columns.index("x", "kx")]
    }

    fn channel(&self) -> TokenStream {
        self.channels.in_input()
    }

    /// For each kernel and each channel that it sees.
    fn each_pair(
        &self,
        before: &TokenStream,
        body: &TokenStream,
        after: &TokenStream,
    ) -> TokenStream {
        let channels = self.channels.each_input(body);
        self.channels.each_kernel(&quote!(#before #channels #after))
    }

    fn each_tap(&self, in_row: &TokenStream, body: &TokenStream) -> TokenStream {
        let columns = loops(&[("kx", self.columns.taps)], body);
        loops(&[("ky", self.rows.taps)], &quote!(#in_row #columns))
    }

    fn each_output(&self, in_row: &TokenStream, body: &TokenStream) -> TokenStream {
        let output = self.plan.value(self.step.output).shape.dims();
        let columns = loops(&[("x", output[2])], body);
        loops(&[("y", output[1])], &quote!(#in_row #columns))
    }
}

/// Documentation: shapes, and the formula with this layer's numbers in it.
impl Emitter<'_> {
    fn forward_doc(&self) -> String {
        let Self { step, conv, .. } = self;
        let mode = match conv.mode {
            ConvMode::CrossCorrelation => "a cross-correlation",
            ConvMode::Convolution => "a true convolution: the kernel is turned by 180°",
        };
        let bias = match conv.bias {
            ConvBias::Channel => "bias[o] + ",
            ConvBias::Position => "bias[o][y][x] + ",
            ConvBias::None => "",
        };
        let sum = format!(
            "output[o][y][x] = {bias}Σ {} · {}    over {}",
            self.weight_formula(),
            self.input_formula("input"),
            if self.channels.in_kernel().to_string() == "i" {
                "i, ky, kx"
            } else {
                "ky, kx"
            },
        );
        format!(
            "`{}` forward, {}: every kernel slides over the input, and each output is the dot product \
             of the kernel with the window under it ({mode}).\n\n{}",
            step.name,
            step.shapes(self.plan),
            formula(&sum),
        )
    }

    fn backward_weights_doc(&self) -> String {
        let weight = format!(
            "∂loss/∂{} = Σ delta[o][y][x] · {}    over y, x",
            self.weight_formula(),
            self.input_formula("input"),
        );
        let bias = match self.conv.bias {
            ConvBias::Channel => "\n∂loss/∂bias[o] = Σ delta[o][y][x]    over y, x",
            ConvBias::Position => "\n∂loss/∂bias[o][y][x] = delta[o][y][x]",
            ConvBias::None => "",
        };
        format!(
            "`{}` weight gradient: the valid cross-correlation of the input with the delta, summed over \
             all positions because they share the weights. It is added to `gradients`.\n\n{}",
            self.step.name,
            formula(&(weight + bias)),
        )
    }

    fn backward_input_doc(&self) -> String {
        let kernel = match self.conv.mode {
            ConvMode::CrossCorrelation => "the kernel turned by 180°",
            ConvMode::Convolution => "the kernel as it is (forward it was turned)",
        };
        let sum = format!(
            "{} += {} · delta[o][y][x]    for all o, y, x, ky, kx",
            self.input_formula("input_delta"),
            self.weight_formula(),
        );
        format!(
            "`{}` input delta: the full convolution of the delta with {kernel}. Every delta goes back \
             through each tap to the input which that tap had met.\n\n{}",
            self.step.name,
            formula(&sum),
        )
    }

    fn weight_formula(&self) -> String {
        let tap = |tap: &str, taps: usize| match self.conv.mode {
            ConvMode::Convolution if taps > 1 => format!("{} − {tap}", taps - 1),
            ConvMode::Convolution | ConvMode::CrossCorrelation => tap.to_owned(),
        };
        let (ky, kx) = (tap("ky", self.rows.taps), tap("kx", self.columns.taps));
        format!("weight[o][{}][{ky}][{kx}]", self.channels.in_kernel())
    }

    fn input_formula(&self, array: &str) -> String {
        let (row, column) = (
            self.rows.formula("y", "ky"),
            self.columns.formula("x", "kx"),
        );
        format!("{array}[{}][{row}][{column}]", self.channel())
    }
}
