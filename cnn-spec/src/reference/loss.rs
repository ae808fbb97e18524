//! The cost of one sample.

use super::activation::exponentials;
use super::tape::{Tape, Variable};
use crate::training::Loss;

/// The cost of one sample's `output` beside its `target`, and the derivative with respect to each output.
///
/// The target is a vector like the output; for a class label it is one at the label and zero elsewhere.
///
/// # Panics
/// If the two are not of the same length.
pub fn loss(loss: Loss, output: &[f64], target: &[f64]) -> (f64, Vec<f64>) {
    assert_eq!(output.len(), target.len(), "one target for each output");
    let mut tape = Tape::default();
    let output = tape.variables(output);
    let cost = match loss {
        Loss::SoftmaxCrossEntropy => cross_entropy(&mut tape, &output, target),
        Loss::Mse => squares(&mut tape, &output, target, 1.0 / target.len() as f64),
        Loss::Quadratic => squares(&mut tape, &output, target, 0.5),
    };
    let delta = tape.backward(&[cost], &[1.0]).of(&output);
    (tape.value(cost), delta)
}

/// `−Σ y[j] · ln softmax(a)[j]`, where `ln softmax(a)[j] = a[j] − m − ln Σ e^(a[k] − m)`.
fn cross_entropy(tape: &mut Tape, output: &[Variable], target: &[f64]) -> Variable {
    let (largest, _, sum) = exponentials(tape, output);
    let log_sum = tape.map(sum, |s| (s.ln() + largest, 1.0 / s));
    let terms = output.iter().zip(target);
    let terms = terms.flat_map(|(&a, &y)| [(a, -y), (log_sum, y)]);
    tape.combine(terms.collect())
}

/// `factor · Σ (a − y)²`.
fn squares(tape: &mut Tape, output: &[Variable], target: &[f64], factor: f64) -> Variable {
    let square = |(&a, &y): (&Variable, &f64)| {
        let square = tape.map(a, |a| ((a - y) * (a - y), 2.0 * (a - y)));
        (square, factor)
    };
    let terms = output.iter().zip(target).map(square).collect();
    tape.combine(terms)
}
