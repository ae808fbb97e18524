//! The cost of one sample.

use super::activation::exponentials;
use super::tape::{Tape, Variable};
use crate::training::{Classes, Loss};

/// The cost of one sample's `output` beside its `target`, and the derivative with respect to each output.
///
/// The target is a vector like the output; for a class label it is one at the label and zero elsewhere.
///
/// # Panics
/// If the two are not of the same length.
pub fn loss(loss: &Loss, output: &[f64], target: &[f64]) -> (f64, Vec<f64>) {
    assert_eq!(output.len(), target.len(), "one target for each output");
    let mut tape = Tape::default();
    let output = tape.variables(output);
    let pairs = || output.iter().copied().zip(target.iter().copied());
    let mut mean = |term: &dyn Fn(f64, f64) -> (f64, f64)| {
        let terms = pairs().map(|(a, y)| (tape.map(a, |a| term(a, y)), 1.0 / target.len() as f64));
        let terms = terms.collect();
        tape.combine(terms)
    };
    let cost = match loss {
        Loss::SoftmaxCrossEntropy(classes) => {
            let log_probabilities = log_softmax(&mut tape, &output);
            log_likelihood(&mut tape, classes, &log_probabilities, target)
        }
        Loss::Nll(classes) => log_likelihood(&mut tape, classes, &output, target),
        Loss::BinaryCrossEntropy { pos_weight } => {
            binary_cross_entropy(&mut tape, pos_weight, &output, target)
        }
        Loss::Mse => mean(&|a, y| ((a - y) * (a - y), 2.0 * (a - y))),
        Loss::Quadratic => {
            let half = |a: f64, y: f64| (0.5 * (a - y) * (a - y), a - y);
            let terms = pairs().map(|(a, y)| (tape.map(a, |a| half(a, y)), 1.0));
            let terms = terms.collect();
            tape.combine(terms)
        }
        Loss::L1 => mean(&|a, y| ((a - y).abs(), sign(a - y))),
        Loss::SmoothL1 { beta } => mean(&|a, y| match (a - y).abs() {
            distance if distance < *beta => (0.5 * distance * distance / beta, (a - y) / beta),
            distance => (distance - 0.5 * beta, sign(a - y)),
        }),
        Loss::Huber { delta } => mean(&|a, y| match (a - y).abs() {
            distance if distance <= *delta => (0.5 * distance * distance, a - y),
            distance => (delta * (distance - 0.5 * delta), delta * sign(a - y)),
        }),
    };
    let delta = tape.backward(&[cost], &[1.0]).of(&output);
    (tape.value(cost), delta)
}

/// What a sample weighs in the mean over a batch: 1, or the weight of its class.
pub fn weight(loss: &Loss, target: &[f64]) -> f64 {
    let Some(classes) = loss.classes() else {
        return 1.0;
    };
    let weights = target.iter().enumerate();
    weights.map(|(class, y)| y * classes.weight_of(class)).sum()
}

/// `a[j] − m − ln Σ e^(a[k] − m)`, where `m` is the largest.
fn log_softmax(tape: &mut Tape, output: &[Variable]) -> Vec<Variable> {
    let (largest, _, sum) = exponentials(tape, output);
    let log_sum = tape.map(sum, |s| (s.ln() + largest, 1.0 / s));
    let minus = |&a: &Variable| tape.combine(vec![(a, 1.0), (log_sum, -1.0)]);
    output.iter().map(minus).collect()
}

/// `−Σ w[j] ((1 − ε) y[j] + ε / K) ln p[j]`.
fn log_likelihood(
    tape: &mut Tape,
    classes: &Classes,
    log_probabilities: &[Variable],
    target: &[f64],
) -> Variable {
    let smoothing = classes.label_smoothing;
    let even = smoothing / target.len() as f64;
    let share = |class| classes.weight_of(class) * ((1.0 - smoothing) * target[class] + even);
    let terms = log_probabilities.iter().enumerate();
    let terms = terms.map(|(class, &log)| (log, -share(class))).collect();
    tape.combine(terms)
}

/// The mean of `−p y ln σ(a) − (1 − y) ln(1 − σ(a))`, where `−ln σ(a) = ln(1 + e^−a)`.
fn binary_cross_entropy(
    tape: &mut Tape,
    pos_weight: &[f64],
    output: &[Variable],
    target: &[f64],
) -> Variable {
    let share = 1.0 / target.len() as f64;
    let mut term = |(index, &a): (usize, &Variable)| {
        let positive = match pos_weight {
            [] => 1.0,
            [one] => *one,
            each => each[index],
        };
        let y = target[index];
        let cost = |a: f64| {
            let value = positive * y * softplus(-a) + (1.0 - y) * softplus(a);
            (value, (1.0 - y) * sigmoid(a) - positive * y * sigmoid(-a))
        };
        (tape.map(a, cost), share)
    };
    let terms = output.iter().enumerate().map(&mut term).collect();
    tape.combine(terms)
}

fn softplus(x: f64) -> f64 {
    x.max(0.0) + (-x.abs()).exp().ln_1p()
}

fn sigmoid(x: f64) -> f64 {
    1.0 / (1.0 + (-x).exp())
}

/// −1, 0 or 1.
fn sign(x: f64) -> f64 {
    if x == 0.0 { 0.0 } else { x.signum() }
}
