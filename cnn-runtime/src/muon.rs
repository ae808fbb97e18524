//! What Muon makes of a matrix's momentum: a matrix with the same singular vectors, all of whose singular values are
//! near 1.

// Part of functions that have chosen their instruction set.
#![allow(clippy::inline_always)]

use crate::math::{Real, dot, sqrt, sum_of_squares};

/// Newton and Schulz's iteration, with coefficients that grow small singular values fast: Jordan et al., 2024.
const COEFFICIENTS: [f64; 3] = [3.4445, -4.7750, 2.0315];

/// Makes a matrix of so many rows nearly orthogonal: `X ← a X + (b A + c A²) X` with `A = X Xᵀ`, so many times from
/// `X / ‖X‖`; of a matrix with more rows than columns, the transpose.
///
/// `work` has room for the matrix and twice the square of its smaller side. A norm below `epsilon` counts as `epsilon`.
///
/// # Panics
/// If `work` has less room, or `rows` do not divide the matrix.
#[inline(always)]
pub fn orthogonalize<T: Real>(
    matrix: &mut [T],
    rows: usize,
    iterations: usize,
    epsilon: T,
    work: &mut [T],
) {
    let columns = matrix.len() / rows;
    let (copy, work) = work.split_at_mut(matrix.len());
    let norm = sqrt(sum_of_squares(matrix));
    let norm = if norm > epsilon { norm } else { epsilon };
    for value in matrix.iter_mut() {
        *value = *value / norm;
    }
    if rows <= columns {
        iterate(matrix, rows, iterations, copy, work);
    } else {
        transpose(matrix, columns, copy);
        iterate(copy, columns, iterations, matrix, work);
        transpose(copy, rows, matrix);
    }
}

/// The iterations over a matrix that has no more rows than columns; `next` has its size.
#[inline(always)]
fn iterate<T: Real>(x: &mut [T], rows: usize, iterations: usize, next: &mut [T], work: &mut [T]) {
    let [a, b, c] = COEFFICIENTS.map(T::from_f64);
    let columns = x.len() / rows;
    let (gram, polynomial) = work[..2 * rows * rows].split_at_mut(rows * rows);
    for _ in 0..iterations {
        for (i, row) in x.chunks_exact(columns).enumerate() {
            for (j, other) in x.chunks_exact(columns).enumerate().take(i + 1) {
                let product = dot(row, other);
                gram[i * rows + j] = product;
                gram[j * rows + i] = product;
            }
        }
        multiply(b, gram, c, gram, rows, polynomial);
        multiply(a, x, T::ONE, polynomial, columns, next);
        x.copy_from_slice(next);
    }
}

/// `out = a X + b M X`, where `X` has so many columns.
#[inline(always)]
fn multiply<T: Real>(a: T, x: &[T], b: T, m: &[T], columns: usize, out: &mut [T]) {
    let rows = x.len() / columns;
    for (i, out) in out.chunks_exact_mut(columns).enumerate() {
        for (out, x) in out.iter_mut().zip(&x[i * columns..]) {
            *out = a * *x;
        }
        for (k, row) in x.chunks_exact(columns).enumerate() {
            let factor = b * m[i * rows + k];
            for (out, x) in out.iter_mut().zip(row) {
                *out += factor * *x;
            }
        }
    }
}

/// The transpose of a matrix of so many columns.
#[inline(always)]
fn transpose<T: Real>(matrix: &[T], columns: usize, out: &mut [T]) {
    let rows = matrix.len() / columns;
    for (y, row) in matrix.chunks_exact(columns).enumerate() {
        for (x, value) in row.iter().enumerate() {
            out[x * rows + y] = *value;
        }
    }
}
