//! A picture on a black sheet, looked at from wherever an affine map says.

use super::affine::Affine;
use super::elastic::Field;
use crate::data::Sample;
use crate::math::Real;

/// Black pixels before a picture's first row and column.
const BEFORE: usize = 1;
/// Black pixels before and after a picture: a place beyond the last row lies between two that are black.
const MARGINS: usize = 3;

/// A picture with black margins, so that every place that is looked at lies between four pixels.
pub struct Sheet<R> {
    shape: [usize; 3],
    pixels: Vec<R>,
}

impl<R: Real> Sheet<R> {
    /// A sheet for pictures of this shape.
    pub fn new([channels, height, width]: [usize; 3]) -> Self {
        Self {
            shape: [channels, height, width],
            pixels: vec![R::ZERO; channels * (height + MARGINS) * (width + MARGINS)],
        }
    }

    /// Draws a picture over the last one.
    pub fn fill(&mut self, picture: Sample<'_>) {
        let [_, height, width] = self.shape;
        let stride = width + MARGINS;
        let channels = self.pixels.chunks_exact_mut((height + MARGINS) * stride);
        let rows =
            channels.flat_map(|channel| channel.chunks_exact_mut(stride).skip(BEFORE).take(height));
        for (index, row) in rows.enumerate() {
            let range = index * width..(index + 1) * width;
            picture.part(range).write(&mut row[BEFORE..][..width]);
        }
    }

    /// Writes what is seen through a map, bilinear between pixels: PyTorch's `grid_sample` with its defaults.
    pub fn sample(&self, map: Affine, seen: &mut [R]) {
        let [_, height, width] = self.shape;
        for y in 0..height {
            let (start, step) = row(map, y);
            for x in 0..width {
                let along = R::from_f64(x as f64);
                let place = [0, 1].map(|axis| start[axis] + along * step[axis]);
                self.look(place, y * width + x, seen);
            }
        }
    }

    /// The same, with every place moved by the field.
    pub fn sample_bent(&self, map: Affine, field: &Field<R>, seen: &mut [R]) {
        let [_, height, width] = self.shape;
        for y in 0..height {
            let (start, step) = row(map, y);
            for x in 0..width {
                let along = R::from_f64(x as f64);
                let moved = field.at(y * width + x);
                let place = [0, 1].map(|axis| start[axis] + along * step[axis] + moved[axis]);
                self.look(place, y * width + x, seen);
            }
        }
    }

    /// Writes what is seen at one place into one pixel of every channel.
    #[inline]
    fn look(&self, [x, y]: [R; 2], pixel: usize, seen: &mut [R]) {
        let [_, height, width] = self.shape;
        let stride = width + MARGINS;
        let (column, right) = between(x, width);
        let (row, down) = between(y, height);
        let corner = row * stride + column;
        let channels = self.pixels.chunks_exact((height + MARGINS) * stride);
        let seen = seen.chunks_exact_mut(height * width);
        for (channel, seen) in channels.zip(seen) {
            let [upper, lower] = [corner, corner + stride].map(|start| {
                let [left, beside] = [channel[start], channel[start + 1]];
                left + (beside - left) * right
            });
            seen[pixel] = upper + (lower - upper) * down;
        }
    }
}

/// The place that is seen at the start of a row of the frame, and the step from one pixel to the next.
fn row<R: Real>(map: Affine, y: usize) -> ([R; 2], [R; 2]) {
    let start = [0, 1].map(|axis| R::from_f64(map.origin[axis] + map.down[axis] * y as f64));
    (start, map.right.map(R::from_f64))
}

/// The pixel before a coordinate, counted on the sheet, and the part of the way to the next one.
///
/// Beyond the picture all is black: whatever lies further out is as what lies one pixel out.
#[inline]
fn between<R: Real>(coordinate: R, size: usize) -> (usize, R) {
    let last = R::from_f64((size + BEFORE) as f64);
    let mut place = coordinate + R::ONE;
    if place < R::ZERO {
        place = R::ZERO;
    }
    if place > last {
        place = last;
    }
    let before = place.to_f64() as u32;
    (before as usize, place - R::from_f64(f64::from(before)))
}

#[cfg(test)]
mod tests {
    use super::super::affine::Pose;
    use super::*;

    const POSES: &str = include_str!("../../../tests/pytorch/poses.txt");

    /// `tests/pytorch/augmentation.py` says what the figures are of.
    #[test]
    fn poses_are_seen_as_by_pytorch() {
        let mut cases = 0;
        for line in POSES.lines() {
            let figures: Vec<f64> = line
                .split(' ')
                .map(|figure| figure.parse().unwrap())
                .collect();
            let (&[height, width, flip, scale, shear, angle, right, down], expected) =
                figures.split_first_chunk().unwrap();
            let [height, width] = [height, width].map(|size| size as usize);
            let pose = Pose {
                flip: flip > 0.0,
                scale,
                shear,
                angle,
                shift: [right, down],
            };
            let map = Affine::of(pose, [height, width]);
            let double = seen::<f64>(height, width, map);
            let single = seen::<f32>(height, width, map);
            assert_eq!(double.len(), expected.len());
            for ((double, single), expected) in double.iter().zip(single).zip(expected) {
                assert!(
                    (double - expected).abs() < 1e-12,
                    "{pose:?}: {double} is not {expected}"
                );
                assert!(
                    (f64::from(single) - expected).abs() < 1e-5,
                    "{pose:?}: {single} is not {expected}"
                );
            }
            cases += 1;
        }
        assert!(cases > 10);
    }

    fn seen<R: Real>(height: usize, width: usize, map: Affine) -> Vec<R> {
        let pixels = (0..2 * height * width).map(|index| {
            let (channel, row, column) = (
                index / (height * width),
                index / width % height,
                index % width,
            );
            (41 + 70 * channel + 53 * row + 101 * column) as u8
        });
        let pixels: Vec<u8> = pixels.collect();
        let mut sheet = Sheet::new([2, height, width]);
        sheet.fill(Sample::Pixels(&pixels));
        let mut seen = vec![R::ONE; pixels.len()];
        sheet.sample(map, &mut seen);
        seen
    }

    /// What only moves by whole pixels loses no bit.
    #[test]
    fn a_flipped_and_shifted_picture_is_exact() {
        let pixels = [10, 20, 30, 40, 50, 60];
        let mut sheet = Sheet::<f32>::new([1, 2, 3]);
        sheet.fill(Sample::Pixels(&pixels));
        let pose = Pose {
            flip: true,
            scale: 1.0,
            shear: 0.0,
            angle: 0.0,
            shift: [1.0, 0.0],
        };
        let mut seen = [1.0; 6];
        sheet.sample(Affine::of(pose, [2, 3]), &mut seen);
        let expected = [0, 30, 20, 0, 60, 50].map(|byte: u8| f32::from(byte) / 255.0);
        assert_eq!(seen.map(f32::to_bits), expected.map(f32::to_bits));
    }
}
