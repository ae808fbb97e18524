//! The chapter of the schedule: the learning rate in the course of this training.

use super::document::{Document, fenced};
use cnn_spec::reference::LearningRate;
use cnn_spec::training::{Curve, Training};

/// Steps of which an epoch of the example is made.
const STEPS: usize = 100;
/// Lines of the table.
const LINES: usize = 20;
/// The longest bar.
const BAR: f64 = 30.0;

/// The chapter.
pub fn write(document: &mut Document, training: &Training) {
    let warmup = if training.schedule.warmup.is_some() {
        " In the first steps it is multiplied by a factor that grows to 1, so that a network of random weights is not thrown \
         far off."
    } else {
        ""
    };
    let plateau = matches!(training.schedule.curve, Curve::ReduceOnPlateau(_));
    let loss = if plateau {
        " The loss is taken to stay what it is from the first epoch on."
    } else {
        ""
    };
    document.chapter(
        "The learning rate",
        format!(
            "The length of a step is the learning rate, and that follows a schedule: `{}`. {}{warmup}\n\nThis is the rate at the beginning of \
             each epoch, out of {}, if an epoch has {STEPS} steps.{loss}\n\n{}",
            training.schedule.describe(),
            words(&training.schedule.curve),
            training.epochs,
            fenced("text", &table(training))
        ),
    );
}

fn words(curve: &Curve) -> &'static str {
    match curve {
        Curve::Constant => "Every step has the same rate.",
        Curve::Step { .. } => "It stays for some epochs, then falls by a factor, again and again.",
        Curve::MultiStep { .. } => "It falls by a factor after each of the epochs that are named.",
        Curve::Exponential { .. } => "It falls by the same factor in every epoch.",
        Curve::Cosine { .. } => {
            "It follows half a wave of a cosine: it stays high at first, falls fastest in the middle, and comes to rest at the \
             end."
        }
        Curve::Polynomial { .. } => "It falls to zero along a power of the time that is left.",
        Curve::OneCycle(_) => {
            "It rises from a small rate to a large one and falls to almost nothing: fast progress in the middle, care at both \
             ends."
        }
        Curve::ReduceOnPlateau(_) => {
            "It falls by a factor when the loss has not fallen for some epochs."
        }
    }
}

fn table(training: &Training) -> String {
    let rates = rates(training);
    let largest = rates.iter().copied().fold(0.0, f64::max);
    let step = rates.len().div_ceil(LINES);
    let shown = rates.iter().enumerate().step_by(step);
    let line = |(epoch, rate): (usize, &f64)| {
        let bar = "█".repeat((BAR * rate / largest).round() as usize);
        let line = format!("{:>5}  {:<9}  {bar}", epoch + 1, decimal(*rate));
        line.trim_end().to_owned() + "\n"
    };
    format!("epoch  rate\n{}", shown.map(line).collect::<String>())
}

/// Four digits that count.
fn decimal(rate: f64) -> String {
    if rate < 1e-4 {
        return format!("{rate:.3e}");
    }
    let digits = 3.0 - rate.log10().floor();
    let text = format!("{rate:.*}", digits.max(0.0) as usize);
    if !text.contains('.') {
        return text;
    }
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// The rate at the beginning of each epoch.
fn rates(training: &Training) -> Vec<f64> {
    let mut rate = LearningRate::new(training, STEPS);
    (0..training.epochs)
        .map(|_| {
            let first = rate.get();
            for _ in 0..STEPS {
                rate.advance();
            }
            rate.observe(1.0);
            first
        })
        .collect()
}
