//! Plain kernels and kernels on lanes compute the same losses, gradients and updates.
#![allow(missing_docs, clippy::pedantic)]

use cnn_runtime::profile::{Laps, Profiled};
use cnn_runtime::{Model, Parameters, Rng, Target, Tensor, Totals, Trainable, Zeroed};

include!(concat!(env!("OUT_DIR"), "/networks.rs"));

/// Two blocks, of which the second is not full.
const SAMPLES: usize = 21;
/// How far two sums of a few thousand products in `f32` may be apart, relative to the largest value of a tensor.
const TOLERANCE: f32 = 1e-5;

struct Step<M: Trainable> {
    totals: [Totals; 2],
    gradients: Box<M::Parameters>,
    parameters: Box<M::Parameters>,
}

fn step<M: Trainable<Scalar = f32>>(inputs: &[M::Input], targets: &[M::Target]) -> Step<M> {
    let mut parameters = M::Parameters::boxed();
    M::initialize(&mut parameters, &mut Rng::new(7));
    let (mut gradients, mut workspace) = (M::Parameters::boxed(), M::Workspace::boxed());
    let trained = M::gradients(
        &parameters,
        inputs,
        targets,
        SAMPLES,
        &mut workspace,
        &mut gradients,
    );
    let evaluated = M::evaluate(&parameters, inputs, targets, &mut workspace);
    let mut optimizer = M::Optimizer::boxed();
    M::update(&mut parameters, &gradients, &mut optimizer, 0.1);
    Step {
        totals: [trained, evaluated],
        gradients,
        parameters,
    }
}

fn samples<M: Trainable>() -> (Vec<M::Input>, Vec<M::Target>) {
    let mut rng = Rng::new(3);
    let mut inputs = vec![M::Input::ZERO; SAMPLES];
    for input in &mut inputs {
        rng.fill_uniform(input, 1.0);
    }
    let classes = M::OUTPUT_SHAPE.iter().product::<usize>();
    let targets = (0..SAMPLES).map(|sample| M::Target::from_label(sample * 5 % classes));
    (inputs, targets.collect())
}

/// The profile leads through the same step and counts the multiply-adds of the summary.
fn profiled<M: Profiled<Scalar = f32>>(multiply_adds: u64) {
    let (inputs, targets) = samples::<M>();
    let step = step::<M>(&inputs, &targets);
    let mut parameters = M::Parameters::boxed();
    M::initialize(&mut parameters, &mut Rng::new(7));
    let (mut gradients, mut workspace) = (M::Parameters::boxed(), M::Workspace::boxed());
    let mut laps = Laps::start(M::KERNELS.len());
    M::profile(
        &parameters,
        &inputs,
        &targets,
        &mut workspace,
        &mut gradients,
        &mut laps,
    );
    for index in 0..M::Parameters::TENSORS.len() {
        assert_eq!(gradients.tensor(index), step.gradients.tensor(index));
    }
    let counted: u64 = M::KERNELS.iter().map(|kernel| kernel.multiply_adds).sum();
    assert_eq!(counted, multiply_adds);
}

/// The bytes that the summary tells are those of the types.
fn memory<M: Trainable>() {
    let sizes = [
        size_of::<M::Parameters>(),
        size_of::<M::Activations>(),
        size_of::<M::BatchActivations>(),
        size_of::<M::Workspace>(),
        size_of::<M::Parameters>(),
        size_of::<M::Optimizer>(),
    ];
    let (_, told) = M::SUMMARY.split_once("memory: parameters").unwrap();
    let told = told.replace(',', "");
    let told: Vec<usize> = told
        .split(|letter: char| !letter.is_ascii_digit())
        .filter(|digits| !digits.is_empty())
        .map(|digits| digits.parse().unwrap())
        .collect();
    assert_eq!(told, sizes);
}

fn agree<P, S>()
where
    P: Trainable<Scalar = f32>,
    S: Trainable<Scalar = f32, Input = P::Input, Target = P::Target>,
{
    let (inputs, targets) = samples::<P>();
    let plain = step::<P>(&inputs, &targets);
    let simd = step::<S>(&inputs, &targets);
    for (plain, simd) in plain.totals.iter().zip(&simd.totals) {
        assert!(
            (plain.loss - simd.loss).abs() <= 1e-5 * plain.loss.abs(),
            "{plain:?} {simd:?}"
        );
        assert_eq!((plain.correct, plain.samples), (simd.correct, simd.samples));
    }
    let mut first = P::Parameters::boxed();
    P::initialize(&mut first, &mut Rng::new(7));
    for (index, info) in P::Parameters::TENSORS.iter().enumerate() {
        if plain.parameters.tensor(index) == first.tensor(index) {
            // Frozen: nobody computes its gradient.
            assert!(plain.gradients.tensor(index).iter().all(|g| *g == 0.0));
            assert_eq!(plain.gradients.tensor(index), simd.gradients.tensor(index));
        } else {
            close(
                info.name,
                plain.gradients.tensor(index),
                simd.gradients.tensor(index),
            );
        }
        close(
            info.name,
            plain.parameters.tensor(index),
            simd.parameters.tensor(index),
        );
    }
}

/// One sample after the other, in the same memory.
fn one_sample_agrees<P, S>(
    forward: impl for<'a> Fn(&S::Parameters, &S::Input, &'a mut S::Activations) -> &'a S::Output,
) where
    P: Model<Scalar = f32>,
    S: Model<Scalar = f32, Input = P::Input>,
{
    let (mut parameters, mut vectors) = (P::Parameters::boxed(), S::Parameters::boxed());
    P::initialize(&mut parameters, &mut Rng::new(7));
    S::initialize(&mut vectors, &mut Rng::new(7));
    let (mut activations, mut buffers) = (P::Activations::boxed(), S::Activations::boxed());
    let mut rng = Rng::new(3);
    let mut input = P::Input::boxed();
    for _ in 0..3 {
        rng.fill_uniform(&mut *input, 1.0);
        let plain = P::forward(&parameters, &input, &mut activations);
        let simd = forward(&vectors, &input, &mut buffers);
        close("output", plain.values(), simd.values());
    }
}

/// The outputs for a batch are those for its samples, one by one.
fn inferred<P, S>()
where
    P: Trainable<Scalar = f32>,
    S: Trainable<Scalar = f32, Input = P::Input, Output = P::Output>,
{
    let (inputs, _) = samples::<P>();
    let mut plain = P::Parameters::boxed();
    P::initialize(&mut plain, &mut Rng::new(7));
    let mut simd = S::Parameters::boxed();
    S::initialize(&mut simd, &mut Rng::new(7));
    let mut activations = P::Activations::boxed();
    let (mut one_by_one, mut blocks) = (P::BatchActivations::boxed(), S::BatchActivations::boxed());
    for count in [1, 7, SAMPLES] {
        let mut outputs = vec![P::Output::ZERO; count];
        S::forward_batch(&simd, &inputs, &mut outputs, &mut blocks);
        let mut plain_outputs = vec![P::Output::ZERO; count];
        P::forward_batch(&plain, &inputs, &mut plain_outputs, &mut one_by_one);
        for (index, (output, plain_output)) in outputs.iter().zip(&plain_outputs).enumerate() {
            let expected = P::forward(&plain, &inputs[index], &mut activations);
            assert_eq!(plain_output.values(), expected.values());
            close("output", expected.values(), output.values());
        }
    }
}

fn close(name: &str, plain: &[f32], simd: &[f32]) {
    let largest = plain
        .iter()
        .fold(0.0_f32, |largest, value| largest.max(value.abs()));
    assert!(largest > 0.0, "{name} is zero everywhere");
    for (index, (plain, simd)) in plain.iter().zip(simd).enumerate() {
        assert!(
            (plain - simd).abs() <= TOLERANCE * largest,
            "{name}[{index}]: {plain} and {simd}, of at most {largest}"
        );
    }
}
