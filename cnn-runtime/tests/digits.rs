//! The synthetic digits.

mod linear;

use cnn_runtime::data::digits;
use cnn_runtime::{EpochReport, Fit};
use linear::Linear;

#[test]
fn classes_are_balanced_and_pictures_differ() {
    let data = digits::generate(500, 3).unwrap();
    assert_eq!(
        (data.len(), data.classes(), data.shape()),
        (500, 10, &[1, 28, 28][..])
    );
    let mut counts = [0; 10];
    for label in data.labels() {
        counts[usize::from(*label)] += 1;
    }
    assert_eq!(counts, [50; 10]);
    for index in 1..500 {
        assert_ne!(data.sample(index), data.sample(index - 1));
    }
}

#[test]
fn pictures_are_ink_on_an_empty_sheet() {
    let data = digits::generate(500, 4).unwrap();
    for index in 0..500 {
        let bytes = data.sample(index).pixels().unwrap();
        let inked = bytes.iter().filter(|byte| **byte > 100).count();
        assert!(
            (10..500).contains(&inked),
            "{inked} dark pixels in picture {index}"
        );
    }
}

#[test]
fn a_picture_depends_on_seed_and_number_alone() {
    let [few, many, other] =
        [(20, 5), (40, 5), (20, 6)].map(|(count, seed)| digits::generate(count, seed).unwrap());
    for index in 0..20 {
        assert_eq!(few.sample(index), many.sample(index));
        assert_ne!(few.sample(index), other.sample(index));
    }
}

/// Accuracies that were written down stay true only as long as these bytes do, on every machine.
#[test]
fn the_pictures_never_change() {
    let data = digits::generate(100, 1).unwrap();
    let bytes = (0..100).flat_map(|index| data.sample(index).pixels().unwrap());
    let hash = bytes.fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
    });
    assert_eq!(hash, 0xff81_8a94_7561_fda3, "FNV-1a {hash:#x}");
}

#[test]
fn networks_get_digits_in_the_shape_that_they_take() {
    for (shape, drawn) in [
        (vec![3, 32, 32], vec![3, 32, 32]),
        (vec![1, 20, 40], vec![1, 20, 40]),
        (vec![40, 98], vec![40, 98]),
        (vec![784], vec![1, 28, 28]),
    ] {
        let data = digits::generate_for(&shape, 20, 1).unwrap();
        assert_eq!((data.shape(), data.len()), (&drawn[..], 20));
    }
}

/// Ink is lighter than its paper in every channel, or darker in every one.
#[test]
fn colours_hide_no_digit() {
    let (grey, coloured) = (
        digits::generate(100, 1).unwrap(),
        digits::generate_for(&[3, 28, 28], 100, 1).unwrap(),
    );
    for index in 0..100 {
        let ink = grey.sample(index).pixels().unwrap();
        let channels = coloured.sample(index).pixels().unwrap();
        let (darkest, lightest) = (
            (0..784).max_by_key(|pixel| ink[*pixel]).unwrap(),
            (0..784).min_by_key(|pixel| ink[*pixel]).unwrap(),
        );
        let share = f64::from(ink[darkest]) - f64::from(ink[lightest]);
        let differences: Vec<f64> = channels
            .chunks(784)
            .map(|channel| (f64::from(channel[darkest]) - f64::from(channel[lightest])) / share)
            .collect();
        let are_alike =
            differences.iter().all(|d| *d >= -0.01) || differences.iter().all(|d| *d <= 0.01);
        assert!(are_alike, "{differences:?}");
    }
}

#[test]
fn no_pictures_are_an_error() {
    assert!(digits::generate(0, 0).is_err());
}

/// Far better than chance, and far from solved: what a picture shows is more than where its ink is.
#[test]
fn a_linear_model_learns_something_but_not_all() {
    let data = cnn_runtime::Split {
        train: digits::generate(2_000, 1).unwrap(),
        test: digits::generate(500, 2).unwrap(),
    };
    let fit = Fit {
        epochs: 8,
        ..Fit::new::<Linear<784, 10>>()
    };
    let mut parameters = fit.initialize::<Linear<784, 10>>();
    let score = fit
        .run::<Linear<784, 10>>(&mut parameters, &data, |_: &EpochReport| {})
        .unwrap();
    let accuracy = score.accuracy.unwrap();
    assert!((0.75..0.92).contains(&accuracy), "{accuracy}");
}
