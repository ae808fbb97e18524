//! How the driver of the measurements and a measured process talk.
//!
//! The driver starts `SYSTEM WORKLOAD MEASURE THREADS` in `benches/`. The process builds what the measure needs, does one
//! step, and writes a first line with the number of values that its network learns. Then, for every number of seconds
//! on its input, it measures one window of that length and writes the samples per second. It ends with its input.
//!
//! ```text
//! {"workload":"seed","measure":"parameters","value":4408}
//! {"workload":"seed","measure":"train","value":230184.2}
//! ```

use cnn_runtime::Rng;
use cnn_spec::Network;
use cpu_time::ProcessTime;
use std::error::Error;
use std::io::{BufRead, Write, stdin, stdout};
use std::time::{Duration, Instant};
use std::{env, fmt, fs, str};

/// Samples that every process keeps in memory and goes through in turn.
pub const POOL: usize = 4096;

/// The networks that every system is measured on; `networks/NAME.toml` says what they are.
pub const WORKLOADS: [&str; 3] = ["seed", "lenet5", "cifar"];

/// What is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Measure {
    /// Whole training steps: forward, loss, backward, plain gradient descent.
    Train,
    /// Inference, one sample at a time.
    One,
    /// Inference, 256 samples at a time.
    Batch,
    /// Whole epochs of the training loop, on batches of 64.
    Fit,
    /// The same on batches of 256.
    FitLarge,
}

impl Measure {
    /// Those that systems are compared by, in the order of the tables.
    pub const COMPARED: [Self; 3] = [Self::Train, Self::One, Self::Batch];
    /// Those that threads are compared by.
    pub const SCALED: [Self; 2] = [Self::Fit, Self::FitLarge];

    /// What it is called on a command line.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Train => "train",
            Self::One => "one",
            Self::Batch => "batch",
            Self::Fit => "fit",
            Self::FitLarge => "fit-large",
        }
    }

    /// Samples in one step.
    #[must_use]
    pub fn samples(self) -> usize {
        match self {
            Self::Train | Self::Fit => 64,
            Self::One => 1,
            Self::Batch | Self::FitLarge => 256,
        }
    }
}

impl fmt::Display for Measure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl str::FromStr for Measure {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        let mut all = Self::COMPARED.into_iter().chain(Self::SCALED);
        let known = all.find(|measure| measure.name() == name);
        known.ok_or_else(|| format!("`{name}` is not a measure"))
    }
}

/// What a process is started for.
#[derive(Clone, Debug)]
pub struct Request {
    /// One of [`WORKLOADS`].
    pub workload: String,
    /// What to measure.
    pub measure: Measure,
    /// Threads that may work.
    pub threads: usize,
}

impl Request {
    /// Reads the process's arguments.
    ///
    /// # Errors
    /// If they are not `WORKLOAD MEASURE THREADS`.
    pub fn from_env() -> Result<Self, Box<dyn Error>> {
        Self::parse(env::args().skip(1))
    }

    /// Reads `WORKLOAD MEASURE THREADS`.
    ///
    /// # Errors
    /// If the arguments are not these.
    pub fn parse(mut arguments: impl Iterator<Item = String>) -> Result<Self, Box<dyn Error>> {
        let mut next = || {
            arguments
                .next()
                .ok_or("the arguments are WORKLOAD MEASURE THREADS")
        };
        Ok(Self {
            workload: next()?,
            measure: next()?.parse()?,
            threads: next()?.parse()?,
        })
    }

    /// The workload's network.
    ///
    /// # Errors
    /// If there is no such workload.
    pub fn network(&self) -> Result<Network, Box<dyn Error>> {
        network(&self.workload)
    }

    /// Answers the driver until it has no more questions; `step` works on so many `samples`.
    ///
    /// # Errors
    /// If the driver is gone or does not ask for seconds.
    pub fn serve(
        &self,
        parameters: usize,
        samples: usize,
        mut step: impl FnMut(),
    ) -> Result<(), Box<dyn Error>> {
        step();
        self.answer("parameters", parameters as f64)?;
        for line in stdin().lock().lines() {
            let window = Duration::try_from_secs_f64(line?.trim().parse()?)?;
            let steps = self.window(window, &mut step);
            self.answer(self.measure.name(), steps * samples as f64)?;
        }
        Ok(())
    }

    /// Steps per second in one window: of processor time for one thread, which other processes do not disturb, else, and
    /// where threads are compared, of time.
    fn window(&self, window: Duration, mut step: impl FnMut()) -> f64 {
        let (start, wall) = (ProcessTime::now(), Instant::now());
        let elapsed = || {
            if self.threads == 1 && !Measure::SCALED.contains(&self.measure) {
                start.elapsed()
            } else {
                wall.elapsed()
            }
        };
        // Between two looks at the clock there are so many steps that looking costs nothing.
        let (mut steps, mut chunk) = (0_u32, 1);
        loop {
            for _ in 0..chunk {
                step();
            }
            steps += chunk;
            let elapsed = elapsed();
            if elapsed >= window {
                return f64::from(steps) / elapsed.as_secs_f64();
            }
            if elapsed < window / 64 {
                chunk *= 2;
            }
        }
    }

    fn answer(&self, measure: &str, value: f64) -> Result<(), Box<dyn Error>> {
        let mut out = stdout().lock();
        let workload = &self.workload;
        writeln!(
            out,
            r#"{{"workload":"{workload}","measure":"{measure}","value":{value}}}"#
        )?;
        Ok(out.flush()?)
    }
}

/// Reads a workload's network; the process is in `benches/`.
///
/// # Errors
/// If there is no such workload.
pub fn network(workload: &str) -> Result<Network, Box<dyn Error>> {
    let file = format!("networks/{workload}.toml");
    let text = fs::read_to_string(&file).map_err(|error| format!("{file}: {error}"))?;
    cnn_spec::parse(&text, &file).map_err(|report| report.to_string().into())
}

/// Random pixels in `0..1`.
#[must_use]
pub fn pixels(count: usize) -> Vec<f32> {
    let mut rng = Rng::new(1);
    (0..count).map(|_| rng.uniform() as f32).collect()
}

/// The class of every sample of the pool, of ten.
pub fn labels() -> impl Iterator<Item = usize> {
    (0..POOL).map(|sample| sample % 10)
}
