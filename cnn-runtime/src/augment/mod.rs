//! Samples varied as `[augmentation]` says: the same seed, epoch and sample give the same picture on any thread.

mod affine;
mod elastic;
mod noise;
mod sheet;

use crate::data::Dataset;
use crate::math::Real;
use crate::rng::Rng;
use crate::settings::Augmentation;
use affine::{Affine, Pose};
use elastic::Field;
use sheet::Sheet;

/// What varies samples on one thread, with room to work in.
pub struct Augmenter<R> {
    settings: Augmentation,
    /// Where samples are pictures and anything moves them.
    picture: Option<Picture<R>>,
}

/// Room to move the pixels of a picture in.
struct Picture<R> {
    /// Height and width.
    size: [usize; 2],
    sheet: Sheet<R>,
    field: Option<Field<R>>,
}

/// Where the random numbers of one epoch start, apart from those of its order.
pub fn key(seed: u64, epoch: usize) -> u64 {
    Rng::stream(!seed, epoch as u64).bits()
}

impl<R: Real> Augmenter<R> {
    /// Varies samples of this shape; none if they are to be learnt as they are.
    pub fn new(settings: Augmentation, shape: &[usize]) -> Option<Self> {
        if settings == Augmentation::NONE {
            return None;
        }
        let still = Augmentation {
            cutout: settings.cutout,
            noise: settings.noise,
            ..Augmentation::NONE
        };
        let picture = match *shape {
            [channels, height, width] if settings != still => Some(Picture {
                size: [height, width],
                sheet: Sheet::new([channels, height, width]),
                field: settings
                    .elastic
                    .map(|elastic| Field::new(elastic, [height, width])),
            }),
            _ => None,
        };
        Some(Self { settings, picture })
    }

    /// Writes a sample, moved in its plane and then normalised.
    pub fn gather(&mut self, data: &Dataset, index: usize, rng: &mut Rng, input: &mut [R]) {
        let sample = data.sample(index);
        match &mut self.picture {
            None => sample.write(input),
            Some(Picture { size, sheet, field }) => {
                sheet.fill(sample);
                let map = Affine::of(Pose::random(&self.settings, rng), *size);
                if let Some(field) = field {
                    field.draw(rng);
                }
                sheet.sample(map, field.as_ref(), input);
            }
        }
        if let Some(normalization) = data.normalization() {
            normalization.apply(input);
        }
    }

    /// Hides and disturbs what the network is about to see.
    pub fn spoil(&self, rng: &mut Rng, shape: &[usize], input: &mut [R]) {
        if let [_, height, width] = *shape
            && self.settings.cutout > 0
        {
            cut_out(self.settings.cutout, [height, width], rng, input);
        }
        if self.settings.noise > 0.0 {
            noise::add(self.settings.noise, rng, input);
        }
    }
}

/// Runs a closure that is inlined with the vectors that the machine has.
fn vectorized<T>(run: impl FnOnce() -> T) -> T {
    #[cfg(feature = "simd")]
    return crate::lanes::dispatch!(
        crate::lanes::level(),
        simd => fearless_simd::Simd::vectorize(simd, run)
    );
    #[cfg(not(feature = "simd"))]
    run()
}

/// Sets a square around a random pixel to zero in every channel, as far as it lies in the picture: `DeVries` and Taylor,
/// "Improved regularization of convolutional neural networks with cutout", 2017.
fn cut_out<R: Real>(side: usize, [height, width]: [usize; 2], rng: &mut Rng, input: &mut [R]) {
    let [rows, columns] = [height, width].map(|size| {
        let end = rng.below(size) + side.div_ceil(2);
        end.saturating_sub(side)..end.min(size)
    });
    for channel in input.chunks_exact_mut(height * width) {
        for row in channel
            .chunks_exact_mut(width)
            .take(rows.end)
            .skip(rows.start)
        {
            row[columns.clone()].fill(R::ZERO);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::digits;
    use crate::settings::Elastic;

    const EVERYTHING: Augmentation = Augmentation {
        rotate: 10.0,
        scale: [0.9, 1.1],
        shear: 5.0,
        shift: 1.0,
        horizontal_flip: 0.5,
        crop_padding: 2,
        elastic: Some(Elastic {
            alpha: 34.0,
            sigma: 4.0,
        }),
        cutout: 6,
        noise: 0.1,
    };

    /// A digit in one of its epochs.
    fn varied(settings: Augmentation, data: &Dataset, sample: usize, epoch: usize) -> Vec<f32> {
        let mut augmenter = Augmenter::new(settings, data.shape()).unwrap();
        let mut input = vec![0.0; 784];
        // What went before must not show.
        for index in [7, sample] {
            let mut rng = Rng::stream(key(5, epoch), index as u64);
            augmenter.gather(data, index, &mut rng, &mut input);
            augmenter.spoil(&mut rng, data.shape(), &mut input);
        }
        input
    }

    #[test]
    fn a_picture_depends_on_seed_epoch_and_sample_alone() {
        let data = digits::generate(20, 1).unwrap();
        let picture = varied(EVERYTHING, &data, 3, 1);
        assert_eq!(picture, varied(EVERYTHING, &data, 3, 1));
        assert_ne!(picture, varied(EVERYTHING, &data, 3, 2));
        assert_ne!(picture, varied(EVERYTHING, &data, 13, 1));
    }

    /// Each kind alone changes pictures; without any there is no augmenter.
    #[test]
    fn every_kind_has_an_effect() {
        let none = Augmentation::NONE;
        let data = digits::generate(20, 1).unwrap();
        let mut plain = vec![0.0_f32; 784];
        data.sample(3).write(&mut plain);
        let all = EVERYTHING;
        let kinds = [
            Augmentation {
                rotate: all.rotate,
                ..none
            },
            Augmentation {
                scale: all.scale,
                ..none
            },
            Augmentation {
                shear: all.shear,
                ..none
            },
            Augmentation {
                shift: all.shift,
                ..none
            },
            Augmentation {
                horizontal_flip: 1.0,
                ..none
            },
            Augmentation {
                crop_padding: all.crop_padding,
                ..none
            },
            Augmentation {
                elastic: all.elastic,
                ..none
            },
            Augmentation { cutout: 20, ..none },
            Augmentation {
                noise: all.noise,
                ..none
            },
        ];
        for kind in kinds {
            assert_ne!(varied(kind, &data, 3, 1), plain, "{kind:?}");
        }
        assert!(Augmenter::<f32>::new(none, &[1, 28, 28]).is_none());
    }

    #[test]
    fn a_cutout_is_a_square_as_far_as_it_lies_in_the_picture() {
        let mut rng = Rng::new(1);
        let mut sizes = [0; 10];
        for _ in 0..2_000 {
            let mut picture = [[[1.0_f32; 7]; 5]; 2];
            cut_out(
                3,
                [5, 7],
                &mut rng,
                picture.as_flattened_mut().as_flattened_mut(),
            );
            assert_eq!(picture[0], picture[1], "all channels alike");
            let holes = picture[0]
                .as_flattened()
                .iter()
                .filter(|value| **value < 0.5)
                .count();
            sizes[holes] += 1;
        }
        // Of 35 centres 15 are inside, 4 in corners and 16 at edges, two thirds or four ninths of the square away.
        assert_eq!(sizes.iter().sum::<i32>(), sizes[9] + sizes[6] + sizes[4]);
        for (size, share) in [(9, 15.0 / 35.0), (6, 16.0 / 35.0), (4, 4.0 / 35.0)] {
            let found = f64::from(sizes[size]) / 2_000.0;
            assert!((found - share).abs() < 0.04, "{size}: {found}");
        }
    }

    #[test]
    fn a_vector_gets_noise_alone() {
        let data = Dataset::new("points", &[4], vec![0; 4], vec![0], 1).unwrap();
        let settings = Augmentation {
            noise: 1.0,
            ..Augmentation::NONE
        };
        let mut augmenter = Augmenter::<f64>::new(settings, &[4]).unwrap();
        let mut input = [1.0; 4];
        let mut rng = Rng::new(1);
        augmenter.gather(&data, 0, &mut rng, &mut input);
        assert!(input.iter().all(|value| *value == 0.0));
        augmenter.spoil(&mut rng, &[4], &mut input);
        assert!(input.iter().all(|value| *value != 0.0));
    }
}
