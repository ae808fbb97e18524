//! Plain kernels and kernels on lanes compute the same losses, gradients and updates: what `tests/` asks of each network.
#![allow(missing_docs, clippy::pedantic)]

use cnn_runtime::math::Real;
use cnn_runtime::profile::{Laps, Profiled};
use cnn_runtime::{Model, Parameters, Part, Rng, Role, Target, Tensor, Totals, Trainable, Zeroed};

/// How far two sums of a few thousand products in `f32` may be apart, relative to the largest value of a tensor.
const TOLERANCE: f32 = 1e-5;

struct Step<M: Trainable> {
    totals: [Totals; 2],
    gradients: Box<M::Parameters>,
    parameters: Box<M::Parameters>,
}

fn initial<M: Model>() -> Box<M::Parameters> {
    let mut parameters = M::Parameters::boxed();
    M::initialize(&mut parameters, &mut Rng::new(7));
    parameters
}

/// Parameters as after some training: batch norms have seen samples, and no bias is zero.
fn used<M: Model<Scalar = f32>>() -> Box<M::Parameters> {
    let mut parameters = initial::<M>();
    for index in 0..M::Parameters::TENSORS.len() {
        for (place, value) in parameters.tensor_mut(index).iter_mut().enumerate() {
            *value += 0.02 * (place % 7) as f32;
        }
    }
    parameters
}

fn step<M: Trainable>(
    mut parameters: Box<M::Parameters>,
    inputs: &[M::Input],
    targets: &[M::Target],
) -> Step<M> {
    let (mut gradients, mut workspace) = (M::Parameters::boxed(), M::Workspace::boxed());
    let trained = M::gradients(
        &parameters,
        inputs,
        targets,
        inputs.len(),
        &mut workspace,
        &mut gradients,
    );
    if let Some(statistics) = M::statistics(&workspace) {
        M::track(&mut parameters, statistics);
    }
    let evaluated = M::evaluate(&parameters, inputs, targets, &mut workspace);
    let mut optimizer = M::Optimizer::boxed();
    M::update(
        &mut parameters,
        &gradients,
        &mut optimizer,
        Real::from_f64(0.1),
    );
    Step {
        totals: [trained, evaluated],
        gradients,
        parameters,
    }
}

fn samples<M: Trainable>(count: usize) -> (Vec<M::Input>, Vec<M::Target>) {
    let mut rng = Rng::new(3);
    let mut inputs = vec![M::Input::ZERO; count];
    for input in &mut inputs {
        rng.fill_uniform(input, 1.0);
    }
    let targets = targets::<M>(&inputs);
    (inputs, targets)
}

fn targets<M: Trainable>(inputs: &[M::Input]) -> Vec<M::Target> {
    let classes = M::OUTPUT_SHAPE.iter().product::<usize>();
    let target = |(sample, input)| {
        let mut target = M::Target::from_label(sample * 5 % classes);
        target.keep_input(input);
        target
    };
    inputs.iter().enumerate().map(target).collect()
}

/// The profile leads through the same step and counts the multiply-adds of the summary.
pub fn profiled<M: Profiled<Scalar = f32>>(count: usize, multiply_adds: u64) {
    let count = count.min(M::MAX_WAITING);
    let (inputs, targets) = samples::<M>(count);
    let step = step::<M>(initial::<M>(), &inputs, &targets);
    let parameters = initial::<M>();
    let (mut gradients, mut workspace) = (M::Parameters::boxed(), M::Workspace::boxed());
    let mut laps = Laps::start(M::KERNELS.len());
    let mut totals = Totals::default();
    for phase in 0..M::PHASES {
        let statistics = M::statistics(&workspace).map_or(Zeroed::ZERO, Clone::clone);
        totals += M::profile(
            phase,
            &parameters,
            (&inputs, &targets),
            Part::whole(count, 0),
            &statistics,
            &mut workspace,
            &mut gradients,
            &mut laps,
        );
    }
    assert_eq!(totals, step.totals[0]);
    for index in 0..M::Parameters::TENSORS.len() {
        assert_eq!(gradients.tensor(index), step.gradients.tensor(index));
    }
    let counted: u64 = M::KERNELS.iter().map(|kernel| kernel.multiply_adds).sum();
    assert_eq!(counted, multiply_adds);
}

/// The bytes that the summary tells are those of the types.
pub fn memory<M: Trainable>() {
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

/// The step of the vectors against that of the plain kernels, by what the latter compute in double precision.
pub fn agree<D, P, S>(count: usize)
where
    D: Trainable<Scalar = f64>,
    P: Trainable<Scalar = f32>,
    S: Trainable<Scalar = f32, Input = P::Input, Target = P::Target>,
{
    let (inputs, labels) = samples::<P>(count.min(P::MAX_WAITING));
    let wide_inputs: Vec<D::Input> = inputs.iter().map(wide).collect();
    let wide_labels = targets::<D>(&wide_inputs);
    let exact = step::<D>(widened::<D, P>(), &wide_inputs, &wide_labels);
    let plain = step::<P>(initial::<P>(), &inputs, &labels);
    let simd = step::<S>(initial::<S>(), &inputs, &labels);
    for phase in 0..2 {
        let [plain, simd] = [&plain.totals[phase], &simd.totals[phase]];
        let losses = [plain, simd].map(|totals| [totals.loss as f32]);
        near("loss", &[exact.totals[phase].loss], &losses[0], &losses[1]);
        assert_eq!((plain.correct, plain.samples), (simd.correct, simd.samples));
    }
    let first = initial::<P>();
    for (index, info) in P::Parameters::TENSORS.iter().enumerate() {
        let gradients = [plain.gradients.tensor(index), simd.gradients.tensor(index)];
        let is_zero = |values: &&[f32]| values.iter().all(|g| *g == 0.0);
        if !gradients.iter().all(is_zero) {
            near(
                info.name,
                exact.gradients.tensor(index),
                gradients[0],
                gradients[1],
            );
        } else if info.role == Role::Learnt {
            // Frozen: nobody computes its gradient.
            assert_eq!(plain.parameters.tensor(index), first.tensor(index));
        }
        let told = told(exact.gradients.tensor(index));
        near(
            info.name,
            &only(&told, exact.parameters.tensor(index)),
            &only(&told, plain.parameters.tensor(index)),
            &only(&told, simd.parameters.tensor(index)),
        );
    }
}

/// The places of the gradients that are more than rounding: an optimizer like Adam goes as far by the others, either way.
fn told(gradients: &[f64]) -> Vec<usize> {
    let largest = gradients.iter().fold(0.0_f64, |most, g| most.max(g.abs()));
    let places = 0..gradients.len();
    places
        .filter(|place| gradients[*place].abs() >= 1e-3 * largest)
        .collect()
}

fn only<T: Copy>(places: &[usize], values: &[T]) -> Vec<T> {
    places.iter().map(|place| values[*place]).collect()
}

/// The parameters that the network in single precision begins with.
fn widened<D: Model<Scalar = f64>, P: Model<Scalar = f32>>() -> Box<D::Parameters> {
    let (narrow, mut parameters) = (initial::<P>(), D::Parameters::boxed());
    for index in 0..P::Parameters::TENSORS.len() {
        let values = parameters.tensor_mut(index).iter_mut();
        for (value, narrow) in values.zip(narrow.tensor(index)) {
            *value = f64::from(*narrow);
        }
    }
    parameters
}

fn wide<D: Tensor<Scalar = f64>, P: Tensor<Scalar = f32>>(narrow: &P) -> D {
    let mut tensor = D::ZERO;
    for (value, narrow) in tensor.values_mut().iter_mut().zip(narrow.values()) {
        *value = f64::from(*narrow);
    }
    tensor
}

/// The vectors' values are as near to the exact ones as can be, or nearly as near as the plain kernels' are.
///
/// In a deep network rounding decides now and then which value of a window is the largest, and with it where a delta
/// goes: for either.
fn near(name: &str, exact: &[f64], plain: &[f32], simd: &[f32]) {
    let largest = exact
        .iter()
        .fold(0.0_f64, |most, value| most.max(value.abs()));
    assert!(largest > 0.0, "{name} is zero everywhere");
    let error = |values: &[f32]| {
        let errors = exact
            .iter()
            .zip(values)
            .map(|(exact, value)| (f64::from(*value) - exact).abs());
        errors.fold(0.0, f64::max) / largest
    };
    let [plain, simd] = [plain, simd].map(error);
    assert!(
        simd <= (4.0 * plain).max(TOLERANCE.into()),
        "{name}: an error of {simd:e} where the plain kernels have {plain:e}"
    );
}

/// One sample after the other, in the same memory.
pub fn one_sample_agrees<P, S>(
    forward: impl for<'a> Fn(&S::Parameters, &S::Input, &'a mut S::Activations) -> &'a S::Output,
) where
    P: Model<Scalar = f32>,
    S: Model<Scalar = f32, Input = P::Input>,
{
    let (parameters, vectors) = (used::<P>(), used::<S>());
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
pub fn inferred<P, S>(most: usize)
where
    P: Trainable<Scalar = f32>,
    S: Trainable<Scalar = f32, Input = P::Input, Output = P::Output>,
{
    let (inputs, _) = samples::<P>(most);
    let (plain, simd) = (used::<P>(), used::<S>());
    let mut activations = P::Activations::boxed();
    let (mut one_by_one, mut blocks) = (P::BatchActivations::boxed(), S::BatchActivations::boxed());
    for count in [1, 7.min(most), most] {
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
