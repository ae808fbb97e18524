//! What slides, in small: a kernel or window along one axis, and what it slides over.

use cnn_spec::layer::{Dimensions, Pair};
use cnn_spec::shape::extent;

/// A kernel along one axis.
#[derive(Clone, Copy)]
pub struct Slide {
    pub kernel: usize,
    pub stride: usize,
    pub dilation: usize,
    /// Zeros before and after the input.
    pub padding: [usize; 2],
}

impl Slide {
    /// The same with at most three taps, two where their number is even, and all else to scale.
    pub fn small(self) -> Self {
        let kernel = match self.kernel {
            small @ 0..=3 => small,
            large if large % 2 == 0 => 2,
            _ => 3,
        };
        let small = Self {
            kernel,
            stride: self.stride.min(3),
            dilation: self.dilation.min(2),
            padding: [0; 2],
        };
        let (large, reach) = (self.reach(), small.reach());
        let padding = if self.is_even() {
            self.padding.map(|zeros| zeros * reach / large)
        } else {
            [(reach - 1) / 2, reach / 2]
        };
        Self { padding, ..small }
    }

    /// Whether both sides have as many zeros.
    pub fn is_even(self) -> bool {
        self.padding[0] == self.padding[1]
    }

    /// The rows or columns that the kernel covers.
    pub fn reach(self) -> usize {
        extent(self.kernel, self.dilation)
    }

    /// How many values of input let it slide once.
    pub fn input(self) -> usize {
        let zeros: usize = self.padding.iter().sum();
        (self.stride + self.reach()).saturating_sub(zeros).max(3)
    }
}

/// Rows and columns.
#[derive(Clone, Copy)]
pub struct Slides {
    pub dimensions: Dimensions,
    pub rows: Slide,
    pub columns: Slide,
}

impl Slides {
    /// In small; in one dimension there is one row.
    pub fn small(self) -> Self {
        Self {
            rows: self.rows.small(),
            columns: self.columns.small(),
            ..self
        }
    }

    /// The shape of an input.
    pub fn input(self, channels: usize) -> Vec<usize> {
        match self.dimensions {
            Dimensions::One => vec![channels, self.columns.input()],
            Dimensions::Two => vec![channels, self.rows.input(), self.columns.input()],
        }
    }

    /// A number for each axis, as in a file.
    pub fn value(self, of: impl Fn(Slide) -> usize) -> String {
        let pair = Pair {
            height: of(self.rows),
            width: of(self.columns),
        };
        match self.dimensions {
            Dimensions::One => pair.width.to_string(),
            Dimensions::Two => value(pair),
        }
    }

    /// The line of a key, if it is not what it is by default.
    pub fn line(self, key: &str, of: impl Fn(Slide) -> usize + Copy, default: &str) -> String {
        let value = self.value(of);
        if value == default {
            return String::new();
        }
        format!("{key} = {value}\n")
    }

    /// `conv1d` or `conv2d`.
    pub fn name(self, stem: &str) -> String {
        match self.dimensions {
            Dimensions::One => format!("{stem}1d"),
            Dimensions::Two => format!("{stem}2d"),
        }
    }
}

/// `3` or `[3, 5]`, as in a file.
pub fn value(pair: Pair) -> String {
    if pair.height == pair.width {
        pair.width.to_string()
    } else {
        format!("[{}, {}]", pair.height, pair.width)
    }
}
