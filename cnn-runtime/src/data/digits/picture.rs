//! The sheet of paper: pen, ink, dirt and noise.

use super::distortion::between;
use super::glyphs::Point;
use crate::rng::Rng;

/// Pixels per side.
pub const SIZE: usize = 28;

/// Ink per pixel, from 0 to 1, and the pen that puts it there.
pub struct Picture {
    ink: [[f64; SIZE]; SIZE],
    pen: Pen,
}

/// Half the width of a line, the width of its soft edge, both in pixels, and its darkness.
#[derive(Clone, Copy)]
struct Pen {
    radius: f64,
    softness: f64,
    ink: f64,
}

impl Picture {
    /// An empty sheet and some pen.
    pub fn random_pen(rng: &mut Rng) -> Self {
        let pen = Pen {
            radius: between(rng, 0.5, 1.8),
            softness: between(rng, 0.8, 1.8),
            ink: between(rng, 0.55, 1.0),
        };
        Self {
            ink: [[0.0; SIZE]; SIZE],
            pen,
        }
    }

    /// Draws a line through the points.
    pub fn stroke(&mut self, points: &[Point]) {
        self.draw(points, self.pen);
    }

    /// Draws a few short lines that mean nothing.
    pub fn clutter(&mut self, rng: &mut Rng) {
        for _ in 0..rng.below(3) {
            let from = [(); 2].map(|()| between(rng, 0.0, SIZE as f64));
            let to = from.map(|coordinate| coordinate + 2.5 * rng.normal());
            let pen = Pen {
                radius: between(rng, 0.3, 1.0),
                ink: between(rng, 0.2, 0.8),
                ..self.pen
            };
            self.draw(&[from, to], pen);
        }
    }

    /// Rubs out a small disc, now and then.
    pub fn smudge(&mut self, rng: &mut Rng) {
        if rng.below(3) > 0 {
            return;
        }
        let center = [(); 2].map(|()| between(rng, 6.0, SIZE as f64 - 6.0));
        let radius = between(rng, 1.0, 3.0);
        for (y, row) in self.ink.iter_mut().enumerate() {
            for (x, ink) in row.iter_mut().enumerate() {
                let [dx, dy] = [x as f64 - center[0], y as f64 - center[1]];
                let left = (libm::sqrt(dx * dx + dy * dy) - radius + 0.5).clamp(0.15, 1.0);
                *ink *= left;
            }
        }
    }

    /// Adds noise and rounds to bytes.
    pub fn into_bytes(self, rng: &mut Rng) -> impl Iterator<Item = u8> {
        let noise = between(rng, 0.0, 0.25);
        self.ink.into_iter().flatten().map(move |ink| {
            let noise = noise * (rng.uniform() + rng.uniform() - 1.0);
            ((ink + noise) * 255.0 + 0.5).clamp(0.0, 255.0) as u8
        })
    }

    fn draw(&mut self, points: &[Point], pen: Pen) {
        for ends in points.windows(2) {
            self.segment(ends[0], ends[1], pen);
        }
    }

    /// Inks every pixel as far as it is near the segment; where lines cross, the darker one counts.
    fn segment(&mut self, from: Point, to: Point, pen: Pen) {
        let reach = pen.radius + pen.softness;
        let [columns, rows] = [0, 1].map(|axis| {
            let low = (from[axis].min(to[axis]) - reach).clamp(0.0, SIZE as f64);
            let high = (from[axis].max(to[axis]) + reach + 1.0).clamp(0.0, SIZE as f64);
            low as usize..high as usize
        });
        for y in rows {
            for x in columns.clone() {
                let distance = distance([x as f64, y as f64], from, to);
                let cover = ((pen.radius - distance) / pen.softness + 0.5).clamp(0.0, 1.0);
                let ink = &mut self.ink[y][x];
                *ink = ink.max(pen.ink * cover);
            }
        }
    }
}

/// The distance of a point from a segment.
fn distance(point: Point, from: Point, to: Point) -> f64 {
    let along = [to[0] - from[0], to[1] - from[1]];
    let offset = [point[0] - from[0], point[1] - from[1]];
    let square = along[0] * along[0] + along[1] * along[1];
    let part = if square > 0.0 {
        ((offset[0] * along[0] + offset[1] * along[1]) / square).clamp(0.0, 1.0)
    } else {
        0.0
    };
    let [dx, dy] = [offset[0] - part * along[0], offset[1] - part * along[1]];
    libm::sqrt(dx * dx + dy * dy)
}
