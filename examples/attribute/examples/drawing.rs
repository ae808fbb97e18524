//! Reads drawings of digits: the first argument names the weights, the others PNG or JPEG files.

use cnn_runtime::data::{Normalization, Preparation, images};
use cnn_runtime::{Error, Model, Zeroed, argmax, cnn_model, weights};
use le_net5::{Activations, Input, Parameters};
use std::env;
use std::path::{Path, PathBuf};

/// 28×28 pixels → ten classes.
#[cnn_model("../../networks/lenet5.toml")]
pub struct LeNet5;

fn main() -> Result<(), Error> {
    let mut files = env::args_os().skip(1).map(PathBuf::from);
    let trained = files.next();
    let trained = trained.unwrap_or_else(|| "trained/weights.safetensors".into());
    let mut parameters = Parameters::boxed();
    let normalization = weights::load::<LeNet5>(&mut parameters, &trained)?;
    for file in files {
        let digit = digit(&file, &parameters, normalization.as_ref())?;
        println!("{}: {digit}", file.display());
    }
    Ok(())
}

/// The digit that is drawn in a PNG or JPEG file.
fn digit(
    file: &Path,
    parameters: &Parameters,
    normalization: Option<&Normalization>,
) -> Result<usize, Error> {
    let preparation = Preparation::of::<LeNet5>();
    let mut drawing = images::read(file, LeNet5::INPUT_SHAPE, preparation)?;
    if let Some(normalization) = normalization {
        drawing.normalize(normalization.clone())?;
    }
    let (mut input, mut activations) = (Input::boxed(), Activations::boxed());
    drawing.gather(0, &mut *input);
    Ok(argmax(LeNet5::forward(
        parameters,
        &input,
        &mut activations,
    )))
}
