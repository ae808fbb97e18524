//! Training steps of the three workloads, in samples per second and as a share of the machine's peak, plain kernels
//! beside kernels on lanes.

mod peak;

use cnn_runtime::{Model, Parameters, Rng, Target, Trainable, Zeroed};
use cpu_time::ThreadTime;
use std::time::Duration;

macro_rules! workload {
    ($($module:ident: $file:literal),*) => {$(
        #[allow(dead_code)]
        mod $module {
            include!(concat!(env!("OUT_DIR"), "/", $file));
        }
    )*};
}

workload!(
    seed_plain: "seed_plain.rs",
    seed_simd: "seed_simd.rs",
    lenet5_plain: "lenet5_plain.rs",
    lenet5_simd: "lenet5_simd.rs",
    cifar_plain: "cifar_plain.rs",
    cifar_simd: "cifar_simd.rs"
);

const BATCH: usize = 64;
const POOL: usize = 4096;
const WINDOWS: usize = 7;
const WINDOW: Duration = Duration::from_millis(300);

fn main() {
    let chosen = std::env::args().nth(1);
    println!("workload  kernels   peak GFLOP/s   samples/s   of peak");
    let row = |name: &str, kernels: &str, measure: &dyn Fn() -> f64, multiply_adds: u64| {
        if chosen.as_deref().is_some_and(|chosen| chosen != format!("{name}-{kernels}") && chosen != name) {
            return;
        }
        let mut rows: Vec<_> = (0..WINDOWS)
            .map(|_| {
                let (before, rate, after) = (peak::flops(), measure(), peak::flops());
                let peak = before.max(after);
                (rate * 2.0 * multiply_adds as f64 / peak, rate, peak)
            })
            .collect();
        rows.sort_by(|one, other| one.0.total_cmp(&other.0));
        let (share, rate, peak) = rows[WINDOWS / 2];
        println!(
            "{name:9} {kernels:8} {:13.1} {rate:11.0} {:8.1} %",
            peak / 1e9,
            100.0 * share
        );
    };
    // Forward, weight gradient and input gradient, but for that of the first layer.
    row("seed", "plain", &trained::<seed_plain::Seed>(), 99_360);
    row("seed", "simd", &trained::<seed_simd::Seed>(), 99_360);
    row("lenet5", "plain", &trained::<lenet5_plain::LeNet5>(), 1_131_960);
    row("lenet5", "simd", &trained::<lenet5_simd::LeNet5>(), 1_131_960);
    row("cifar", "plain", &trained::<cifar_plain::Cifar>(), 75_701_760);
    row("cifar", "simd", &trained::<cifar_simd::Cifar>(), 75_701_760);
}

/// Measures samples per second of processor time in one window of whole training steps.
fn trained<M: Trainable<Scalar = f32>>() -> impl Fn() -> f64 {
    let mut rng = Rng::new(1);
    let mut first = M::Parameters::boxed();
    M::initialize(&mut first, &mut rng);
    let memory = std::cell::RefCell::new((first, M::Parameters::boxed(), M::Workspace::boxed(), M::Optimizer::boxed()));
    let mut inputs = vec![<M as Model>::Input::ZERO; POOL.min(1 << 28 >> 10 >> M::INPUT_SHAPE.len())];
    for input in &mut inputs {
        rng.fill_uniform(input, 1.0);
    }
    let targets: Vec<_> = (0..inputs.len()).map(|sample| M::Target::from_label(sample % 10)).collect();
    move || {
        let (parameters, gradients, workspace, optimizer) = &mut *memory.borrow_mut();
        let start = ThreadTime::now();
        let mut samples = 0;
        let mut batches = inputs.chunks_exact(BATCH).zip(targets.chunks_exact(BATCH)).cycle();
        while start.elapsed() < WINDOW {
            let Some((inputs, targets)) = batches.next() else { break };
            gradients.clear();
            M::gradients(parameters, inputs, targets, BATCH, workspace, gradients);
            M::update(parameters, gradients, optimizer, 1e-4);
            samples += BATCH;
        }
        samples as f64 / start.elapsed().as_secs_f64()
    }
}
