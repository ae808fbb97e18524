//! Each kind of layer as its definition says: one output value after the other.

use super::activation::{activation, elementwise, log_softmax, prelu, softmax};
use super::tape::{Tape, Variable};
use crate::Shape;
use crate::layer::{
    AdaptiveAvgPool2d, AvgPool2d, ChannelShuffle, Conv2d, ConvBias, ConvMode, ConvTranspose2d,
    Dense, GlobalPool, Kind, LayerNorm, MaxPool2d, Padding, Pair, Reduction, Upsample2d,
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
        Kind::ConvTranspose2d(conv) => conv_transpose2d(tape, conv, layer, parameters, input),
        Kind::GlobalPool(pool) => global_pool(tape, *pool, layer, input),
        Kind::AdaptiveAvgPool2d(pool) => adaptive_avg_pool2d(tape, *pool, layer, input),
        Kind::Upsample2d(upsample) => upsample2d(*upsample, layer, input),
        Kind::ZeroPad2d(pad) => zero_pad2d(tape, pad.padding, layer, input),
        Kind::LayerNorm(norm) => layer_norm(tape, norm, layer, parameters, input),
        Kind::BatchNorm(_) | Kind::Dropout(_) => unreachable!("they take a whole batch"),
        Kind::Flatten(_) | Kind::Reshape(_) => input.to_vec(),
        Kind::ChannelShuffle(shuffle) => channel_shuffle(*shuffle, layer, input),
        Kind::Activation(function) => elementwise(tape, input, |z| activation(*function, z)),
        Kind::PRelu(_) => prelu(tape, layer, &parameters[0], input),
        Kind::Softmax(_) => softmax(tape, layer, input),
        Kind::LogSoftmax(_) => log_softmax(tape, layer, input),
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
    let input = Padded::new(input, layer.input_shape(), pool.window.padding.into());
    let windows = input.windows(
        pool.window.kernel_size,
        pool.window.stride,
        &layer.output_shape,
    );
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
    let input = Padded::new(input, layer.input_shape(), pool.window.padding.into());
    let windows = input.windows(
        pool.window.kernel_size,
        pool.window.stride,
        &layer.output_shape,
    );
    let factor = 1.0 / (pool.window.kernel_size.height * pool.window.kernel_size.width) as f64;
    let output =
        |window: Vec<Variable>| tape.combine(window.into_iter().map(|x| (x, factor)).collect());
    windows.into_iter().map(output).collect()
}

/// The sum over all `o, y, x` that meet: `out[o, y s + ky d − p, x s + kx d − p] += w[i, o, ky, kx] · in[i, y, x]`.
fn conv_transpose2d(
    tape: &mut Tape,
    conv: &ConvTranspose2d,
    layer: &Layer,
    parameters: &[Vec<Variable>],
    input: &[Variable],
) -> Vec<Variable> {
    let channels = maps(layer.input_shape())[0];
    let (inputs, outputs) = (channels / conv.groups, conv.out_channels / conv.groups);
    let kernel = positions(outputs, conv.kernel_size);
    let target = Padded::new(&[], &layer.output_shape, conv.padding.into());
    let mut products = vec![Vec::new(); layer.output_shape.elements()];
    for (&value, [i, y, x]) in input.iter().zip(map_positions(layer.input_shape())) {
        let weights = &parameters[0][i * kernel.len()..];
        for (&weight, &[o, ky, kx]) in weights.iter().zip(&kernel) {
            let row = y * conv.stride.height + ky * conv.dilation.height;
            let column = x * conv.stride.width + kx * conv.dilation.width;
            if let Some(index) = target.index(i / inputs * outputs + o, row, column) {
                products[index].push((weight, value));
            }
        }
    }
    let sum = |(products, [o, _, _]): (Vec<_>, [usize; 3])| {
        tape.sum_of_products(&products, conv.bias.then(|| parameters[1][o]))
    };
    let positions = map_positions(&layer.output_shape);
    products.into_iter().zip(positions).map(sum).collect()
}

/// The mean or the largest value of each channel.
fn global_pool(
    tape: &mut Tape,
    pool: GlobalPool,
    layer: &Layer,
    input: &[Variable],
) -> Vec<Variable> {
    let [_, height, width] = maps(layer.input_shape());
    let reduce = |map: &[Variable]| match pool.reduction {
        Reduction::Mean => mean(tape, map),
        Reduction::Max => {
            let larger = |a, b| if tape.value(b) > tape.value(a) { b } else { a };
            map.iter()
                .copied()
                .reduce(larger)
                .expect("a map has values")
        }
    };
    input.chunks(height * width).map(reduce).collect()
}

/// The mean of rows `⌊y H / rows⌋` to `⌈(y + 1) H / rows⌉` and columns likewise.
fn adaptive_avg_pool2d(
    tape: &mut Tape,
    pool: AdaptiveAvgPool2d,
    layer: &Layer,
    input: &[Variable],
) -> Vec<Variable> {
    let [_, height, width] = maps(layer.input_shape());
    let range = |index: usize, size: usize, count: usize| {
        index * size / count..((index + 1) * size).div_ceil(count)
    };
    let output = |[c, y, x]: [usize; 3]| {
        let columns = range(x, width, pool.output_size.width);
        let rows = range(y, height, pool.output_size.height);
        let row = |row: usize| {
            let start = (c * height + row) * width;
            &input[start + columns.start..start + columns.end]
        };
        let window: Vec<_> = rows.flat_map(row).copied().collect();
        mean(tape, &window)
    };
    map_positions(&layer.output_shape)
        .into_iter()
        .map(output)
        .collect()
}

/// `out[c, y, x] = in[c, ⌊y / f⌋, ⌊x / g⌋]`.
fn upsample2d(upsample: Upsample2d, layer: &Layer, input: &[Variable]) -> Vec<Variable> {
    let [_, height, width] = maps(layer.input_shape());
    let factor = upsample.scale_factor;
    let value =
        |[c, y, x]: [usize; 3]| input[(c * height + y / factor.height) * width + x / factor.width];
    map_positions(&layer.output_shape)
        .into_iter()
        .map(value)
        .collect()
}

/// `out[c] = in[(c mod g) · C / g + ⌊c / g⌋]`.
fn channel_shuffle(shuffle: ChannelShuffle, layer: &Layer, input: &[Variable]) -> Vec<Variable> {
    let [channels, height, width] = maps(layer.input_shape());
    let groups = shuffle.groups;
    let size = channels / groups;
    let value = |[c, y, x]: [usize; 3]| {
        let source = c % groups * size + c / groups;
        input[(source * height + y) * width + x]
    };
    map_positions(&layer.output_shape)
        .into_iter()
        .map(value)
        .collect()
}

/// The input, and zeros where there is none.
fn zero_pad2d(
    tape: &mut Tape,
    padding: Padding,
    layer: &Layer,
    input: &[Variable],
) -> Vec<Variable> {
    let input = Padded::new(input, layer.input_shape(), padding);
    let value = |[c, y, x]: [usize; 3]| {
        let value = input.at(c, y, x);
        tape.combine(value.map(|x| (x, 1.0)).into_iter().collect())
    };
    map_positions(&layer.output_shape)
        .into_iter()
        .map(value)
        .collect()
}

/// `out[i] = (in[i] − m) / √(v + ε) · w[i] + b[i]` with mean `m` and variance `v` of each run of values.
fn layer_norm(
    tape: &mut Tape,
    norm: &LayerNorm,
    layer: &Layer,
    parameters: &[Vec<Variable>],
    input: &[Variable],
) -> Vec<Variable> {
    let count: usize = norm.normalized(layer.input_shape()).iter().product();
    let mut output = Vec::new();
    for run in input.chunks(count) {
        let mean_value = mean(tape, run);
        let centred: Vec<_> = run
            .iter()
            .map(|&x| tape.combine(vec![(x, 1.0), (mean_value, -1.0)]))
            .collect();
        let squares = elementwise(tape, &centred, |x| (x * x, 2.0 * x));
        let variance = mean(tape, &squares);
        let deviation = tape.map(variance, |v| {
            let root = (v + norm.epsilon).sqrt();
            (root, 0.5 / root)
        });
        for (index, x) in centred.into_iter().enumerate() {
            let scaled = tape.divide(x, deviation);
            output.push(match parameters {
                [] => scaled,
                [weight, bias @ ..] => {
                    let bias = bias.first().map(|bias| bias[index]);
                    tape.sum_of_products(&[(weight[index], scaled)], bias)
                }
            });
        }
    }
    output
}

/// The mean of some values.
pub(super) fn mean(tape: &mut Tape, values: &[Variable]) -> Variable {
    let share = 1.0 / values.len() as f64;
    tape.combine(values.iter().map(|&x| (x, share)).collect())
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

/// `out[i] = Σ in_k[i]`.
fn add(tape: &mut Tape, inputs: &[&[Variable]]) -> Vec<Variable> {
    let sum = |index: usize| {
        let terms = inputs.iter().map(|input| (input[index], 1.0));
        tape.combine(terms.collect())
    };
    (0..inputs[0].len()).map(sum).collect()
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
        Some(self.values[self.index(channel, row, column)?])
    }

    /// Where that value is.
    fn index(&self, channel: usize, row: usize, column: usize) -> Option<usize> {
        let Pair { height, width } = self.size;
        let y = row.checked_sub(self.padding.top)?;
        let x = column.checked_sub(self.padding.left)?;
        (y < height && x < width).then_some((channel * height + y) * width + x)
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
