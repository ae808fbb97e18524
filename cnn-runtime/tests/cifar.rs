//! Reading the binary files of CIFAR, whole and damaged.

mod support;

use cnn_runtime::data::{Sample, cifar};
use std::fs;
use std::path::Path;
use support::{complaint, folder, write};
use tempfile::TempDir;

const BATCHES: [&str; 6] = [
    "data_batch_1.bin",
    "data_batch_2.bin",
    "data_batch_3.bin",
    "data_batch_4.bin",
    "data_batch_5.bin",
    "test_batch.bin",
];

/// A record with these labels; every pixel is `red`, then green and blue one and two more.
fn record(labels: &[u8], red: u8) -> Vec<u8> {
    let channels = [red, red + 1, red + 2].map(|value| vec![value; 1024]);
    [labels, &channels.concat()].concat()
}

/// CIFAR-10 with two records in each file: those of the file at `n` have the labels `n` and 9.
fn cifar_10() -> TempDir {
    let folder = folder(&[]);
    for (n, name) in (0..).zip(BATCHES) {
        let records = [record(&[n], 10 * n), record(&[9], 100)].concat();
        write(folder.path(), name, &records);
    }
    folder
}

fn problem(name: &str, bytes: &[u8]) -> String {
    let folder = cifar_10();
    write(folder.path(), name, bytes);
    complaint(folder.path(), cifar::load_10(folder.path()))
}

#[test]
fn cifar_10_is_read_batch_by_batch() {
    let folder = cifar_10();
    let split = cifar::load_10(folder.path()).unwrap();
    assert_eq!(split.train.shape(), [3, 32, 32]);
    assert_eq!(split.train.labels(), [0, 9, 1, 9, 2, 9, 3, 9, 4, 9]);
    assert_eq!(split.test.labels(), [5, 9]);
    assert_eq!((split.train.classes(), split.test.classes()), (10, 10));
    let expected = record(&[], 40);
    assert_eq!(split.train.sample(8), Sample::Pixels(&expected));
}

/// As the file of the data set ends: with an empty line.
#[test]
fn classes_have_names_if_all_are_named() {
    let folder = cifar_10();
    let names = || {
        let split = cifar::load_10(folder.path()).unwrap();
        assert_eq!(split.train.class_names(), split.test.class_names());
        split.train.class_names().to_vec()
    };
    assert_eq!(names(), [""; 0]);
    let expected = [
        "airplane",
        "automobile",
        "bird",
        "cat",
        "deer",
        "dog",
        "frog",
        "horse",
        "ship",
        "truck",
    ];
    let text = format!("{}\n\n", expected.join("\n"));
    write(folder.path(), "batches.meta.txt", text.as_bytes());
    assert_eq!(names(), expected);
    write(folder.path(), "batches.meta.txt", b"airplane\nship\n");
    assert_eq!(names(), [""; 0]);
}

#[test]
fn cifar_100_has_its_fine_labels() {
    let train = [record(&[19, 99], 1), record(&[0, 7], 2)].concat();
    let test = record(&[3, 4], 5);
    let folder = folder(&[("train.bin", &train), ("test.bin", &test)]);
    let split = cifar::load_100(folder.path()).unwrap();
    assert_eq!(split.train.labels(), [99, 7]);
    assert_eq!(split.test.labels(), [4]);
    assert_eq!(split.test.classes(), 100);
    assert_eq!(split.test.sample(0), Sample::Pixels(&record(&[], 5)));
}

#[test]
fn a_missing_file_is_named() {
    let folder = cifar_10();
    fs::remove_file(folder.path().join("data_batch_3.bin")).unwrap();
    let problem = complaint(folder.path(), cifar::load_10(folder.path()));
    assert!(
        problem.starts_with("cannot read DIR/data_batch_3.bin: "),
        "{problem}"
    );
    let missing = Path::new("no/such/folder");
    assert!(cifar::load_100(missing).is_err());
}

#[test]
fn a_file_that_is_cut_is_refused() {
    let whole = record(&[1], 1);
    for length in [0, 1, 3072, 3074, 6145] {
        let bytes: Vec<u8> = whole.iter().cycle().take(length).copied().collect();
        assert_eq!(
            problem("data_batch_2.bin", &bytes),
            format!(
                "DIR/data_batch_2.bin: {length} bytes are no whole number of records of 3073 bytes"
            )
        );
    }
}

#[test]
fn a_label_beyond_the_classes_is_refused() {
    let bytes = [record(&[9], 1), record(&[10], 1)].concat();
    assert_eq!(
        problem("test_batch.bin", &bytes),
        "DIR/test_batch.bin: record 1 has label 10, but there are 10 classes"
    );
}
