//! Checkpoints: what is saved goes on to the same bits, and what is not right is refused.

mod linear;

use cnn_runtime::data::Normalization;
use cnn_runtime::fit::StepReport;
use cnn_runtime::settings::{Augmentation, Validation};
use cnn_runtime::{
    Checkpoint, Checkpoints, Dataset, EpochReport, Error, Every, Fit, Observer, Rng, Split, weights,
};
use linear::{Linear, Weights};
use std::fs;
use std::num::NonZeroUsize;
use std::path::Path;
use tempfile::{TempDir, tempdir};

type Toy = Linear<2, 2>;

fn nonzero(n: usize) -> NonZeroUsize {
    NonZeroUsize::new(n).unwrap()
}

fn data() -> Split {
    let points = |count: usize, seed| {
        let mut rng = Rng::new(seed);
        let values: Vec<u8> = (0..2 * count).map(|_| rng.bits() as u8).collect();
        let labels = values.chunks(2).map(|point| u8::from(point[0] > point[1]));
        let labels = labels.collect();
        Dataset::new("points", &[2], values, labels, 2).unwrap()
    };
    Split {
        train: points(200, 1),
        test: points(50, 2),
    }
}

/// Everything that changes from step to step and from epoch to epoch.
fn fit(folder: &TempDir) -> Fit {
    Fit {
        epochs: 4,
        batch_size: nonzero(16),
        learning_rate: 5.0,
        augmentation: Augmentation {
            noise: 0.1,
            ..Augmentation::NONE
        },
        validation: Some(Validation {
            fraction: 0.2,
            ..Validation::DEFAULT
        }),
        checkpoints: Some(Checkpoints {
            path: folder.path().join("checkpoint.safetensors"),
            every: None,
        }),
        ..Fit::new::<Toy>()
    }
}

/// Interrupts a training after so many batches, and takes down its epochs.
#[derive(Default)]
struct Impatient {
    left: Option<usize>,
    epochs: Vec<EpochReport>,
}

impl Observer for &mut Impatient {
    fn step(&mut self, _: &StepReport) -> Result<(), Error> {
        self.left = self.left.map(|left| left.saturating_sub(1));
        Ok(())
    }

    fn epoch(&mut self, report: &EpochReport) -> Result<(), Error> {
        self.epochs.push(EpochReport {
            seconds: 0.0,
            samples_per_s: 0.0,
            ..*report
        });
        Ok(())
    }

    fn is_interrupted(&self) -> bool {
        self.left == Some(0)
    }
}

fn read(fit: &Fit) -> Result<Checkpoint<Toy>, Error> {
    Checkpoint::read(&fit.checkpoints.as_ref().unwrap().path)
}

/// Trains without a break.
fn whole(fit: &Fit) -> (Weights<2, 2>, Vec<EpochReport>) {
    let mut parameters = fit.initialize::<Toy>();
    let mut observer = Impatient::default();
    fit.run::<Toy>(&mut parameters, &data(), &mut observer)
        .unwrap();
    (*parameters, observer.epochs)
}

/// Trains with a break after every so many batches, on one thread and on two by turns.
fn in_parts(fit: &Fit, batches: usize) -> (Weights<2, 2>, Vec<EpochReport>) {
    let mut parameters = fit.initialize::<Toy>();
    let mut observer = Impatient::default();
    let data = data();
    for part in 0.. {
        let fit = Fit {
            threads: nonzero(1 + part % 2),
            ..fit.clone()
        };
        observer.left = Some(batches);
        let result = if part == 0 {
            fit.run::<Toy>(&mut parameters, &data, &mut observer)
        } else {
            let checkpoint = read(&fit).unwrap();
            assert_eq!(checkpoint.epochs(), observer.epochs.len());
            fit.resume(&checkpoint, &mut parameters, &data, &mut observer)
        };
        match result {
            Err(Error::Interrupted { checkpoint, .. }) => assert!(checkpoint.is_some()),
            result => {
                result.unwrap();
                break;
            }
        }
        // Nothing in memory is needed to go on.
        parameters.weight[0][0] = f32::NAN;
    }
    (*parameters, observer.epochs)
}

#[test]
fn a_training_in_parts_is_a_whole_one() {
    let folder = tempdir().unwrap();
    let expected = whole(&fit(&folder));
    for batches in [1, 3, 9, 10, 11, 25] {
        assert_eq!(in_parts(&fit(&folder), batches), expected, "{batches}");
    }
}

#[test]
fn steps_of_several_batches_are_saved_whole() {
    let folder = tempdir().unwrap();
    let fit = Fit {
        accumulation_steps: nonzero(3),
        ..fit(&folder)
    };
    let expected = whole(&fit);
    for batches in [1, 4, 10] {
        assert_eq!(in_parts(&fit, batches), expected, "{batches}");
    }
}

/// The training is over, and stays so.
#[test]
fn a_finished_training_gives_its_result_again() {
    let folder = tempdir().unwrap();
    let patient = Fit {
        epochs: 100,
        validation: Some(Validation {
            min_delta: 100.0,
            patience: Some(2),
            ..Validation::DEFAULT
        }),
        ..fit(&folder)
    };
    let every = Fit {
        checkpoints: patient.checkpoints.clone().map(|checkpoints| Checkpoints {
            every: Some(Every::Epochs(nonzero(10))),
            ..checkpoints
        }),
        ..patient
    };
    let (expected, epochs) = whole(&every);
    assert_eq!(epochs.len(), 3);
    let mut parameters = every.initialize::<Toy>();
    let mut observer = Impatient::default();
    let checkpoint = read(&every).unwrap();
    every
        .resume(&checkpoint, &mut parameters, &data(), &mut observer)
        .unwrap();
    assert_eq!((*parameters, observer.epochs), (expected, vec![]));
}

/// Epochs have ten batches, and two of them are a step.
#[test]
fn checkpoints_come_at_their_intervals() {
    struct Counter<'a>(&'a Path, Vec<(usize, usize)>);
    impl Observer for &mut Counter<'_> {
        fn step(&mut self, report: &StepReport) -> Result<(), Error> {
            if fs::remove_file(self.0).is_ok() {
                self.1.push((report.epoch, report.step - 1));
            }
            Ok(())
        }
        fn epoch(&mut self, _: &EpochReport) -> Result<(), Error> {
            Ok(())
        }
    }
    let folder = tempdir().unwrap();
    let path = folder.path().join("checkpoint.safetensors");
    let seen = |every| {
        let fit = Fit {
            accumulation_steps: nonzero(2),
            checkpoints: Some(Checkpoints {
                path: path.clone(),
                every,
            }),
            ..fit(&folder)
        };
        let mut counter = Counter(&path, vec![]);
        let _ = fs::remove_file(&path);
        fit.run::<Toy>(&mut fit.initialize::<Toy>(), &data(), &mut counter)
            .unwrap();
        (counter.1, path.exists())
    };
    assert_eq!(seen(None), (vec![], false));
    let epochs = |count| Some(Every::Epochs(nonzero(count)));
    assert_eq!(seen(epochs(1)), (vec![(2, 0), (3, 0), (4, 0)], true));
    assert_eq!(seen(epochs(3)), (vec![(4, 0)], true));
    // Every seventh step of twenty, and the end.
    assert_eq!(
        seen(Some(Every::Steps(nonzero(7)))),
        (vec![(2, 4), (3, 8)], true)
    );
}

/// A checkpoint after 13 batches.
fn interrupted(fit: &Fit) -> Vec<u8> {
    let mut observer = Impatient {
        left: Some(13),
        ..Impatient::default()
    };
    let error = fit
        .run::<Toy>(&mut fit.initialize::<Toy>(), &data(), &mut observer)
        .unwrap_err();
    let path = &fit.checkpoints.as_ref().unwrap().path;
    assert_eq!(
        error.to_string(),
        format!(
            "interrupted in epoch 2, after step 3; the checkpoint is {}",
            path.display()
        )
    );
    fs::read(path).unwrap()
}

/// What reading the checkpoint says, with `FILE` for its path.
fn complaint(fit: &Fit) -> String {
    let error = read(fit).err().unwrap();
    assert!(!error.help().is_empty());
    let path = fit.checkpoints.as_ref().unwrap().path.display().to_string();
    error.to_string().replace(&path, "FILE")
}

#[test]
fn a_wrong_bit_in_any_byte_is_found() {
    let folder = tempdir().unwrap();
    let fit = fit(&folder);
    let bytes = interrupted(&fit);
    let path = &fit.checkpoints.as_ref().unwrap().path;
    for place in 0..bytes.len() {
        let mut bytes = bytes.clone();
        bytes[place] ^= 1 << (place % 8);
        fs::write(path, bytes).unwrap();
        complaint(&fit);
    }
}

#[test]
fn a_file_that_ends_early_or_late_is_refused() {
    let folder = tempdir().unwrap();
    let fit = fit(&folder);
    let bytes = interrupted(&fit);
    let path = &fit.checkpoints.as_ref().unwrap().path;
    for length in 0..bytes.len() {
        fs::write(path, &bytes[..length]).unwrap();
        assert!(complaint(&fit).starts_with("FILE: not a whole safetensors file"));
    }
    fs::write(path, [&bytes[..], &[0]].concat()).unwrap();
    assert!(complaint(&fit).starts_with("FILE: not a whole safetensors file"));
    fs::remove_file(path).unwrap();
    assert!(complaint(&fit).starts_with("cannot read FILE"));
}

#[test]
fn weights_are_no_checkpoint_but_a_checkpoint_has_weights() {
    let folder = tempdir().unwrap();
    let fit = fit(&folder);
    interrupted(&fit);
    let path = &fit.checkpoints.as_ref().unwrap().path;
    let mut parameters = fit.initialize::<Toy>();
    let first = parameters.clone();
    weights::load::<Toy>(&mut parameters, path).unwrap();
    assert_ne!(parameters, first);

    weights::save::<Toy>(&parameters, None, path).unwrap();
    assert_eq!(
        complaint(&fit),
        "FILE: this is no checkpoint, or one that is damaged: the checksum is wrong"
    );
}

#[test]
fn a_checkpoint_of_another_network_is_refused() {
    let folder = tempdir().unwrap();
    let fit = fit(&folder);
    interrupted(&fit);
    let path = &fit.checkpoints.as_ref().unwrap().path;
    let error = Checkpoint::<Linear<2, 3>>::read(path).err().unwrap();
    let text = error.to_string();
    assert!(
        text.ends_with(
            "this is no checkpoint of the network `Linear`\n  dense1.weight is 2×2, not 3×2\n  dense1.bias is 2, not 3\n  \
             best.dense1.weight is 2×2, not 3×2\n  best.dense1.bias is 2, not 3"
        ),
        "{text}"
    );
}

#[test]
fn other_settings_and_data_are_refused_and_named() {
    let folder = tempdir().unwrap();
    let begun = fit(&folder);
    interrupted(&begun);
    let checkpoint = read(&begun).unwrap();
    let differences = |fit: &Fit, data: &Split| {
        let mut parameters = fit.initialize::<Toy>();
        let resumed = fit.resume(&checkpoint, &mut parameters, data, |_: &EpochReport| {});
        let text = resumed.unwrap_err().to_string();
        let (first, differences) = text.split_once('\n').unwrap();
        assert!(
            first.ends_with("this training began differently"),
            "{first}"
        );
        differences.to_owned()
    };
    let other = Fit {
        epochs: 5,
        batch_size: nonzero(32),
        learning_rate: 0.5,
        seed: 1,
        ..begun.clone()
    };
    assert_eq!(
        differences(&other, &data()),
        "  epochs: 4 then, 5 now\n  batch size: 16 then, 32 now\n  learning rate: 5 then, 0.5 now\n  seed: 0 then, 1 now"
    );
    let unvaried = Fit {
        augmentation: Augmentation::NONE,
        validation: None,
        ..begun.clone()
    };
    let text = differences(&unvaried, &data());
    assert!(text.contains("augmentation: ") && text.contains("validation: "));

    let changed = Split {
        train: data().test,
        ..data()
    };
    assert!(differences(&begun, &changed).starts_with("  training samples: 200, checksum "));
    let mut normalized = data();
    let halves = Normalization::new(vec![0.5], vec![0.5]).unwrap();
    normalized.normalize(&halves).unwrap();
    assert_eq!(differences(&begun, &normalized).lines().count(), 2);
}

#[test]
fn what_killed_runs_left_is_removed() {
    let folder = tempdir().unwrap();
    let fit = fit(&folder);
    interrupted(&fit);
    fs::write(folder.path().join(".checkpoint.safetensors.7.tmp"), "half").unwrap();
    fs::write(folder.path().join("mine.tmp"), "whole").unwrap();
    read(&fit).unwrap();
    let mut names: Vec<_> = fs::read_dir(folder.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name())
        .collect();
    names.sort();
    assert_eq!(names, ["checkpoint.safetensors", "mine.tmp"]);
}

/// The step that spoils the parameters is not saved: the file keeps the last good state.
#[test]
fn only_finite_parameters_are_saved() {
    let folder = tempdir().unwrap();
    let fit = Fit {
        learning_rate: 1e60,
        checkpoints: Some(Checkpoints {
            path: folder.path().join("checkpoint.safetensors"),
            every: Some(Every::Steps(nonzero(1))),
        }),
        ..fit(&folder)
    };
    let error = fit
        .run::<Toy>(&mut fit.initialize::<Toy>(), &data(), |_: &EpochReport| {})
        .unwrap_err();
    assert_eq!(
        error.to_string(),
        "a value of `dense1.weight` is no longer a finite number in epoch 1, step 1"
    );
    assert!(complaint(&fit).starts_with("cannot read FILE"));
}
