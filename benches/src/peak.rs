//! What the machine can do at most: multiply-adds, and bytes from memory.

use bench_protocol::{Measure, Request};
use cnn_runtime::lanes::{self, Lanes, Simd, SimdBase, SimdFloat};
use cnn_spec::Summary;
use cpu_time::ProcessTime;
use std::error::Error;
use std::hint::black_box;
use std::thread;

/// Enough sums that none waits for the one before, few enough for 16 registers.
const SUMS: usize = 12;

/// Multiply-adds in one step: enough that its start and end do not count.
const STEP: u64 = 1_000_000_000;

/// Multiply-adds of one sample, counted as if no value were zero: forward, and for training the weight gradient and the
/// input gradient of every layer but the first.
///
/// # Errors
/// If there is no such workload.
pub fn multiply_adds(workload: &str, measure: Measure) -> Result<u64, Box<dyn Error>> {
    let costs = Summary::new(&bench_protocol::network(workload)?).totals;
    Ok(match measure {
        Measure::Train | Measure::Fit | Measure::FitLarge => costs.training,
        Measure::One | Measure::Batch => costs.forward,
    })
}

/// Answers the driver with the samples per second of a program that does nothing but multiply-adds, as many as the
/// workload has.
///
/// # Errors
/// If there is no such workload, or the driver is gone.
pub fn serve(request: &Request) -> Result<(), Box<dyn Error>> {
    let work = multiply_adds(&request.workload, request.measure)?;
    let samples = (STEP / work).max(1);
    request.serve(
        request.network()?.parameter_count(),
        samples as usize * request.threads,
        || {
            thread::scope(|scope| {
                for _ in 1..request.threads {
                    scope.spawn(|| multiply_add(samples * work));
                }
                multiply_add(samples * work);
            });
        },
    )
}

fn multiply_add(count: u64) {
    lanes::dispatch!(lanes::level(), simd => simd.vectorize(#[inline(always)] || sums(simd, count)));
}

#[inline(always)]
#[allow(clippy::inline_always)]
fn sums<S: Lanes>(simd: S, count: u64) {
    let factor = lanes::splat(simd, black_box(0.5));
    let mut sums = [factor; SUMS];
    for _ in 0..count / (SUMS * S::COUNT) as u64 {
        for sum in &mut sums {
            *sum = sum.mul_add(factor, factor);
        }
    }
    for sum in sums {
        black_box(sum.reduce_sum());
    }
}

/// Bytes per second that one core reads from memory, the best of several goes through more than any cache holds.
pub fn bandwidth() -> f64 {
    let values = vec![1.0_f32; 1 << 26];
    let go = |_| {
        let start = ProcessTime::now();
        let chunks = values.as_chunks::<32>().0;
        let sums = chunks.iter().fold([0.0; 32], |sums: [f32; 32], chunk| {
            std::array::from_fn(|lane| sums[lane] + chunk[lane])
        });
        black_box(sums);
        size_of_val(&*values) as f64 / start.elapsed().as_secs_f64()
    };
    (0..7).map(go).fold(0.0, f64::max)
}
