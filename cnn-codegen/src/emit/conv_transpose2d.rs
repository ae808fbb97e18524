//! `conv_transpose2d`: a convolution's three passes with forward and backward exchanged.
//!
//! Forward, every input value puts the kernel, times itself, into the output; backward, every input value gets the dot
//! product of the kernel with the delta under it.

use super::axis::{Axis, Window, each_tap};
use super::function::{Argument, Function, Functions, parameters_pattern};
use super::tokens::{formula, loops, number, scalar};
use crate::plan::{Plan, Step};
use cnn_spec::layer::ConvTranspose2d;
use proc_macro2::TokenStream;
use quote::{ToTokens, quote};

/// The functions of a transposed convolution.
pub fn functions(conv: &ConvTranspose2d, plan: &Plan, step: &Step) -> Functions {
    let emitter = Emitter::new(conv, plan, step);
    Functions {
        forward: Some(emitter.forward()),
        backward_weights: Some(emitter.backward_weights()),
        backward_input: emitter.backward_input(),
    }
}

/// A weight in formulas.
const WEIGHT: &str = "weight[i][o][ky][kx]";

struct Emitter<'a> {
    conv: &'a ConvTranspose2d,
    plan: &'a Plan<'a>,
    step: &'a Step<'a>,
    /// Rows and columns of the output that a kernel meets.
    axes: [Axis; 2],
    /// Input channels of a group.
    inputs: usize,
    /// Output channels of a group.
    outputs: usize,
}

impl<'a> Emitter<'a> {
    fn new(conv: &'a ConvTranspose2d, plan: &'a Plan, step: &'a Step) -> Self {
        let window = Window {
            kernel_size: conv.kernel_size,
            stride: conv.stride,
            dilation: conv.dilation,
            padding: conv.padding,
        };
        Self {
            conv,
            plan,
            step,
            axes: window.axes(&plan.value(step.output).shape),
            inputs: plan.value(step.input()).shape.dims()[0] / conv.groups,
            outputs: conv.out_channels / conv.groups,
        }
    }

    fn forward(&self) -> Function {
        let pattern = parameters_pattern(self.plan, &self.step.name);
        let channel = self.channel();
        let first = if self.conv.bias {
            loops(
                &[("o", self.conv.out_channels)],
                &quote!(output[o].values_mut().fill(bias[o]);),
            )
        } else {
            quote!(output.values_mut().fill(0.0);)
        };
        let taps = each_tap(
            self.axes,
            |row, column| quote!(output[#channel][#row][#column] += kernel[ky][kx] * value;),
        );
        let sums = self.each_pair(
            &quote!(let kernel = &weight[i][o];),
            &quote!(let value = input[i][y][x]; #taps),
        );
        let bias = if self.conv.bias { "bias[o], and " } else { "" };
        Function {
            doc: format!(
                "`{}` forward, {}: every input value puts the kernel, times itself, into the output.\n\n{}",
                self.step.name,
                self.step.shapes(self.plan),
                formula(&format!(
                    "{} = {bias}Σ {} · input[i][y][x]    over all i, y, x, ky, kx",
                    self.output_formula("output"),
                    WEIGHT,
                )),
            ),
            arguments: vec![Argument::Parameters, Argument::Input, Argument::OutputMut],
            body: quote!(let #pattern = parameters; #first #sums),
        }
    }

    fn backward_weights(&self) -> Function {
        let pattern = parameters_pattern(self.plan, &self.step.name);
        let (scalar, channel) = (scalar(self.plan.network.dtype), self.channel());
        let taps = each_tap(
            self.axes,
            |row, column| quote!(kernel[ky][kx] += value * delta[#channel][#row][#column];),
        );
        let sums = self.each_pair(
            &quote!(let kernel = &mut weight[i][o];),
            &quote!(let value = input[i][y][x]; #taps),
        );
        let bias = self.conv.bias.then(|| {
            loops(
                &[("o", self.conv.out_channels)],
                &quote!(bias[o] += delta[o].values().iter().sum::<#scalar>();),
            )
        });
        let bias_text = if self.conv.bias {
            "\n∂loss/∂bias[o] = Σ delta[o][y][x]    over y, x"
        } else {
            ""
        };
        Function {
            doc: format!(
                "`{}` weight gradient: each tap has met every input value at one place of the delta. It is \
                 added to `gradients`.\n\n{}",
                self.step.name,
                formula(&format!(
                    "∂loss/∂{} = Σ input[i][y][x] · {}    over y, x{bias_text}",
                    WEIGHT,
                    self.output_formula("delta"),
                )),
            ),
            arguments: vec![Argument::Input, Argument::Delta, Argument::Gradients],
            body: quote!(let #pattern = gradients; #sums #bias),
        }
    }

    fn backward_input(&self) -> Function {
        let channel = self.channel();
        let taps = each_tap(
            self.axes,
            |row, column| quote!(sum += kernel[ky][kx] * delta[#channel][#row][#column];),
        );
        let sums = self.each_pair(
            &quote!(let kernel = &weight[i][o];),
            &quote!(let mut sum = 0.0; #taps input_delta[i][y][x] += sum;),
        );
        Function {
            doc: format!(
                "`{}` input delta: a convolution of the delta, every kernel's dot product with the window \
                 that its input value had filled.\n\n{}",
                self.step.name,
                formula(&format!(
                    "input_delta[i][y][x] = Σ {} · {}    over o, ky, kx",
                    WEIGHT,
                    self.output_formula("delta"),
                )),
            ),
            arguments: vec![Argument::Parameters, Argument::Delta, Argument::InputDelta],
            body: quote!(input_delta.values_mut().fill(0.0); let weight = &parameters.weight; #sums),
        }
    }

    /// For each kernel, and each input value that it meets.
    fn each_pair(&self, kernel: &TokenStream, body: &TokenStream) -> TokenStream {
        let input = self.plan.value(self.step.input()).shape.dims();
        let positions = loops(&[("y", input[1]), ("x", input[2])], body);
        loops(
            &[("i", input[0]), ("o", self.outputs)],
            &quote!(#kernel #positions),
        )
    }

    /// The output channel of the kernel `o` of input channel `i`.
    fn channel(&self) -> TokenStream {
        if self.conv.groups == 1 {
            return quote!(o);
        }
        let group = match self.inputs {
            1 => quote!(i),
            inputs => {
                let inputs = number(inputs);
                quote!(i / #inputs)
            }
        };
        match self.outputs {
            1 => quote!(#group + o),
            outputs => {
                let outputs = number(outputs);
                quote!(#group * #outputs + o)
            }
        }
    }

    fn output_formula(&self, array: &str) -> String {
        let [rows, columns] = self.axes;
        let channel = self.channel().into_token_stream();
        let (row, column) = (rows.formula("y", "ky"), columns.formula("x", "kx"));
        format!("{array}[{channel}][{row}][{column}]")
    }
}
