//! What outputs say.

use crate::math::{Real, exp};
use crate::settings::Outputs;

/// What outputs say: probabilities where they are about them.
pub fn meaning<R: Real>(kind: Outputs, outputs: &[R]) -> Vec<f64> {
    let values = outputs.iter().map(|value| value.to_f64());
    match kind {
        Outputs::Logits => softmax(values),
        Outputs::LogProbabilities => values.map(exp).collect(),
        Outputs::BinaryLogits => values.map(|value| 1.0 / (1.0 + exp(-value))).collect(),
        Outputs::Values if size_of::<R>() == size_of::<f32>() => values.map(shortest).collect(),
        Outputs::Probabilities | Outputs::Values => values.collect(),
    }
}

fn softmax(values: impl Iterator<Item = f64> + Clone) -> Vec<f64> {
    let largest = values.clone().fold(f64::NEG_INFINITY, f64::max);
    let powers: Vec<_> = values.map(|value| exp(value - largest)).collect();
    let sum: f64 = powers.iter().sum();
    powers.into_iter().map(|power| power / sum).collect()
}

/// The number with the fewest digits that are read as this one in `f32`.
fn shortest(value: f64) -> f64 {
    (value as f32).to_string().parse().unwrap_or(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn assert_close(values: &[f64], expected: &[f64]) {
        assert_eq!(values.len(), expected.len());
        for (value, expected) in values.iter().zip(expected) {
            assert!((value - expected).abs() < 1e-12, "{value} {expected}");
        }
    }

    /// ln 1, ln 2 and ln 5 are logits of 1/8, 2/8 and 5/8, wherever they are moved.
    #[test]
    fn outputs_become_probabilities() {
        let logarithms = [1.0_f64, 2.0, 5.0].map(f64::ln);
        let shares = [0.125, 0.25, 0.625];
        assert_close(&meaning(Outputs::Logits, &logarithms), &shares);
        let moved = logarithms.map(|logit| logit + 5000.0);
        let moved = meaning(Outputs::Logits, &moved);
        assert!((moved[2] - 0.625).abs() < 1e-9, "{moved:?}");
        let of_shares = meaning(Outputs::LogProbabilities, &shares.map(f64::ln));
        assert_close(&of_shares, &shares);
        let odds = meaning(Outputs::BinaryLogits, &[3.0_f64.ln(), 0.0, -1e9]);
        assert_close(&odds, &[0.75, 0.5, 0.0]);
        assert_close(&meaning(Outputs::Probabilities, &shares), &shares);
    }
}
