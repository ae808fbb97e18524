//! How many multiply-adds the machine can do.

use cnn_runtime::lanes::{self, Lanes, Simd, SimdBase, SimdFloat};
use cpu_time::ThreadTime;
use std::hint::black_box;

/// Enough sums that none waits for the one before, few enough for 16 registers.
const SUMS: usize = 12;
const ROUNDS: usize = 4_000_000;

/// Floating-point operations per second of one core: two for each multiply-add.
pub fn flops() -> f64 {
    let start = ThreadTime::now();
    let width = lanes::dispatch!(lanes::level(), simd => simd.vectorize(#[inline(always)] || sums(simd)));
    (2 * SUMS * ROUNDS * width) as f64 / start.elapsed().as_secs_f64()
}

#[inline(always)]
fn sums<S: Lanes>(simd: S) -> usize {
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
