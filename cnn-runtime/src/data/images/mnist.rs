//! A drawing as the pictures of MNIST were made.
//!
//! By the description of "The MNIST database of handwritten digits", what is drawn is scaled to fit a box of 20×20 pixels,
//! keeping its aspect ratio, with grey levels from anti-aliasing; then it is moved in a field of 28×28 so that its centre
//! of mass comes to the middle.

use super::ink::{Shade, ink};
use crate::data::plane::Plane;

/// Height and width of a prepared picture.
pub const FIELD: usize = 28;
/// The longer side of what is drawn.
const BOX: usize = 20;
/// The pixel that gets the centre of mass; MNIST's own pictures have it there without exception.
const CENTRE: f64 = 14.0;
/// The share of the strongest ink below which a pixel does not count for the extent of what is drawn: a smudge.
const SMUDGE: f32 = 1.0 / 8.0;

/// The drawing in white on black, [`FIELD`]×[`FIELD`]; nothing if nothing is drawn.
pub fn prepare(shades: &[Shade], width: usize) -> Option<Vec<u8>> {
    let ink = ink(shades, width);
    let (corner, size) = extent(&ink)?;
    let mut drawing = cropped(&ink, corner, size).resize(fitted(size));
    let strongest = strongest(&drawing);
    for value in &mut drawing.values {
        *value *= 255.0 / strongest;
    }
    Some(placed(&drawing))
}

/// The corner, and height and width, of the smallest box around all that counts.
fn extent(ink: &Plane) -> Option<([usize; 2], [usize; 2])> {
    let least = strongest(ink) * SMUDGE;
    let counts = |value: &f32| *value > 0.0 && *value >= least;
    let rows = ink.values.chunks_exact(ink.width);
    let (mut top, mut bottom) = (None, 0);
    let (mut left, mut right) = (ink.width, 0);
    for (y, row) in rows.enumerate() {
        let Some(start) = row.iter().position(counts) else {
            continue;
        };
        let end = row.iter().rposition(counts).map_or(start, |x| x + 1);
        top = top.or(Some(y));
        bottom = y + 1;
        left = left.min(start);
        right = right.max(end);
    }
    let top = top?;
    Some(([top, left], [bottom - top, right - left]))
}

/// The part with these rows and columns.
fn cropped(plane: &Plane, [top, left]: [usize; 2], [height, width]: [usize; 2]) -> Plane {
    let rows = plane
        .values
        .chunks_exact(plane.width)
        .skip(top)
        .take(height);
    let values = rows.flat_map(|row| &row[left..][..width]).copied();
    Plane {
        width,
        values: values.collect(),
    }
}

/// The size in the box: the longer side fills it.
fn fitted(size: [usize; 2]) -> [usize; 2] {
    let longer = size[0].max(size[1]);
    size.map(|side| ((2 * BOX * side + longer) / (2 * longer)).max(1))
}

fn strongest(plane: &Plane) -> f32 {
    plane.values.iter().copied().fold(0.0, f32::max)
}

/// The drawing in the field, its centre of mass in the middle as far as it does not stick out.
fn placed(drawing: &Plane) -> Vec<u8> {
    let Plane { width, values } = drawing;
    let index_of = |sum: f64, mass: f64| (sum / mass).floor();
    let (mut mass, mut down, mut right) = (0.0, 0.0, 0.0);
    for (index, value) in values.iter().enumerate() {
        let value = f64::from(*value);
        mass += value;
        down += value * ((index / width) as f64 + 0.5);
        right += value * ((index % width) as f64 + 0.5);
    }
    let start = |sum, side| {
        let start = CENTRE - index_of(sum, mass);
        (start.max(0.0) as usize).min(FIELD - side)
    };
    let (top, left) = (start(down, drawing.height()), start(right, *width));
    let mut field = vec![0; FIELD * FIELD];
    for (y, row) in values.chunks_exact(*width).enumerate() {
        let place = &mut field[(top + y) * FIELD + left..][..*width];
        for (pixel, value) in place.iter_mut().zip(row) {
            *pixel = value.round() as u8;
        }
    }
    field
}
