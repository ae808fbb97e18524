//! The workloads as this project compiles them.

use bench_protocol::{Measure, POOL, Request, labels, pixels};
use cnn_runtime::{
    Dataset, EpochReport, Fit, Model, Parameters, Rng, Split, Target, Tensor, Trainable, Zeroed,
};
use std::error::Error;
use std::hint::black_box;
use std::num::NonZeroUsize;

macro_rules! workloads {
    ($($module:ident: $file:literal),*) => {$(
        #[allow(dead_code, clippy::pedantic)]
        mod $module {
            include!(concat!(env!("OUT_DIR"), "/", $file));
        }
    )*};
}

workloads!(
    seed_plain: "seed_plain.rs",
    seed_simd: "seed_simd.rs",
    lenet5_plain: "lenet5_plain.rs",
    lenet5_simd: "lenet5_simd.rs",
    cifar_plain: "cifar_plain.rs",
    cifar_simd: "cifar_simd.rs"
);

/// Answers the driver; `kernels` is `plain` or `simd`.
///
/// # Errors
/// If there is no such workload or kernels, or the driver is gone.
pub fn serve(kernels: &str, request: &Request) -> Result<(), Box<dyn Error>> {
    match (request.workload.as_str(), kernels) {
        ("seed", "plain") => measure::<seed_plain::Seed>(request),
        ("seed", "simd") => measure::<seed_simd::Seed>(request),
        ("lenet5", "plain") => measure::<lenet5_plain::LeNet5>(request),
        ("lenet5", "simd") => measure::<lenet5_simd::LeNet5>(request),
        ("cifar", "plain") => measure::<cifar_plain::Cifar>(request),
        ("cifar", "simd") => measure::<cifar_simd::Cifar>(request),
        (workload, kernels) => {
            Err(format!("no workload `{workload}` with kernels `{kernels}`").into())
        }
    }
}

fn measure<M: Trainable<Scalar = f32>>(request: &Request) -> Result<(), Box<dyn Error>> {
    let mut parameters = M::Parameters::boxed();
    M::initialize(&mut parameters, &mut Rng::new(1));
    match request.measure {
        Measure::Train if request.threads == 1 => train::<M>(request, &mut parameters),
        Measure::Train | Measure::Fit | Measure::FitLarge => fit::<M>(request, &mut parameters),
        Measure::One => one::<M>(request, &parameters),
        Measure::Batch => batch::<M>(request, &parameters),
    }
}

/// Step by step on one thread.
fn train<M: Trainable<Scalar = f32>>(
    request: &Request,
    parameters: &mut M::Parameters,
) -> Result<(), Box<dyn Error>> {
    let (inputs, targets) = pool::<M>();
    let (mut gradients, mut workspace) = (M::Parameters::boxed(), M::Workspace::boxed());
    let mut optimizer = M::Optimizer::boxed();
    let batch = request.measure.samples();
    let mut batches = inputs
        .chunks_exact(batch)
        .zip(targets.chunks_exact(batch))
        .cycle();
    request.serve(count::<M>(), batch, || {
        let Some((inputs, targets)) = batches.next() else {
            return;
        };
        gradients.clear();
        M::gradients(
            parameters,
            inputs,
            targets,
            batch,
            &mut workspace,
            &mut gradients,
        );
        M::update(parameters, &gradients, &mut optimizer, 0.05);
    })
}

/// About as many seconds as an epoch takes: those of thousands of samples are over before threads have begun.
const EPOCH: f64 = 0.25;

/// Epoch by epoch in the training loop, which owns the threads.
fn fit<M: Trainable<Scalar = f32>>(
    request: &Request,
    parameters: &mut M::Parameters,
) -> Result<(), Box<dyn Error>> {
    let fit = Fit {
        epochs: 1,
        batch_size: NonZeroUsize::new(request.measure.samples()).ok_or("no samples")?,
        threads: NonZeroUsize::new(request.threads).ok_or("no threads")?,
        ..Fit::new::<M>()
    };
    let mut seconds = EPOCH;
    let epoch = |report: &EpochReport| seconds = report.seconds;
    fit.run::<M>(parameters, &bytes(M::INPUT_SHAPE, 1)?, epoch)?;
    let times = (EPOCH / seconds).ceil() as usize;
    let data = bytes(M::INPUT_SHAPE, times)?;
    let mut stopped = None;
    request.serve(count::<M>(), times * POOL, || {
        stopped = fit.run::<M>(parameters, &data, |_: &EpochReport| ()).err();
    })?;
    stopped.map_or(Ok(()), |error| Err(error.into()))
}

/// The samples of the pool so many times, and one to test with.
fn bytes(shape: &[usize], times: usize) -> Result<Split, Box<dyn Error>> {
    let elements: usize = shape.iter().product();
    let values: Vec<u8> = pixels(POOL * elements)
        .iter()
        .map(|value| (value * 255.0) as u8)
        .collect();
    let labels: Vec<u8> = labels().map(|label| label as u8).collect();
    let one = values[..elements].to_vec();
    Ok(Split {
        test: Dataset::new("one sample", shape, one, vec![0], 10)?,
        train: Dataset::new(
            "random pixels",
            shape,
            values.repeat(times),
            labels.repeat(times),
            10,
        )?,
    })
}

fn one<M: Trainable<Scalar = f32>>(
    request: &Request,
    parameters: &M::Parameters,
) -> Result<(), Box<dyn Error>> {
    let (inputs, _) = pool::<M>();
    let mut activations = <M as Model>::Activations::boxed();
    let mut inputs = inputs.iter().cycle();
    request.serve(count::<M>(), 1, || {
        if let Some(input) = inputs.next() {
            black_box(M::forward(parameters, input, &mut activations));
        }
    })
}

fn batch<M: Trainable<Scalar = f32>>(
    request: &Request,
    parameters: &M::Parameters,
) -> Result<(), Box<dyn Error>> {
    let (inputs, _) = pool::<M>();
    let batch = request.measure.samples();
    let mut outputs = vec![<M as Model>::Output::ZERO; batch];
    let mut activations = M::BatchActivations::boxed();
    let mut batches = inputs.chunks_exact(batch).cycle();
    request.serve(count::<M>(), batch, || {
        if let Some(inputs) = batches.next() {
            M::forward_batch(parameters, inputs, &mut outputs, &mut activations);
            black_box(&mut outputs);
        }
    })
}

/// Random samples and their classes.
fn pool<M: Trainable<Scalar = f32>>() -> (Vec<<M as Model>::Input>, Vec<M::Target>) {
    let mut inputs = vec![<M as Model>::Input::ZERO; POOL];
    let values = Tensor::flat_mut(&mut inputs);
    let pixels = pixels(values.len());
    values.copy_from_slice(&pixels);
    (inputs, labels().map(M::Target::from_label).collect())
}

/// How many values the network learns.
fn count<M: Model>() -> usize {
    let tensors = M::Parameters::TENSORS.iter();
    tensors
        .map(|tensor| tensor.shape.iter().product::<usize>())
        .sum()
}
