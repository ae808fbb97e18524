//! The chapter of the schedule: the learning rate in the course of this training.

use super::document::{Document, fenced, paragraph};
use cnn_spec::reference::LearningRate;
use cnn_spec::training::{Curve, Schedule, Training};

/// Steps of which an epoch of the example is made.
const STEPS: usize = 100;
/// Lines of the table.
const LINES: usize = 20;
/// The longest bar.
const BAR: f64 = 30.0;

/// The chapter.
pub fn write(document: &mut Document, training: &Training) {
    let schedule = &training.schedule;
    let warmup = if schedule.warmup.is_some() {
        "In the first steps it is multiplied by a factor that grows to 1, so that a network of random weights is not \
         thrown far off."
    } else {
        ""
    };
    let follows = format!(
        "The length of a step is the learning rate, and that follows a schedule: `{}`. {}{warmup}",
        schedule.describe(),
        words(&schedule.curve)
    );
    let table = (*schedule != Schedule::default()).then(|| table(training));
    let text = paragraph(&follows) + &table.unwrap_or_default();
    document.chapter("The learning rate", text);
}

fn words(curve: &Curve) -> &'static str {
    match curve {
        Curve::Constant => "Every step has the same rate.",
        Curve::Step { .. } => "It stays for some epochs, then falls by a factor, again and again.",
        Curve::MultiStep { .. } => "It falls by a factor after each of the epochs that are named.",
        Curve::Exponential { .. } => "It falls by the same factor in every epoch.",
        Curve::Cosine { .. } => {
            "It follows half a wave of a cosine: it stays high at first, falls fastest in the middle, and comes to \
             rest at the end."
        }
        Curve::Polynomial { .. } => "It falls to zero along a power of the time that is left.",
        Curve::OneCycle(_) => {
            "It rises from a small rate to a large one and falls to almost nothing: fast progress in the middle, \
             care at both ends."
        }
        Curve::ReduceOnPlateau(_) => {
            "It falls by a factor when the loss has not fallen for some epochs."
        }
    }
}

/// The rate in the course of the training.
fn table(training: &Training) -> String {
    let rates = rates(training);
    let largest = rates.iter().map(|(_, rate)| *rate).fold(0.0, f64::max);
    let line = |(epoch, rate): &(usize, f64)| {
        let bar = "█".repeat((BAR * rate / largest).round() as usize);
        let line = format!("{:>7}  {:<9}  {bar}", epoch + 1, decimal(*rate));
        line.trim_end().to_owned() + "\n"
    };
    let lines: String = rates.iter().map(line).collect();
    let loss = match training.schedule.curve {
        Curve::ReduceOnPlateau(_) => {
            " The loss is taken to stay what it is from the first epoch on."
        }
        _ => "",
    };
    let about = format!(
        "The rate as epochs begin, {} in all, if each has {STEPS} steps.{loss}",
        training.epochs
    );
    paragraph(&about) + &fenced("text", &format!("  epoch  rate\n{lines}"))
}

/// Four digits that count.
fn decimal(rate: f64) -> String {
    if rate == 0.0 {
        return "0".to_owned();
    }
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

/// The rate at the beginning of some epochs.
fn rates(training: &Training) -> Vec<(usize, f64)> {
    let distance = training.epochs.div_ceil(LINES);
    let mut rate = LearningRate::new(training, STEPS);
    let mut rates = Vec::new();
    for epoch in 0..training.epochs {
        if epoch.is_multiple_of(distance) {
            rates.push((epoch, rate.get()));
        }
        for _ in 0..STEPS {
            rate.advance();
        }
        rate.observe(1.0);
    }
    rates
}
