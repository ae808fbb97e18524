//! `conv_transpose2d`: what a convolution does backward, as a layer of its own.

use super::conv2d::{GROUPS, OUT_CHANNELS};
use super::{ACTIVATION, Dimensions, Kind, LayerKind, Pair, described};
use crate::fields::{Fields, Type};
use crate::grammar::{Form, Key, TypeInfo};
use crate::initialization::{INITIALIZATION, Initialization};
use crate::network::Parameter;
use crate::receptive_field::{Axis, Reach};
use crate::refusal::Refusal;
use crate::shape::{Shape, extent};

/// Every input value puts a copy of the kernel, times itself, into the output; its output size is
/// `(H − 1) s − 2 p + d (k − 1) + output_padding + 1`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConvTranspose2d {
    /// Feature maps that it puts out.
    pub out_channels: usize,
    /// Height and width of each kernel.
    pub kernel_size: Pair,
    /// Rows and columns of the output from one input value's kernel to the next.
    pub stride: Pair,
    /// Rows and columns that are cut off on each side of the output.
    pub padding: Pair,
    /// Rows and columns that are added at the bottom and on the right of the output.
    pub output_padding: Pair,
    /// Rows and columns from one tap to the next.
    pub dilation: Pair,
    /// Groups of channels that do not see each other.
    pub groups: usize,
    /// Whether each feature map has a bias.
    pub bias: bool,
}

const KERNEL_SIZE: Key<Pair> = Key::required(
    "kernel_size",
    Form::SIZES,
    "Height and width of each kernel.",
);
const STRIDE: Key<Pair> = Key::or(
    "stride",
    Form::SIZES,
    "1",
    "Rows and columns of the output from one input value to the next.",
);
const PADDING: Key<Pair> = Key::or(
    "padding",
    Form::MARGINS,
    "0",
    "Rows and columns that are cut off on each side of the output.",
);
const OUTPUT_PADDING: Key<Pair> = Key::or(
    "output_padding",
    Form::MARGINS,
    "0",
    "Rows and columns that are added at the bottom and on the right of the output.",
);
const DILATION: Key<Pair> = Key::or(
    "dilation",
    Form::SIZES,
    "1",
    "Rows and columns from one tap of the kernel to the next.",
);
const BIAS: Key<bool> = Key::or(
    "bias",
    Form::Boolean,
    "true",
    "Whether each feature map has a bias.",
);

pub(super) const TYPES: &[Type<Kind>] = &[Type {
    info: TypeInfo {
        name: "conv_transpose2d",
        doc: "Every input value puts a copy of the kernel, times itself, into the output.",
        keys: &[
            OUT_CHANNELS.info,
            KERNEL_SIZE.info,
            STRIDE.info,
            PADDING.info,
            OUTPUT_PADDING.info,
            DILATION.info,
            GROUPS.info,
            BIAS.info,
            ACTIVATION.info,
            INITIALIZATION.info,
        ],
    },
    read: |fields| ConvTranspose2d::read(fields).map(Kind::ConvTranspose2d),
}];

impl ConvTranspose2d {
    fn read(fields: Fields<'_>) -> Result<Self, Refusal> {
        let conv = Self {
            out_channels: fields.get(&OUT_CHANNELS)?,
            kernel_size: fields.get(&KERNEL_SIZE)?,
            stride: fields.get(&STRIDE)?,
            padding: fields.get(&PADDING)?,
            output_padding: fields.get(&OUTPUT_PADDING)?,
            dilation: fields.get(&DILATION)?,
            groups: fields.get(&GROUPS)?,
            bias: fields.get(&BIAS)?,
        };
        super::conv2d::divides(conv.groups, conv.out_channels, "`out_channels`")?;
        let Pair { height, width } = conv.output_padding;
        let step = Pair {
            height: conv.stride.height.max(conv.dilation.height),
            width: conv.stride.width.max(conv.dilation.width),
        };
        if height >= step.height || width >= step.width {
            return Err(
                Refusal::new("the output padding is not below the stride or the dilation")
                    .key(OUTPUT_PADDING.info.name)
                    .label(format!("must be below {step}"))
                    .help("make `output_padding` smaller or `stride` larger"),
            );
        }
        Ok(conv)
    }

    /// What is left of one axis of the output.
    fn output_size(&self, input: usize, axis: fn(Pair) -> usize) -> Option<usize> {
        let reach = extent(axis(self.kernel_size), axis(self.dilation));
        let whole = (input - 1)
            .saturating_mul(axis(self.stride))
            .saturating_add(reach)
            .saturating_add(axis(self.output_padding));
        whole
            .checked_sub(2 * axis(self.padding))
            .filter(|size| *size > 0)
    }
}

impl LayerKind for ConvTranspose2d {
    fn stem(&self) -> &'static str {
        "conv"
    }

    fn describe(&self) -> String {
        let (none, one) = (Pair::square(0), Pair::square(1));
        let options = [
            (self.stride != one).then(|| format!("stride {}", self.stride)),
            (self.padding != none).then(|| format!("padding {}", self.padding)),
            (self.output_padding != none)
                .then(|| format!("output padding {}", self.output_padding)),
            (self.dilation != one).then(|| format!("dilation {}", self.dilation)),
            (self.groups != 1).then(|| format!("{} groups", self.groups)),
            (!self.bias).then(|| "no bias".to_owned()),
        ];
        described(format!("conv_transpose2d {}", self.kernel_size), options)
    }

    fn output_shape(&self, input: &Shape) -> Result<Shape, Refusal> {
        let [channels, height, width] = Dimensions::Two.maps("conv_transpose", input)?;
        super::conv2d::divides(self.groups, channels, "channels of the input")?;
        let rows = self.output_size(height, |pair| pair.height);
        let columns = self.output_size(width, |pair| pair.width);
        let (Some(rows), Some(columns)) = (rows, columns) else {
            return Err(Refusal::new("the padding cuts off the whole output")
                .key(PADDING.info.name)
                .label("nothing is left")
                .help("make `padding` smaller, or `kernel_size` or `stride` larger"));
        };
        Dimensions::Two.shape(self.out_channels, rows, columns)
    }

    fn reach(&self, axis: Axis, _input: &Shape, output: &Shape) -> Reach {
        let (stride, padding) = (axis.of(self.stride), axis.of(self.padding));
        let reach = extent(axis.of(self.kernel_size), axis.of(self.dilation));
        // Input i reaches outputs i · stride − padding and on, as far as the kernel does.
        let window = |output: usize| {
            let first = (output + padding + 1).saturating_sub(reach);
            first.div_ceil(stride)..(output + padding) / stride + 1
        };
        Reach::Windows((0..axis.size(output)).map(window).collect())
    }

    fn parameters(
        &self,
        input: &Shape,
        _output: &Shape,
        initialization: Initialization,
    ) -> Result<Vec<Parameter>, Refusal> {
        let Pair { height, width } = self.kernel_size;
        let outputs = self.out_channels / self.groups;
        let weight = Shape::of("weight", [input.dims()[0], outputs, height, width])?;
        let bias = self.bias.then(|| Shape::of("bias", [self.out_channels]));
        let bias = bias
            .transpose()?
            .map(|shape| initialization.bias(shape, &weight));
        Ok([initialization.weight(weight)]
            .into_iter()
            .chain(bias)
            .collect())
    }

    fn multiply_adds(&self, input: &Shape, _output: &Shape) -> u64 {
        let taps = self.kernel_size.height * self.kernel_size.width;
        input.elements() as u64 * (self.out_channels / self.groups * taps) as u64
    }
}
