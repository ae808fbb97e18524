//! Trainings of every generated network that are interrupted, saved, and go on to the same bits.

use cnn_runtime::data::{Dataset, Targets};
use cnn_runtime::fit::StepReport;
use cnn_runtime::settings::Validation;
use cnn_runtime::{Checkpoints, EpochReport, Error, Fit, Observer, Rng, Split};
use cnn_tests::flat::Tensors;
use cnn_tests::generated::{Generated, PYTORCH};
use cnn_tests::learner::Learner;
use std::fs;
use std::num::NonZeroUsize;
use std::path::Path;

const EPOCHS: usize = 3;
const SAMPLES: usize = 70;
/// Two shards, so that two threads have something to share.
const BATCH: usize = 33;

/// Interrupts a training after so many batches.
struct Impatient {
    left: usize,
}

impl Observer for Impatient {
    fn step(&mut self, _: &StepReport) -> Result<(), Error> {
        self.left = self.left.saturating_sub(1);
        Ok(())
    }

    fn epoch(&mut self, _: &EpochReport) -> Result<(), Error> {
        Ok(())
    }

    fn is_interrupted(&self) -> bool {
        self.left == 0
    }
}

fn data(network: &dyn Learner) -> Split {
    let ([input, output], takes_numbers) = network.shapes();
    let classes: usize = output.iter().product();
    let mut rng = Rng::new(5);
    let mut set = |count| {
        let size: usize = input.iter().product();
        let values: Vec<f32> = (0..count * size)
            .map(|_| rng.uniform() as f32 - 0.5)
            .collect();
        let targets = if takes_numbers {
            Targets::Numbers {
                values: (0..count * classes).map(|_| rng.uniform() as f32).collect(),
                size: classes,
            }
        } else {
            Targets::Classes {
                labels: (0..count).map(|_| rng.below(classes) as u8).collect(),
                classes,
            }
        };
        Dataset::with_targets("random", input, values, targets).expect("samples")
    };
    Split {
        train: set(SAMPLES),
        test: set(10),
    }
}

fn fit(network: &dyn Learner, path: &Path, threads: usize) -> Fit {
    let count = |count| NonZeroUsize::new(count).expect("not zero");
    let settings = network.settings();
    Fit {
        epochs: EPOCHS,
        // Batch norms have memory for no more than their file says.
        batch_size: settings.batch_size.min(count(BATCH)),
        threads: count(threads),
        validation: Some(Validation {
            fraction: 0.1,
            ..Validation::DEFAULT
        }),
        checkpoints: Some(Checkpoints {
            path: path.into(),
            every: None,
        }),
        ..settings
    }
}

/// The result, bit by bit.
fn bits(tensors: &Tensors) -> Vec<u64> {
    tensors
        .iter()
        .flatten()
        .map(|value| value.to_bits())
        .collect()
}

/// Trains with a break after every so many batches.
fn in_parts(network: &dyn Learner, data: &Split, path: &Path, batches: usize) -> Vec<u64> {
    let mut observer = Impatient { left: batches };
    let mut result = network.train(&fit(network, path, 2), None, data, &mut observer);
    for threads in [1, 3].into_iter().cycle() {
        match result {
            Ok(tensors) => return bits(&tensors),
            Err(Error::Interrupted { .. }) => {}
            Err(error) => panic!("{error}"),
        }
        observer.left = batches;
        result = network.resume(&fit(network, path, threads), path, data, &mut observer);
    }
    unreachable!("threads are named for ever")
}

/// Every optimizer, loss, schedule and layer: with breaks within epochs and on a changing number of threads.
#[test]
fn trainings_in_parts_are_whole_ones() {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("checkpoints");
    fs::create_dir_all(&folder).expect("a folder");
    for Generated { name, code, .. } in PYTORCH {
        let path = folder.join(name);
        let data = data(*code);
        let mut patient = Impatient { left: usize::MAX };
        let whole = code
            .train(&fit(*code, &path, 1), None, &data, &mut patient)
            .unwrap_or_else(|error| panic!("{name}: {error}"));
        for batches in [1, 3] {
            let parts = in_parts(*code, &data, &path, batches);
            assert!(parts == bits(&whole), "{name} in parts of {batches}");
        }
    }
}
