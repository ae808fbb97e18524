//! Where the first values of a layer's weights and biases come from.

use crate::grammar::{Form, Key, Word, Words};
use crate::network::{Distribution, Parameter, Role};
use crate::shape::Shape;

/// A rule for first values, as PyTorch defines it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Initialization {
    /// Weights and biases uniform with bound `1/√fan_in`: what PyTorch's layers do on their own.
    #[default]
    PyTorch,
    /// Weights uniform with bound `√(6/fan_in)`; biases zero.
    KaimingUniform,
    /// Weights normal with variance `2/fan_in`; biases zero.
    KaimingNormal,
    /// Weights uniform with bound `√(6/(fan_in + fan_out))`; biases zero.
    XavierUniform,
    /// Weights normal with variance `2/(fan_in + fan_out)`; biases zero.
    XavierNormal,
}

/// The key of a layer that learns.
pub(crate) const INITIALIZATION: Key<Initialization> = Key::optional(
    "initialization",
    Form::words::<Initialization>(),
    "the network's",
    "Where the first values of this layer's parameters come from.",
);

impl Words for Initialization {
    const WORDS: &'static [(Self, Word)] = &[
        (
            Self::PyTorch,
            Word::new(
                "pytorch",
                "Weights and biases uniform with bound 1/√fan_in.",
            ),
        ),
        (
            Self::KaimingUniform,
            Word::new(
                "kaiming_uniform",
                "Uniform with bound √(6/fan_in), for ReLU.",
            ),
        ),
        (
            Self::KaimingNormal,
            Word::new("kaiming_normal", "Normal with variance 2/fan_in, for ReLU."),
        ),
        (
            Self::XavierUniform,
            Word::new(
                "xavier_uniform",
                "Uniform with bound √(6/(fan_in + fan_out)).",
            ),
        ),
        (
            Self::XavierNormal,
            Word::new(
                "xavier_normal",
                "Normal with variance 2/(fan_in + fan_out).",
            ),
        ),
    ];
}

impl Initialization {
    /// A weight of shape `[out, in, …]` with its distribution.
    pub(crate) fn weight(self, shape: Shape) -> Parameter {
        let [fan_in, fan_out] = fans(&shape);
        let distribution = match self {
            Self::PyTorch => uniform(1.0 / fan_in),
            Self::KaimingUniform => uniform(6.0 / fan_in),
            Self::KaimingNormal => normal(2.0 / fan_in),
            Self::XavierUniform => uniform(6.0 / (fan_in + fan_out)),
            Self::XavierNormal => normal(2.0 / (fan_in + fan_out)),
        };
        Parameter {
            name: "weight",
            shape,
            distribution,
            role: Role::Learnt,
        }
    }

    /// The bias that goes with a weight of shape `[out, in, …]`.
    pub(crate) fn bias(self, shape: Shape, weight: &Shape) -> Parameter {
        let distribution = match self {
            Self::PyTorch => uniform(1.0 / fans(weight)[0]),
            _ => Distribution::Constant { value: 0.0 },
        };
        Parameter {
            name: "bias",
            shape,
            distribution,
            role: Role::Learnt,
        }
    }
}

/// How many inputs one output sees, and how many outputs one input reaches, as PyTorch counts.
fn fans(weight: &Shape) -> [f64; 2] {
    let receptive_field = weight.dims().iter().skip(2).product::<usize>();
    let fan = |dim: usize| (weight.dims()[dim] * receptive_field) as f64;
    [fan(1), fan(0)]
}

fn uniform(square_of_bound: f64) -> Distribution {
    Distribution::Uniform {
        bound: square_of_bound.sqrt(),
    }
}

fn normal(variance: f64) -> Distribution {
    Distribution::Normal {
        standard_deviation: variance.sqrt(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `fan_in` is 4·3·3 = 36, and `fan_out` 8·3·3 = 72, as `torch.nn.init` counts.
    fn weight(rule: Initialization) -> Distribution {
        rule.weight(Shape::new([8, 4, 3, 3]).unwrap()).distribution
    }

    fn is_uniform(distribution: Distribution, expected: f64) -> bool {
        matches!(distribution, Distribution::Uniform { bound } if (bound - expected).abs() < 1e-15)
    }

    fn is_normal(distribution: Distribution, expected: f64) -> bool {
        matches!(distribution, Distribution::Normal { standard_deviation }
            if (standard_deviation - expected).abs() < 1e-15)
    }

    #[test]
    fn weights_follow_pytorch() {
        assert!(is_uniform(weight(Initialization::PyTorch), 1.0 / 6.0));
        assert!(is_uniform(
            weight(Initialization::KaimingUniform),
            1.0 / 6.0_f64.sqrt()
        ));
        assert!(is_normal(
            weight(Initialization::KaimingNormal),
            1.0 / 18.0_f64.sqrt()
        ));
        assert!(is_uniform(
            weight(Initialization::XavierUniform),
            1.0 / 18.0_f64.sqrt()
        ));
        assert!(is_normal(
            weight(Initialization::XavierNormal),
            1.0 / 54.0_f64.sqrt()
        ));
    }

    #[test]
    fn biases_are_drawn_only_where_pytorch_draws_them() {
        let weight = Shape::new([10, 25]).unwrap();
        let bias =
            |rule: Initialization| rule.bias(Shape::new([10]).unwrap(), &weight).distribution;
        assert!(is_uniform(bias(Initialization::PyTorch), 0.2));
        assert_eq!(
            bias(Initialization::KaimingUniform),
            Distribution::Constant { value: 0.0 }
        );
        assert_eq!(
            bias(Initialization::XavierNormal),
            Distribution::Constant { value: 0.0 }
        );
    }
}
