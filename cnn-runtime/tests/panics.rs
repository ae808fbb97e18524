//! A panic on one thread ends the training on all.

mod linear;

use cnn_runtime::fit::StepReport;
use cnn_runtime::{
    Dataset, EpochReport, Error, Fit, Model, Observer, Rng, Settings, Split, Totals, Trainable,
};
use linear::Linear;
use std::num::NonZeroUsize;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, ThreadId};

type Toy = Linear<2, 2>;

/// A network that cannot be trained except by the leading thread, which waits until another has tried.
struct Faulty;

static LEADER: OnceLock<ThreadId> = OnceLock::new();
static IS_TRIED: AtomicBool = AtomicBool::new(false);

impl Model for Faulty {
    type Scalar = f32;
    type Input = <Toy as Model>::Input;
    type Output = <Toy as Model>::Output;
    type Parameters = <Toy as Model>::Parameters;
    type Activations = <Toy as Model>::Activations;
    type BatchActivations = <Toy as Model>::BatchActivations;

    const NAME: &'static str = "Faulty";
    const INPUT_SHAPE: &'static [usize] = Toy::INPUT_SHAPE;
    const OUTPUT_SHAPE: &'static [usize] = Toy::OUTPUT_SHAPE;
    const SUMMARY: &'static str = Toy::SUMMARY;

    fn initialize(parameters: &mut Self::Parameters, rng: &mut Rng) {
        Toy::initialize(parameters, rng);
    }

    fn forward<'a>(
        parameters: &Self::Parameters,
        input: &Self::Input,
        activations: &'a mut Self::Activations,
    ) -> &'a Self::Output {
        Toy::forward(parameters, input, activations)
    }

    fn forward_batch(
        parameters: &Self::Parameters,
        inputs: &[Self::Input],
        outputs: &mut [Self::Output],
        activations: &mut Self::BatchActivations,
    ) {
        Toy::forward_batch(parameters, inputs, outputs, activations);
    }
}

impl Trainable for Faulty {
    type Target = <Toy as Trainable>::Target;
    type Optimizer = <Toy as Trainable>::Optimizer;
    type Workspace = <Toy as Trainable>::Workspace;
    type Statistics = ();

    const SETTINGS: Settings = Toy::SETTINGS;

    fn gradients(
        _: &Self::Parameters,
        _: &[Self::Input],
        _: &[Self::Target],
        _: usize,
        _: &mut Self::Workspace,
        _: &mut Self::Parameters,
    ) -> Totals {
        if LEADER.get() != Some(&thread::current().id()) {
            IS_TRIED.store(true, Ordering::Relaxed);
            panic!("as a test");
        }
        while !IS_TRIED.load(Ordering::Relaxed) {
            thread::yield_now();
        }
        Totals::default()
    }

    fn evaluate(
        parameters: &Self::Parameters,
        inputs: &[Self::Input],
        targets: &[Self::Target],
        workspace: &mut Self::Workspace,
    ) -> Totals {
        Toy::evaluate(parameters, inputs, targets, workspace)
    }

    fn update(
        parameters: &mut Self::Parameters,
        gradients: &Self::Parameters,
        optimizer: &mut Self::Optimizer,
        learning_rate: f32,
    ) {
        Toy::update(parameters, gradients, optimizer, learning_rate);
    }
}

/// Whether a run on several threads ends in a panic.
fn panics<M: Trainable>(observer: impl Observer) -> bool {
    let samples =
        |count| Dataset::new("points", &[2], vec![7; 2 * count], vec![1; count], 2).unwrap();
    let data = Split {
        train: samples(640),
        test: samples(1),
    };
    let fit = Fit {
        threads: NonZeroUsize::new(2).unwrap(),
        ..Fit::new::<M>()
    };
    let mut parameters = fit.initialize::<M>();
    let run = || fit.run::<M>(&mut parameters, &data, observer);
    catch_unwind(AssertUnwindSafe(run)).is_err()
}

#[test]
fn a_panic_of_a_helper_ends_the_run() {
    LEADER.set(thread::current().id()).unwrap();
    assert!(panics::<Faulty>(|_: &EpochReport| {}));
}

#[test]
fn a_panic_of_the_leader_ends_the_run() {
    struct Nervous;
    impl Observer for Nervous {
        fn step(&mut self, report: &StepReport) -> Result<(), Error> {
            assert!(report.step < 5, "as a test");
            Ok(())
        }
        fn epoch(&mut self, _: &EpochReport) -> Result<(), Error> {
            Ok(())
        }
    }
    assert!(panics::<Toy>(Nervous));
}
