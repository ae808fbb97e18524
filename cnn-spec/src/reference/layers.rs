//! Each kind of layer as its definition says: one output value after the other.

use super::tape::{Tape, Variable};
use crate::Shape;
use crate::layer::{
    Activation, AvgPool2d, Conv2d, ConvBias, ConvMode, Dense, Kind, MaxPool2d, Padding, Pair,
};
use crate::network::Layer;

/// The output of `layer` for one sample.
pub(super) fn forward(
    tape: &mut Tape,
    layer: &Layer,
    parameters: &[Vec<Variable>],
    inputs: &[&[Variable]],
) -> Vec<Variable> {
    let input = inputs[0];
    match &layer.kind {
        Kind::Conv2d(conv) => conv2d(tape, conv, layer, parameters, input),
        Kind::MaxPool2d(pool) => max_pool2d(tape, pool, layer, input),
        Kind::AvgPool2d(pool) => avg_pool2d(tape, pool, layer, input),
        Kind::Dense(dense) => self::dense(tape, dense, parameters, input),
        Kind::Flatten(_) => elementwise(tape, input, |x| (x, 1.0)),
        Kind::Activation(function) => elementwise(tape, input, |z| activation(*function, z)),
        Kind::Softmax(_) => softmax(tape, input),
        Kind::Add(_) => add(tape, inputs),
        Kind::Concat(_) => inputs.concat(),
    }
}

/// `out[o, y, x] = Σ w[o, i, ky, kx] · in[i, y s + ky d − p, x s + kx d − p] + b`.
fn conv2d(
    tape: &mut Tape,
    conv: &Conv2d,
    layer: &Layer,
    parameters: &[Vec<Variable>],
    input: &[Variable],
) -> Vec<Variable> {
    let input = Padded::new(input, layer.input_shape(), conv.padding);
    let inputs = input.channels / conv.groups;
    let outputs = conv.out_channels / conv.groups;
    let kernel = positions(inputs, conv.kernel_size);
    let output = |(index, [o, y, x]): (usize, [usize; 3])| {
        let weights = &parameters[0][o * kernel.len()..];
        let mut products = Vec::with_capacity(kernel.len());
        for (&weight, &[i, ky, kx]) in weights.iter().zip(&kernel) {
            let [ky, kx] = match conv.mode {
                ConvMode::CrossCorrelation => [ky, kx],
                ConvMode::Convolution => [
                    conv.kernel_size.height - 1 - ky,
                    conv.kernel_size.width - 1 - kx,
                ],
            };
            let row = y * conv.stride.height + ky * conv.dilation.height;
            let column = x * conv.stride.width + kx * conv.dilation.width;
            if let Some(value) = input.at(o / outputs * inputs + i, row, column) {
                products.push((weight, value));
            }
        }
        let bias = match conv.bias {
            ConvBias::Channel => Some(parameters[1][o]),
            ConvBias::Position => Some(parameters[1][index]),
            ConvBias::None => None,
        };
        tape.sum_of_products(&products, bias)
    };
    let positions = map_positions(&layer.output_shape);
    positions.into_iter().enumerate().map(output).collect()
}

/// `out[c, y, x] = max in[c, y s + ky − p, x s + kx − p]`; the first of several largest values is the one.
fn max_pool2d(
    tape: &mut Tape,
    pool: &MaxPool2d,
    layer: &Layer,
    input: &[Variable],
) -> Vec<Variable> {
    let input = Padded::new(input, layer.input_shape(), around(pool.padding));
    let windows = input.windows(pool.kernel_size, pool.stride, &layer.output_shape);
    let output = |window: Vec<Variable>| {
        let larger = |a, b| if tape.value(b) > tape.value(a) { b } else { a };
        let largest = window.into_iter().reduce(larger);
        tape.combine(largest.map(|x| (x, 1.0)).into_iter().collect())
    };
    windows.into_iter().map(output).collect()
}

/// `out[c, y, x] = Σ in[c, y s + ky − p, x s + kx − p] / (kh kw)`.
fn avg_pool2d(
    tape: &mut Tape,
    pool: &AvgPool2d,
    layer: &Layer,
    input: &[Variable],
) -> Vec<Variable> {
    let input = Padded::new(input, layer.input_shape(), around(pool.padding));
    let windows = input.windows(pool.kernel_size, pool.stride, &layer.output_shape);
    let factor = 1.0 / (pool.kernel_size.height * pool.kernel_size.width) as f64;
    let output =
        |window: Vec<Variable>| tape.combine(window.into_iter().map(|x| (x, factor)).collect());
    windows.into_iter().map(output).collect()
}

/// `out[o] = Σ w[o, i] · in[i] + b[o]`.
fn dense(
    tape: &mut Tape,
    dense: &Dense,
    parameters: &[Vec<Variable>],
    input: &[Variable],
) -> Vec<Variable> {
    let output = |o: usize| {
        let weights = parameters[0][o * input.len()..].iter().copied();
        let products: Vec<_> = weights.zip(input.iter().copied()).collect();
        tape.sum_of_products(&products, dense.bias.then(|| parameters[1][o]))
    };
    (0..dense.out_features).map(output).collect()
}

/// `σ(z)` and `σ'(z)`.
fn activation(function: Activation, z: f64) -> (f64, f64) {
    match function {
        Activation::Relu | Activation::LeakyRelu { .. } if z > 0.0 => (z, 1.0),
        Activation::Relu => (0.0, 0.0),
        Activation::LeakyRelu { negative_slope } => (negative_slope * z, negative_slope),
        Activation::Sigmoid => {
            let a = 1.0 / (1.0 + (-z).exp());
            (a, a * (1.0 - a))
        }
        Activation::Tanh => {
            let a = z.tanh();
            (a, 1.0 - a * a)
        }
    }
}

/// `out[j] = e^in[j] / Σ e^in[k]`.
fn softmax(tape: &mut Tape, input: &[Variable]) -> Vec<Variable> {
    let (_, exponentials, sum) = exponentials(tape, input);
    let divide = |e| tape.divide(e, sum);
    exponentials.into_iter().map(divide).collect()
}

/// `out[i] = Σ in_k[i]`.
fn add(tape: &mut Tape, inputs: &[&[Variable]]) -> Vec<Variable> {
    let sum = |index: usize| {
        let terms = inputs.iter().map(|input| (input[index], 1.0));
        tape.combine(terms.collect())
    };
    (0..inputs[0].len()).map(sum).collect()
}

/// `m = max z`, each `e^(z − m)` and their sum.
///
/// What is made of them does not depend on `m`, which only keeps them finite; so it counts as a constant.
pub(super) fn exponentials(tape: &mut Tape, z: &[Variable]) -> (f64, Vec<Variable>, Variable) {
    let largest = tape.values(z).into_iter().fold(f64::NEG_INFINITY, f64::max);
    let exponential = |z| {
        let value = f64::exp(z - largest);
        (value, value)
    };
    let exponentials = elementwise(tape, z, exponential);
    let sum = tape.combine(exponentials.iter().map(|&e| (e, 1.0)).collect());
    (largest, exponentials, sum)
}

/// Applies a function, given as its value and its derivative, to each value.
fn elementwise(
    tape: &mut Tape,
    input: &[Variable],
    function: impl Fn(f64) -> (f64, f64),
) -> Vec<Variable> {
    let apply = |&x| tape.map(x, &function);
    input.iter().map(apply).collect()
}

/// Feature maps with something around them that does not count.
struct Padded<'a> {
    values: &'a [Variable],
    channels: usize,
    size: Pair,
    padding: Padding,
}

impl<'a> Padded<'a> {
    fn new(values: &'a [Variable], shape: &Shape, padding: Padding) -> Self {
        let [channels, height, width] = maps(shape);
        Self {
            values,
            channels,
            size: Pair { height, width },
            padding,
        }
    }

    /// The value at a row and a column counted from the padding's corner; `None` in the padding.
    fn at(&self, channel: usize, row: usize, column: usize) -> Option<Variable> {
        let Pair { height, width } = self.size;
        let y = row.checked_sub(self.padding.top)?;
        let x = column.checked_sub(self.padding.left)?;
        (y < height && x < width).then(|| self.values[(channel * height + y) * width + x])
    }

    /// The values under each output position's window, in reading order.
    fn windows(&self, size: Pair, stride: Pair, output: &Shape) -> Vec<Vec<Variable>> {
        let offsets = positions(1, size);
        let window = |[c, y, x]: [usize; 3]| {
            let value = |[_, ky, kx]: &[usize; 3]| {
                self.at(c, y * stride.height + ky, x * stride.width + kx)
            };
            offsets.iter().filter_map(value).collect()
        };
        map_positions(output).into_iter().map(window).collect()
    }
}

/// The same padding above as below and on the left as on the right.
fn around(padding: Pair) -> Padding {
    Padding {
        top: padding.height,
        bottom: padding.height,
        left: padding.width,
        right: padding.width,
    }
}

/// Every `[channel, row, column]` in reading order.
fn positions(channels: usize, size: Pair) -> Vec<[usize; 3]> {
    let row = |c, y| (0..size.width).map(move |x| [c, y, x]);
    let map = |c| (0..size.height).flat_map(move |y| row(c, y));
    (0..channels).flat_map(map).collect()
}

fn map_positions(shape: &Shape) -> Vec<[usize; 3]> {
    let [channels, height, width] = maps(shape);
    positions(channels, Pair { height, width })
}

fn maps(shape: &Shape) -> [usize; 3] {
    shape.maps().expect("a checked network has maps here")
}
