//! Reading MNIST's files, whole and damaged.

use cnn_runtime::data::{Sample, idx};
use flate2::Compression;
use flate2::write::GzEncoder;
use std::fs;
use std::io::Write;
use std::path::Path;
use tempfile::{TempDir, tempdir};

const TRAIN_IMAGES: &str = "train-images-idx3-ubyte";
const TRAIN_LABELS: &str = "train-labels-idx1-ubyte";
const TEST_IMAGES: &str = "t10k-images-idx3-ubyte";
const TEST_LABELS: &str = "t10k-labels-idx1-ubyte";

fn idx(sizes: &[u32], values: &[u8]) -> Vec<u8> {
    let mut bytes = vec![0, 0, 8, sizes.len() as u8];
    bytes.extend(sizes.iter().flat_map(|size| size.to_be_bytes()));
    bytes.extend(values);
    bytes
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(vec![], Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// Three images of 2×2 to learn, two to test.
fn folder() -> TempDir {
    let folder = tempdir().unwrap();
    let write = |name: &str, bytes: Vec<u8>| fs::write(folder.path().join(name), bytes).unwrap();
    write(
        TRAIN_IMAGES,
        idx(&[3, 2, 2], &[1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]),
    );
    write(TRAIN_LABELS, idx(&[3], &[0, 2, 1]));
    write(
        TEST_IMAGES,
        idx(&[2, 2, 2], &[13, 14, 15, 16, 17, 18, 19, 20]),
    );
    write(TEST_LABELS, idx(&[2], &[1, 0]));
    folder
}

/// What loading says after one file has been replaced, and how to mend it.
fn complaint(name: &str, bytes: &[u8]) -> (String, String) {
    let folder = folder();
    fs::write(folder.path().join(name), bytes).unwrap();
    let error = idx::load(folder.path()).unwrap_err();
    let text = error
        .to_string()
        .replace(&folder.path().display().to_string(), "DIR");
    (
        text,
        error
            .help()
            .replace(&folder.path().display().to_string(), "DIR"),
    )
}

fn problem(name: &str, bytes: &[u8]) -> String {
    complaint(name, bytes).0
}

#[test]
fn plain_files() {
    let split = idx::load(folder().path()).unwrap();
    assert_eq!((split.train.len(), split.test.len()), (3, 2));
    assert_eq!(split.train.shape(), [1, 2, 2]);
    assert_eq!(split.train.sample(1), Sample::Pixels(&[5, 6, 7, 8]));
    assert_eq!(split.train.labels(), [0, 2, 1]);
    assert_eq!(split.test.sample(1), Sample::Pixels(&[17, 18, 19, 20]));
    assert_eq!((split.train.classes(), split.test.classes()), (3, 3));
}

#[test]
fn gzipped_files_with_and_without_their_ending() {
    let plain = idx::load(folder().path()).unwrap();
    for ending in ["", ".gz"] {
        let folder = folder();
        for name in [TRAIN_IMAGES, TRAIN_LABELS, TEST_IMAGES, TEST_LABELS] {
            let bytes = fs::read(folder.path().join(name)).unwrap();
            fs::remove_file(folder.path().join(name)).unwrap();
            fs::write(folder.path().join(format!("{name}{ending}")), gzip(&bytes)).unwrap();
        }
        let gzipped = idx::load(folder.path()).unwrap();
        assert_eq!(gzipped.train.sample(2), plain.train.sample(2));
        assert_eq!(gzipped.test.labels(), plain.test.labels());
    }
}

#[test]
fn bytes_become_numbers_up_to_one() {
    let folder = folder();
    fs::write(
        folder.path().join(TRAIN_IMAGES),
        idx(&[3, 2, 2], &[0, 51, 102, 255, 0, 0, 0, 0, 0, 0, 0, 0]),
    )
    .unwrap();
    let split = idx::load(folder.path()).unwrap();
    let mut image = [[[9_f32; 2]; 2]; 1];
    split.train.gather(0, &mut image);
    assert_eq!(image, [[[0.0, 0.2], [0.4, 1.0]]]);
}

#[test]
fn a_missing_file() {
    let folder = folder();
    fs::remove_file(folder.path().join(TEST_LABELS)).unwrap();
    let error = idx::load(folder.path()).unwrap_err();
    assert!(error.to_string().ends_with(&format!(
        "there is no {TEST_LABELS} and no {TEST_LABELS}.gz"
    )));
    assert_eq!(error.help(), "name a folder with the four files of MNIST");
    assert!(idx::load(Path::new("no/such/folder")).is_err());
}

#[test]
fn every_cut_of_a_file() {
    let images = idx(&[3, 2, 2], &[1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]);
    for length in 0..images.len() {
        let problem = problem(TRAIN_IMAGES, &images[..length]);
        assert!(problem.contains("truncated"), "{length}: {problem}");
    }
    assert_eq!(
        problem(TRAIN_IMAGES, &images[..20]),
        format!("DIR/{TRAIN_IMAGES}: truncated: 4 of 12 bytes after the header")
    );
    let gzipped = gzip(&images);
    for length in 0..gzipped.len() {
        let problem = problem(TRAIN_IMAGES, &gzipped[..length]);
        assert!(
            problem.contains("truncated") || problem.contains("damaged"),
            "{length}: {problem}"
        );
    }
}

#[test]
fn a_flipped_bit_in_gzip() {
    let mut gzipped = gzip(&idx(&[3, 2, 2], &[7; 12]));
    let middle = gzipped.len() / 2;
    gzipped[middle] ^= 1;
    assert!(idx::load(folder().path()).is_ok());
    let folder = folder();
    fs::write(folder.path().join(TRAIN_IMAGES), gzipped).unwrap();
    assert!(idx::load(folder.path()).is_err());
}

#[test]
fn bytes_after_the_end() {
    let expected =
        format!("DIR/{TRAIN_LABELS}: there is more after the 3 bytes that the header announces");
    let longer = idx(&[3], &[0, 2, 1, 0]);
    assert_eq!(problem(TRAIN_LABELS, &longer), expected);
    assert_eq!(problem(TRAIN_LABELS, &gzip(&longer)), expected);
}

#[test]
fn swapped_files() {
    let images = idx(&[3, 2, 2], &[0; 12]);
    let labels = idx(&[3], &[0, 1, 2]);
    let help = "the files of images and labels look swapped: exchange their names";
    assert_eq!(
        complaint(TRAIN_IMAGES, &labels),
        (
            format!("DIR/{TRAIN_IMAGES}: these are labels, not images"),
            help.into()
        )
    );
    assert_eq!(
        complaint(TRAIN_LABELS, &images),
        (
            format!("DIR/{TRAIN_LABELS}: these are images, not labels"),
            help.into()
        )
    );
}

#[test]
fn another_magic_number() {
    assert_eq!(
        problem(TRAIN_LABELS, b"<html>not found</html>"),
        format!(
            "DIR/{TRAIN_LABELS}: not an IDX file of bytes: it starts with [3c, 68, 74, 6d], not [00, 00, 08, 01]"
        )
    );
}

#[test]
fn counts_that_differ() {
    assert_eq!(
        complaint(TRAIN_LABELS, &idx(&[2], &[0, 1])),
        (
            format!("DIR/{TRAIN_LABELS}: 2 labels for 3 images"),
            format!("take both files from one data set; the images are in DIR/{TRAIN_IMAGES}")
        )
    );
}

#[test]
fn test_images_of_another_size() {
    assert_eq!(
        problem(TEST_IMAGES, &idx(&[2, 1, 4], &[0; 8])),
        "DIR: the test samples are 1×1×4, but the training samples are 1×2×2"
    );
}

#[test]
fn a_test_label_that_the_training_labels_do_not_have() {
    assert_eq!(
        problem(TEST_LABELS, &idx(&[2], &[3, 0])),
        "DIR: a test label is 3, but the training labels go up to 2"
    );
}

/// Nothing near the size that is claimed is taken: these would need up to 2⁹⁶ bytes.
#[test]
fn sizes_that_the_file_does_not_justify() {
    for sizes in [[u32::MAX; 3], [u32::MAX, 1 << 15, 1 << 15], [1 << 30, 4, 4]] {
        for bytes in [idx(&sizes, &[0; 4]), gzip(&idx(&sizes, &[0; 4]))] {
            let problem = problem(TRAIN_IMAGES, &bytes);
            assert!(
                problem.contains("overflow") || problem.contains("truncated: 4 of"),
                "{problem}"
            );
        }
    }
}

#[test]
fn sizes_of_zero() {
    for sizes in [[0, 2, 2], [3, 0, 2], [3, 2, 0]] {
        assert_eq!(
            problem(TRAIN_IMAGES, &idx(&sizes, &[])),
            format!("DIR/{TRAIN_IMAGES}: the file is empty: a size in its header is 0")
        );
    }
}
