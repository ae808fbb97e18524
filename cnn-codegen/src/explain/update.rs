//! The chapter of the update: how the parameters follow their gradients.

use super::document::{Document, fenced, paragraph};
use super::figure::{Tensor, figure, rows};
use super::listing;
use crate::plan::Plan;
use crate::{Kernels, emit};
use cnn_spec::Network;
use cnn_spec::reference::{self, Reference};
use cnn_spec::training::{Clip, Optimizer, Training};

/// A parameter and a matrix, so that every rule has something to move.
const SCALAR: &str = r#"
[network]
name = "Tiny"
input = [1]
[[layer]]
type = "dense"
out_features = 1
bias = false
"#;
const MATRIX: &str = r#"
[network]
name = "Tiny"
input = [2]
[[layer]]
type = "dense"
out_features = 2
bias = false
"#;

/// The chapter.
pub fn write(document: &mut Document, plan: &Plan, training: &Training) {
    let items = emit::optimizer::items(plan.network, training, Kernels::Plain);
    let around: String = around(training)
        .iter()
        .map(|words| paragraph(words))
        .collect();
    let text = [
        paragraph(&format!(
            "When the gradients of a batch are there, every parameter takes a step against its own: `{}`. {}",
            training.optimizer.describe(),
            words(&training.optimizer)
        )),
        around,
        listing::with_code(&listing::functions(items)),
        example(training).unwrap_or_default(),
    ];
    document.chapter("The update", text.concat());
}

fn words(optimizer: &Optimizer) -> &'static str {
    match optimizer {
        Optimizer::Sgd { momentum: 0.0, .. } => {
            "The gradient points to where the loss grows fastest. The step goes the other way, and is the learning \
             rate times as long as the gradient."
        }
        Optimizer::Sgd { nesterov: true, .. } => {
            "The steps have momentum: a parameter keeps most of its velocity, and the gradient only turns it. \
             Nesterov looks at where the velocity leads before it adds the gradient."
        }
        Optimizer::Sgd { .. } => {
            "The steps have momentum: a parameter keeps most of its velocity, and the gradient only turns it. What \
             batches disagree on cancels out, what they agree on adds up."
        }
        Optimizer::Adam(_) => {
            "Adam looks at two running means, of the gradient and of its square. The first is the direction, the \
             second is what a usual gradient of this parameter is like: so each parameter takes steps of about the \
             learning rate, however large its gradients are. Both means start at zero, and are made larger for it in \
             the first steps."
        }
        Optimizer::AdamW(_) => {
            "AdamW is Adam, whose weights also shrink a little in every step, by themselves and not by way of the gradient."
        }
        Optimizer::NAdam { .. } => {
            "NAdam is Adam that looks ahead: it takes the gradient as if the next step of its mean were already done."
        }
        Optimizer::RmsProp { .. } => {
            "RMSprop divides each gradient by the root of the running mean of its squares, so that all parameters \
             take steps of about one length."
        }
        Optimizer::Adagrad { .. } => {
            "Adagrad divides each gradient by the root of the sum of all its squares so far: what has moved much \
             slows down, what has hardly moved does not."
        }
        Optimizer::Lion { .. } => {
            "Lion looks at nothing but a sign: every parameter takes a step of the same length, in the direction on \
             which momentum and gradient agree."
        }
        Optimizer::Muon(_) => {
            "Muon takes the weights of a layer for the matrix that they are. A gradient mostly stretches in a few \
             directions; Muon makes its step equally long in all of them. What is no matrix follows AdamW."
        }
    }
}

/// What else belongs to a step.
fn around(training: &Training) -> Vec<String> {
    let clip = training.clip.map(|clip| match clip {
        Clip::Norm(limit) => format!(
            "Before that, the gradient as a whole is made no longer than {limit}, in the same direction, so that one \
             odd batch does not throw the network off."
        ),
        Clip::Value(limit) => format!(
            "Before that, each value of the gradient is held between −{limit} and {limit}, so that one odd batch \
             does not throw the network off."
        ),
    });
    let accumulation = (training.accumulation_steps > 1).then(|| {
        format!(
            "A step follows the mean gradient of {} batches.",
            training.accumulation_steps
        )
    });
    let average = training.ema_decay.map(|_| {
        "A running average of the parameters is kept beside them. It jumps about less than they do, and is what is \
         evaluated and saved."
            .to_owned()
    });
    clip.into_iter()
        .chain(accumulation)
        .chain(average)
        .collect()
}

/// Some steps of a single parameter; or one step of a matrix.
fn example(training: &Training) -> Option<String> {
    let is_muon = matches!(training.optimizer, Optimizer::Muon(_));
    let mut network: Network =
        cnn_spec::parse(if is_muon { MATRIX } else { SCALAR }, "tiny.toml").ok()?;
    network.training = Some(training.clone());
    let rate = training.optimizer.learning_rate();
    let (words, numbers) = if is_muon {
        ("One step of a 2×2 matrix.", matrix(&network, rate))
    } else {
        (
            "One parameter `w` that starts at 1, and the gradients that it gets in four steps.",
            steps(&network, rate),
        )
    };
    Some(format!(
        "#### With numbers\n\n{words} The learning rate is {rate}.\n\n{}",
        fenced("text", &numbers)
    ))
}

fn steps(network: &Network, rate: f64) -> String {
    const GRADIENTS: [f64; 4] = [2.0, 1.0, 1.0, -1.0];
    let mut optimizer = reference::Optimizer::new(network);
    let reference = Reference::new(network);
    let mut parameters = reference.parameters(|| 1.0);
    let values = GRADIENTS.map(|gradient| {
        optimizer.step(&mut parameters, &reference.parameters(|| gradient), rate);
        let averaged = optimizer.averaged(&parameters);
        [parameters[0].values[0], averaged[0].values[0]]
    });
    let mut before = 1.0;
    let steps = values.map(|[value, _]| value - std::mem::replace(&mut before, value));
    let mut tensors = vec![
        Tensor::vector("gradient g", &GRADIENTS),
        Tensor::vector("step", &steps),
        Tensor::vector("w after it", &values.map(|[value, _]| value)),
    ];
    let averages = network
        .training
        .as_ref()
        .and_then(|training| training.ema_decay);
    if averages.is_some() {
        tensors.push(Tensor::vector(
            "its average",
            &values.map(|[_, average]| average),
        ));
    }
    rows(&tensors)
}

fn matrix(network: &Network, rate: f64) -> String {
    let mut optimizer = reference::Optimizer::new(network);
    let reference = Reference::new(network);
    let mut before = [1.0, -1.0, 2.0, 0.0].into_iter();
    let mut gradients = [3.0, 1.0, 0.0, 2.0].into_iter();
    let mut parameters = reference.parameters(|| before.next().unwrap_or_default());
    let gradients = reference.parameters(|| gradients.next().unwrap_or_default());
    let square = |name: &str, values: &[f64]| Tensor {
        name: name.to_owned(),
        dims: vec![2, 2],
        values: values.to_vec(),
    };
    let old = square("w", &parameters[0].values);
    optimizer.step(&mut parameters, &gradients, rate);
    figure(&[
        old,
        square("gradient g", &gradients[0].values),
        square("w after the step", &parameters[0].values),
    ])
}
