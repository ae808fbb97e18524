//! Pictures of any size and kind, made into what a network takes.

use cnn_runtime::Error;
use cnn_runtime::data::{Dataset, Preparation, digits, images};
use jpeg_encoder::Encoder;
use png::ColorType;
use std::fs;
use std::path::Path;
use tempfile::tempdir;

const DIGIT: [usize; 3] = [1, 28, 28];

/// A sheet of paper, and a digit on it: white on black, as in MNIST.
struct Sheet {
    size: [usize; 2],
    values: Vec<u8>,
}

impl Sheet {
    /// A digit `scale` times as large as it was, with its corner at `corner`.
    fn with(digit: &[u8], scale: usize, corner: [usize; 2], size: [usize; 2]) -> Self {
        let mut values = vec![0; size[0] * size[1]];
        for y in 0..28 * scale {
            for x in 0..28 * scale {
                let place = (corner[0] + y) * size[1] + corner[1] + x;
                values[place] = digit[y / scale * 28 + x / scale];
            }
        }
        Self { size, values }
    }

    /// The digit as a square of 28×28.
    fn of(digit: &[u8]) -> Self {
        Self::with(digit, 1, [0; 2], [28; 2])
    }

    /// The file with each pixel as these bytes.
    fn png(&self, color: ColorType, pixel: impl Fn(u8) -> Vec<u8>) -> Vec<u8> {
        let bytes: Vec<u8> = self.values.iter().flat_map(|value| pixel(*value)).collect();
        let [height, width] = self.size.map(|side| side as u32);
        let mut file = Vec::new();
        let mut encoder = png::Encoder::new(&mut file, width, height);
        encoder.set_color(color);
        if bytes.len() == 2 * self.values.len() && color == ColorType::Grayscale {
            encoder.set_depth(png::BitDepth::Sixteen);
        }
        if color == ColorType::Indexed {
            encoder.set_palette((0..=255_u8).flat_map(|grey| [grey; 3]).collect::<Vec<_>>());
        }
        let mut writer = encoder.write_header().unwrap();
        writer.write_image_data(&bytes).unwrap();
        drop(writer);
        file
    }

    fn grey(&self) -> Vec<u8> {
        self.png(ColorType::Grayscale, |value| vec![value])
    }
}

fn read(file: &[u8], input: &[usize], preparation: Preparation) -> Result<Dataset, Error> {
    let folder = tempdir().unwrap();
    let path = folder.path().join("picture");
    fs::write(&path, file).unwrap();
    images::read(&path, input, preparation)
}

fn prepared(file: &[u8]) -> Vec<u8> {
    let data = read(file, &DIGIT, Preparation::Mnist).unwrap();
    assert_eq!((data.len(), data.shape()), (1, &DIGIT[..]));
    data.sample(0).pixels().unwrap().to_vec()
}

/// Ten different digits, prepared once, as MNIST's own are.
fn samples() -> Vec<Vec<u8>> {
    let digits = digits::generate(10, 7).unwrap();
    let pixels = |index| digits.sample(index).pixels().unwrap();
    (0..10)
        .map(|index| prepared(&Sheet::of(pixels(index)).grey()))
        .collect()
}

fn furthest(one: &[u8], other: &[u8]) -> u8 {
    let differences = one.iter().zip(other).map(|(a, b)| a.abs_diff(*b));
    differences.max().unwrap_or(u8::MAX)
}

#[test]
fn digits_fill_their_box_and_have_their_mass_in_the_middle() {
    for digit in samples() {
        let inked: Vec<_> = (0..784).filter(|index| digit[*index] > 0).collect();
        let rows = inked[inked.len() - 1] / 28 - inked[0] / 28 + 1;
        let columns = inked.iter().map(|index| index % 28);
        let columns = columns.clone().max().unwrap() - columns.min().unwrap() + 1;
        assert_eq!(rows.max(columns), 20);
        assert_eq!(digit.iter().max(), Some(&255));
        let mass: f64 = digit.iter().map(|value| f64::from(*value)).sum();
        let centre = |place: fn(usize) -> usize| {
            let parts = digit.iter().enumerate();
            let parts = parts.map(|(index, value)| f64::from(*value) * (place(index) as f64 + 0.5));
            (parts.sum::<f64>() / mass) as usize
        };
        assert_eq!(
            [centre(|index| index / 28), centre(|index| index % 28)],
            [14; 2]
        );
    }
}

#[test]
fn size_place_and_paper_do_not_matter() {
    for (index, digit) in samples().iter().enumerate() {
        let expected = prepared(&Sheet::of(digit).grey());
        let corner = [17 * index, 120 + 19 * index];
        let sheet = Sheet::with(digit, 10, corner, [460, 600]);
        let inverted = sheet.png(ColorType::Grayscale, |value| vec![255 - value]);
        for file in [sheet.grey(), inverted] {
            assert!(furthest(&prepared(&file), &expected) <= 1, "{index}");
        }
    }
}

#[test]
fn every_kind_of_file_shows_the_same() {
    for digit in samples() {
        let sheet = Sheet::with(&digit, 3, [5, 9], [120, 100]);
        let expected = prepared(&Sheet::of(&digit).grey());
        let dark = |value: u8| 255 - value;
        let files = [
            sheet.png(ColorType::Grayscale, |value| vec![dark(value), dark(value)]),
            sheet.png(ColorType::Rgb, |value| vec![dark(value); 3]),
            sheet.png(ColorType::Rgba, |value| {
                [vec![value; 3], vec![255]].concat()
            }),
            sheet.png(ColorType::Indexed, |value| vec![dark(value)]),
            // Black ink, and then chalk, on what is transparent, whatever colour that has.
            sheet.png(ColorType::GrayscaleAlpha, |value| vec![0, value]),
            sheet.png(ColorType::Rgba, |value| vec![0, 0, 0, value]),
            sheet.png(ColorType::Rgba, |value| vec![255, 255, 255, value]),
            sheet.png(ColorType::GrayscaleAlpha, |value| match value {
                0 => vec![255, 0],
                value => vec![0, value],
            }),
        ];
        for (kind, file) in files.iter().enumerate() {
            assert!(furthest(&prepared(file), &expected) <= 1, "{kind}");
        }
        let mut jpeg = Vec::new();
        Encoder::new(&mut jpeg, 100)
            .encode(&sheet.values, 100, 120, jpeg_encoder::ColorType::Luma)
            .unwrap();
        let sum = |digit: &[u8]| digit.iter().map(|value| f64::from(*value)).sum::<f64>();
        assert!((sum(&prepared(&jpeg)) / sum(&expected) - 1.0).abs() < 0.05);
    }
}

/// A stroke at the edge is still on paper, and one that hardly stands out is ink all the same.
#[test]
fn strokes_may_be_faint_or_touch_the_edge() {
    let mut values = vec![200; 40 * 30];
    for y in 0..40 {
        values[y * 30..][..6].fill(190);
    }
    let sheet = Sheet {
        size: [40, 30],
        values,
    };
    let pixels = prepared(&sheet.grey());
    // 40×6 becomes 20×3, of which column 1 comes to column 14.
    for (index, pixel) in pixels.iter().enumerate() {
        let is_ink = (4..24).contains(&(index / 28)) && (13..16).contains(&(index % 28));
        assert_eq!(*pixel, if is_ink { 255 } else { 0 }, "{index}");
    }
}

#[test]
fn whole_pictures_are_scaled_by_means_of_areas() {
    let sheet = Sheet {
        size: [2, 4],
        values: vec![10, 20, 0, 255, 30, 40, 0, 255],
    };
    let pixels = |input: &[usize], file: &[u8]| {
        let data = read(file, input, Preparation::Resize).unwrap();
        assert_eq!(data.shape(), input);
        data.sample(0).pixels().unwrap().to_vec()
    };
    // 127.5 is rounded up, as everywhere.
    assert_eq!(pixels(&[1, 1, 2], &sheet.grey()), [25, 128]);
    assert_eq!(pixels(&[1, 2, 4], &sheet.grey()), sheet.values);
    let file = sheet.png(ColorType::Rgba, |value| vec![value, 0, 255 - value, 0]);
    assert_eq!(pixels(&[3, 1, 2], &file), [25, 128, 0, 0, 230, 128]);
}

#[test]
fn pictures_that_are_not_prepared_must_fit() {
    let sheet = Sheet {
        size: [1, 2],
        values: vec![7, 9],
    };
    let file = sheet.grey();
    let pixels = |input: &[usize]| {
        let data = read(&file, input, Preparation::None).unwrap();
        data.sample(0).pixels().unwrap().to_vec()
    };
    assert_eq!(pixels(&[1, 1, 2]), [7, 9]);
    assert_eq!(pixels(&[2]), [7, 9]);
    assert_eq!(pixels(&[3, 1, 2]), [7, 9, 7, 9, 7, 9]);
    let refused = |input: &[usize], preparation| {
        let error = read(&file, input, preparation).unwrap_err();
        error.to_string()
    };
    assert_eq!(
        refused(&[1, 2, 2], Preparation::None)
            .split_once(": ")
            .unwrap()
            .1,
        "the picture is 1×1×2, and the network takes 1×2×2"
    );
    for preparation in [Preparation::None, Preparation::Resize] {
        let text = refused(&[2, 9], preparation);
        assert!(
            text.contains("this is a picture, and the network takes 2×9"),
            "{text}"
        );
    }
}

#[test]
fn drawings_are_for_networks_of_their_size() {
    let file = Sheet::of(&samples()[0]).grey();
    let error = read(&file, &[3, 32, 32], Preparation::Mnist).unwrap_err();
    let problem = "the picture is 1×28×28, and the network takes 3×32×32";
    assert!(error.to_string().ends_with(problem));
    assert_eq!(
        read(&file, &[784], Preparation::Mnist).unwrap().shape(),
        DIGIT
    );
}

#[test]
fn what_is_no_whole_picture_is_refused() {
    let whole = samples()[0].clone();
    let whole = Sheet::with(&whole, 2, [0; 2], [56; 2]).grey();
    for length in (0..whole.len() - 12).step_by(7) {
        assert!(
            read(&whole[..length], &DIGIT, Preparation::Mnist).is_err(),
            "{length}"
        );
    }
    for paper in [0, 127, 255] {
        let sheet = Sheet {
            size: [30, 20],
            values: vec![paper; 600],
        };
        let error = read(&sheet.grey(), &DIGIT, Preparation::Mnist).unwrap_err();
        assert!(
            error
                .to_string()
                .contains("there is nothing to be seen in the picture")
        );
    }
    let single = Sheet {
        size: [1, 1],
        values: vec![9],
    };
    assert!(read(&single.grey(), &DIGIT, Preparation::Mnist).is_err());
}

/// A header is enough to know the size; nothing is unpacked.
#[test]
fn pictures_without_end_are_refused() {
    let mut file = Vec::new();
    let mut encoder = png::Encoder::new(&mut file, 1 << 20, 1 << 20);
    encoder.set_color(ColorType::Grayscale);
    let mut writer = encoder.write_header().unwrap();
    writer.write_chunk(png::chunk::IDAT, &[0; 10]).unwrap();
    drop(writer);
    for preparation in [Preparation::Mnist, Preparation::Resize] {
        let error = read(&file, &DIGIT, preparation).unwrap_err();
        assert!(
            error
                .to_string()
                .contains("a picture of 1048576×1048576 pixels is not read")
        );
    }
}

#[test]
fn a_file_that_is_not_there_is_named() {
    let path = Path::new("no/such/file");
    let error = images::read(path, &DIGIT, Preparation::Mnist).unwrap_err();
    assert!(error.to_string().starts_with("cannot read no/such/file"));
}
