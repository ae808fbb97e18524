//! The textbook's operations on square maps, given row by row.

/// The valid cross-correlation: `kernel` slides over `x` where it fits.
pub fn valid(x: &[f64], kernel: &[f64]) -> Vec<f64> {
    let [n, k] = [x, kernel].map(<[f64]>::len).map(usize::isqrt);
    let size = n - k + 1;
    let sum = |index: usize| {
        let (i, j) = (index / size, index % size);
        let product = |tap: usize| kernel[tap] * x[(i + tap / k) * n + j + tap % k];
        (0..k * k).map(product).sum()
    };
    (0..size * size).map(sum).collect()
}

/// The full cross-correlation: the valid one with `K − 1` zeros around `x`.
pub fn full(x: &[f64], kernel: &[f64]) -> Vec<f64> {
    let [n, margin] = [x.len().isqrt(), kernel.len().isqrt() - 1];
    let size = n + 2 * margin;
    let mut padded = vec![0.0; size * size];
    for (i, row) in x.chunks(n).enumerate() {
        padded[(i + margin) * size + margin..][..n].copy_from_slice(row);
    }
    valid(&padded, kernel)
}

/// The last value first: rows and columns both change their order.
pub fn turned_by_180_degrees(kernel: &[f64]) -> Vec<f64> {
    kernel.iter().rev().copied().collect()
}
