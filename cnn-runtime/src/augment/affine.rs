//! How a picture lies in its frame, as one affine map.

use crate::rng::Rng;
use crate::settings::Augmentation;

/// Where a picture is put: it is flipped, scaled, sheared and turned about its centre, then shifted.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Pose {
    /// Whether left and right are exchanged.
    pub flip: bool,
    /// By which it is enlarged.
    pub scale: f64,
    /// By how many radians its columns lean to the right going down.
    pub shear: f64,
    /// By how many radians it is turned clockwise.
    pub angle: f64,
    /// Pixels to the right and down.
    pub shift: [f64; 2],
}

impl Pose {
    pub fn random(settings: &Augmentation, rng: &mut Rng) -> Self {
        let mut either_side = |most: f64| most * (2.0 * rng.uniform() - 1.0);
        let angle = either_side(settings.rotate).to_radians();
        let shear = either_side(settings.shear).to_radians();
        let shift = [(); 2].map(|()| either_side(settings.shift));
        let [least, most] = settings.scale;
        let scale = least + (most - least) * rng.uniform();
        let flip = rng.uniform() < settings.horizontal_flip;
        // Cutting out of a larger picture shifts by whole pixels.
        let padding = settings.crop_padding;
        let crop = [(); 2].map(|()| rng.below(2 * padding + 1) as f64 - padding as f64);
        Self {
            flip,
            scale,
            shear,
            angle,
            shift: [shift[0] + crop[0], shift[1] + crop[1]],
        }
    }
}

/// The place in the picture that is seen at a place in the frame.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Affine {
    /// What `x` and `y` of the picture grow by, for each step to the right in the frame.
    pub right: [f64; 2],
    /// Likewise for each step down.
    pub down: [f64; 2],
    /// What is seen in the corner at (0, 0).
    pub origin: [f64; 2],
}

impl Affine {
    /// The inverse of a pose's map, for a frame of height and width.
    pub fn of(pose: Pose, [height, width]: [usize; 2]) -> Self {
        let (sin, cos) = libm::sincos(pose.angle);
        let lean = libm::tan(pose.shear);
        let mirror = if pose.flip { -1.0 } else { 1.0 };
        let right = [mirror * (cos + lean * sin) / pose.scale, -sin / pose.scale];
        let down = [mirror * (sin - lean * cos) / pose.scale, cos / pose.scale];
        let centre = [width, height].map(|size| (size as f64 - 1.0) / 2.0);
        let [x, y] = [0, 1].map(|axis| centre[axis] + pose.shift[axis]);
        let origin = [0, 1].map(|axis| centre[axis] - right[axis] * x - down[axis] * y);
        Self {
            right,
            down,
            origin,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const EVERYTHING: Augmentation = Augmentation {
        rotate: 30.0,
        scale: [0.5, 2.0],
        shear: 10.0,
        shift: 1.5,
        horizontal_flip: 0.25,
        crop_padding: 2,
        ..Augmentation::NONE
    };

    fn poses(settings: &Augmentation) -> Vec<Pose> {
        let mut rng = Rng::new(1);
        (0..10_000)
            .map(|_| Pose::random(settings, &mut rng))
            .collect()
    }

    /// The smallest and the largest of some numbers.
    fn range(numbers: impl Iterator<Item = f64> + Clone) -> [f64; 2] {
        [
            numbers.clone().fold(f64::MAX, f64::min),
            numbers.fold(f64::MIN, f64::max),
        ]
    }

    #[test]
    fn random_poses_fill_their_ranges() {
        let poses = poses(&EVERYTHING);
        let near = |[least, most]: [f64; 2], expected: [f64; 2]| {
            let width = expected[1] - expected[0];
            assert!(
                least >= expected[0] && least < expected[0] + 0.03 * width,
                "{least}"
            );
            assert!(
                most <= expected[1] && most > expected[1] - 0.03 * width,
                "{most}"
            );
        };
        let numbers = |number: fn(&Pose) -> f64| range(poses.iter().map(number));
        near(numbers(|pose| pose.angle.to_degrees()), [-30.0, 30.0]);
        near(numbers(|pose| pose.shear.to_degrees()), [-10.0, 10.0]);
        near(numbers(|pose| pose.scale), [0.5, 2.0]);
        near(numbers(|pose| pose.shift[0]), [-3.5, 3.5]);
        near(numbers(|pose| pose.shift[1]), [-3.5, 3.5]);
        let flipped = poses.iter().filter(|pose| pose.flip).count();
        assert!((2_300..2_700).contains(&flipped), "{flipped}");
    }

    #[test]
    fn crops_are_at_whole_pixels_equally_often() {
        let settings = Augmentation {
            crop_padding: 2,
            ..Augmentation::NONE
        };
        let mut counts = [0; 5];
        for pose in poses(&settings) {
            let column = pose.shift[0] + 2.0;
            assert!(column.fract() == 0.0);
            counts[column as usize] += 1;
        }
        assert!(
            counts.iter().all(|count| (1_800..2_200).contains(count)),
            "{counts:?}"
        );
    }
}
