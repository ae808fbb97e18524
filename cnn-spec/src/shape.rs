//! Shapes of tensors, checked for overflow when they are made.

use crate::refusal::Refusal;
use std::fmt;

/// The most values one tensor may have; a larger one is refused.
///
/// 2³¹ values are 8 GiB in `f32`: far beyond a small network, and small enough that products of a few such
/// numbers with a `f64`'s eight bytes stay within `u64`.
pub const MAX_ELEMENTS: usize = 1 << 31;

/// The shape of a tensor without its batch dimension: `[C, H, W]`, `[C, L]` or `[features]`.
///
/// Every dimension is at least one and the number of elements is at most [`MAX_ELEMENTS`].
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Shape {
    dims: Vec<usize>,
    elements: usize,
}

impl Shape {
    /// Makes a shape, or `None` if a dimension is zero or the number of elements exceeds [`MAX_ELEMENTS`].
    pub fn new(dims: impl Into<Vec<usize>>) -> Option<Self> {
        let dims = dims.into();
        let elements = dims
            .iter()
            .try_fold(1_usize, |product, &dim| product.checked_mul(dim))
            .filter(|elements| (1..=MAX_ELEMENTS).contains(elements))?;
        Some(Self { dims, elements })
    }

    /// Makes the shape of a layer's `what`, or refuses it as too large.
    pub(crate) fn of(what: &str, dims: impl Into<Vec<usize>>) -> Result<Self, Refusal> {
        let dims = dims.into();
        let elements = dims.iter().map(|&dim| dim as f64).product();
        let written = dims.iter().map(usize::to_string).collect::<Vec<_>>();
        Self::new(dims).ok_or_else(|| Refusal {
            elements: Some(elements),
            ..Refusal::new(format!("the {what} of {} is too large", written.join("×")))
                .help(format!("a tensor has at most {MAX_ELEMENTS} values"))
        })
    }

    /// The dimensions, outermost first.
    pub fn dims(&self) -> &[usize] {
        &self.dims
    }

    /// How many dimensions there are.
    pub fn rank(&self) -> usize {
        self.dims.len()
    }

    /// How many values a tensor of this shape holds.
    pub fn elements(&self) -> usize {
        self.elements
    }

    /// `3×12×12 = 432 values`.
    pub(crate) fn counted(&self) -> String {
        match (self.rank(), self.elements) {
            (1, 1) => "1 value".to_owned(),
            (1, values) => format!("{values} values"),
            (_, 1) => format!("{self} = 1 value"),
            (_, values) => format!("{self} = {values} values"),
        }
    }

    /// `[channels, height, width]` of feature maps; a sequence `[channels, length]` is maps of a single row.
    pub fn maps(&self) -> Option<[usize; 3]> {
        match *self.dims {
            [channels, length] => Some([channels, 1, length]),
            [channels, height, width] => Some([channels, height, width]),
            _ => None,
        }
    }

    /// The same values in one dimension.
    #[must_use]
    pub fn flattened(&self) -> Self {
        Self {
            dims: vec![self.elements],
            elements: self.elements,
        }
    }
}

impl fmt::Display for Shape {
    /// Writes `3×24×24`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, dim) in self.dims.iter().enumerate() {
            if index > 0 {
                f.write_str("×")?;
            }
            write!(f, "{dim}")?;
        }
        Ok(())
    }
}

/// How many windows of `extent` fit side by side into `size`, `stride` apart: `(size − extent)/stride + 1`.
///
/// `None` if not even one does.
pub fn windows(size: usize, extent: usize, stride: usize) -> Option<usize> {
    Some(size.checked_sub(extent)? / stride + 1)
}

/// The rows or columns from the first to the last tap of a kernel, both included: `d (k − 1) + 1`.
pub fn extent(kernel_size: usize, dilation: usize) -> usize {
    dilation.saturating_mul(kernel_size - 1).saturating_add(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn windows_follow_the_textbook_formula() {
        assert_eq!(windows(28, 5, 1), Some(24));
        assert_eq!(windows(24, 2, 2), Some(12));
        assert_eq!(windows(7, 3, 2), Some(3));
        assert_eq!(windows(8, 3, 2), Some(3));
        assert_eq!(windows(3, 3, 9), Some(1));
        assert_eq!(windows(2, 3, 1), None);
    }

    #[test]
    fn a_dilated_kernel_reaches_further() {
        assert_eq!(extent(3, 1), 3);
        assert_eq!(extent(3, 2), 5);
        assert_eq!(extent(1, 7), 1);
    }

    #[test]
    fn a_shape_has_no_zero_and_does_not_overflow() {
        assert_eq!(Shape::new([3, 24, 24]).unwrap().elements(), 1728);
        assert_eq!(Shape::new([3, 0, 24]), None);
        assert_eq!(Shape::new([MAX_ELEMENTS]).unwrap().rank(), 1);
        assert_eq!(Shape::new([MAX_ELEMENTS, 2]), None);
        assert_eq!(Shape::new([usize::MAX, usize::MAX, usize::MAX]), None);
    }
}
