//! Reading arrays of `NumPy`, whole and at odds with each other.

mod support;

use cnn_runtime::Split;
use cnn_runtime::data::{Sample, Targets, npy};
use cnn_runtime::settings::Task;
use support::{complaint, folder};

/// A file as `numpy.save` writes it.
fn array(descr: &str, shape: &str, values: &[u8]) -> Vec<u8> {
    let header = format!("{{'descr': '{descr}', 'fortran_order': False, 'shape': {shape}, }}");
    let mut file = b"\x93NUMPY\x01\x00".to_vec();
    file.extend(118_u16.to_le_bytes());
    file.extend(format!("{header:<117}\n").into_bytes());
    file.extend(values);
    file
}

fn floats(shape: &str, values: &[f32]) -> Vec<u8> {
    let bytes: Vec<u8> = values
        .iter()
        .flat_map(|value| value.to_le_bytes())
        .collect();
    array("<f4", shape, &bytes)
}

fn wholes(values: &[i64]) -> Vec<u8> {
    let bytes: Vec<u8> = values
        .iter()
        .flat_map(|value| value.to_le_bytes())
        .collect();
    array("<i8", &format!("({},)", values.len()), &bytes)
}

/// The training files given, with a test sample of two pixels and class 0.
fn load(x: &[u8], y: &[u8], task: Task) -> Result<Split, String> {
    let test = array("|u1", "(1, 1, 2)", &[5, 6]);
    let folder = folder(&[
        ("x_train.npy", x),
        ("y_train.npy", y),
        ("x_test.npy", &test),
        ("y_test.npy", &wholes(&[0])),
    ]);
    match npy::load(folder.path(), task) {
        Ok(split) => Ok(split),
        error => Err(complaint(folder.path(), error)),
    }
}

#[test]
fn bytes_are_pixels_and_their_labels_any_whole_numbers() {
    let x = array("|u1", "(3, 1, 2)", &[1, 2, 3, 4, 5, 6]);
    let split = load(&x, &wholes(&[1, 0, 2]), Task::Classification).unwrap();
    assert_eq!(split.train.shape(), [1, 2]);
    assert_eq!(split.train.labels(), [1, 0, 2]);
    assert_eq!(split.test.classes(), 3);
    assert_eq!(split.train.sample(1), Sample::Pixels(&[3, 4]));
}

#[test]
fn all_else_is_numbers() {
    let x = floats("(2, 1, 2)", &[0.5, -1.0, 2.0, 3.0]);
    let split = load(&x, &floats("(2, 1)", &[1.5, 2.5]), Task::Regression).unwrap();
    assert_eq!(split.train.sample(1), Sample::Numbers(&[2.0, 3.0]));
    let expected = Targets::Numbers {
        values: vec![1.5, 2.5],
        size: 1,
    };
    assert_eq!(split.train.targets(), &expected);
    let expected = Targets::Numbers {
        values: vec![0.0],
        size: 1,
    };
    assert_eq!(split.test.targets(), &expected);
}

#[test]
fn a_reconstruction_reads_no_targets() {
    let [train, test] = [
        array("|u1", "(2, 2)", &[1, 2, 3, 4]),
        array("|u1", "(1, 2)", &[5, 6]),
    ];
    let folder = folder(&[("x_train.npy", &train), ("x_test.npy", &test)]);
    let split = npy::load(folder.path(), Task::Reconstruction).unwrap();
    assert_eq!(split.train.targets(), &Targets::Inputs);
    assert!(npy::load(folder.path(), Task::Classification).is_err());
}

#[test]
fn arrays_that_do_not_go_together_are_refused() {
    let pixels = array("|u1", "(2, 1, 2)", &[0; 4]);
    let labels = wholes(&[0, 1]);
    let not_finite = floats("(2, 1, 2)", &[0.0, 0.0, 0.0, f32::NAN]);
    for (x, y, task, expected) in [
        (
            &pixels,
            &wholes(&[0]),
            Task::Classification,
            "DIR/y_train.npy: 1 targets for 2 samples",
        ),
        (
            &pixels,
            &wholes(&[0, 256]),
            Task::Classification,
            "DIR/y_train.npy: sample 1 has 256, which is not a class",
        ),
        (
            &pixels,
            &wholes(&[-1, 0]),
            Task::Classification,
            "DIR/y_train.npy: sample 0 has -1, which is not a class",
        ),
        (
            &pixels,
            &floats("(2,)", &[0.0, 0.5]),
            Task::Classification,
            "DIR/y_train.npy: sample 1 has 0.5, which is not a class",
        ),
        (
            &pixels,
            &floats("(2, 2)", &[0.0; 4]),
            Task::Classification,
            "DIR/y_train.npy: an array of [2, 2] is not a class for each sample",
        ),
        (
            &pixels,
            &floats("(2,)", &[0.0, f32::INFINITY]),
            Task::Regression,
            "DIR/y_train.npy: sample 1 has a value that is not a finite number",
        ),
        (
            &pixels,
            &floats("(2, 2)", &[0.0; 4]),
            Task::Regression,
            "DIR: 1 targets for a test sample, but 2 for a training sample",
        ),
        (
            &not_finite,
            &labels,
            Task::Classification,
            "DIR/x_train.npy: sample 1 has a value that is not a finite number",
        ),
        (
            &labels,
            &labels,
            Task::Classification,
            "DIR/x_train.npy: the array has no dimension for the values of a sample",
        ),
        (
            &array("|u1", "(2, 3)", &[0; 6]),
            &labels,
            Task::Classification,
            "DIR: the test samples are 1×2, but the training samples are 3",
        ),
        (
            &b"nonsense".to_vec(),
            &labels,
            Task::Classification,
            "DIR/x_train.npy: not an array of NumPy: it does not start with \"\\x93NUMPY\"",
        ),
    ] {
        assert_eq!(load(x, y, task).unwrap_err(), expected);
    }
}
