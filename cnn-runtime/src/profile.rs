//! Where the time of a training step goes, kernel by kernel.

use crate::lanes::{self, Lanes, Simd, SimdBase, SimdFloat};
use crate::model::{Parameters, Trainable};
use crate::rng::Rng;
use crate::target::Target;
use crate::zeroed::Zeroed;
use std::fmt;
use std::hint::black_box;
use std::io::{self, Write};
use std::process::ExitCode;
use std::time::{Duration, Instant};

/// How long steps are measured for.
const WINDOW: Duration = Duration::from_secs(2);

/// A network that can tell how long each of its kernels takes; implemented by generated code.
pub trait Profiled: Trainable {
    /// Its kernels in the order in which a step calls them.
    const KERNELS: &'static [Kernel];

    /// [`Trainable::gradients`], with a lap for each kernel.
    fn profile(
        parameters: &Self::Parameters,
        inputs: &[Self::Input],
        targets: &[Self::Target],
        workspace: &mut Self::Workspace,
        gradients: &mut Self::Parameters,
        laps: &mut Laps,
    );
}

/// What one kernel does for one sample.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Kernel {
    /// The function's name.
    pub name: &'static str,
    /// Multiply-adds, counted as if no value were zero.
    pub multiply_adds: u64,
    /// Bytes of the tensors that it reads and writes, weights included.
    pub bytes: u64,
}

/// A stopwatch over the kernels of one step.
#[derive(Clone, Debug)]
pub struct Laps {
    last: Instant,
    times: Vec<Duration>,
}

impl Laps {
    /// Starts, with no time for any of so many kernels.
    pub fn start(kernels: usize) -> Self {
        Self {
            last: Instant::now(),
            times: vec![Duration::ZERO; kernels],
        }
    }

    /// The time since the last lap was this kernel's.
    pub fn lap(&mut self, kernel: usize) {
        let now = Instant::now();
        self.times[kernel] += now - self.last;
        self.last = now;
    }
}

/// What was measured; prints as a table.
#[derive(Clone, Debug)]
pub struct Profile {
    name: &'static str,
    batch_size: usize,
    kernels: &'static [Kernel],
    /// Seconds for one sample: of each kernel, then of the update.
    times: Vec<f64>,
    /// Floating-point operations per second.
    peak: f64,
}

impl Profile {
    /// Measures steps of a network with random weights on random inputs, on one thread. Each kernel's time is the median
    /// over the steps, lest it hold what else the machine did.
    pub fn measure<M: Profiled<Scalar = f32>>() -> Self {
        let batch_size = M::SETTINGS.batch_size;
        let mut rng = Rng::new(M::SETTINGS.seed);
        let mut parameters = M::Parameters::boxed();
        M::initialize(&mut parameters, &mut rng);
        let mut inputs: Box<[M::Input]> = bytemuck::allocation::zeroed_slice_box(batch_size);
        for input in &mut inputs {
            rng.fill_uniform(input, 1.0);
        }
        let targets: Vec<_> = (0..batch_size)
            .map(|sample| M::Target::from_label(sample % 10))
            .collect();
        let (mut workspace, mut optimizer) = (M::Workspace::boxed(), M::Optimizer::boxed());
        let mut gradients = M::Parameters::boxed();
        let update = M::KERNELS.len();
        let mut step = || {
            let mut laps = Laps::start(update + 1);
            gradients.clear();
            laps.lap(update);
            M::profile(
                &parameters,
                &inputs,
                &targets,
                &mut workspace,
                &mut gradients,
                &mut laps,
            );
            // So small a rate that the weights stay as they are.
            M::update(&mut parameters, &gradients, &mut optimizer, 1e-30);
            laps.lap(update);
            laps.times
        };
        step();
        let before = peak();
        let start = Instant::now();
        let mut steps = vec![step()];
        while start.elapsed() < WINDOW {
            steps.push(step());
        }
        let times = (0..=update).map(|kernel| {
            let mut times: Vec<_> = steps.iter().map(|times| times[kernel]).collect();
            times.sort_unstable();
            times[times.len() / 2].as_secs_f64() / batch_size as f64
        });
        Self {
            name: M::NAME,
            batch_size,
            kernels: M::KERNELS,
            times: times.collect(),
            peak: before.max(peak()),
        }
    }

    fn row(
        &self,
        f: &mut fmt::Formatter<'_>,
        name: &str,
        time: f64,
        multiply_adds: u64,
        bytes: u64,
    ) -> fmt::Result {
        let total: f64 = self.times.iter().sum();
        let share = 100.0 * time / total;
        write!(f, "{name:44} {:10.3} {share:6.1} %", time * 1e6)?;
        if multiply_adds > 0 {
            let of_peak = 200.0 * multiply_adds as f64 / time / self.peak;
            write!(f, " {of_peak:7.1} %")?;
        } else {
            write!(f, " {:>9}", "")?;
        }
        if bytes > 0 {
            write!(f, " {bytes:>10}")?;
        }
        writeln!(f)
    }
}

impl fmt::Display for Profile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let total: f64 = self.times.iter().sum();
        writeln!(
            f,
            "{}: training at batch {} on one thread, {:.0} samples/s; this core does {:.1} GFLOP/s at most\n",
            self.name,
            self.batch_size,
            1.0 / total,
            self.peak / 1e9
        )?;
        writeln!(
            f,
            "{:44} {:>10} {:>8} {:>9} {:>10}",
            "kernel", "µs/sample", "time", "of peak", "bytes"
        )?;
        for (kernel, time) in self.kernels.iter().zip(&self.times) {
            self.row(f, kernel.name, *time, kernel.multiply_adds, kernel.bytes)?;
        }
        if let Some(time) = self.times.last() {
            self.row(f, "update", *time, 0, 0)?;
        }
        let multiply_adds = self.kernels.iter().map(|kernel| kernel.multiply_adds).sum();
        self.row(f, "total", total, multiply_adds, 0)
    }
}

/// Measures a network and prints its profile: the whole of a `main`.
pub fn main<M: Profiled<Scalar = f32>>() -> ExitCode {
    let profile = Profile::measure::<M>();
    match write!(io::stdout(), "{profile}") {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    }
}

/// The floating-point operations per second that one core does at most: two for each fused multiply-add.
pub fn peak() -> f64 {
    /// Enough sums that none waits for the one before, few enough for 16 registers.
    const SUMS: usize = 12;
    const ROUNDS: usize = 200_000;
    const WINDOWS: usize = 20;

    #[expect(
        clippy::inline_always,
        reason = "it belongs to the instruction set that was chosen"
    )]
    #[inline(always)]
    fn rounds<S: Lanes>(simd: S) -> usize {
        let factor = lanes::splat(simd, black_box(0.5));
        let mut sums = [factor; SUMS];
        for _ in 0..ROUNDS {
            for sum in &mut sums {
                *sum = sum.mul_add(factor, factor);
            }
        }
        for sum in sums {
            black_box(sum.reduce_sum());
        }
        S::COUNT
    }

    let window = |_| {
        let start = Instant::now();
        let lanes = lanes::dispatch!(lanes::level(), simd => {
            simd.vectorize(#[inline(always)] || rounds(simd))
        });
        (2 * SUMS * ROUNDS * lanes) as f64 / start.elapsed().as_secs_f64()
    };
    (0..WINDOWS).map(window).fold(0.0, f64::max)
}
