//! Shapes of tensors, checked for overflow when they are made.

use std::fmt;

/// The most values one tensor may have; a larger one is refused.
///
/// 2³¹ values are 8 GiB in `f32`: far beyond a small network, and small enough that products of a few such
/// numbers with a `f64`'s eight bytes stay within `u64`.
pub const MAX_ELEMENTS: usize = 1 << 31;

/// The shape of a tensor without its batch dimension: `[C, H, W]` or `[features]`.
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

    /// `[channels, height, width]` if this is the shape of a stack of feature maps.
    pub fn maps(&self) -> Option<[usize; 3]> {
        self.dims.as_slice().try_into().ok()
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
