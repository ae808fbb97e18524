//! Numbers that should be the same but for rounding.

/// Compares relative to the largest value, since sums that cancel keep the rounding errors of their terms.
///
/// # Panics
/// If a value differs by more than `tolerance` times the largest of `theirs`, or is not a number.
pub fn assert_close(what: &str, ours: &[f64], theirs: &[f64], tolerance: f64) {
    assert_close_at(what, ours, theirs, tolerance * largest(theirs));
}

/// Compares with a tolerance of its own.
///
/// # Panics
/// If a value differs by more than `tolerance`, or is not a number.
pub fn assert_close_at(what: &str, ours: &[f64], theirs: &[f64], tolerance: f64) {
    assert_eq!(ours.len(), theirs.len(), "{what}");
    for (index, (a, b)) in ours.iter().zip(theirs).enumerate() {
        assert!(
            (a - b).abs() <= tolerance,
            "{what} at {index}: {a} instead of {b}"
        );
    }
}

/// The largest absolute value.
pub fn largest(values: &[f64]) -> f64 {
    values.iter().fold(0.0, |max, value| max.max(value.abs()))
}
