//! What is drawn in a picture, told from what it is drawn on.

use crate::data::plane::Plane;

/// How grey a pixel is, from black to white, and how opaque.
pub type Shade = [u8; 2];

/// By how much a pixel along the edge may differ from the paper, as a multiple of what is common there.
///
/// Of noise that is normal, which has a median distance of 0.67 standard deviations, a pixel in 300 goes beyond.
const TOLERANCE: f32 = 4.0;

/// How much ink each pixel has, from nothing to 255: none where it looks like paper.
///
/// Paper is what the pixels along the edge have in common; it may be bright, dark or transparent. Ink is darker or
/// brighter, whichever there is more of.
pub fn ink(shades: &[Shade], width: usize) -> Plane {
    let edge: Vec<_> = edge(shades, width).collect();
    let paper = paper(shades, &edge);
    let distances = edge.iter().map(|shade| (over(*shade, paper) - paper).abs());
    let tolerated = TOLERANCE * median(distances);
    let distances = || shades.iter().map(|shade| over(*shade, paper) - paper);
    // With as much of both, `sum` is zero: it is dark ink then.
    let sum: f64 = distances().map(f64::from).sum();
    let sign = if sum > 0.0 { 1.0 } else { -1.0 };
    Plane {
        width,
        values: distances()
            .map(|distance| (sign * distance - tolerated).max(0.0))
            .collect(),
    }
}

/// The pixels along the edge.
fn edge(shades: &[Shade], width: usize) -> impl Iterator<Item = Shade> {
    let height = shades.len() / width;
    shades.iter().enumerate().filter_map(move |(index, shade)| {
        let (y, x) = (index / width, index % width);
        let is_edge = y == 0 || x == 0 || y + 1 == height || x + 1 == width;
        is_edge.then_some(*shade)
    })
}

/// The shade of the paper; where the edge is transparent, the one that what is drawn stands out from.
fn paper(shades: &[Shade], edge: &[Shade]) -> f32 {
    let is_opaque = |[_, alpha]: &&Shade| *alpha >= 128;
    let opaque = edge.iter().filter(is_opaque);
    if 2 * opaque.clone().count() >= edge.len() {
        return median(opaque.map(|[grey, _]| f32::from(*grey)));
    }
    let (mut grey, mut alpha) = (0, 0);
    for shade in shades {
        grey += u64::from(shade[0]) * u64::from(shade[1]);
        alpha += u64::from(shade[1]);
    }
    if 2 * grey > 255 * alpha { 0.0 } else { 255.0 }
}

/// What is seen of a pixel over paper.
fn over([grey, alpha]: Shade, paper: f32) -> f32 {
    let alpha = f32::from(alpha) / 255.0;
    alpha * f32::from(grey) + (1.0 - alpha) * paper
}

/// The middle one of some values; zero if there are none.
fn median(values: impl Iterator<Item = f32>) -> f32 {
    let mut values: Vec<_> = values.collect();
    if values.is_empty() {
        return 0.0;
    }
    let middle = values.len() / 2;
    *values.select_nth_unstable_by(middle, f32::total_cmp).1
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A dot in the middle of a square of nine pixels.
    fn dot(dot: Shade, paper: Shade) -> Vec<f32> {
        let mut shades = [paper; 9];
        shades[4] = dot;
        ink(&shades, 3).values
    }

    fn only_the_dot(amount: f32) -> [f32; 9] {
        let mut values = [0.0; 9];
        values[4] = amount;
        values
    }

    #[test]
    fn ink_is_dark_or_bright() {
        assert_eq!(dot([0, 255], [255, 255]), only_the_dot(255.0));
        assert_eq!(dot([255, 255], [0, 255]), only_the_dot(255.0));
        assert_eq!(dot([40, 255], [200, 255]), only_the_dot(160.0));
        assert_eq!(dot([7, 255], [7, 255]), [0.0; 9]);
    }

    #[test]
    fn paper_may_be_transparent() {
        for hidden in [0, 255] {
            assert_eq!(dot([0, 255], [hidden, 0]), only_the_dot(255.0));
            assert_eq!(dot([255, 255], [hidden, 0]), only_the_dot(255.0));
            assert_eq!(dot([0, 51], [hidden, 0]), only_the_dot(51.0));
        }
        assert_eq!(dot([9, 0], [9, 0]), [0.0; 9]);
    }

    /// What varies along the edge is the paper's own: 2 of 255 here, and so 8 everywhere.
    #[test]
    fn noise_is_no_ink() {
        let noise = [200, 202, 198, 202, 0, 198, 202, 198, 200, 207, 193, 200];
        let shades = noise.map(|grey| [grey, 255]);
        let mut expected = [0.0; 12];
        expected[4] = 192.0;
        assert_eq!(ink(&shades, 3).values, expected);
    }
}
