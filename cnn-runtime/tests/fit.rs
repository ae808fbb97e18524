//! The training loop, on softmax regression.

mod linear;

use cnn_runtime::data::Values;
use cnn_runtime::schedule::{Curve, ReduceOnPlateau, Warmup};
use cnn_runtime::settings::{Augmentation, Monitor, Validation};
use cnn_runtime::{
    Dataset, EpochReport, Error, Fit, Parameters, Rng, Schedule, Split, confusion, evaluate,
};
use linear::{Linear, Weights};
use std::num::NonZeroUsize;

type Toy = Linear<2, 2>;

fn nonzero(n: usize) -> NonZeroUsize {
    NonZeroUsize::new(n).unwrap()
}

/// Points of the unit square; class 1 above the diagonal, with a gap.
fn points(count: usize, seed: u64) -> Dataset {
    let mut rng = Rng::new(seed);
    let (mut values, mut labels) = (vec![], vec![]);
    while labels.len() < count {
        let [x, y] = [(); 2].map(|()| rng.below(256) as u8);
        if x.abs_diff(y) > 20 {
            values.extend([x, y]);
            labels.push(u8::from(y > x));
        }
    }
    Dataset::new("points", &[2], values, labels, 2).unwrap()
}

fn split(train: usize) -> Split {
    Split {
        train: points(train, 1),
        test: points(300, 2),
    }
}

fn train(fit: &Fit, data: &Split) -> (Weights<2, 2>, Vec<EpochReport>) {
    let mut parameters = fit.initialize::<Toy>();
    let mut reports = vec![];
    fit.run::<Toy>(&mut parameters, data, |report: &EpochReport| {
        reports.push(*report);
    })
    .unwrap();
    (*parameters, reports)
}

/// What was measured after an epoch.
fn accuracy(report: &EpochReport) -> f64 {
    report.measured().unwrap().accuracy.unwrap()
}

#[test]
fn learns_to_tell_two_halves_apart() {
    let fit = Fit {
        epochs: 30,
        learning_rate: 2.0,
        ..Fit::new::<Toy>()
    };
    let data = split(1_000);
    let (parameters, reports) = train(&fit, &data);
    let last = reports.last().unwrap();
    assert!(accuracy(last) > 0.98, "{last}");
    assert!(last.train.loss < reports[0].train.loss);
    assert_eq!(reports.len(), 30);

    let confusion = confusion::<Toy>(&parameters, &data.test, nonzero(2));
    assert_eq!(confusion.accuracy().to_bits(), accuracy(last).to_bits());
    let score = evaluate::<Toy>(&parameters, &data.test, nonzero(3));
    assert_eq!(Some(score), last.test);
}

/// Means of means over batches of one size are the mean over all of their samples.
#[test]
fn batches_of_a_step_are_like_one_large_batch() {
    let data = split(200);
    let whole = Fit {
        epochs: 2,
        batch_size: nonzero(120),
        learning_rate: 1.0,
        ..Fit::new::<Toy>()
    };
    let parts = Fit {
        batch_size: nonzero(40),
        accumulation_steps: nonzero(3),
        ..whole.clone()
    };
    let [(whole, _), (parts, _)] = [whole, parts].map(|fit| train(&fit, &data));
    for index in 0..Weights::<2, 2>::TENSORS.len() {
        for (whole, part) in whole.tensor(index).iter().zip(parts.tensor(index)) {
            assert!((whole - part).abs() < 1e-6, "{part} instead of {whole}");
        }
    }
}

/// A warm-up of one step from zero: that step does nothing, the next one of the same epoch does.
#[test]
fn the_learning_rate_changes_from_step_to_step() {
    let fit = Fit {
        epochs: 1,
        batch_size: nonzero(64),
        schedule: Schedule {
            warmup: Some(Warmup {
                steps: 1,
                start_factor: 0.0,
            }),
            curve: Curve::Constant,
        },
        ..Fit::new::<Toy>()
    };
    let first = *fit.initialize::<Toy>();
    assert_eq!(train(&fit, &split(64)).0, first);
    assert_ne!(train(&fit, &split(128)).0, first);
}

/// No loss is lower than a plateau's threshold allows: the rate falls after every epoch but the first.
#[test]
fn the_learning_rate_falls_on_a_plateau() {
    let plateau = ReduceOnPlateau {
        factor: 0.5,
        patience: 0,
        threshold: 0.999,
        is_relative: true,
        cooldown: 0,
        min_lr: 0.0,
    };
    let fit = Fit {
        epochs: 4,
        learning_rate: 1.0,
        schedule: Schedule {
            warmup: None,
            curve: Curve::ReduceOnPlateau(plateau),
        },
        ..Fit::new::<Toy>()
    };
    let (_, reports) = train(&fit, &split(64));
    let rates: Vec<_> = reports.iter().map(|report| report.learning_rate).collect();
    assert_eq!(rates, [1.0, 1.0, 0.5, 0.25]);
}

/// One step on one batch is gradient descent on the mean loss: worked out here in f64, without shards.
#[test]
fn one_step_is_gradient_descent_on_the_mean_loss() {
    for samples in [1, 40, 70, 100, 130, 300, 1_000] {
        let data = split(samples);
        let fit = Fit {
            epochs: 1,
            batch_size: nonzero(samples),
            learning_rate: 1.0,
            threads: nonzero(2),
            ..Fit::new::<Toy>()
        };
        let expected = stepped(&fit.initialize::<Toy>(), &data.train);
        let (parameters, _) = train(&fit, &data);
        for (row, expected) in parameters.weight.iter().zip(expected) {
            for (value, expected) in row.iter().zip(expected) {
                assert!(
                    (f64::from(*value) - expected).abs() < 1e-6,
                    "{samples} samples: {value} is not {expected}"
                );
            }
        }
    }
}

/// The weights after a step on all the data with a learning rate of 1.
fn stepped(start: &Weights<2, 2>, data: &Dataset) -> [[f64; 2]; 2] {
    let mut weight = start.weight.map(|row| row.map(f64::from));
    for index in 0..data.len() {
        let x = [0, 1].map(|i| f64::from(data.sample(index).pixels().unwrap()[i]) / 255.0);
        let z = [0, 1].map(|o| {
            f64::from(start.bias[o])
                + f64::from(start.weight[o][0]) * x[0]
                + f64::from(start.weight[o][1]) * x[1]
        });
        let label = usize::from(data.labels()[index]);
        for o in 0..2 {
            let probability = 1.0 / (1.0 + (z[1 - o] - z[o]).exp());
            let delta = probability - f64::from(u8::from(o == label));
            for i in 0..2 {
                weight[o][i] -= delta * x[i] / data.len() as f64;
            }
        }
    }
    weight
}

#[test]
fn any_number_of_threads_gives_the_same_bits() {
    for batch_size in [1, 7, 16, 63, 64, 100, 256, 1_000] {
        let fit = |threads| Fit {
            epochs: 2,
            batch_size: nonzero(batch_size),
            threads: nonzero(threads),
            ..Fit::new::<Toy>()
        };
        let data = split(613);
        let (expected, reports) = train(&fit(1), &data);
        for threads in [2, 3, 4, 5, 8, 50] {
            let (parameters, others) = train(&fit(threads), &data);
            assert_eq!(
                parameters, expected,
                "batch size {batch_size}, {threads} threads"
            );
            for (report, other) in reports.iter().zip(others) {
                let other = EpochReport {
                    seconds: report.seconds,
                    samples_per_s: report.samples_per_s,
                    ..other
                };
                assert_eq!(*report, other);
            }
        }
    }
}

#[test]
fn every_sample_is_learnt_in_every_epoch() {
    struct Steps(Vec<(usize, usize, usize)>);
    impl cnn_runtime::Observer for &mut Steps {
        fn step(&mut self, report: &cnn_runtime::fit::StepReport) -> Result<(), Error> {
            assert_eq!(report.steps, 4);
            self.0
                .push((report.epoch, report.step, report.totals.samples));
            Ok(())
        }
        fn epoch(&mut self, _: &EpochReport) -> Result<(), Error> {
            Ok(())
        }
    }
    let fit = Fit {
        epochs: 2,
        batch_size: nonzero(32),
        ..Fit::new::<Toy>()
    };
    let mut steps = Steps(vec![]);
    let mut parameters = fit.initialize::<Toy>();
    fit.run::<Toy>(&mut parameters, &split(100), &mut steps)
        .unwrap();
    let expected = [1, 2].map(|epoch| {
        [
            (epoch, 1, 32),
            (epoch, 2, 64),
            (epoch, 3, 96),
            (epoch, 4, 100),
        ]
    });
    assert_eq!(steps.0, expected.concat());
}

#[test]
fn other_seeds_give_other_networks() {
    let fit = |seed| Fit {
        seed,
        ..Fit::new::<Toy>()
    };
    assert_ne!(train(&fit(0), &split(100)).0, train(&fit(1), &split(100)).0);
}

#[test]
fn a_loss_that_is_not_finite_ends_the_run_with_the_step() {
    let end = |learning_rate| {
        let fit = Fit {
            epochs: 5,
            learning_rate,
            threads: nonzero(3),
            ..Fit::new::<Toy>()
        };
        let mut parameters = fit.initialize::<Toy>();
        let error = fit
            .run::<Toy>(&mut parameters, &split(200), |_: &EpochReport| {})
            .unwrap_err();
        (error.to_string(), parameters)
    };
    // Too large for a single.
    assert_eq!(
        end(1e39).0,
        "the loss is no longer a finite number in epoch 1, step 2: `dense1.weight` is not finite"
    );
    let (text, parameters) = end(1e38);
    let values = parameters.weight.as_flattened().iter();
    let largest = values.fold(0.0, |largest: f32, value| largest.max(value.abs()));
    assert_eq!(
        text,
        format!(
            "the loss is no longer a finite number in epoch 1, step 2: the largest parameter is {largest:.3e}, in \
             `dense1.weight`"
        )
    );
}

/// Numbers of which one is not finite.
fn spoilt(train: usize) -> Split {
    let Values::Pixels(bytes) = points(train, 1).values().clone() else {
        panic!("points are pixels");
    };
    let mut values: Vec<f32> = bytes.iter().map(|byte| f32::from(*byte) / 255.0).collect();
    values[8] = f32::INFINITY;
    let targets = points(train, 1).targets().clone();
    Split {
        train: Dataset::with_targets("points", &[2], values, targets).unwrap(),
        test: points(300, 2),
    }
}

#[test]
fn a_spoilt_step_is_left_out_if_that_is_wanted() {
    let fit = Fit {
        epochs: 3,
        batch_size: nonzero(10),
        skips_not_finite: true,
        ..Fit::new::<Toy>()
    };
    let (parameters, reports) = train(&fit, &spoilt(100));
    assert_eq!(reports.len(), 3);
    for report in &reports {
        assert_eq!(report.skipped, 1);
        assert!(report.train.loss.is_finite());
    }
    assert!(
        parameters
            .weight
            .as_flattened()
            .iter()
            .all(|w| w.is_finite())
    );

    let pairs = Fit {
        accumulation_steps: nonzero(2),
        ..fit.clone()
    };
    let (others, reports) = train(&pairs, &spoilt(100));
    assert!(reports.iter().all(|report| report.skipped == 1));
    assert!(others.weight.as_flattened().iter().all(|w| w.is_finite()));

    let strict = Fit {
        skips_not_finite: false,
        ..fit
    };
    let mut parameters = strict.initialize::<Toy>();
    let run = strict.run::<Toy>(&mut parameters, &spoilt(100), |_: &EpochReport| {});
    assert!(matches!(run, Err(Error::NotFinite { epoch: 1, .. })));
    assert!(
        parameters
            .weight
            .as_flattened()
            .iter()
            .all(|w| w.is_finite())
    );
}

#[test]
fn an_epoch_of_spoilt_steps_ends_the_run() {
    let fit = Fit {
        batch_size: nonzero(100),
        skips_not_finite: true,
        ..Fit::new::<Toy>()
    };
    let mut parameters = fit.initialize::<Toy>();
    let first = parameters.clone();
    let error = fit
        .run::<Toy>(&mut parameters, &spoilt(100), |_: &EpochReport| {})
        .unwrap_err();
    assert!(matches!(
        error,
        Error::NotFinite {
            epoch: 1,
            step: 1,
            ..
        }
    ));
    assert_eq!(parameters, first);
}

#[test]
fn an_error_of_the_observer_ends_the_run() {
    struct Tired;
    impl cnn_runtime::Observer for Tired {
        fn epoch(&mut self, report: &EpochReport) -> Result<(), Error> {
            Err(Error::Interrupted {
                epoch: report.epoch,
                step: 99,
                checkpoint: None,
            })
        }
    }
    let fit = Fit::new::<Toy>();
    let error = fit
        .run::<Toy>(&mut fit.initialize::<Toy>(), &split(100), Tired)
        .unwrap_err();
    let text = error.to_string();
    assert_eq!(text, "interrupted in epoch 1, after step 99");
}

#[test]
fn the_target_accuracy_ends_the_run() {
    let fit = Fit {
        epochs: 1_000,
        learning_rate: 2.0,
        target_accuracy: Some(0.9),
        ..Fit::new::<Toy>()
    };
    let (_, reports) = train(&fit, &split(1_000));
    let (last, before) = reports.split_last().unwrap();
    assert!(accuracy(last) >= 0.9 && before.iter().all(|report| accuracy(report) < 0.9));
    assert!(reports.len() < 1_000);
}

#[test]
fn no_epochs_only_test() {
    let fit = Fit {
        epochs: 0,
        ..Fit::new::<Toy>()
    };
    let data = split(100);
    let mut parameters = fit.initialize::<Toy>();
    let score = fit
        .run::<Toy>(&mut parameters, &data, |_: &EpochReport| panic!("no epoch"))
        .unwrap();
    assert_eq!(
        score,
        evaluate::<Toy>(&fit.initialize::<Toy>(), &data.test, nonzero(1))
    );
}

const VALIDATION: Validation = Validation {
    fraction: 0.3,
    ..Validation::DEFAULT
};

#[test]
fn samples_that_are_held_back_are_not_learnt() {
    let fit = Fit {
        epochs: 4,
        validation: Some(VALIDATION),
        ..Fit::new::<Toy>()
    };
    let data = split(100);
    let (_, reports) = train(&fit, &data);
    for report in &reports {
        assert!((report.samples_per_s * report.seconds - 70.0).abs() < 1e-6);
        assert_eq!(report.test, None, "the test set waits");
        assert!(report.validation.is_some() && report.is_best.is_some());
    }
    // With every label of the samples that are held back wrong, what is learnt is the same.
    let held = held_back(&data.train, &fit);
    assert_eq!(held.len(), 30);
    let mut labels = data.train.labels().to_vec();
    for index in held {
        labels[index] = 1 - labels[index];
    }
    let spoilt = Split {
        train: points_with(&data.train, labels),
        test: data.test.clone(),
    };
    let last_fit = Fit {
        validation: Some(Validation {
            keep_best: false,
            ..VALIDATION
        }),
        ..fit
    };
    assert_eq!(train(&last_fit, &data).0, train(&last_fit, &spoilt).0);
}

/// The samples that do not take part in a step: their labels may be changed without changing its loss.
fn held_back(data: &Dataset, fit: &Fit) -> Vec<usize> {
    let loss = |labels| {
        let split = Split {
            train: points_with(data, labels),
            test: points(1, 2),
        };
        let fit = Fit {
            epochs: 1,
            learning_rate: 1e-30,
            ..fit.clone()
        };
        train(&fit, &split).1[0].train.loss.to_bits()
    };
    let expected = loss(data.labels().to_vec());
    let is_held = |index: &usize| {
        let mut labels = data.labels().to_vec();
        labels[*index] = 1 - labels[*index];
        loss(labels) == expected
    };
    (0..data.len()).filter(is_held).collect()
}

fn points_with(data: &Dataset, labels: Vec<u8>) -> Dataset {
    let values = (0..data.len()).flat_map(|index| data.sample(index).pixels().unwrap());
    Dataset::new("points", &[2], values.copied().collect(), labels, 2).unwrap()
}

/// A step this large overshoots: after the first epoch the loss goes up and down.
fn unsteady(validation: Validation) -> Fit {
    Fit {
        epochs: 30,
        batch_size: nonzero(8),
        learning_rate: 15.0,
        validation: Some(validation),
        ..Fit::new::<Toy>()
    }
}

#[test]
fn the_best_epoch_is_kept() {
    let data = split(200);
    let fit = unsteady(VALIDATION);
    let (best, reports) = train(&fit, &data);
    let merit = |report: &EpochReport| report.validation.unwrap().loss;
    let index = (0..30).min_by(|a, b| merit(&reports[*a]).total_cmp(&merit(&reports[*b])));
    let index = index.unwrap();
    assert!(index < 29, "the last epoch is not the best one here");
    let marks: Vec<bool> = reports
        .iter()
        .map(|report| report.is_best.unwrap())
        .collect();
    assert!(marks[index] && marks[index + 1..].iter().all(|is_best| !is_best));

    let shorter = Fit {
        epochs: index + 1,
        ..fit.clone()
    };
    assert_eq!(best, train(&shorter, &data).0);
    let keep_last = unsteady(Validation {
        keep_best: false,
        ..VALIDATION
    });
    assert_ne!(best, train(&keep_last, &data).0);
}

#[test]
fn patience_ends_the_run() {
    let data = split(200);
    for monitor in [Monitor::Loss, Monitor::Accuracy] {
        let validation = Validation {
            monitor,
            patience: Some(3),
            ..VALIDATION
        };
        let (_, reports) = train(&unsteady(validation), &data);
        let marks: Vec<bool> = reports
            .iter()
            .map(|report| report.is_best.unwrap())
            .collect();
        assert!(marks.len() < 30, "{marks:?}");
        assert_eq!(marks[marks.len() - 4..], [true, false, false, false]);
        assert!(
            marks[..marks.len() - 1]
                .windows(3)
                .all(|three| three != [false; 3])
        );
    }
}

#[test]
fn small_steps_do_not_count_as_better() {
    let validation = Validation {
        min_delta: 1_000.0,
        patience: Some(2),
        ..VALIDATION
    };
    let (_, reports) = train(&unsteady(validation), &split(200));
    let marks: Vec<_> = reports.iter().map(|report| report.is_best).collect();
    assert_eq!(marks, [Some(true), Some(false), Some(false)]);
}

#[test]
fn what_cannot_be_validated_is_refused() {
    let fit = unsteady(VALIDATION);
    let error = fit
        .run::<Toy>(
            &mut fit.initialize::<Toy>(),
            &split(1),
            |_: &EpochReport| {},
        )
        .unwrap_err();
    assert_eq!(
        error.to_string(),
        "points: there is one sample, and nothing to hold back"
    );
}

#[test]
fn varied_samples_give_the_same_bits_on_any_number_of_threads() {
    let fit = |noise, threads| Fit {
        batch_size: nonzero(100),
        threads: nonzero(threads),
        augmentation: Augmentation {
            noise,
            ..Augmentation::NONE
        },
        validation: Some(VALIDATION),
        ..Fit::new::<Toy>()
    };
    let data = split(613);
    let (expected, reports) = train(&fit(0.2, 1), &data);
    for threads in [2, 3, 8] {
        let (parameters, others) = train(&fit(0.2, threads), &data);
        assert_eq!(parameters, expected);
        let scores = |reports: &[EpochReport]| {
            let scores = reports
                .iter()
                .map(|report| (report.train, report.validation));
            scores.collect::<Vec<_>>()
        };
        assert_eq!(scores(&reports), scores(&others));
    }
    assert_ne!(train(&fit(0.0, 1), &data).0, expected);
}

#[test]
fn data_of_another_shape_or_with_other_classes_are_refused() {
    let fit = Fit::new::<Linear<3, 2>>();
    let mut parameters = fit.initialize::<Linear<3, 2>>();
    let error = fit
        .run::<Linear<3, 2>>(&mut parameters, &split(10), |_: &EpochReport| {})
        .unwrap_err();
    assert_eq!(
        error.to_string(),
        "points: samples are 2, but the network `Linear` takes 3"
    );
    assert_eq!(error.help(), "set `input = [2]` in the network's file");

    let mut parameters = fit.initialize::<Linear<2, 5>>();
    let error = fit
        .run::<Linear<2, 5>>(&mut parameters, &split(10), |_: &EpochReport| {})
        .unwrap_err();
    assert_eq!(
        error.to_string(),
        "points: labels name 2 classes, but the network `Linear` has 5 outputs"
    );
    assert_eq!(error.help(), "let the last layer have `out_features = 2`");
}
