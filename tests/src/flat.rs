//! Generated networks behind one face, whatever their types: everything as flat vectors of `f64`.

use cnn_runtime::math::Real;
use cnn_runtime::{
    Labelled, Model, Parameters, Rng, Target, Tensor, TensorInfo, Trainable, Zeroed,
};
use std::marker::PhantomData;

/// The values of each tensor, in the network's order.
pub type Tensors = Vec<Vec<f64>>;

/// Samples with their targets; a class is a one-hot target.
#[derive(Clone, Debug, Default)]
pub struct Batch {
    /// One vector for each sample.
    pub inputs: Vec<Vec<f64>>,
    /// What the outputs are compared with.
    pub targets: Vec<Vec<f64>>,
}

impl Batch {
    /// Each sample as a batch of its own.
    pub fn samples(&self) -> Vec<Self> {
        let pairs = self.inputs.iter().zip(&self.targets);
        let single = |(input, target): (&Vec<f64>, &Vec<f64>)| Self {
            inputs: vec![input.clone()],
            targets: vec![target.clone()],
        };
        pairs.map(single).collect()
    }
}

/// A generated network with a `[training]` section.
pub trait Network: Sync {
    /// The parameters' names and shapes.
    fn tensors(&self) -> &'static [TensorInfo];

    /// First values for all parameters.
    fn initial(&self, seed: u64) -> Tensors;

    /// Random samples with one-hot targets.
    fn samples(&self, seed: u64, count: usize) -> Batch;

    /// The output for one sample.
    fn forward(&self, parameters: &[Vec<f64>], input: &[f64]) -> Vec<f64>;

    /// The mean cost of a batch, from forward passes alone.
    fn cost(&self, parameters: &[Vec<f64>], batch: &Batch) -> f64;

    /// The mean cost of a batch and its gradients.
    fn gradients(&self, parameters: &[Vec<f64>], batch: &Batch) -> (f64, Tensors);

    /// The shapes of input and output, and whether targets are numbers.
    fn shapes(&self) -> ([&'static [usize]; 2], bool);
}

/// The face of the network `M`.
#[derive(Debug)]
pub struct Flat<M>(PhantomData<fn() -> M>);

impl<M> Flat<M> {
    /// The face of the network `M`.
    pub const NEW: Self = Self(PhantomData);
}

impl<M: Trainable> Network for Flat<M>
where
    M::Target: FromFlat,
{
    fn tensors(&self) -> &'static [TensorInfo] {
        M::Parameters::TENSORS
    }

    fn initial(&self, seed: u64) -> Tensors {
        let mut parameters = M::Parameters::boxed();
        M::initialize(&mut parameters, &mut Rng::new(seed));
        store::<M>(&parameters)
    }

    fn samples(&self, seed: u64, count: usize) -> Batch {
        let [inputs, outputs] =
            [M::INPUT_SHAPE, M::OUTPUT_SHAPE].map(|shape| shape.iter().product());
        let mut rng = Rng::new(seed);
        let mut batch = Batch::default();
        for _ in 0..count {
            let mut input: M::Input = Zeroed::ZERO;
            rng.fill_normal(&mut input, 1.0);
            assert_eq!(input.values().len(), inputs);
            batch.inputs.push(flat(input.values()));
            batch.targets.push(one_hot(rng.below(outputs), outputs));
        }
        batch
    }

    fn forward(&self, parameters: &[Vec<f64>], input: &[f64]) -> Vec<f64> {
        let mut loaded = M::Parameters::boxed();
        load::<M>(&mut loaded, parameters);
        let mut activations = M::Activations::boxed();
        flat(M::forward(&loaded, &unflat(input), &mut activations).values())
    }

    fn cost(&self, parameters: &[Vec<f64>], batch: &Batch) -> f64 {
        let mut loaded = M::Parameters::boxed();
        load::<M>(&mut loaded, parameters);
        let (inputs, targets) = samples::<M>(batch);
        let mut workspace = M::Workspace::boxed();
        let totals = M::evaluate(&loaded, &inputs, &targets, &mut workspace);
        assert_eq!(totals.samples, inputs.len());
        totals.loss / totals.weight
    }

    fn gradients(&self, parameters: &[Vec<f64>], batch: &Batch) -> (f64, Tensors) {
        let mut loaded = M::Parameters::boxed();
        load::<M>(&mut loaded, parameters);
        let mut gradients = M::Parameters::boxed();
        let mut workspace = M::Workspace::boxed();
        let cost = accumulate::<M>(&loaded, batch, &mut workspace, &mut gradients);
        (cost, store::<M>(&gradients))
    }

    fn shapes(&self) -> ([&'static [usize]; 2], bool) {
        ([M::INPUT_SHAPE, M::OUTPUT_SHAPE], M::Target::TAKES_NUMBERS)
    }
}

/// Sets the gradients of a batch; gives its mean cost.
pub(crate) fn accumulate<M: Trainable>(
    parameters: &M::Parameters,
    batch: &Batch,
    workspace: &mut M::Workspace,
    gradients: &mut M::Parameters,
) -> f64
where
    M::Target: FromFlat,
{
    let (inputs, targets) = samples::<M>(batch);
    let size = inputs.len();
    let totals = M::gradients(parameters, &inputs, &targets, size, workspace, gradients);
    assert_eq!(totals.samples, size);
    gradients.scale(Real::from_f64(totals.scale()));
    totals.loss / totals.weight
}

fn samples<M: Trainable>(batch: &Batch) -> (Vec<M::Input>, Vec<M::Target>)
where
    M::Target: FromFlat,
{
    let inputs: Vec<M::Input> = batch.inputs.iter().map(|input| unflat(input)).collect();
    let target = |(y, input): (&Vec<f64>, &M::Input)| {
        let mut target = M::Target::from_flat(y);
        target.keep_input(input);
        target
    };
    let targets = batch.targets.iter().zip(&inputs).map(target).collect();
    (inputs, targets)
}

/// Sets parameters.
pub(crate) fn load<M: Model>(parameters: &mut M::Parameters, tensors: &[Vec<f64>]) {
    assert_eq!(tensors.len(), M::Parameters::TENSORS.len(), "{}", M::NAME);
    for (index, values) in tensors.iter().enumerate() {
        fill(parameters.tensor_mut(index), values);
    }
}

/// The values of parameters.
pub(crate) fn store<M: Model>(parameters: &M::Parameters) -> Tensors {
    let indices = 0..M::Parameters::TENSORS.len();
    indices
        .map(|index| flat(parameters.tensor(index)))
        .collect()
}

/// One at `label`, zero elsewhere.
pub fn one_hot(label: usize, classes: usize) -> Vec<f64> {
    let value = |class| if class == label { 1.0 } else { 0.0 };
    (0..classes).map(value).collect()
}

fn flat<T: Real>(values: &[T]) -> Vec<f64> {
    values.iter().map(|value| value.to_f64()).collect()
}

fn unflat<T: Tensor>(values: &[f64]) -> T {
    let mut tensor = T::ZERO;
    fill(tensor.values_mut(), values);
    tensor
}

fn fill<T: Real>(values: &mut [T], from: &[f64]) {
    assert_eq!(values.len(), from.len());
    for (value, from) in values.iter_mut().zip(from) {
        *value = T::from_f64(*from);
    }
}

/// A target made of a vector.
pub trait FromFlat: Target {
    /// The target with these values, or the class of the largest.
    fn from_flat(values: &[f64]) -> Self;
}

impl FromFlat for usize {
    fn from_flat(values: &[f64]) -> Self {
        let is_one = |value: &f64| *value > 0.5;
        values.iter().position(is_one).expect("a one-hot target")
    }
}

impl<L: FromFlat, I: Tensor> FromFlat for Labelled<L, I> {
    fn from_flat(values: &[f64]) -> Self {
        Self {
            label: L::from_flat(values),
            input: Zeroed::ZERO,
        }
    }
}

impl<A: Tensor, const N: usize> FromFlat for [A; N] {
    fn from_flat(values: &[f64]) -> Self {
        unflat(values)
    }
}
