//! How many digits of MNIST are still read after they were painted on paper: ten times as large, dark on bright, anywhere
//! on a sheet, and prepared again.
//!
//! ```sh
//! cargo run --release -p mnist --example paint -- data/mnist examples/mnist/weights.safetensors
//! ```

use cnn_runtime::data::{Dataset, Preparation, idx, images};
use cnn_runtime::{Model, Rng, Zeroed, argmax, weights};
use digits::{Activations, Digits, Input, Parameters};
use std::env;
use std::error;
use std::fs;
use std::io;
use std::path::Path;

// Generated code keeps to the default lints.
#[allow(clippy::pedantic)]
mod digits {
    include!(concat!(env!("OUT_DIR"), "/digits.rs"));
}

/// Height and width of the sheet.
const SHEET: [usize; 2] = [500, 600];
/// How many times as large the digits become.
const SCALE: usize = 10;
/// The height and the width of a digit on the sheet.
const SIDE: usize = 28 * SCALE;

fn main() -> Result<(), Box<dyn error::Error>> {
    let mut arguments = env::args_os().skip(1);
    let (Some(data), Some(file)) = (arguments.next(), arguments.next()) else {
        return Err("name the folder of MNIST and a file of weights".into());
    };
    let test = idx::load(Path::new(&data))?.test;
    let mut parameters = Parameters::boxed();
    weights::load::<Digits>(&mut parameters, Path::new(&file))?;
    let sheet = env::temp_dir().join("mnist-paint.png");
    let mut rng = Rng::new(0);
    let (mut read_before, mut read_after, mut agreed) = (0, 0, 0);
    for (index, label) in test.labels().iter().enumerate() {
        let before = class(&parameters, &test, index);
        let digit = test.sample(index).pixels().unwrap_or_default();
        let corner = SHEET.map(|side| rng.below(side - SIDE));
        fs::write(&sheet, paint(digit, corner)?)?;
        let painted = images::read(&sheet, Digits::INPUT_SHAPE, Preparation::Mnist)?;
        let after = class(&parameters, &painted, 0);
        read_before += usize::from(before == usize::from(*label));
        read_after += usize::from(after == usize::from(*label));
        agreed += usize::from(before == after);
    }
    fs::remove_file(&sheet)?;
    let percent = |count: usize| 100.0 * count as f64 / test.len() as f64;
    println!(
        "accuracy on the test set     {:6.2} %",
        percent(read_before)
    );
    println!("painted, and prepared again  {:6.2} %", percent(read_after));
    println!("both read as the same digit  {:6.2} %", percent(agreed));
    Ok(())
}

/// The digit that a sample is read as.
fn class(parameters: &Parameters, data: &Dataset, sample: usize) -> usize {
    let (mut input, mut activations) = (Input::boxed(), Activations::boxed());
    data.gather(sample, &mut *input);
    argmax(Digits::forward(parameters, &input, &mut activations))
}

/// A PNG file of a sheet with a digit on it.
fn paint(digit: &[u8], [top, left]: [usize; 2]) -> Result<Vec<u8>, io::Error> {
    let [height, width] = SHEET;
    let mut values = vec![255; height * width];
    for y in 0..SIDE {
        for x in 0..SIDE {
            let ink = digit[y / SCALE * 28 + x / SCALE];
            values[(top + y) * width + left + x] = 255 - ink;
        }
    }
    let mut file = Vec::new();
    let mut encoder = png::Encoder::new(&mut file, width as u32, height as u32);
    encoder.set_color(png::ColorType::Grayscale);
    encoder.set_compression(png::Compression::Fastest);
    encoder.write_header()?.write_image_data(&values)?;
    Ok(file)
}
