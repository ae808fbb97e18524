//! What a sample looks like.

use super::chart::round;
use super::picture::Picture;
use crate::data::Dataset;
use png::EncodingError;
use serde::Serialize;
use std::fmt::Write as _;

/// So few numbers are written, and not drawn.
const WRITTEN: usize = 12;

/// So many channels are drawn at most.
const CHANNELS: usize = 8;

/// The size of a drawing of lines.
const LINES_WIDTH: f64 = 100.0;
const LINES_HEIGHT: f64 = 50.0;

/// How numbers of some shape are shown.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Look {
    /// The address of a picture.
    Picture(String),
    /// Paths in the words of SVG, one for each channel.
    Lines(Vec<String>),
    /// The numbers.
    Text(String),
}

impl Look {
    /// A sample before any normalisation.
    pub fn of_sample(data: &Dataset, sample: usize) -> Result<Self, EncodingError> {
        let mut values = vec![0.0_f64; data.shape().iter().product()];
        data.sample(sample).write(&mut values);
        Self::of(data.shape(), &values)
    }

    /// Numbers of this shape: pictures from black to white, or lines, or the numbers themselves.
    pub fn of(shape: &[usize], values: &[f64]) -> Result<Self, EncodingError> {
        match *shape {
            [channels @ (1 | 3), height, width] if height > 1 => {
                let values = brightness(values);
                let mut planes = values.chunks(height * width);
                let planes = [0; 3].map(|_| planes.next());
                let [first, second, third] = planes;
                let first = first.unwrap_or_default();
                let planes = match channels {
                    3 => [first, second.unwrap_or_default(), third.unwrap_or_default()],
                    _ => [first; 3],
                };
                Ok(Self::Picture(
                    Picture::of_channels(width, &planes).address()?,
                ))
            }
            [_, height, width] if height > 1 => Ok(Self::Picture(
                Picture::of_numbers(width, values, largest(values)).address()?,
            )),
            _ if values.len() <= WRITTEN => Ok(Self::Text(text(values))),
            [.., length] => Ok(Self::Lines(lines(length, values))),
            [] => Ok(Self::Text(text(values))),
        }
    }
}

/// The largest of the numbers, whatever their signs.
pub fn largest(values: &[f64]) -> f64 {
    let sizes = values.iter().map(|value| value.abs());
    sizes.filter(|size| size.is_finite()).fold(0.0, f64::max)
}

/// Some numbers, rounded.
pub fn text(values: &[f64]) -> String {
    let numbers = values.iter().take(WRITTEN).map(|value| round(*value));
    let mut text = numbers.collect::<Vec<_>>().join(", ");
    if values.len() > WRITTEN {
        text.push_str(", …");
    }
    text
}

/// Numbers as brightnesses: as they are if they are such, else from the smallest to the largest.
fn brightness(values: &[f64]) -> Vec<f64> {
    let (low, high) = range(values);
    if low >= 0.0 && high <= 1.0 {
        return values.to_vec();
    }
    let span = (high - low).max(f64::MIN_POSITIVE);
    values.iter().map(|value| (value - low) / span).collect()
}

fn range(values: &[f64]) -> (f64, f64) {
    values
        .iter()
        .fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), value| {
            (low.min(*value), high.max(*value))
        })
}

fn lines(length: usize, values: &[f64]) -> Vec<String> {
    let (low, high) = range(values);
    let span = (high - low).max(f64::MIN_POSITIVE);
    let channels = values.chunks(length.max(2)).take(CHANNELS);
    let line = |channel: &[f64]| {
        let step = LINES_WIDTH / (channel.len().max(2) - 1) as f64;
        let mut path = String::new();
        for (index, value) in channel.iter().enumerate() {
            let verb = if index == 0 { 'M' } else { 'L' };
            let (x, y) = (index as f64 * step, (high - value) / span * LINES_HEIGHT);
            // A String takes everything that is written.
            let _ = write!(path, "{verb}{x:.1},{y:.1}");
        }
        path
    };
    channels.map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_look_suits_the_shape() {
        let look = |shape: &[usize]| {
            let values = vec![0.5; shape.iter().product()];
            Look::of(shape, &values).unwrap()
        };
        for shape in [[1, 4, 4], [3, 4, 4], [2, 4, 4], [16, 2, 2]] {
            assert!(matches!(look(&shape), Look::Picture(_)), "{shape:?}");
        }
        assert!(matches!(look(&[2, 30]), Look::Lines(lines) if lines.len() == 2));
        assert!(matches!(look(&[1, 1, 30]), Look::Lines(lines) if lines.len() == 1));
        assert!(matches!(look(&[100]), Look::Lines(lines) if lines.len() == 1));
        assert!(matches!(look(&[3]), Look::Text(text) if text == "0.5, 0.5, 0.5"));
    }

    #[test]
    fn numbers_that_are_no_brightnesses_are_spread_over_them() {
        assert_eq!(brightness(&[0.25, 0.5]), [0.25, 0.5]);
        assert_eq!(brightness(&[-2.0, 0.0, 2.0]), [0.0, 0.5, 1.0]);
    }
}
