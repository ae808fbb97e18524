//! Where the time of a training step goes, kernel by kernel.

use crate::batch::Part;
#[cfg(feature = "simd")]
use crate::lanes::{self, Lanes, Simd, SimdBase, SimdFloat};
use crate::math::Real;
use crate::model::{Parameters, Totals, Trainable};
use crate::rng::Rng;
use crate::target::Target;
use crate::zeroed::Zeroed;
use std::fmt;
#[cfg(feature = "simd")]
use std::hint::black_box;
use std::io::{self, Write};
use std::process::ExitCode;
use std::time::{Duration, Instant};

/// How long [`main`] measures steps for.
const WINDOW: Duration = Duration::from_secs(2);

/// A network that can tell how long each of its kernels takes; implemented by generated code.
pub trait Profiled: Trainable {
    /// Its kernels in the order in which a step calls them.
    const KERNELS: &'static [Kernel];

    /// [`Trainable::phase`], with a lap for each kernel.
    #[allow(clippy::too_many_arguments)]
    fn profile(
        phase: usize,
        parameters: &Self::Parameters,
        samples: (&[Self::Input], &[Self::Target]),
        part: Part,
        statistics: &Self::Statistics,
        workspace: &mut Self::Workspace,
        gradients: &mut Self::Parameters,
        laps: &mut Laps,
    ) -> Totals;
}

/// What one kernel does for one sample.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Kernel {
    /// The function's name.
    pub name: &'static str,
    /// The layer that it belongs to; none where it loads samples or judges outputs.
    pub layer: Option<&'static str>,
    /// When it is called.
    pub pass: Pass,
    /// Multiply-adds, counted as if no value were zero.
    pub multiply_adds: u64,
    /// Bytes of the tensors that it reads and writes, weights included.
    pub bytes: u64,
}

/// A half of a training step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pass {
    /// From the samples to the loss.
    Forward,
    /// From the loss to the gradients.
    Backward,
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
    /// Floating-point operations per second, where they are known.
    peak: Option<f64>,
}

impl Profile {
    /// Measures steps of a network with random weights on random inputs for so long, on one thread. Each kernel's time is
    /// the median over the steps, lest it hold what else the machine did.
    pub fn measure<M: Profiled>(window: Duration) -> Self {
        let batch_size = M::SETTINGS.batch_size.max(M::MIN_BATCH);
        let mut bench = Bench::<M>::new(batch_size);
        bench.step();
        let start = Instant::now();
        let mut steps = vec![bench.step()];
        while start.elapsed() < window {
            steps.push(bench.step());
        }
        let times = (0..=M::KERNELS.len()).map(|kernel| {
            let mut times: Vec<_> = steps.iter().map(|times| times[kernel]).collect();
            times.sort_unstable();
            times[times.len() / 2].as_secs_f64() / batch_size as f64
        });
        Self {
            name: M::NAME,
            batch_size,
            kernels: M::KERNELS,
            times: times.collect(),
            peak: None,
        }
    }

    /// The same with what the machine does at most, measured before and after, where that is known.
    fn measure_with_peak<M: Profiled>(window: Duration) -> Self {
        let before = peak_of::<M>();
        let profile = Self::measure::<M>(window);
        let after = peak_of::<M>();
        Self {
            peak: before.zip(after).map(|(before, after)| before.max(after)),
            ..profile
        }
    }

    /// The samples of a batch that it was measured with.
    pub const fn batch_size(&self) -> usize {
        self.batch_size
    }

    /// Each kernel and the seconds that it takes for one sample.
    pub fn kernels(&self) -> impl Iterator<Item = (&'static Kernel, f64)> {
        self.kernels.iter().zip(self.times.iter().copied())
    }

    /// The seconds for one sample of the update, and of the gradients' clearing before.
    pub fn update(&self) -> f64 {
        self.times.last().copied().unwrap_or_default()
    }

    /// The seconds for one sample of the whole step.
    pub fn total(&self) -> f64 {
        self.times.iter().sum()
    }

    fn row(
        &self,
        f: &mut fmt::Formatter<'_>,
        name: &str,
        time: f64,
        multiply_adds: u64,
        bytes: u64,
    ) -> fmt::Result {
        let share = 100.0 * time / self.total();
        write!(f, "{name:44} {:10.3} {share:6.1} %", time * 1e6)?;
        match self.peak.filter(|_| multiply_adds > 0) {
            Some(peak) => {
                let of_peak = 200.0 * multiply_adds as f64 / time / peak;
                write!(f, " {of_peak:7.1} %")?;
            }
            None => write!(f, " {:>9}", "")?,
        }
        if bytes > 0 {
            write!(f, " {bytes:>10}")?;
        }
        writeln!(f)
    }
}

impl fmt::Display for Profile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (name, batch_size, total) = (self.name, self.batch_size, self.total());
        let speed = 1.0 / total;
        write!(
            f,
            "{name}: training at batch {batch_size} on one thread, {speed:.0} samples/s"
        )?;
        if let Some(peak) = self.peak {
            write!(f, "; this core does {:.1} GFLOP/s at most", peak / 1e9)?;
        }
        writeln!(f, "\n")?;
        writeln!(
            f,
            "{:44} {:>10} {:>8} {:>9} {:>10}",
            "kernel", "µs/sample", "time", "of peak", "bytes"
        )?;
        for (kernel, time) in self.kernels() {
            self.row(f, kernel.name, time, kernel.multiply_adds, kernel.bytes)?;
        }
        self.row(f, "update", self.update(), 0, 0)?;
        let multiply_adds = self.kernels.iter().map(|kernel| kernel.multiply_adds).sum();
        self.row(f, "total", total, multiply_adds, 0)
    }
}

/// What steps are measured with.
struct Bench<M: Profiled> {
    parameters: Box<M::Parameters>,
    gradients: Box<M::Parameters>,
    optimizer: Box<M::Optimizer>,
    workspace: Box<M::Workspace>,
    inputs: Box<[M::Input]>,
    targets: Vec<M::Target>,
}

impl<M: Profiled> Bench<M> {
    fn new(batch_size: usize) -> Self {
        let mut rng = Rng::new(M::SETTINGS.seed);
        let mut parameters = M::Parameters::boxed();
        M::initialize(&mut parameters, &mut rng);
        let mut inputs: Box<[M::Input]> = bytemuck::allocation::zeroed_slice_box(batch_size);
        for input in &mut inputs {
            rng.fill_uniform(input, 1.0);
        }
        let classes: usize = M::OUTPUT_SHAPE.iter().product();
        let target = |sample| M::Target::from_label(sample % classes);
        Self {
            parameters,
            gradients: Zeroed::boxed(),
            optimizer: Zeroed::boxed(),
            workspace: Zeroed::boxed(),
            inputs,
            targets: (0..batch_size).map(target).collect(),
        }
    }

    /// The times of one step's kernels, and of the update.
    fn step(&mut self) -> Vec<Duration> {
        let update = M::KERNELS.len();
        let mut laps = Laps::start(update + 1);
        self.gradients.clear();
        laps.lap(update);
        let part = Part::whole(self.inputs.len(), 0);
        for phase in 0..M::PHASES {
            let statistics = self.statistics();
            laps.lap(update);
            M::profile(
                phase,
                &self.parameters,
                (&self.inputs, &self.targets),
                part,
                &statistics,
                &mut self.workspace,
                &mut self.gradients,
                &mut laps,
            );
        }
        let statistics = self.statistics();
        M::track(&mut self.parameters, &statistics);
        // So small a rate that the weights stay as they are.
        let rate = M::Scalar::from_f64(1e-30);
        M::update(
            &mut self.parameters,
            &self.gradients,
            &mut self.optimizer,
            rate,
        );
        laps.lap(update);
        laps.times
    }

    /// What the batch norms know of the batch so far.
    fn statistics(&self) -> M::Statistics {
        M::statistics(&self.workspace).map_or(Zeroed::ZERO, Clone::clone)
    }
}

/// Measures a network and prints its profile: the whole of a `main`.
pub fn main<M: Profiled>() -> ExitCode {
    let profile = Profile::measure_with_peak::<M>(WINDOW);
    match write!(io::stdout(), "{profile}") {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    }
}

/// What [`peak`] tells, for a network of the type that it is measured with.
#[cfg(feature = "simd")]
fn peak_of<M: Profiled>() -> Option<f64> {
    (size_of::<M::Scalar>() == size_of::<f32>()).then(peak)
}

/// Without vectors, nothing is known.
#[cfg(not(feature = "simd"))]
fn peak_of<M: Profiled>() -> Option<f64> {
    None
}

/// The floating-point operations per second that one core does at most in `f32`: two for each fused multiply-add.
#[cfg(feature = "simd")]
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
