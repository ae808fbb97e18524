//! The chapter of the loss, or one of each: what it is for, and the delta that backpropagation starts from.

use super::document::{Document, fenced, paragraph};
use super::figure::{Tensor, number, rows};
use super::listing;
use crate::emit::loss::{Judge, judges};
use crate::plan::Plan;
use cnn_spec::network::Source;
use cnn_spec::reference;
use cnn_spec::training::{Classes, Loss};

/// The chapters.
pub fn write(document: &mut Document, plan: &Plan) {
    for judge in judges(plan) {
        chapter(document, plan, judge);
    }
}

fn chapter(document: &mut Document, plan: &Plan, judge: Judge) {
    let loss = judge.loss();
    let (idea, delta) = words(loss);
    let functions = listing::functions(judge.functions());
    let (forward, backward) = functions.split_at(functions.len().min(1));
    let options: String = options(loss).into_iter().map(paragraph).collect();
    let objective = judge.head().objective;
    let is_included = plan.network.scores(objective) != Source::Layer(objective.layer);
    let included = is_included.then(|| paragraph(INCLUDED));
    let note = judge.note();
    let text = [
        paragraph(&format!(
            "The loss says how far an output is from what it should be: `{}`. {idea}{note}",
            loss.describe()
        )),
        options,
        included.unwrap_or_default(),
        listing::with_code(forward),
        paragraph(delta),
        listing::with_code(backward),
        example(&small(loss)),
    ];
    let title = judge.name().map_or_else(
        || "The loss".to_owned(),
        |output| format!("The loss of `{output}`"),
    );
    document.chapter(title, text.concat());
}

const INCLUDED: &str = "It computes the last layer itself, together with the logarithm that would follow: that is \
    exact where the two by themselves would overflow or lose digits. So the backward pass starts one layer earlier.";

/// What it is for, and what its delta means.
fn words(loss: &Loss) -> (&'static str, &'static str) {
    match loss {
        Loss::SoftmaxCrossEntropy(_) => (
            "A softmax makes probabilities of the scores, and the loss is how surprised one is by the right answer \
             if one believes them: nothing if it had probability one, and more without bound as that goes to zero.",
            "Its delta is the plainest there is: what the network believed, minus what was true. The logarithm and \
             the power of e cancel, so it never fades, however wrong the network is.",
        ),
        Loss::Nll(_) => (
            "The scores are logarithms of probabilities, and the loss is how surprised one is by the right answer.",
            "Its delta goes to the right class's logarithm, which is to grow; the layer before spreads it over the scores.",
        ),
        Loss::BinaryCrossEntropy { .. } => (
            "Each output is a question of its own, to be answered with yes or no: a sigmoid makes a probability of \
             its score, and the loss is how surprised one is by the answer, on average over the questions.",
            "As with a softmax, its delta is the probability minus the truth, here over the number of questions.",
        ),
        Loss::Mse => (
            "The mean of the squared differences: small ones hardly count, large ones count the more.",
            "The derivative of a square is twice the difference, and the mean divides it by their number.",
        ),
        Loss::Quadratic => (
            "The textbook's quadratic cost: half the sum of the squared differences.",
            "The half and the square's two cancel: the delta is the difference itself, `a − y`. Behind a sigmoid it \
             becomes the textbook's `(a − y) ⊙ σ'(z)`.",
        ),
        Loss::L1 => (
            "The mean distance: an outlier counts no more than it is far away.",
            "Only the side on which an output is wrong matters, not how far: its delta is a sign.",
        ),
        Loss::SmoothL1 { .. } => (
            "A parabola close to the target, so that steps become small there, and a distance further away, so that \
             outliers do not rule.",
            "Close to the target the delta is the difference in units of beta; further away it is a sign.",
        ),
        Loss::Huber { .. } => (
            "A parabola close to the target and a line further away, whose slope is that of the parabola where they meet.",
            "Close to the target the delta is the difference; further away it stays at delta, with the difference's sign.",
        ),
    }
}

/// What its options add.
fn options(loss: &Loss) -> Vec<&'static str> {
    let mut paragraphs = Vec::new();
    if loss
        .classes()
        .is_some_and(|classes| classes.label_smoothing > 0.0)
    {
        paragraphs.push(
            "Its labels are smoothed: a share of each is spread over all classes, so that the network is not driven \
             to be more certain than it can be.",
        );
    }
    if loss
        .classes()
        .is_some_and(|classes| !classes.weight.is_empty())
    {
        paragraphs.push(
            "Its classes have weights, so that a rare one is not drowned by those that are frequent: a sample counts \
             as much as its class weighs.",
        );
    }
    if matches!(loss, Loss::BinaryCrossEntropy { pos_weight } if !pos_weight.is_empty()) {
        paragraphs.push("A yes counts as much as its `pos_weight` says beside a no.");
    }
    paragraphs
}

/// The same loss over three outputs.
fn small(loss: &Loss) -> Loss {
    let three = |numbers: &[f64]| numbers.iter().take(3).copied().collect::<Vec<_>>();
    let classes = |classes: &Classes| Classes {
        weight: three(&classes.weight),
        label_smoothing: classes.label_smoothing,
    };
    match loss {
        Loss::SoftmaxCrossEntropy(of) => Loss::SoftmaxCrossEntropy(classes(of)),
        Loss::Nll(of) => Loss::Nll(classes(of)),
        Loss::BinaryCrossEntropy { pos_weight } => Loss::BinaryCrossEntropy {
            pos_weight: three(pos_weight),
        },
        other => other.clone(),
    }
}

/// One sample with three outputs.
fn example(loss: &Loss) -> String {
    let (name, scores, target) = sample(loss);
    // A list of weights may name two classes only.
    let count = match loss {
        Loss::SoftmaxCrossEntropy(classes) | Loss::Nll(classes) if classes.weight.len() == 2 => 2,
        Loss::BinaryCrossEntropy { pos_weight } if pos_weight.len() == 2 => 2,
        _ => 3,
    };
    let (scores, target) = (&scores[..count], &target[..count]);
    let (cost, delta) = reference::loss(loss, scores, target);
    let mut tensors = vec![Tensor::vector(name, scores)];
    match loss {
        Loss::SoftmaxCrossEntropy(_) => {
            let sum: f64 = scores.iter().map(|score| score.exp()).sum();
            let probabilities: Vec<_> = scores.iter().map(|score| score.exp() / sum).collect();
            tensors.push(Tensor::vector("softmax", &probabilities));
        }
        Loss::BinaryCrossEntropy { .. } => {
            let probabilities = scores.iter().map(|score| 1.0 / (1.0 + (-score).exp()));
            let probabilities: Vec<_> = probabilities.collect();
            tensors.push(Tensor::vector("sigmoid", &probabilities));
        }
        _ => {}
    }
    tensors.extend([
        Tensor::vector("target", target),
        Tensor::vector("delta", &delta),
    ]);
    let weights = match reference::weight(loss, target) {
        1.0 => String::new(),
        weight => format!(
            " The sample weighs {}, by which the mean over a batch divides again.",
            number(weight)
        ),
    };
    format!(
        "#### With numbers\n\nOne sample, a batch by itself. It costs {}.{weights}\n\n{}",
        number(cost),
        fenced("text", &rows(&tensors))
    )
}

/// What outputs are called, some of them, and what they should have been.
fn sample(loss: &Loss) -> (&'static str, [f64; 3], [f64; 3]) {
    match loss {
        Loss::SoftmaxCrossEntropy(_) => ("logits", [2.0, 1.0, -1.0], [0.0, 1.0, 0.0]),
        Loss::Nll(_) => {
            let logarithms = [0.5, 0.25, 0.25].map(f64::ln);
            ("log-probabilities", logarithms, [0.0, 1.0, 0.0])
        }
        Loss::BinaryCrossEntropy { .. } => ("logits", [2.0, 1.0, -1.0], [1.0, 0.0, 0.0]),
        _ => ("output", [1.0, 0.5, -2.0], [0.5, 1.0, 1.0]),
    }
}
