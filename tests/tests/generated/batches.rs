//! Networks in which a sample is not one by itself, in the training loop.

use cnn_runtime::{
    Dataset, EpochReport, Error, Fit, Model, Parameters, Part, Rng, Split, Statistics, Target,
    Totals, Trainable, Zeroed, weights,
};
use cnn_tests::close::assert_close;
use cnn_tests::generated::batches_dropout::OneDropout;
use cnn_tests::generated::batches_dropouts::Dropouts;
use cnn_tests::generated::batches_norms::Norms;
use std::num::NonZeroUsize;

/// Pictures of 2×5×4 pixels, of the class of the channel that is brighter, or of neither.
fn pictures(count: usize, seed: u64) -> Dataset {
    let mut rng = Rng::new(seed);
    let (mut values, mut labels) = (vec![], vec![]);
    for _ in 0..count {
        let label = rng.below(3);
        let bright = |channel| if label == channel { 60 } else { 0 };
        let pixels = (0..40).map(|index| (rng.below(196) + bright(index / 20)) as u8);
        values.extend(pixels);
        labels.push(label as u8);
    }
    Dataset::new("pictures", &[2, 5, 4], values, labels, 3).expect("they are of one size")
}

fn split(train: usize) -> Split {
    Split {
        train: pictures(train, 1),
        test: pictures(200, 2),
    }
}

fn train<M: Trainable>(
    fit: &Fit,
    data: &Split,
) -> Result<(Box<M::Parameters>, Vec<EpochReport>), Error> {
    let mut parameters = fit.initialize::<M>();
    let mut reports = vec![];
    fit.run::<M>(&mut parameters, data, |report: &EpochReport| {
        reports.push(*report);
    })?;
    Ok((parameters, reports))
}

fn flat<P: Parameters>(parameters: &P) -> Vec<f64> {
    let tensors = (0..P::TENSORS.len()).map(|index| parameters.tensor(index));
    let values = tensors.flatten();
    values
        .map(|value| cnn_runtime::math::Real::to_f64(*value))
        .collect()
}

fn threads(count: usize) -> NonZeroUsize {
    NonZeroUsize::new(count).expect("there are some")
}

fn learns_the_same_on_any_number_of_threads<M: Trainable>() {
    let data = split(430);
    let [one, two, five] = [1, 2, 5].map(|count| {
        let fit = Fit {
            threads: threads(count),
            ..Fit::new::<M>()
        };
        train::<M>(&fit, &data).expect("the data fit")
    });
    let bits = |parameters: &M::Parameters| {
        flat(parameters)
            .into_iter()
            .map(f64::to_bits)
            .collect::<Vec<_>>()
    };
    assert_eq!(bits(&one.0), bits(&two.0));
    assert_eq!(bits(&one.0), bits(&five.0));
    let [first, .., last] = one.1.as_slice() else {
        panic!("there are three epochs")
    };
    assert!(last.train.loss < first.train.loss, "{last}");
    let score = last.test.expect("nothing is held back");
    assert!(score.accuracy > Some(0.6), "{last}");
}

#[test]
fn batch_norms_do_not_depend_on_threads() {
    learns_the_same_on_any_number_of_threads::<Norms>();
}

#[test]
fn masks_do_not_depend_on_threads() {
    learns_the_same_on_any_number_of_threads::<Dropouts>();
    learns_the_same_on_any_number_of_threads::<OneDropout>();
}

/// Samples as the loop gathers them.
fn gathered<M: Trainable>(data: &Dataset) -> (Vec<M::Input>, Vec<M::Target>) {
    let mut inputs = vec![M::Input::ZERO; data.len()];
    for (index, input) in inputs.iter_mut().enumerate() {
        data.gather(index, input);
    }
    let targets =
        (0..data.len()).map(|index| M::Target::from_label(usize::from(data.labels()[index])));
    (inputs, targets.collect())
}

/// A batch of four shards and one without any: their sums differ by rounding alone.
#[test]
fn shards_of_a_batch_add_up_to_the_batch() {
    let data = split(100);
    let fit = Fit {
        epochs: 1,
        ..Fit::new::<Norms>()
    };
    let (ours, _) = train::<Norms>(&fit, &data).expect("the data fit");

    let mut parameters = fit.initialize::<Norms>();
    let mut workspace = <Norms as Trainable>::Workspace::boxed();
    let mut gradients = <Norms as Model>::Parameters::boxed();
    let mut optimizer = <Norms as Trainable>::Optimizer::boxed();
    let (inputs, targets) = gathered::<Norms>(&data.train);
    Norms::gradients(
        &parameters,
        &inputs,
        &targets,
        100,
        &mut workspace,
        &mut gradients,
    );
    Norms::track(&mut parameters, &workspace.statistics);
    Norms::update(
        &mut parameters,
        &gradients,
        &mut optimizer,
        fit.learning_rate,
    );
    for (index, info) in <Norms as Model>::Parameters::TENSORS.iter().enumerate() {
        assert_close(
            info.name,
            ours.tensor(index),
            parameters.tensor(index),
            1e-13,
        );
    }
}

/// What a part of a batch is told of the others decides what it learns.
#[test]
fn parts_of_a_batch_add_up_to_the_batch() {
    type Gradients = <Dropouts as Model>::Parameters;
    let (inputs, targets) = gathered::<Dropouts>(&pictures(10, 3));
    let mut parameters = Gradients::boxed();
    Dropouts::initialize(&mut parameters, &mut Rng::new(4));
    let learn = |cuts: &[usize]| {
        let mut gradients = Gradients::boxed();
        let mut whole = <Dropouts as Trainable>::Statistics::ZERO;
        let mut workspaces: Vec<_> = cuts[1..]
            .iter()
            .map(|_| <Dropouts as Trainable>::Workspace::boxed())
            .collect();
        let mut totals = Totals::default();
        for phase in 0..Dropouts::PHASES {
            for (cut, workspace) in cuts.windows(2).zip(&mut workspaces) {
                let part = Part {
                    first: cut[0],
                    ..Part::whole(10, 99)
                };
                let place = cut[0]..cut[1];
                totals += Dropouts::phase(
                    phase,
                    &parameters,
                    (&inputs[place.clone()], &targets[place]),
                    part,
                    &whole,
                    workspace,
                    &mut gradients,
                );
            }
            whole = Zeroed::ZERO;
            for workspace in &workspaces {
                whole.merge(Dropouts::statistics(workspace).expect("there is a batch norm"));
            }
        }
        assert_eq!(totals.samples, 10);
        (totals.loss, flat(&*gradients))
    };
    let (loss, gradients) = learn(&[0, 10]);
    let (of_parts, added) = learn(&[0, 3, 9, 10]);
    assert_close("loss", &[of_parts], &[loss], 1e-6);
    assert_close("gradients", &added, &gradients, 1e-5);
}

#[test]
fn a_last_batch_of_one_sample_is_left_out_where_a_value_would_be_alone() {
    let fit = |epochs| Fit {
        epochs,
        ..Fit::new::<Norms>()
    };
    let (_, reports) = train::<Norms>(&fit(1), &split(201)).expect("the data fit");
    assert!((reports[0].samples_per_s * reports[0].seconds - 200.0).abs() < 1e-6);
    let (_, reports) = train::<Dropouts>(&fit(1), &split(201)).expect("the data fit");
    assert!((reports[0].samples_per_s * reports[0].seconds - 201.0).abs() < 1e-6);

    let error = train::<Norms>(&fit(1), &split(1)).expect_err("one sample has no variance");
    assert!(
        error.to_string().contains("too small for a batch norm"),
        "{error}"
    );
}

#[test]
fn batches_may_be_larger_than_in_the_file_as_long_as_shards_are_not() {
    let fit = |batch_size| Fit {
        epochs: 1,
        batch_size: threads(batch_size),
        ..Fit::new::<Norms>()
    };
    assert!(train::<Norms>(&fit(700), &split(1_000)).is_ok());
    let error = train::<Norms>(&fit(1_000), &split(1_000)).expect_err("there is no room");
    assert!(error.help().contains("`batch_size = 100`"), "{error}");
}

#[test]
fn running_averages_are_saved_as_in_pytorch() {
    let folder = std::env::temp_dir().join(format!("cnn-tests-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("the folder can be made");
    let path = folder.join("weights.safetensors");
    let (parameters, _) = train::<Norms>(&Fit::new::<Norms>(), &split(300)).expect("the data fit");
    assert!((parameters.norm1.num_batches_tracked - 9.0).abs() < f64::EPSILON);
    assert!(
        parameters
            .norm1
            .running_var
            .iter()
            .all(|value| (value - 1.0).abs() > 1e-3)
    );
    weights::save::<Norms>(&parameters, None, &path).expect("the file can be written");
    let mut read = <Norms as Model>::Parameters::boxed();
    weights::load::<Norms>(&mut read, &path).expect("the file can be read");
    std::fs::remove_dir_all(&folder).expect("the folder can be removed");
    assert_eq!(parameters, read);
}
