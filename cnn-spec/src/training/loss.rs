//! Losses: what is minimised.

use super::up_to_1000;
use crate::fields::{Fields, Type};
use crate::grammar::{Form, Key, Limits, Tagged, TypeInfo};
use crate::layer::{Activation, Kind};
use crate::refusal::Refusal;
use crate::shape::Shape;
use std::ops::Bound;

/// The cost of an output `a` beside its target `y`, which is a class or a tensor of the output's shape.
///
/// A batch's cost is the mean over its samples, weighted where classes have weights.
#[derive(Clone, Debug, PartialEq)]
pub enum Loss {
    /// `−ln softmax(a)[label]`; PyTorch's `CrossEntropyLoss`, on logits.
    SoftmaxCrossEntropy(Classes),
    /// `−a[label]`; PyTorch's `NLLLoss`, on log-probabilities.
    Nll(Classes),
    /// `−y ln σ(a) − (1 − y) ln(1 − σ(a))`, the mean over the outputs; PyTorch's `BCEWithLogitsLoss`, on logits.
    BinaryCrossEntropy {
        /// What `y` counts beside `1 − y`: for each output, or once for all. Empty where it counts as much.
        pos_weight: Vec<f64>,
    },
    /// `mean((a − y)²)` over the outputs; PyTorch's `MSELoss`.
    Mse,
    /// `½ Σ (a − y)²`: the textbook's quadratic cost.
    Quadratic,
    /// `mean(|a − y|)` over the outputs; PyTorch's `L1Loss`.
    L1,
    /// The mean over the outputs of `½ (a − y)² / β` up to a distance of `β`, of `|a − y| − ½ β` beyond; PyTorch's
    /// `SmoothL1Loss`.
    SmoothL1 {
        /// Where the parabola becomes a line.
        beta: f64,
    },
    /// The mean over the outputs of `½ (a − y)²` up to a distance of `δ`, of `δ (|a − y| − ½ δ)` beyond; PyTorch's
    /// `HuberLoss`.
    Huber {
        /// Where the parabola becomes a line.
        delta: f64,
    },
}

/// What a label says, and how much it counts.
///
/// With `K` classes of weights `w` and a smoothing of `ε`, a sample costs `(1 − ε) w[label] s[label] + ε / K Σ w[j] s[j]`,
/// where `s` is minus the logarithm of the probability; a batch's cost is the sum over its samples divided by the sum of
/// their `w[label]`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Classes {
    /// The weight of each class; empty where all weigh 1.
    pub weight: Vec<f64>,
    /// The share of each label that is spread over all classes.
    pub label_smoothing: f64,
}

impl Classes {
    /// The weight of a class.
    pub fn weight_of(&self, class: usize) -> f64 {
        self.weight.get(class).copied().unwrap_or(1.0)
    }
}

pub(super) const LOSS: Key<Loss> = Key::optional(
    "loss",
    Form::Tagged(&Tagged {
        noun: "loss",
        common: &[],
        types: || LOSSES.iter().map(|known| known.info).collect(),
        open: &[],
        elsewhere: &[],
    }),
    "there are `[[training.losses]]`",
    "What is minimised: what the last layer puts out costs this.",
);

const COUNT: Form = up_to_1000(Bound::Excluded(0.0));
const WEIGHT: Key<Vec<f64>> = Key::optional(
    "weight",
    Form::List(&COUNT),
    "all classes weigh 1",
    "The weight of each class in the mean over a batch.",
);
const LABEL_SMOOTHING: Key<f64> = Key::or(
    "label_smoothing",
    Form::Number(Limits {
        from: Bound::Included(0.0),
        to: Bound::Excluded(1.0),
    }),
    "0.0",
    "The share of each label that is spread over all classes.",
);
const POS_WEIGHT: Key<Vec<f64>> = Key::optional(
    "pos_weight",
    Form::Either(&COUNT, &Form::List(&COUNT)),
    "1",
    "What a target of one counts beside a target of zero: for all outputs, or for each.",
);
// The lower limits keep the division finite in f32.
const BETA: Key<f64> = Key::or(
    "beta",
    up_to_1000(Bound::Included(1e-30)),
    "1.0",
    "The distance at which the parabola becomes a line.",
);
const DELTA: Key<f64> = Key::or(
    "delta",
    up_to_1000(Bound::Included(1e-30)),
    "1.0",
    "The distance at which the parabola becomes a line.",
);

pub(super) const LOSSES: &[Type<Loss>] = &[
    Type {
        info: TypeInfo {
            name: "softmax_cross_entropy",
            doc: "−ln softmax(a)[label], on logits.",
            keys: &[WEIGHT.info, LABEL_SMOOTHING.info],
        },
        read: |fields| read_classes(fields).map(Loss::SoftmaxCrossEntropy),
    },
    Type {
        info: TypeInfo {
            name: "nll",
            doc: "−a[label], on log-probabilities.",
            keys: &[WEIGHT.info, LABEL_SMOOTHING.info],
        },
        read: |fields| read_classes(fields).map(Loss::Nll),
    },
    Type {
        info: TypeInfo {
            name: "binary_cross_entropy",
            doc: "mean(−y ln σ(a) − (1 − y) ln(1 − σ(a))) over the outputs, on logits.",
            keys: &[POS_WEIGHT.info],
        },
        read: |fields| {
            let pos_weight = fields.find(&POS_WEIGHT).unwrap_or_default();
            Ok(Loss::BinaryCrossEntropy { pos_weight })
        },
    },
    Type {
        info: TypeInfo {
            name: "mse",
            doc: "mean((a − y)²) over the outputs.",
            keys: &[],
        },
        read: |_| Ok(Loss::Mse),
    },
    Type {
        info: TypeInfo {
            name: "quadratic",
            doc: "½ Σ (a − y)², the textbook's cost.",
            keys: &[],
        },
        read: |_| Ok(Loss::Quadratic),
    },
    Type {
        info: TypeInfo {
            name: "l1",
            doc: "mean(|a − y|) over the outputs.",
            keys: &[],
        },
        read: |_| Ok(Loss::L1),
    },
    Type {
        info: TypeInfo {
            name: "smooth_l1",
            doc: "A parabola of curvature 1 / β near the target, a line of slope 1 beyond.",
            keys: &[BETA.info],
        },
        read: |fields| {
            let beta = fields.get(&BETA)?;
            Ok(Loss::SmoothL1 { beta })
        },
    },
    Type {
        info: TypeInfo {
            name: "huber",
            doc: "A parabola of curvature 1 near the target, a line of slope δ beyond.",
            keys: &[DELTA.info],
        },
        read: |fields| {
            let delta = fields.get(&DELTA)?;
            Ok(Loss::Huber { delta })
        },
    },
];

fn read_classes(fields: Fields<'_>) -> Result<Classes, Refusal> {
    Ok(Classes {
        weight: fields.find(&WEIGHT).unwrap_or_default(),
        label_smoothing: fields.get(&LABEL_SMOOTHING)?,
    })
}

impl Loss {
    /// As written in the file: `mse`.
    pub fn name(&self) -> &'static str {
        match self {
            Self::SoftmaxCrossEntropy(_) => "softmax_cross_entropy",
            Self::Nll(_) => "nll",
            Self::BinaryCrossEntropy { .. } => "binary_cross_entropy",
            Self::Mse => "mse",
            Self::Quadratic => "quadratic",
            Self::L1 => "l1",
            Self::SmoothL1 { .. } => "smooth_l1",
            Self::Huber { .. } => "huber",
        }
    }

    /// The name with the hyperparameters that matter: `huber, delta 0.5`.
    pub fn describe(&self) -> String {
        let name = self.name();
        match self {
            Self::SoftmaxCrossEntropy(classes) | Self::Nll(classes) => {
                let weight = match classes.weight.as_slice() {
                    [] => String::new(),
                    weight => format!(", weight {weight:?}"),
                };
                let smoothing = match classes.label_smoothing {
                    0.0 => String::new(),
                    smoothing => format!(", label smoothing {smoothing}"),
                };
                format!("{name}{weight}{smoothing}")
            }
            Self::BinaryCrossEntropy { pos_weight } => match pos_weight.as_slice() {
                [] => name.to_owned(),
                [weight] => format!("{name}, pos_weight {weight}"),
                weights => format!("{name}, pos_weight {weights:?}"),
            },
            Self::Mse | Self::Quadratic | Self::L1 => name.to_owned(),
            Self::SmoothL1 { beta } => format!("{name}, beta {beta}"),
            Self::Huber { delta } => format!("{name}, delta {delta}"),
        }
    }

    /// What its labels say, if its targets are classes.
    pub fn classes(&self) -> Option<&Classes> {
        match self {
            Self::SoftmaxCrossEntropy(classes) | Self::Nll(classes) => Some(classes),
            _ => None,
        }
    }

    /// Whether it computes such a last layer itself, and so takes that layer's input.
    pub fn includes(&self, last: &Kind) -> bool {
        matches!(
            (self, last),
            (Self::SoftmaxCrossEntropy(_), Kind::Softmax(_))
                | (
                    Self::BinaryCrossEntropy { .. },
                    Kind::Activation(Activation::Sigmoid)
                )
        )
    }

    /// Why it cannot judge what a network puts out that ends with the layer `last`.
    pub(crate) fn fit(&self, last: &Kind, output: &Shape) -> Result<(), Refusal> {
        let name = self.name();
        let is_vector = output.rank() == 1;
        if self.classes().is_some() && !(is_vector && output.elements() > 1) {
            return Err(
                Refusal::new(format!("`{name}` needs a vector with a value for each class"))
                    .label("two classes at least")
                    .help("end the network with a `dense` layer that has `out_features` for the number of classes"),
            );
        }
        if matches!((self, last), (Self::Nll(_), Kind::Softmax(_))) {
            return Err(Refusal::new(
                "`nll` reads log-probabilities, and `softmax` puts out probabilities",
            )
            .label("needs their logarithms")
            .help("write `softmax_cross_entropy`, which takes what goes into the softmax"));
        }
        let (key, numbers, noun) = match self {
            Self::SoftmaxCrossEntropy(classes) | Self::Nll(classes) => {
                (WEIGHT.info.name, classes.weight.len(), "class")
            }
            Self::BinaryCrossEntropy { pos_weight } if pos_weight.len() != 1 => {
                (POS_WEIGHT.info.name, pos_weight.len(), "output")
            }
            _ => return Ok(()),
        };
        if numbers == 0 || (is_vector && numbers == output.elements()) {
            return Ok(());
        }
        Err(Refusal::new(format!(
            "`{key}` has {numbers} numbers, and needs one for each {noun}"
        ))
        .label("does not fit the output")
        .help(match noun {
            "class" => format!("write {} numbers", output.elements()),
            _ if is_vector => format!(
                "write {} numbers, or a single one for all",
                output.elements()
            ),
            _ => "write a single number for all outputs".to_owned(),
        }))
    }
}
