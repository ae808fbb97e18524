//! Synthetic handwritten digits, drawn here: for a first run without any file.
//!
//! They are 28×28 like those of MNIST, but are not MNIST: accuracies on the two do not compare. For networks that take
//! something else they come in colours, in other sizes, or as figures of sound.

mod distortion;
mod dress;
mod glyphs;
mod picture;

use super::{Dataset, Split};
use crate::error::Error;
use crate::rng::Rng;
use distortion::Distortion;
use picture::{Picture, SIZE};

const CLASSES: usize = 10;
const TRAIN: usize = 20_000;
const TEST: usize = 4_000;
const TRAIN_SEED: u64 = 1;
const TEST_SEED: u64 = 2;

/// 20,000 digits to learn and 4,000 to test, always the same ones.
///
/// # Errors
/// None that can occur.
pub fn split() -> Result<Split, Error> {
    split_for(&[1, SIZE, SIZE])
}

/// The same digits for a network that takes `input`: see [`generate_for`].
///
/// # Errors
/// None that can occur.
pub fn split_for(input: &[usize]) -> Result<Split, Error> {
    Ok(Split {
        train: generate_for(input, TRAIN, TRAIN_SEED)?,
        test: generate_for(input, TEST, TEST_SEED)?,
    })
}

/// As many digits of each class as of any other, `[1, 28, 28]`, white on black.
///
/// The same seed gives the same bytes on every machine.
///
/// # Errors
/// If `count` is zero.
pub fn generate(count: usize, seed: u64) -> Result<Dataset, Error> {
    generate_for(&[1, SIZE, SIZE], count, seed)
}

/// As [`generate`], for a network that takes `input`.
///
/// With `[channels, height, width]` the digits have that size; where there are several channels, ink and paper have a
/// colour each. With `[channels, length]` they are figures of sound: `channels` frequencies at `length` moments. With
/// any other shape they are as [`generate`] draws them.
///
/// # Errors
/// If `count` is zero.
pub fn generate_for(input: &[usize], count: usize, seed: u64) -> Result<Dataset, Error> {
    let shape = match input {
        [_, _, _] | [_, _] => input,
        _ => &[1, SIZE, SIZE],
    };
    let labels: Vec<u8> = (0..CLASSES as u8).cycle().take(count).collect();
    let mut values = Vec::with_capacity(count * shape.iter().product::<usize>());
    for (index, label) in labels.iter().enumerate() {
        let mut rng = Rng::stream(seed, index as u64);
        let drawn = draw(usize::from(*label), &mut rng);
        values.extend(dress::up(drawn, shape, &mut rng));
    }
    Dataset::new("synthetic digits", shape, values, labels, CLASSES)
}

/// One digit as one hand might write it.
fn draw(digit: usize, rng: &mut Rng) -> Vec<u8> {
    let ways = glyphs::WAYS[digit];
    let way = ways[rng.below(ways.len())];
    let distortion = Distortion::random(rng);
    let mut picture = Picture::random_pen(rng);
    picture.clutter(rng);
    for stroke in way {
        picture.stroke(&distortion.apply(stroke, rng));
    }
    picture.smudge(rng);
    picture.into_bytes(rng).collect()
}
