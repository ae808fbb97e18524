//! A drawn digit in the shape that a network takes.

use super::distortion::between;
use super::picture::SIZE;
use crate::data::plane::Plane;
use crate::rng::Rng;

/// A digit's ink, in bytes row by row, as a tensor of `[channels, height, width]` or `[height, width]`.
pub fn up(drawn: Vec<u8>, shape: &[usize], rng: &mut Rng) -> Vec<u8> {
    let (channels, size) = match *shape {
        [channels, height, width] => (channels, [height, width]),
        [height, width] => (1, [height, width]),
        _ => (1, [SIZE, SIZE]),
    };
    if (channels, size) == (1, [SIZE, SIZE]) {
        return drawn;
    }
    let drawn = Plane {
        width: SIZE,
        values: drawn.into_iter().map(f32::from).collect(),
    };
    let ink = drawn.resize(size).values;
    if channels == 1 {
        return ink.into_iter().map(|value| value as u8).collect();
    }
    let is_dark = rng.below(2) == 0;
    let colours = (0..channels).map(|_| {
        let (low, high) = (between(rng, 0.0, 0.5), between(rng, 0.5, 1.0));
        if is_dark { [high, low] } else { [low, high] }
    });
    colours.flat_map(|colours| colour(&ink, colours)).collect()
}

/// One channel of ink on paper.
fn colour(ink: &[f32], [paper, pen]: [f64; 2]) -> impl Iterator<Item = u8> {
    let channel = move |ink: &f32| {
        let share = f64::from(*ink) / 255.0;
        ((1.0 - share) * paper + share * pen) * 255.0
    };
    ink.iter().map(move |ink| channel(ink) as u8)
}
