//! What the pooling layers share: a window that slides over each feature map.

use super::{ACTIVATION, Dimensions, Pair, described};
use crate::fields::Fields;
use crate::grammar::{Form, Key, KeyInfo};
use crate::receptive_field::{Axis, Reach};
use crate::refusal::Refusal;
use crate::shape::{Shape, windows};

const KERNEL_SIZE: Key<Pair> = Key::required(
    "kernel_size",
    Form::SIZES,
    "Height and width of the window.",
);
const STRIDE: Key<Pair> = Key::optional(
    "stride",
    Form::SIZES,
    "the window's size",
    "Rows and columns from one window to the next.",
);
const PADDING: Key<Pair> = Key::or(
    "padding",
    Form::MARGINS,
    "0",
    "Rows and columns around the input, at most half the window.",
);

const LENGTH: Key<Pair> = Key::required("kernel_size", Form::SIZE, "Length of the window.");
const STEP: Key<Pair> = Key::optional(
    "stride",
    Form::SIZE,
    "the window's length",
    "Positions from one window to the next.",
);
const MARGIN: Key<Pair> = Key::or(
    "padding",
    Form::MARGIN,
    "0",
    "Positions before and after the input, at most half the window.",
);

/// The stem of default names, the same for all of them.
pub(super) const STEM: &str = "pool";

/// The keys of a pooling layer over sequences.
pub(super) const KEYS_1D: &[KeyInfo] = &[LENGTH.info, STEP.info, MARGIN.info, ACTIVATION.info];

/// The keys of a pooling layer over feature maps.
pub(super) const KEYS: &[KeyInfo] = &[KERNEL_SIZE.info, STRIDE.info, PADDING.info, ACTIVATION.info];

/// The hyperparameters of a pooling layer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PoolWindow {
    /// What it slides along; in one dimension every height is 1.
    pub dimensions: Dimensions,
    /// Height and width.
    pub kernel_size: Pair,
    /// Rows and columns from one window to the next; by default the window's size.
    pub stride: Pair,
    /// Rows and columns around the input, at most half the window.
    pub padding: Pair,
}

impl PoolWindow {
    pub(super) fn read(fields: Fields<'_>, dimensions: Dimensions) -> Result<Self, Refusal> {
        let (kernel_size, stride, padding) = match dimensions {
            Dimensions::One => (&LENGTH, &STEP, &MARGIN),
            Dimensions::Two => (&KERNEL_SIZE, &STRIDE, &PADDING),
        };
        let kernel_size = dimensions.sizes(fields.get(kernel_size)?);
        let stride = fields.find(stride).map(|stride| dimensions.sizes(stride));
        let window = Self {
            dimensions,
            kernel_size,
            stride: stride.unwrap_or(kernel_size),
            padding: dimensions.margins(fields.get(padding)?),
        };
        let half = Pair {
            height: kernel_size.height / 2,
            width: kernel_size.width / 2,
        };
        if window.padding.height > half.height || window.padding.width > half.width {
            return Err(Refusal::new("the padding is more than half the window")
                .key(PADDING.info.name)
                .label(format!(
                    "at most {} for a window of {}",
                    dimensions.size(half),
                    dimensions.size(kernel_size)
                ))
                .help("make `padding` smaller or `kernel_size` larger"));
        }
        Ok(window)
    }

    /// `max_pool2d 3×3, stride 2×2, padding 1×1`, each part only where it is not the default.
    pub(super) fn describe(&self, name: &str) -> String {
        let size = |pair| self.dimensions.size(pair);
        let options = [
            (self.stride != self.kernel_size).then(|| format!("stride {}", size(self.stride))),
            (self.padding != Pair::square(0)).then(|| format!("padding {}", size(self.padding))),
        ];
        let name = self.dimensions.named(name);
        described(format!("{name} {}", size(self.kernel_size)), options)
    }

    pub(super) fn output_shape(&self, name: &str, input: &Shape) -> Result<Shape, Refusal> {
        let [channels, height, width] = self.dimensions.maps(name, input)?;
        let Self {
            kernel_size,
            stride,
            padding,
            dimensions,
        } = self;
        let [padded_height, padded_width] =
            [height + 2 * padding.height, width + 2 * padding.width];
        let rows = windows(padded_height, kernel_size.height, stride.height);
        let columns = windows(padded_width, kernel_size.width, stride.width);
        let (Some(rows), Some(columns)) = (rows, columns) else {
            return Err(Refusal::new("the window is larger than the input")
                .key(KERNEL_SIZE.info.name)
                .label(format!(
                    "covers {}, and the padded input is {}",
                    dimensions.size(*kernel_size),
                    dimensions.size(Pair {
                        height: padded_height,
                        width: padded_width
                    })
                ))
                .help("make `kernel_size` smaller, or pool less before"));
        };
        dimensions.shape(channels, rows, columns)
    }

    pub(super) fn reach(&self, axis: Axis, output: &Shape) -> Reach {
        let extent = axis.of(self.kernel_size);
        let before = axis.of(self.padding);
        Reach::sliding(axis.size(output), axis.of(self.stride), extent, before)
    }
}
