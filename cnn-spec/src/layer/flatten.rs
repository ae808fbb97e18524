//! `flatten`: the same values in one dimension.

/// Feature maps read as one vector, row by row, map by map.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Flatten;
