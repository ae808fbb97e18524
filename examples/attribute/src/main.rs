//! The door `#[cnn_model]`: learns a few synthetic digits, then reads one that it has not seen.

use cnn_runtime::data::{Dataset, Split, digits as synthetic};
use cnn_runtime::{EpochReport, Error, Fit, Model, Zeroed, argmax, cnn_model};

/// 28×28 pixels → ten classes.
#[cnn_model("../../networks/digits.toml")]
pub struct Digits;

fn main() -> Result<(), Error> {
    let data = Split {
        train: synthetic::generate(2000, 1)?,
        test: synthetic::generate(500, 2)?,
    };
    let fit = Fit {
        epochs: 3,
        ..Fit::new::<Digits>()
    };
    let mut parameters = fit.initialize::<Digits>();
    let score = fit.run::<Digits>(&mut parameters, &data, |epoch: &EpochReport| {
        println!("{epoch}");
    })?;
    println!("test {score}");

    let unseen = synthetic::generate(1, 3)?;
    let class = classify(&parameters, &unseen);
    println!("a {} was read as a {class}", unseen.labels()[0]);
    Ok(())
}

fn classify(parameters: &digits::Parameters, data: &Dataset) -> usize {
    let mut input = digits::Input::boxed();
    let mut activations = digits::Activations::boxed();
    data.gather(0, &mut *input);
    argmax(Digits::forward(parameters, &input, &mut activations))
}
