//! Activations, elementwise and over channels, each as its definition says.

use super::tape::{Tape, Variable};
use crate::layer::{Activation, Approximate, SELU_ALPHA, SELU_SCALE};
use crate::network::Layer;
use std::f64::consts::PI;

/// `σ(z)` and `σ'(z)`.
pub(super) fn activation(function: Activation, z: f64) -> (f64, f64) {
    match function {
        Activation::Relu | Activation::LeakyRelu { .. } | Activation::Elu { .. } if z > 0.0 => {
            (z, 1.0)
        }
        Activation::Relu => (0.0, 0.0),
        Activation::LeakyRelu { negative_slope } => (negative_slope * z, negative_slope),
        Activation::Relu6 => (z.clamp(0.0, 6.0), indicator(z > 0.0 && z < 6.0)),
        Activation::Elu { alpha } => (alpha * z.exp_m1(), alpha * z.exp()),
        Activation::Selu => {
            let (a, derivative) = activation(Activation::Elu { alpha: SELU_ALPHA }, z);
            (SELU_SCALE * a, SELU_SCALE * derivative)
        }
        Activation::Gelu { approximate } => {
            let (share, density) = match approximate {
                Approximate::None => normal(z),
                Approximate::Tanh => {
                    let factor = (2.0 / PI).sqrt();
                    let a = (factor * (z + 0.044_715 * z.powi(3))).tanh();
                    let slope = factor * (1.0 + 3.0 * 0.044_715 * z * z);
                    (0.5 * (1.0 + a), 0.5 * (1.0 - a * a) * slope)
                }
            };
            (z * share, share + z * density)
        }
        Activation::Silu => {
            let (s, slope) = activation(Activation::Sigmoid, z);
            (z * s, s + z * slope)
        }
        Activation::Softplus { beta, threshold } if beta * z > threshold => (z, 1.0),
        Activation::Softplus { beta, .. } => {
            let (s, _) = activation(Activation::Sigmoid, beta * z);
            ((beta * z).exp().ln_1p() / beta, s)
        }
        Activation::Sigmoid => {
            let a = 1.0 / (1.0 + (-z).exp());
            (a, a * (1.0 - a))
        }
        Activation::HardSigmoid => {
            let (a, slope) = activation(Activation::Relu6, z + 3.0);
            (a / 6.0, slope / 6.0)
        }
        Activation::HardSwish => {
            let (s, slope) = activation(Activation::HardSigmoid, z);
            (z * s, s + z * slope)
        }
        Activation::Tanh => {
            let a = z.tanh();
            (a, 1.0 - a * a)
        }
    }
}

fn indicator(holds: bool) -> f64 {
    if holds { 1.0 } else { 0.0 }
}

/// The normal distribution up to `z`, and its density there.
///
/// `Φ(z) = ½ + φ(z) Σ z^(2n + 1) / (1 · 3 · 5 ⋯ (2n + 1))`, a series without a sign that changes.
fn normal(z: f64) -> (f64, f64) {
    /// Beyond this there is nothing between the share and 0 or 1.
    const FAR: f64 = 38.0;
    if z.abs() > FAR {
        return (indicator(z > 0.0), 0.0);
    }
    let density = (-0.5 * z * z).exp() / (2.0 * PI).sqrt();
    let (mut term, mut sum, mut odd) = (z, z, 1.0);
    while term.abs() > f64::EPSILON * sum.abs() * 1e-3 {
        odd += 2.0;
        term *= z * z / odd;
        sum += term;
    }
    (0.5 + density * sum, density)
}

/// `z` where positive, else `w · z`.
pub(super) fn prelu(
    tape: &mut Tape,
    layer: &Layer,
    weight: &[Variable],
    input: &[Variable],
) -> Vec<Variable> {
    let share = input.len() / layer.input_shape().dims()[0];
    let output = |(index, &z): (usize, &Variable)| {
        if tape.value(z) > 0.0 {
            return z;
        }
        let slope = weight[index / share % weight.len()];
        tape.sum_of_products(&[(slope, z)], None)
    };
    input.iter().enumerate().map(output).collect()
}

/// `out[j] = e^in[j] / Σ e^in[k]` over channels `j` and `k`.
pub(super) fn softmax(tape: &mut Tape, layer: &Layer, input: &[Variable]) -> Vec<Variable> {
    over_channels(layer, input, |z| {
        let (_, exponentials, sum) = exponentials(tape, z);
        let divide = |e| tape.divide(e, sum);
        exponentials.into_iter().map(divide).collect()
    })
}

/// `out[j] = in[j] − ln Σ e^in[k]` over channels `j` and `k`.
pub(super) fn log_softmax(tape: &mut Tape, layer: &Layer, input: &[Variable]) -> Vec<Variable> {
    over_channels(layer, input, |z| {
        let (largest, _, sum) = exponentials(tape, z);
        let logarithm = tape.map(sum, |sum| (largest + sum.ln(), 1.0 / sum));
        let subtract = |&z| tape.combine(vec![(z, 1.0), (logarithm, -1.0)]);
        z.iter().map(subtract).collect()
    })
}

/// Applies a function to the channels at each position.
fn over_channels(
    layer: &Layer,
    input: &[Variable],
    mut function: impl FnMut(&[Variable]) -> Vec<Variable>,
) -> Vec<Variable> {
    let count = input.len() / layer.input_shape().dims()[0];
    let mut output = input.to_vec();
    for position in 0..count {
        let places = (position..input.len()).step_by(count);
        let channels: Vec<_> = places.clone().map(|place| input[place]).collect();
        for (place, value) in places.zip(function(&channels)) {
            output[place] = value;
        }
    }
    output
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
pub(super) fn elementwise(
    tape: &mut Tape,
    input: &[Variable],
    function: impl Fn(f64) -> (f64, f64),
) -> Vec<Variable> {
    let apply = |&x| tape.map(x, &function);
    input.iter().map(apply).collect()
}
