//! How one hand bends what it writes.

use super::glyphs::Point;
use super::picture::SIZE;
use crate::rng::Rng;

/// Straight pieces between two control points.
const PIECES: usize = 6;
/// How far a control point strays, in units of the glyph.
const JITTER: f64 = 0.055;
/// Waves that bend the plane.
const WAVES: usize = 3;

/// A map from the plane of the glyphs to pixels: a random affine map after a random elastic one.
pub struct Distortion {
    waves: [Wave; WAVES],
    /// Rows of the affine map: factors of x, of y, and an offset.
    affine: [[f64; 3]; 2],
}

/// A displacement that swings along one direction.
#[derive(Clone, Copy)]
struct Wave {
    direction: Point,
    phase: f64,
    shift: Point,
}

impl Distortion {
    pub fn random(rng: &mut Rng) -> Self {
        let waves = [(); WAVES].map(|()| Wave {
            direction: [(); 2].map(|()| between(rng, -2.5, 2.5)),
            phase: between(rng, 0.0, core::f64::consts::TAU),
            shift: [(); 2].map(|()| 0.07 * rng.normal()),
        });
        let (sin, cos) = libm::sincos((0.17 * rng.normal()).clamp(-0.5, 0.5));
        let [width, height] = [between(rng, 7.0, 10.0), between(rng, 7.5, 10.0)];
        let shear = between(rng, -0.35, 0.3);
        let [x, y] = [(); 2].map(|()| (SIZE as f64 - 1.0) / 2.0 + between(rng, -1.6, 1.6));
        // Rotation ∘ shear ∘ scale, then the offset.
        Self {
            waves,
            affine: [
                [cos * width, (cos * shear - sin) * height, x],
                [sin * width, (sin * shear + cos) * height, y],
            ],
        }
    }

    /// The stroke as a line of short straight pieces, in pixels.
    pub fn apply(&self, stroke: &[Point], rng: &mut Rng) -> Vec<Point> {
        let controls: Vec<Point> = stroke
            .iter()
            .map(|point| point.map(|coordinate| coordinate + JITTER * rng.normal()))
            .collect();
        smooth(&controls).map(|point| self.map(point)).collect()
    }

    fn map(&self, point: Point) -> Point {
        let [mut x, mut y] = point;
        for wave in &self.waves {
            let swing =
                libm::sin(wave.direction[0] * point[0] + wave.direction[1] * point[1] + wave.phase);
            x += wave.shift[0] * swing;
            y += wave.shift[1] * swing;
        }
        self.affine
            .map(|[by_x, by_y, offset]| by_x * x + by_y * y + offset)
    }
}

/// Points on the Catmull-Rom spline through the controls.
fn smooth(controls: &[Point]) -> impl Iterator<Item = Point> {
    let last = controls.len() - 1;
    let along = (0..last).flat_map(move |index| {
        let around = [
            index.saturating_sub(1),
            index,
            index + 1,
            last.min(index + 2),
        ];
        let around = around.map(|index| controls[index]);
        (0..PIECES).map(move |piece| catmull_rom(around, piece as f64 / PIECES as f64))
    });
    along.chain([controls[last]])
}

/// The point at `t` in `0..=1` between the two middle ones of four.
fn catmull_rom([a, b, c, d]: [Point; 4], t: f64) -> Point {
    [0, 1].map(|i| {
        let linear = c[i] - a[i];
        let square = 2.0 * a[i] - 5.0 * b[i] + 4.0 * c[i] - d[i];
        let cube = 3.0 * (b[i] - c[i]) + d[i] - a[i];
        b[i] + 0.5 * t * (linear + t * (square + t * cube))
    })
}

/// Uniform between two numbers.
pub fn between(rng: &mut Rng, low: f64, high: f64) -> f64 {
    low + (high - low) * rng.uniform()
}
