//! The training loop where targets are numbers: linear regression.

mod linear;

use cnn_runtime::data::Targets;
use cnn_runtime::schedule::Curve;
use cnn_runtime::settings::{Augmentation, Monitor, Validation};
use cnn_runtime::{
    Dataset, EpochReport, Error, Fit, Model, Parameters, Regression, Rng, Schedule, Settings,
    Split, Totals, Trainable, evaluate,
};
use linear::{Linear, Nothing, Weights};
use std::num::NonZeroUsize;

/// A linear map under `mean((a − y)²)`.
struct Regressor<const I: usize, const O: usize>;

impl<const I: usize, const O: usize> Model for Regressor<I, O> {
    type Scalar = f32;
    type Input = [f32; I];
    type Output = [f32; O];
    type Parameters = Weights<I, O>;
    type Activations = [f32; O];
    type BatchActivations = [f32; O];

    const NAME: &'static str = "Regressor";
    const INPUT_SHAPE: &'static [usize] = &[I];
    const OUTPUT_SHAPE: &'static [usize] = &[O];
    const SUMMARY: &'static str = "";

    fn initialize(parameters: &mut Weights<I, O>, rng: &mut Rng) {
        Linear::<I, O>::initialize(parameters, rng);
    }

    fn forward<'a>(
        parameters: &Weights<I, O>,
        input: &[f32; I],
        activations: &'a mut [f32; O],
    ) -> &'a [f32; O] {
        Linear::<I, O>::forward(parameters, input, activations)
    }

    fn forward_batch(
        parameters: &Weights<I, O>,
        inputs: &[[f32; I]],
        outputs: &mut [[f32; O]],
        activations: &mut [f32; O],
    ) {
        Linear::<I, O>::forward_batch(parameters, inputs, outputs, activations);
    }
}

impl<const I: usize, const O: usize> Trainable for Regressor<I, O> {
    type Target = [f32; O];
    type Optimizer = Nothing;
    type Workspace = [f32; O];
    type Statistics = ();

    const SETTINGS: Settings = Linear::<I, O>::SETTINGS;

    fn gradients(
        parameters: &Weights<I, O>,
        inputs: &[[f32; I]],
        targets: &[[f32; O]],
        batch_size: usize,
        workspace: &mut [f32; O],
        gradients: &mut Weights<I, O>,
    ) -> Totals {
        for (input, target) in inputs.iter().zip(targets) {
            Self::forward(parameters, input, workspace);
            for output in 0..O {
                let delta = 2.0 * (workspace[output] - target[output]) / (O * batch_size) as f32;
                gradients.bias[output] += delta;
                for (gradient, value) in gradients.weight[output].iter_mut().zip(input) {
                    *gradient += delta * value;
                }
            }
        }
        Self::evaluate(parameters, inputs, targets, workspace)
    }

    fn evaluate(
        parameters: &Weights<I, O>,
        inputs: &[[f32; I]],
        targets: &[[f32; O]],
        workspace: &mut [f32; O],
    ) -> Totals {
        let mut totals = Totals::default();
        for (input, target) in inputs.iter().zip(targets) {
            Self::forward(parameters, input, workspace);
            let squares = workspace.iter().zip(target).map(|(a, y)| (a - y) * (a - y));
            totals += Totals::of(squares.sum::<f32>() / O as f32, workspace, target);
        }
        totals
    }

    fn update(
        parameters: &mut Weights<I, O>,
        gradients: &Weights<I, O>,
        _: &mut Nothing,
        learning_rate: f32,
    ) {
        for index in 0..Weights::<I, O>::TENSORS.len() {
            let values = parameters.tensor_mut(index).iter_mut();
            for (value, gradient) in values.zip(gradients.tensor(index)) {
                *value -= learning_rate * gradient;
            }
        }
    }
}

/// Points in `0..1` with `x + 2y` and `1 − y`, and some noise.
fn sums(count: usize, seed: u64) -> Dataset {
    let mut rng = Rng::new(seed);
    let (mut points, mut targets) = (vec![], vec![]);
    for _ in 0..count {
        let [x, y] = [(); 2].map(|()| rng.uniform());
        points.extend([x, y].map(|value| value as f32));
        targets.extend([x + 2.0 * y, 1.0 - y].map(|value| (value + 0.01 * rng.normal()) as f32));
    }
    let targets = Targets::Numbers {
        values: targets,
        size: 2,
    };
    Dataset::with_targets("sums", &[2], points, targets).unwrap()
}

fn split() -> Split {
    Split {
        train: sums(400, 1),
        test: sums(150, 2),
    }
}

fn fit() -> Fit {
    Fit {
        epochs: 60,
        learning_rate: 0.5,
        ..Fit::new::<Regressor<2, 2>>()
    }
}

fn train<const I: usize>(fit: &Fit, data: &Split) -> (Weights<I, I>, Vec<EpochReport>) {
    let mut parameters = fit.initialize::<Regressor<I, I>>();
    let mut reports = vec![];
    let observer = |report: &EpochReport| reports.push(*report);
    fit.run::<Regressor<I, I>>(&mut parameters, data, observer)
        .unwrap();
    (*parameters, reports)
}

#[test]
fn a_linear_map_is_found() {
    let (_, reports) = train::<2>(&fit(), &split());
    let last = reports.last().unwrap();
    let score = last.test.unwrap();
    let regression = score.regression.unwrap();
    assert!(
        regression.r2 > 0.99 && regression.mean_absolute_error < 0.03,
        "{last}"
    );
    assert_eq!((score.accuracy, last.train.accuracy), (None, None));
    assert!(last.train.loss < reports[0].train.loss / 100.0);
}

/// One feature, one target, the map `a = 2x`; all figures by hand.
#[test]
#[allow(clippy::float_cmp)]
fn scores_are_as_calculated_by_hand() {
    let parameters = Weights {
        weight: [[2.0]],
        bias: [0.0],
    };
    let score = |xs: &[f32], ys: &[f32]| {
        let targets = Targets::Numbers {
            values: ys.to_vec(),
            size: 1,
        };
        let data = Dataset::with_targets("set", &[1], xs.to_vec(), targets).unwrap();
        evaluate::<Regressor<1, 1>>(&parameters, &data, NonZeroUsize::MIN)
    };
    // Outputs 2, 4, 6 for 1, 4, 10: off by 1, 0, 4; the targets are 4, 1 and 5 from their mean.
    let found = score(&[1.0, 2.0, 3.0], &[1.0, 4.0, 10.0]);
    assert!((found.loss - 17.0 / 3.0).abs() < 1e-12);
    let Regression {
        mean_absolute_error,
        r2,
    } = found.regression.unwrap();
    assert!((mean_absolute_error - 5.0 / 3.0).abs() < 1e-12);
    assert!((r2 - (1.0 - 17.0 / 42.0)).abs() < 1e-12);
    // Targets that do not differ are met or not.
    assert_eq!(score(&[1.0, 1.0], &[2.0, 2.0]).regression.unwrap().r2, 1.0);
    assert_eq!(score(&[1.0, 1.0], &[3.0, 3.0]).regression.unwrap().r2, 0.0);
}

#[test]
fn any_number_of_threads_gives_the_same_bits() {
    let data = split();
    let fit = |threads| Fit {
        threads: NonZeroUsize::new(threads).unwrap(),
        epochs: 3,
        ..fit()
    };
    let scores = |reports: &[EpochReport]| {
        let scores = reports.iter().map(|report| (report.train, report.test));
        scores.collect::<Vec<_>>()
    };
    let (expected, reports) = train::<2>(&fit(1), &data);
    for threads in [2, 3, 8] {
        let (parameters, others) = train::<2>(&fit(threads), &data);
        assert_eq!(parameters, expected);
        assert_eq!(scores(&reports), scores(&others));
    }
}

/// What is learnt is the sample without its noise: with much of it, the map shrinks towards the mean.
#[test]
fn samples_are_reconstructed_from_what_is_left_of_them() {
    let mut data = split();
    data.train.reconstruct();
    data.test.reconstruct();
    let noisy = |noise| Fit {
        augmentation: Augmentation {
            noise,
            ..Augmentation::NONE
        },
        schedule: Schedule {
            warmup: None,
            curve: Curve::Cosine {
                t_max: None,
                eta_min: 0.0,
            },
        },
        ..fit()
    };
    let r2 = |reports: &[EpochReport]| reports.last().unwrap().test.unwrap().regression.unwrap().r2;
    let (same, reports) = train::<2>(&noisy(0.0), &data);
    assert!(r2(&reports) > 0.999);
    assert!((same.weight[0][0] - 1.0).abs() < 0.05, "{same:?}");
    let (shrunk, _) = train::<2>(&noisy(0.3), &data);
    // Var x / (Var x + 0.3²), with Var x = 1/12.
    assert!((shrunk.weight[0][0] - 0.48).abs() < 0.08, "{shrunk:?}");
}

#[test]
fn there_is_no_accuracy_to_ask_for() {
    let complaint = |fit: &Fit| {
        let mut parameters = fit.initialize::<Regressor<2, 2>>();
        let observer = |_: &EpochReport| {};
        let error: Error = fit
            .run::<Regressor<2, 2>>(&mut parameters, &split(), observer)
            .unwrap_err();
        error.to_string()
    };
    let expected = "sums: targets are numbers, for which there is no accuracy";
    let monitored = Fit {
        validation: Some(Validation {
            monitor: Monitor::Accuracy,
            ..Validation::DEFAULT
        }),
        ..fit()
    };
    let targeted = Fit {
        target_accuracy: Some(0.9),
        ..fit()
    };
    assert_eq!([complaint(&monitored), complaint(&targeted)], [expected; 2]);
}
