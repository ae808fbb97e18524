//! Numbers that go wrong: what is infinite or no number at all, and where it came from.

use super::shard::Sum;
use crate::error::Error;
use crate::math::Real;
use crate::model::{Parameters, Trainable};

/// What is not finite, and what is known of the reason.
pub struct Flaw {
    what: String,
    reason: Option<String>,
}

impl Flaw {
    /// What is wrong with the sums over a batch, which the parameters gave.
    pub fn of_batch<M: Trainable>(sum: &Sum<M>, parameters: &M::Parameters) -> Option<Self> {
        if !sum.totals.loss.is_finite() {
            let reason = match broken(parameters, 0..M::Parameters::TENSORS.len()) {
                Some(name) => format!("`{name}` is not finite"),
                None => largest(parameters),
            };
            return Some(Self {
                what: "the loss".into(),
                reason: Some(reason),
            });
        }
        // Deltas go from the last layer to the first: where they broke is the last one whose gradient is.
        let backward = (0..M::Parameters::TENSORS.len()).rev();
        broken(&*sum.gradients, backward).map(|name| Self {
            what: format!("the gradient of `{name}`"),
            reason: Some(largest(parameters)),
        })
    }

    /// What is wrong with parameters.
    pub fn of_parameters<P: Parameters>(parameters: &P) -> Option<Self> {
        broken(parameters, 0..P::TENSORS.len()).map(|name| Self {
            what: format!("a value of `{name}`"),
            reason: None,
        })
    }

    /// What a training ends with; both count from 1.
    pub fn at(self, epoch: usize, step: usize) -> Error {
        let Self { what, reason } = self;
        Error::NotFinite {
            what,
            reason,
            epoch,
            step,
            checkpoint: None,
        }
    }
}

/// The first of these tensors that holds anything that is not finite.
fn broken<P: Parameters>(
    parameters: &P,
    mut indices: impl Iterator<Item = usize>,
) -> Option<&'static str> {
    let index = indices.find(|index| !is_finite(parameters.tensor(*index)))?;
    Some(P::TENSORS[index].name)
}

/// Blocks are looked at as a whole, so that the compiler uses vectors.
fn is_finite<S: Real>(values: &[S]) -> bool {
    const BLOCK: usize = 1 << 10;
    values.chunks(BLOCK).all(|block| {
        let is_number = |value: &S| *value * S::ZERO == S::ZERO;
        block.iter().fold(true, |all, value| all & is_number(value))
    })
}

/// Which layer has grown most.
fn largest<P: Parameters>(parameters: &P) -> String {
    let size = |index: usize| {
        let values = parameters.tensor(index).iter();
        values.fold(0.0, |size: f64, value| size.max(value.to_f64().abs()))
    };
    let sizes = P::TENSORS.iter().enumerate();
    let sizes = sizes.map(|(index, info)| (size(index), info.name));
    match sizes.max_by(|(a, _), (b, _)| a.total_cmp(b)) {
        Some((size, name)) => format!("the largest parameter is {size:.3e}, in `{name}`"),
        None => "there are no parameters".into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_value_in_any_place_is_found() {
        let values = [f32::MAX; 2_100];
        assert!(is_finite(&values) && is_finite::<f32>(&[]));
        for value in [f32::INFINITY, f32::NEG_INFINITY, f32::NAN] {
            for place in [0, 1_023, 1_024, 2_099] {
                let mut values = values;
                values[place] = value;
                assert!(!is_finite(&values), "{value} at {place}");
            }
        }
    }
}
