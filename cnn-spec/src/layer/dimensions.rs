//! What a window slides along: the rows and columns of feature maps, or the positions of a sequence.

use super::{Padding, Pair};
use crate::refusal::Refusal;
use crate::shape::Shape;

/// How many dimensions a window slides along.
///
/// A sequence `[channels, length]` counts as feature maps of a single row, so that a window in one dimension is a
/// window of height 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dimensions {
    /// Over `[channels, length]`.
    One,
    /// Over `[channels, height, width]`.
    Two,
}

impl Dimensions {
    /// `conv1d` or `conv2d`.
    pub(super) fn named(self, stem: &str) -> String {
        match self {
            Self::One => format!("{stem}1d"),
            Self::Two => format!("{stem}2d"),
        }
    }

    /// A size, stride or dilation as written; a row is one high.
    pub(super) fn sizes(self, written: Pair) -> Pair {
        match self {
            Self::One => Pair {
                height: 1,
                ..written
            },
            Self::Two => written,
        }
    }

    /// A padding as written; a row has none above and below.
    pub(super) fn margins(self, written: Pair) -> Pair {
        match self {
            Self::One => Pair {
                height: 0,
                ..written
            },
            Self::Two => written,
        }
    }

    /// The sizes that count: `[width]`, or `[height, width]`.
    pub(super) fn of(self, Pair { height, width }: Pair) -> Vec<usize> {
        match self {
            Self::One => vec![width],
            Self::Two => vec![height, width],
        }
    }

    /// Sizes as a person reads them: `3`, or `3×3`.
    pub(super) fn size(self, pair: Pair) -> String {
        match self {
            Self::One => pair.width.to_string(),
            Self::Two => pair.to_string(),
        }
    }

    /// A padding as a person reads it.
    pub(super) fn border(self, padding: Padding) -> String {
        match self {
            Self::One if padding.left == padding.right => padding.left.to_string(),
            Self::One => format!("{}+{}", padding.left, padding.right),
            Self::Two => padding.to_string(),
        }
    }

    /// `[channels, height, width]` of an input that a window can slide over.
    pub(super) fn maps(self, stem: &str, input: &Shape) -> Result<[usize; 3], Refusal> {
        let (rank, what, dims) = match self {
            Self::One => (2, "a sequence", "[channels, length]"),
            Self::Two => (3, "feature maps", "[channels, height, width]"),
        };
        let found = match input.rank() {
            1 => "a vector",
            2 => "a sequence",
            _ => "feature maps",
        };
        let maps = input.maps().filter(|_| input.rank() == rank);
        maps.ok_or_else(|| {
            let name = self.named(stem);
            Refusal::new(format!(
                "a {name} slides over {what}, and its input is {found}"
            ))
            .label(format!("needs `{dims}`"))
            .help(format!(
                "put it before any `dense` or `flatten`, in a network with `input = {dims}`"
            ))
        })
    }

    /// The shape of an output with so many channels, rows and columns.
    pub(super) fn shape(
        self,
        channels: usize,
        height: usize,
        width: usize,
    ) -> Result<Shape, Refusal> {
        let mut dims = vec![channels];
        dims.extend(self.of(Pair { height, width }));
        Shape::of("output", dims)
    }
}
