//! A picture on a black sheet, looked at from wherever an affine map says.

#![allow(
    clippy::inline_always,
    reason = "the caller has chosen the instruction set"
)]

use super::affine::Affine;
use super::elastic::Field;
use super::vectorized;
use crate::data::Sample;
use crate::math::Real;

/// Black pixels before a picture's first row and column.
const BEFORE: usize = 1;
/// Black pixels before and after a picture: a place beyond the last row lies between two that are black.
const MARGINS: usize = 3;

/// A picture with black margins, so that every place that is looked at lies between four pixels.
pub struct Sheet<R> {
    shape: [usize; 3],
    /// The picture by itself.
    picture: Vec<R>,
    pixels: Vec<R>,
    /// What is looked at in one row of the frame.
    gaze: Gaze<R>,
}

/// The places that are seen in one row.
struct Gaze<R> {
    /// 0, 1, 2, …: the columns of the frame.
    columns: Vec<R>,
    /// Coordinates in the picture; then the parts of the way from one pixel to the next.
    across: Vec<R>,
    down: Vec<R>,
    /// The index of the upper left one of the four pixels around, in a channel of the sheet.
    corners: Vec<u32>,
}

impl<R: Real> Sheet<R> {
    /// A sheet for pictures of this shape.
    pub fn new([channels, height, width]: [usize; 3]) -> Self {
        let columns = (0..width).map(|x| R::from_f64(x as f64));
        Self {
            shape: [channels, height, width],
            picture: vec![R::ZERO; channels * height * width],
            pixels: vec![R::ZERO; channels * (height + MARGINS) * (width + MARGINS)],
            gaze: Gaze {
                columns: columns.collect(),
                across: vec![R::ZERO; width],
                down: vec![R::ZERO; width],
                corners: vec![0; width],
            },
        }
    }

    /// Draws a picture over the last one.
    pub fn fill(&mut self, picture: Sample<'_>) {
        let [_, height, width] = self.shape;
        let stride = width + MARGINS;
        picture.write(&mut self.picture);
        let channels = self.pixels.chunks_exact_mut((height + MARGINS) * stride);
        let rows =
            channels.flat_map(|channel| channel.chunks_exact_mut(stride).skip(BEFORE).take(height));
        for (row, pixels) in rows.zip(self.picture.chunks_exact(width)) {
            row[BEFORE..][..width].copy_from_slice(pixels);
        }
    }

    /// Writes what is seen through a map, bilinear between pixels: PyTorch's `grid_sample` with its defaults. A field
    /// moves every place.
    pub fn sample(&mut self, map: Affine, field: Option<&Field<R>>, seen: &mut [R]) {
        vectorized(
            #[inline(always)]
            || {
                let [_, height, width] = self.shape;
                for y in 0..height {
                    self.gaze.follow(map, y);
                    if let Some(field) = field {
                        self.gaze.bend(field.row(y));
                    }
                    self.gaze.settle([height, width]);
                    self.look(y, seen);
                }
            },
        );
    }

    /// Writes one row of every channel.
    #[inline(always)]
    fn look(&self, y: usize, seen: &mut [R]) {
        let [_, height, width] = self.shape;
        let stride = width + MARGINS;
        let channels = self.pixels.chunks_exact((height + MARGINS) * stride);
        for (channel, seen) in channels.zip(seen.chunks_exact_mut(height * width)) {
            let row = &mut seen[y * width..][..width];
            let ways = self.gaze.across.iter().zip(&self.gaze.down);
            let places = self.gaze.corners.iter().zip(ways);
            for (value, (corner, (across, down))) in row.iter_mut().zip(places) {
                let pixels = &channel[*corner as usize..][..stride + 2];
                let upper = pixels[0] + (pixels[1] - pixels[0]) * *across;
                let lower = pixels[stride] + (pixels[stride + 1] - pixels[stride]) * *across;
                *value = upper + (lower - upper) * *down;
            }
        }
    }
}

impl<R: Real> Gaze<R> {
    /// Looks along a row of the frame.
    #[inline(always)]
    fn follow(&mut self, map: Affine, y: usize) {
        let coordinates = [&mut self.across, &mut self.down];
        for (axis, places) in coordinates.into_iter().enumerate() {
            let start = R::from_f64(map.origin[axis] + map.down[axis] * y as f64);
            let step = R::from_f64(map.right[axis]);
            for (place, column) in places.iter_mut().zip(&self.columns) {
                *place = start + *column * step;
            }
        }
    }

    /// Moves every place.
    #[inline(always)]
    fn bend(&mut self, ways: [&[R]; 2]) {
        for (places, ways) in [&mut self.across, &mut self.down].into_iter().zip(ways) {
            for (place, way) in places.iter_mut().zip(ways) {
                *place += *way;
            }
        }
    }

    /// Finds the pixels around every place, for a picture of height and width.
    #[inline(always)]
    fn settle(&mut self, [height, width]: [usize; 2]) {
        let stride = (width + MARGINS) as u32;
        let places = self.across.iter_mut().zip(&mut self.down);
        for ((across, down), corner) in places.zip(&mut self.corners) {
            let column = before(across, width);
            *corner = before(down, height) * stride + column;
        }
    }
}

/// The pixel before a coordinate, counted on the sheet; leaves the part of the way to the next one.
///
/// Beyond the picture all is black: whatever lies further out is as what lies one pixel out.
#[inline(always)]
fn before<R: Real>(coordinate: &mut R, size: usize) -> u32 {
    let last = R::from_f64((size + BEFORE) as f64);
    let mut place = *coordinate + R::ONE;
    place = if place > R::ZERO { place } else { R::ZERO };
    place = if place < last { place } else { last };
    let before = place.truncate();
    *coordinate = place - R::from_f64(f64::from(before));
    before as u32
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
        sheet.sample(map, None, &mut seen);
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
        sheet.sample(Affine::of(pose, [2, 3]), None, &mut seen);
        let expected = [0, 30, 20, 0, 60, 50].map(|byte: u8| f32::from(byte) / 255.0);
        assert_eq!(seen.map(f32::to_bits), expected.map(f32::to_bits));
    }
}
