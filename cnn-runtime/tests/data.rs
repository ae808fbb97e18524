//! Data sets: what they refuse, how they are normalised, and how a folder's format is told.

mod linear;
mod support;

use cnn_runtime::data::{Normalization, Reader, Sample, Targets};
use cnn_runtime::settings::{Format, Task};
use cnn_runtime::{Dataset, Error};
use linear::Linear;
use support::{complaint, folder};

fn numbers(values: &[f32], size: usize) -> Targets {
    Targets::Numbers {
        values: values.to_vec(),
        size,
    }
}

fn message<T: std::fmt::Debug>(result: Result<T, Error>) -> String {
    result.unwrap_err().to_string()
}

#[test]
fn targets_that_do_not_fit_the_samples_are_refused() {
    let set =
        |values: Vec<f32>, targets| message(Dataset::with_targets("set", &[2], values, targets));
    assert_eq!(set(vec![], numbers(&[], 1)), "set: no samples");
    assert_eq!(set(vec![0.0; 4], numbers(&[1.0], 0)), "set: no samples");
    assert_eq!(
        set(vec![0.0; 4], numbers(&[1.0; 3], 1)),
        "set: 4 values are not 3 samples of 2"
    );
    assert_eq!(
        set(vec![0.0; 4], numbers(&[1.0; 3], 2)),
        "set: the last sample has 1 of 2 targets"
    );
    assert_eq!(
        set(vec![0.0; 3], Targets::Inputs),
        "set: 3 values are not 2 samples of 2"
    );
    let classes = Targets::Classes {
        labels: vec![0, 3],
        classes: 3,
    };
    assert_eq!(
        set(vec![0.0; 4], classes),
        "set: sample 1 has label 3, but there are 3 classes"
    );
    let shape = [usize::MAX, 2];
    let endless = Dataset::new("set", &shape, vec![0; 4], vec![0], 1);
    assert_eq!(message(endless), "set: no samples");
}

#[test]
fn a_network_must_fit_the_targets() {
    let regression =
        Dataset::with_targets("set", &[2], vec![0.0_f32; 4], numbers(&[1.0; 4], 2)).unwrap();
    assert_eq!(
        message(regression.check::<Linear<2, 3>>()),
        "set: every sample has 2 targets, but the network `Linear` has 3 outputs"
    );
    assert_eq!(
        message(regression.check_targets::<Linear<2, 2>>()),
        "set: targets are numbers, but the loss of the network `Linear` takes classes"
    );
    let picture = Dataset::with_targets("set", &[2], vec![0.0_f32; 4], Targets::Inputs).unwrap();
    assert_eq!(
        message(picture.check::<Linear<2, 3>>()),
        "set: 2 values are to be reconstructed, but the network `Linear` has 3 outputs"
    );
    assert!(picture.check::<Linear<2, 2>>().is_ok());
}

/// Two pictures of two channels of 1×2; figures worked out by hand.
#[test]
#[allow(clippy::float_cmp)]
fn each_channel_gets_mean_zero_and_deviation_one() {
    let bytes = vec![0, 255, 51, 51, 255, 0, 51, 51];
    let mut data = Dataset::new("set", &[2, 1, 2], bytes, vec![0, 0], 1).unwrap();
    let normalization = Normalization::of(&data);
    assert_eq!(normalization.mean(), [0.5, 0.2]);
    // The second channel has one value only.
    assert_eq!(normalization.std(), [0.5, 1.0]);
    data.normalize(normalization).unwrap();
    let mut input = [[[0.0_f64; 2]; 1]; 2];
    data.gather(0, &mut input);
    assert_eq!(input, [[[-1.0, 1.0]], [[0.0, 0.0]]]);
    assert_eq!(
        data.sample(0),
        Sample::Pixels(&[0, 255, 51, 51]),
        "the data stay as they are"
    );

    let values = vec![1.0_f32, 10.0, 5.0, 10.0];
    let features = Dataset::with_targets("set", &[2], values, Targets::Inputs).unwrap();
    let normalization = Normalization::of(&features);
    assert_eq!(
        (normalization.mean(), normalization.std()),
        (&[3.0, 10.0][..], &[2.0, 1.0][..])
    );
}

#[test]
fn one_mean_is_for_all_channels() {
    let normalization = Normalization::new(vec![1.0], vec![2.0]).unwrap();
    let mut values = [1.0_f32, 3.0, 5.0];
    normalization.apply(&mut values);
    assert_eq!(
        values.map(f32::to_bits),
        [0.0_f32, 1.0, 2.0].map(f32::to_bits)
    );
    let normalization = Normalization::new(vec![1.0], vec![1.0, 2.0]).unwrap();
    assert_eq!(normalization.mean(), [1.0, 1.0]);
}

#[test]
fn a_normalisation_that_cannot_be_is_refused() {
    let new = |mean: &[f64], std: &[f64]| message(Normalization::new(mean, std));
    assert_eq!(new(&[], &[]), "0 means and 0 standard deviations");
    assert_eq!(
        new(&[1.0; 2], &[1.0; 3]),
        "2 means and 3 standard deviations"
    );
    assert_eq!(
        new(&[1.0], &[0.0]),
        "a mean of 1 and a standard deviation of 0"
    );
    assert_eq!(
        new(&[f64::NAN], &[1.0]),
        "a mean of NaN and a standard deviation of 1"
    );
    let mut data = Dataset::new("set", &[2, 1, 1], vec![0; 2], vec![0], 1).unwrap();
    let three = Normalization::new(vec![0.0; 3], vec![1.0; 3]).unwrap();
    assert_eq!(
        message(data.normalize(three)),
        "set: samples are 2×1×1, but there are 3 means to normalise by"
    );
}

/// A reader of CSV files or whatever else a folder shows, for a network that takes `input`.
fn reader(task: Task, input: &[usize]) -> Reader {
    Reader {
        format: None,
        task,
        targets: vec![],
        input: input.into(),
    }
}

#[test]
fn the_format_is_told_from_the_files() {
    let csv = folder(&[("train.csv", b"1,2,3,4,0\n"), ("test.csv", b"5,6,7,8,0\n")]);
    let split = reader(Task::Classification, &[1, 2, 2])
        .read(csv.path())
        .unwrap();
    assert_eq!(
        split.test.shape(),
        [1, 2, 2],
        "a vector becomes the picture that the network takes"
    );
    let split = reader(Task::Classification, &[3, 3])
        .read(csv.path())
        .unwrap();
    assert_eq!(split.test.shape(), [4], "unless it has another size");

    for (file, expected) in [
        (
            "train-images-idx3-ubyte",
            "DIR: there is no train-labels-idx1-ubyte",
        ),
        ("data_batch_1.bin", "DIR/data_batch_1.bin: 0 bytes"),
        ("train.bin", "DIR/train.bin: 0 bytes"),
        ("x_train.npy", "DIR/x_train.npy: not an array of NumPy"),
        ("nothing", "DIR: there is none of train-images-idx3-ubyte, "),
    ] {
        let folder = folder(&[(file, b"")]);
        let read = reader(Task::Classification, &[2]).read(folder.path());
        let problem = complaint(folder.path(), read);
        assert!(problem.starts_with(expected), "{problem}");
    }
    #[cfg(not(feature = "images"))]
    {
        let folder = folder(&[("train/a/a.png", b"")]);
        let read = reader(Task::Classification, &[2]).read(folder.path());
        let problem = complaint(folder.path(), read);
        assert_eq!(
            problem,
            "DIR: this program was built without what reads pictures"
        );
    }
    let missing = reader(Task::Classification, &[2]).read("no/such/folder".as_ref());
    assert_eq!(message(missing), "no/such/folder: there is no such folder");
}

#[test]
fn the_format_can_be_given() {
    let both = folder(&[
        ("train.csv", b""),
        ("x_train.npy", b""),
        ("data_batch_1.bin", b""),
    ]);
    let reader = Reader {
        format: Some(Format::Npy),
        ..reader(Task::Classification, &[2])
    };
    let problem = complaint(both.path(), reader.read(both.path()));
    assert!(problem.starts_with("DIR/x_train.npy: "), "{problem}");
}

#[test]
fn a_task_has_its_targets() {
    let csv = folder(&[("train.csv", b"1,2\n"), ("test.csv", b"5,6\n")]);
    let split = reader(Task::Reconstruction, &[2]).read(csv.path()).unwrap();
    assert_eq!(split.train.targets(), &Targets::Inputs);
    let split = reader(Task::Regression, &[1]).read(csv.path()).unwrap();
    assert_eq!(split.train.targets(), &numbers(&[2.0], 1));

    let cifar = folder(&[("train.bin", b"")]);
    let read = reader(Task::Regression, &[3, 32, 32]).read(cifar.path());
    assert_eq!(
        complaint(cifar.path(), read),
        "DIR: there are classes in these files, and a regression needs numbers"
    );
}
