//! Neither a training step nor inference takes anything from the heap.

use cnn_runtime::{Parameters, Rng, Target, Tensor, Trainable, Zeroed};
use cnn_tests::generated::examples_batch_norm::BatchNorm;
use cnn_tests::generated::examples_digits::Digits;
use cnn_tests::generated::examples_lenet5::LeNet5;
use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

struct Counting;

thread_local! {
    static ALLOCATIONS: Cell<usize> = const { Cell::new(0) };
}

// SAFETY: everything is passed on to the system's allocator as it comes.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATIONS.set(ALLOCATIONS.get() + 1);
        // SAFETY: the caller keeps the contract.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: the caller keeps the contract.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// What this thread takes from the heap while `run` runs.
fn allocations(run: impl FnOnce()) -> usize {
    let before = ALLOCATIONS.get();
    run();
    ALLOCATIONS.get() - before
}

fn samples<M: Trainable>() -> (Vec<M::Input>, Vec<M::Target>) {
    let mut rng = Rng::new(1);
    let input = |_| {
        let mut input = M::Input::ZERO;
        rng.fill_uniform(&mut input, 1.0);
        input
    };
    let inputs = (0..4).map(input).collect();
    (inputs, (0..4).map(M::Target::from_label).collect())
}

fn training_step_allocations<M: Trainable>() -> usize {
    let (inputs, targets) = samples::<M>();
    let mut parameters = M::Parameters::boxed();
    let mut gradients = M::Parameters::boxed();
    let mut optimizer = M::Optimizer::boxed();
    let mut workspace = M::Workspace::boxed();
    M::initialize(&mut parameters, &mut Rng::new(0));
    let first = parameters.tensor(0)[0];

    let rate = cnn_runtime::math::Real::from_f64(0.5);
    let count = allocations(|| {
        gradients.clear();
        M::gradients(
            &parameters,
            &inputs,
            &targets,
            4,
            &mut workspace,
            &mut gradients,
        );
        if let Some(statistics) = M::statistics(&workspace) {
            M::track(&mut parameters, statistics);
        }
        M::update(&mut parameters, &gradients, &mut optimizer, rate);
    });
    assert!(parameters.tensor(0)[0] != first, "nothing was learnt");
    count
}

fn inference_allocations<M: Trainable>() -> usize {
    let (inputs, targets) = samples::<M>();
    let mut parameters = M::Parameters::boxed();
    M::initialize(&mut parameters, &mut Rng::new(0));
    let mut activations = M::Activations::boxed();
    let mut workspace = M::Workspace::boxed();

    allocations(|| {
        let output = M::forward(&parameters, &inputs[0], &mut activations);
        assert!(output.values().len() == 10);
        M::evaluate(&parameters, &inputs, &targets, &mut workspace);
    })
}

#[test]
fn allocations_are_counted() {
    assert_eq!(allocations(|| drop(Box::new(1))), 1);
}

#[test]
fn a_training_step_takes_nothing_from_the_heap() {
    assert_eq!(training_step_allocations::<Digits>(), 0);
    assert_eq!(training_step_allocations::<LeNet5>(), 0);
    assert_eq!(training_step_allocations::<BatchNorm>(), 0);
}

#[test]
fn inference_takes_nothing_from_the_heap() {
    assert_eq!(inference_allocations::<Digits>(), 0);
    assert_eq!(inference_allocations::<LeNet5>(), 0);
    assert_eq!(inference_allocations::<BatchNorm>(), 0);
}
