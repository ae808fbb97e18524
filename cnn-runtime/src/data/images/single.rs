//! One picture of any size, made into what a network takes.

use super::mnist::{self, FIELD};
use super::picture::Picture;
use crate::data::plane::Plane;
use crate::data::{Dataset, Preparation, Shape, Targets};
use crate::error::Error;
use std::path::Path;

/// No picture may have more pixels, so that hostile files do not fill the memory.
const MOST_PIXELS: usize = 1 << 26;

/// Reads a PNG or JPEG file as the one sample of a data set, which has no targets but itself.
///
/// `input` is the shape that the network takes: `[1, height, width]` reads shades of grey, `[3, height, width]` colours;
/// a network that takes a vector gets a picture with as many values, prepared or not.
///
/// # Errors
/// If the file is no picture or too large, if nothing is drawn in it, or if the network takes another shape.
pub fn read(path: &Path, input: &[usize], preparation: Preparation) -> Result<Dataset, Error> {
    let picture = Picture::open(path)?;
    let [height, width] = picture.size;
    if !(1..=MOST_PIXELS).contains(&height.saturating_mul(width)) {
        let problem = format!("a picture of {height}×{width} pixels is not read");
        let help = format!("scale it to {MOST_PIXELS} pixels at most");
        return Err(Error::content(path, problem, help));
    }
    let (shape, pixels) = match (preparation, input) {
        (Preparation::Mnist, _) => {
            let shades = picture.shades(path)?;
            let pixels = mnist::prepare(&shades, width).ok_or_else(|| {
                let help = "draw in a shade that stands out from the background";
                Error::content(path, "there is nothing to be seen in the picture", help)
            })?;
            ([1, FIELD, FIELD], pixels)
        }
        (Preparation::Resize, &[channels @ (1 | 3), rows, columns]) => {
            let pixels = picture.channels(path, channels)?;
            let pixels = resized(&pixels, [height, width], [rows, columns]);
            ([channels, rows, columns], pixels)
        }
        (_, input) => {
            let channels = channels(path, input, &picture)?;
            ([channels, height, width], picture.channels(path, channels)?)
        }
    };
    check(path, input, &shape)?;
    Dataset::with_targets(path.display().to_string(), &shape, pixels, Targets::Inputs)
}

/// How many channels are read of a picture that keeps its size.
fn channels(path: &Path, input: &[usize], picture: &Picture) -> Result<usize, Error> {
    match input {
        [channels @ (1 | 3), _, _] => Ok(*channels),
        [_] => Ok(if picture.has_color { 3 } else { 1 }),
        _ => Err(Error::content(
            path,
            format!("this is a picture, and the network takes {}", Shape(input)),
            "write the samples into a NumPy or CSV file",
        )),
    }
}

/// The same picture in another size, channel by channel.
fn resized(pixels: &[u8], [height, width]: [usize; 2], size: [usize; 2]) -> Vec<u8> {
    let channels = pixels.chunks_exact(height * width);
    let resized = channels.flat_map(|channel| {
        let values = channel.iter().map(|byte| f32::from(*byte)).collect();
        Plane { width, values }.resize(size).values
    });
    resized.map(|value| value.round() as u8).collect()
}

/// A vector of as many values is as good as the shape itself.
fn check(path: &Path, input: &[usize], shape: &[usize]) -> Result<(), Error> {
    if input == shape || input == [shape.iter().product::<usize>()] {
        return Ok(());
    }
    Err(Error::content(
        path,
        format!(
            "the picture is {}, and the network takes {}",
            Shape(shape),
            Shape(input)
        ),
        "bring it to this size, or choose another --prepare",
    ))
}
