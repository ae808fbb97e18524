//! What the pooling layers share: a window that slides over each feature map.

use super::{ACTIVATION, Pair, described, feature_maps};
use crate::fields::Fields;
use crate::grammar::{Form, Key, KeyInfo};
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

/// The stem of default names, the same for all of them.
pub(super) const STEM: &str = "pool";

/// The keys of a pooling layer.
pub(super) const KEYS: &[KeyInfo] = &[KERNEL_SIZE.info, STRIDE.info, PADDING.info, ACTIVATION.info];

/// The hyperparameters of a pooling layer.
pub(super) struct Window {
    pub kernel_size: Pair,
    pub stride: Pair,
    pub padding: Pair,
}

impl Window {
    pub fn read(fields: Fields<'_>) -> Result<Self, Refusal> {
        let kernel_size = fields.get(&KERNEL_SIZE)?;
        let window = Self {
            kernel_size,
            stride: fields.find(&STRIDE).unwrap_or(kernel_size),
            padding: fields.get(&PADDING)?,
        };
        let half = Pair {
            height: kernel_size.height / 2,
            width: kernel_size.width / 2,
        };
        if window.padding.height > half.height || window.padding.width > half.width {
            return Err(Refusal::new("the padding is more than half the window")
                .key(PADDING.info.name)
                .label(format!("at most {half} for a window of {kernel_size}"))
                .help("make `padding` smaller or `kernel_size` larger"));
        }
        Ok(window)
    }

    /// `pool2d 3×3, stride 2×2, padding 1×1`, each part only where it is not the default.
    pub fn describe(&self, name: &str) -> String {
        let options = [
            (self.stride != self.kernel_size).then(|| format!("stride {}", self.stride)),
            (self.padding != Pair::square(0)).then(|| format!("padding {}", self.padding)),
        ];
        described(format!("{name} {}", self.kernel_size), options)
    }

    pub fn output_shape(&self, name: &str, input: &Shape) -> Result<Shape, Refusal> {
        let [channels, height, width] = feature_maps(name, input)?;
        let Self {
            kernel_size,
            stride,
            padding,
        } = self;
        let [padded_height, padded_width] =
            [height + 2 * padding.height, width + 2 * padding.width];
        let rows = windows(padded_height, kernel_size.height, stride.height);
        let columns = windows(padded_width, kernel_size.width, stride.width);
        let (Some(rows), Some(columns)) = (rows, columns) else {
            return Err(Refusal::new("the window is larger than the input")
                .key(KERNEL_SIZE.info.name)
                .label(format!(
                    "{kernel_size}, on feature maps of {padded_height}×{padded_width}"
                ))
                .help("make `kernel_size` smaller, or pool less before"));
        };
        Shape::of("output", [channels, rows, columns])
    }
}
