//! Reading folders of pictures, whole and damaged.

mod linear;
mod support;

use cnn_runtime::data::images;
use cnn_runtime::{Checkpoints, EpochReport, Every, Fit, Split, Zeroed, weights};
use jpeg_encoder::{ColorType, Encoder};
use linear::{Linear, Weights};
use std::fs;
use std::num::NonZeroUsize;
use std::path::Path;
use support::{complaint, folder, write};
use tempfile::TempDir;

const GREY: png::ColorType = png::ColorType::Grayscale;
const COLOR: png::ColorType = png::ColorType::Rgb;

fn png(color: png::ColorType, [height, width]: [u32; 2], values: &[u8]) -> Vec<u8> {
    let mut file = Vec::new();
    let mut encoder = png::Encoder::new(&mut file, width, height);
    encoder.set_color(color);
    encoder
        .write_header()
        .unwrap()
        .write_image_data(values)
        .unwrap();
    file
}

fn jpeg(color: ColorType, size: u16, values: &[u8]) -> Vec<u8> {
    let mut file = Vec::new();
    Encoder::new(&mut file, 100)
        .encode(values, size, size, color)
        .unwrap();
    file
}

/// Two classes of grey pictures of 1×2, two to learn from each and one to test.
fn grey() -> TempDir {
    let picture = |value| png(GREY, [1, 2], &[value, value + 1]);
    folder(&[
        ("train/cat/b.png", &picture(20)),
        ("train/cat/a.PNG", &picture(10)),
        ("train/cat/notes.txt", b"not a picture"),
        ("train/dog/a.png", &picture(30)),
        ("train/dog/b.png", &picture(40)),
        ("train/.hidden/x.png", b""),
        ("test/dog/a.png", &picture(50)),
    ])
}

fn pixels(split: &Split) -> Vec<&[u8]> {
    (0..split.train.len())
        .map(|index| split.train.sample(index).pixels().unwrap())
        .collect()
}

#[test]
fn classes_and_pictures_are_in_the_order_of_their_names() {
    let folder = grey();
    let split = images::load(folder.path(), &[1, 1, 2]).unwrap();
    assert_eq!(pixels(&split), [[10, 11], [20, 21], [30, 31], [40, 41]]);
    assert_eq!(split.train.labels(), [0, 0, 1, 1]);
    assert_eq!(split.test.labels(), [1]);
    assert_eq!(
        (split.train.shape(), split.train.classes()),
        (&[1, 1, 2][..], 2)
    );
    assert_eq!(images::load(folder.path(), &[2]).unwrap(), split);
}

/// The names go with the weights, for whoever puts the network to use.
#[test]
fn classes_are_called_as_their_folders() {
    let folder = grey();
    fs::rename(
        folder.path().join("train/dog"),
        folder.path().join("train/a: b, \n"),
    )
    .unwrap();
    fs::rename(
        folder.path().join("test/dog"),
        folder.path().join("test/a: b, \n"),
    )
    .unwrap();
    let split = images::load(folder.path(), &[1, 1, 2]).unwrap();
    let names = ["a: b, \u{fffd}", "cat"];
    assert_eq!(split.train.class_names(), names);
    assert_eq!(split.test.class_names(), names);

    let path = folder.path().join("weights.safetensors");
    let parameters = Weights::<2, 2>::boxed();
    weights::save::<Linear<2, 2>>(&parameters, Some(&split.train), &path).unwrap();
    assert_eq!(weights::class_names(&path).unwrap(), names);

    let checkpoints = Checkpoints {
        path: folder.path().join("checkpoint.safetensors"),
        every: Some(Every::Epochs(NonZeroUsize::MIN)),
    };
    let fit = Fit {
        epochs: 1,
        checkpoints: Some(checkpoints.clone()),
        ..Fit::new::<Linear<2, 2>>()
    };
    let mut parameters = fit.initialize::<Linear<2, 2>>();
    fit.run::<Linear<2, 2>>(&mut parameters, &split, |_: &EpochReport| {})
        .unwrap();
    assert_eq!(weights::class_names(&checkpoints.path).unwrap(), names);
}

#[test]
fn the_network_says_whether_pictures_have_colours() {
    let picture = png(COLOR, [1, 2], &[255, 0, 0, 0, 0, 255]);
    let folder = folder(&[("train/a/a.png", &picture), ("test/a/a.png", &picture)]);
    let read = |input: &[usize]| images::load(folder.path(), input).unwrap();
    assert_eq!(pixels(&read(&[3, 1, 2])), [[255, 0, 0, 0, 0, 255]]);
    assert_eq!(pixels(&read(&[6])), [[255, 0, 0, 0, 0, 255]]);
    // 0.299 · 255 and 0.114 · 255.
    assert_eq!(pixels(&read(&[1, 1, 2])), [[76, 29]]);
}

#[test]
fn grey_pictures_have_three_equal_colours() {
    let split = images::load(grey().path(), &[3, 1, 2]).unwrap();
    assert_eq!(pixels(&split)[0], [10, 11, 10, 11, 10, 11]);
}

#[test]
fn every_kind_of_png_is_read() {
    let palette = {
        let mut file = Vec::new();
        let mut encoder = png::Encoder::new(&mut file, 2, 1);
        encoder.set_color(png::ColorType::Indexed);
        encoder.set_palette(vec![1, 2, 3, 4, 5, 6]);
        encoder
            .write_header()
            .unwrap()
            .write_image_data(&[1, 0])
            .unwrap();
        file
    };
    let deep = {
        let mut file = Vec::new();
        let mut encoder = png::Encoder::new(&mut file, 2, 1);
        encoder.set_depth(png::BitDepth::Sixteen);
        encoder
            .write_header()
            .unwrap()
            .write_image_data(&[7, 0, 9, 255])
            .unwrap();
        file
    };
    let transparent = png(png::ColorType::Rgba, [1, 2], &[1, 2, 3, 0, 4, 5, 6, 255]);
    let veiled = png(png::ColorType::GrayscaleAlpha, [1, 2], &[1, 0, 2, 255]);
    let folder = folder(&[
        ("train/a/1.png", &palette),
        ("train/a/2.png", &deep),
        ("train/a/3.png", &transparent),
        ("train/a/4.png", &veiled),
        ("test/a/1.png", &palette),
    ]);
    let split = images::load(folder.path(), &[3, 1, 2]).unwrap();
    assert_eq!(
        pixels(&split),
        [
            [4, 1, 5, 2, 6, 3],
            [7, 9, 7, 9, 7, 9],
            [1, 4, 2, 5, 3, 6],
            [1, 2, 1, 2, 1, 2]
        ]
    );
}

/// What a JPEG file shows is near what went in, no more.
#[test]
fn jpeg_is_read() {
    let ramp: Vec<u8> = (0..64).map(|index| 3 * index + 20).collect();
    let colors: Vec<u8> = ramp
        .iter()
        .flat_map(|value| [*value, 255 - value, 100])
        .collect();
    let grey = jpeg(ColorType::Luma, 8, &ramp);
    let color = jpeg(ColorType::Rgb, 8, &colors);
    let near = |input: &[usize], file: &[u8], expected: &[u8]| {
        // The ending is wrong on purpose: what counts is what the file holds.
        let folder = folder(&[("train/a/a.png", file), ("test/a/a.jpeg", file)]);
        let split = images::load(folder.path(), input).unwrap();
        let found = split.train.sample(0).pixels().unwrap();
        assert_eq!(found.len(), expected.len());
        let worst = found
            .iter()
            .zip(expected)
            .map(|(a, b)| a.abs_diff(*b))
            .max();
        assert!(worst <= Some(6), "{worst:?}: {found:?}");
    };
    near(&[1, 8, 8], &grey, &ramp);
    near(&[3, 8, 8], &grey, &ramp.repeat(3));
    let planes: Vec<u8> = (0..3)
        .flat_map(|c| colors.iter().skip(c).step_by(3).copied())
        .collect();
    near(&[3, 8, 8], &color, &planes);
}

/// EXIF data that say one thing: the orientation.
fn exif(orientation: u8) -> Vec<u8> {
    let header = *b"MM\0*\0\0\0\x08";
    let entry = [0x01, 0x12, 0, 3, 0, 0, 0, 1, 0, orientation, 0, 0];
    [&header[..], &[0, 1], &entry, &[0; 4]].concat()
}

/// A camera stores pictures as it was held. Pillow's `ImageOps.exif_transpose` shows the same.
#[test]
fn pictures_are_read_as_they_are_seen() {
    let stored = [1, 2, 3, 4, 5, 6];
    let seen = [
        ([2, 3], [1, 2, 3, 4, 5, 6]),
        ([2, 3], [3, 2, 1, 6, 5, 4]),
        ([2, 3], [6, 5, 4, 3, 2, 1]),
        ([2, 3], [4, 5, 6, 1, 2, 3]),
        ([3, 2], [1, 4, 2, 5, 3, 6]),
        ([3, 2], [4, 1, 5, 2, 6, 3]),
        ([3, 2], [6, 3, 5, 2, 4, 1]),
        ([3, 2], [3, 6, 2, 5, 1, 4]),
    ];
    for (orientation, ([height, width], expected)) in (1..).zip(seen) {
        let mut file = Vec::new();
        let mut encoder = png::Encoder::new(&mut file, 3, 2);
        encoder.set_color(GREY);
        let mut writer = encoder.write_header().unwrap();
        writer
            .write_chunk(png::chunk::ChunkType(*b"eXIf"), &exif(orientation))
            .unwrap();
        writer.write_image_data(&stored).unwrap();
        drop(writer);
        let folder = folder(&[("train/a/a.png", &file), ("test/a/a.png", &file)]);
        let split = images::load(folder.path(), &[1, height, width]).unwrap();
        let pixels = split.train.sample(0).pixels().unwrap();
        assert_eq!(pixels, expected, "{orientation}");
    }
    let columns: Vec<u8> = (0..64).map(|index| 30 * (index % 8)).collect();
    let mut file = Vec::new();
    let mut encoder = Encoder::new(&mut file, 100);
    encoder.add_exif_metadata(&exif(6)).unwrap();
    encoder.encode(&columns, 8, 8, ColorType::Luma).unwrap();
    let folder = folder(&[("train/a/a.jpg", &file), ("test/a/a.jpg", &file)]);
    let split = images::load(folder.path(), &[1, 8, 8]).unwrap();
    let pixels = split.train.sample(0).pixels().unwrap();
    for (index, pixel) in pixels.iter().enumerate() {
        assert!(pixel.abs_diff(30 * (index / 8) as u8) <= 6, "{pixels:?}");
    }
}

/// What reading says after one file has been replaced.
fn problem(name: &str, bytes: &[u8]) -> String {
    let folder = grey();
    write(folder.path(), name, bytes);
    complaint(folder.path(), images::load(folder.path(), &[1, 1, 2]))
}

#[test]
fn pictures_of_several_sizes_are_refused() {
    assert_eq!(
        problem("train/dog/a.png", &png(GREY, [2, 1], &[0, 0])),
        "DIR/train/dog/a.png: the picture is 2×1, but DIR/train/cat/a.PNG is 1×2"
    );
    assert_eq!(
        problem("test/dog/a.png", &png(GREY, [1, 1], &[0])),
        "DIR/test/dog/a.png: the picture is 1×1, but DIR/train/cat/a.PNG is 1×2"
    );
    assert_eq!(
        problem("train/cat/a.PNG", &png(GREY, [3, 3], &[0; 9])),
        "DIR/train/cat/a.PNG: the picture is 1×3×3, which is not what the network takes"
    );
}

#[test]
fn every_cut_of_a_picture_is_refused() {
    let whole = png(GREY, [1, 2], &[10, 11]);
    // The last chunk marks the end and holds nothing.
    for length in 0..whole.len() - 12 {
        let problem = problem("train/cat/a.PNG", &whole[..length]);
        assert!(
            problem.starts_with("DIR/train/cat/a.PNG: not a whole picture: "),
            "{length}: {problem}"
        );
    }
    let ramp: Vec<u8> = (0..64).collect();
    let whole = jpeg(ColorType::Luma, 8, &ramp);
    for length in [2, 20, whole.len() / 2] {
        let folder = grey();
        write(folder.path(), "train/cat/a.PNG", &whole[..length]);
        let problem = complaint(folder.path(), images::load(folder.path(), &[1, 8, 8]));
        assert!(
            problem.starts_with("DIR/train/cat/a.PNG: not a whole picture: "),
            "{length}: {problem}"
        );
    }
}

/// A picture whose header claims 100,000×100,000 is refused by its header.
#[test]
fn sizes_that_the_network_does_not_take_are_not_unpacked() {
    let mut file = png(GREY, [1, 2], &[10, 11]);
    file[16..24].copy_from_slice(&[0, 1, 0x86, 0xa0, 0, 1, 0x86, 0xa0]);
    let problem = problem("train/cat/a.PNG", &file);
    assert!(problem.starts_with("DIR/train/cat/a.PNG: "), "{problem}");
}

#[test]
fn folders_that_hold_nothing_are_refused() {
    let read = |folder: &TempDir, input: &[usize]| {
        complaint(folder.path(), images::load(folder.path(), input))
    };
    let picture = png(GREY, [1, 2], &[1, 2]);
    let empty = folder(&[("train/x.png", &picture), ("test/a/x.png", &picture)]);
    assert_eq!(
        read(&empty, &[1, 1, 2]),
        "DIR/train: there are 0 folders of classes"
    );
    let no_pictures = folder(&[("train/a/x.txt", b""), ("test/a/x.png", &picture)]);
    assert_eq!(
        read(&no_pictures, &[1, 1, 2]),
        "DIR/train: there are no pictures"
    );
    let no_tests = folder(&[("train/a/x.png", &picture), ("test/a/x.txt", b"")]);
    assert_eq!(
        read(&no_tests, &[1, 1, 2]),
        "DIR/test: there are no pictures"
    );
    let foreign = folder(&[("train/a/x.png", &picture), ("test/b/x.png", &picture)]);
    assert_eq!(
        read(&foreign, &[1, 1, 2]),
        "DIR/test: the class b is not among those of DIR/train"
    );
    assert_eq!(
        read(&grey(), &[2, 1, 2]),
        "the network takes 2 channels, and pictures have 1 or 3"
    );
    let missing = images::load(Path::new("no/such/folder"), &[1, 1, 2]);
    assert!(
        missing
            .unwrap_err()
            .to_string()
            .starts_with("cannot read no/such/folder/train: ")
    );
}
