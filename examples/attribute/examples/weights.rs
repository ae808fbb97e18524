//! Puts weights to use that a trainer of the network has left: they are read from the file that is named.

use cnn_runtime::data::digits;
use cnn_runtime::{Error, Model, Zeroed, argmax, cnn_model, weights};
use std::env;
use std::path::PathBuf;

/// 28×28 pixels → ten classes.
#[cnn_model("../../networks/lenet5.toml")]
pub struct LeNet5;

fn main() -> Result<(), Error> {
    let file = env::args_os().nth(1).map(PathBuf::from);
    let file = file.unwrap_or_else(|| "trained/weights.safetensors".into());
    let mut parameters = le_net5::Parameters::boxed();
    let normalization = weights::load::<LeNet5>(&mut parameters, &file)?;

    let mut unseen = digits::generate(10, 3)?;
    if let Some(normalization) = normalization {
        unseen.normalize(normalization)?;
    }
    let mut input = le_net5::Input::boxed();
    let mut activations = le_net5::Activations::boxed();
    for (index, label) in unseen.labels().iter().enumerate() {
        unseen.gather(index, &mut *input);
        let scores = LeNet5::forward(&parameters, &input, &mut activations);
        println!("a {label} was read as a {}", argmax(scores));
    }
    Ok(())
}
