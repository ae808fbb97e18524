//! `conv2d`: a small kernel slides over every feature map.

use super::{ACTIVATION, Dimensions, Kind, LayerKind, Padding, Pair, described};
use crate::fields::{Fields, Type, Value};
use crate::grammar::{Form, Key, KeyInfo, TypeInfo, Word, Words};
use crate::initialization::{INITIALIZATION, Initialization};
use crate::network::Parameter;
use crate::receptive_field::{Axis, Reach};
use crate::refusal::Refusal;
use crate::shape::{Shape, extent, windows};
use toml::de::DeValue;

/// A convolution in two dimensions, or in one; its output size is `(H + p − d (k − 1) − 1) / s + 1`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Conv2d {
    /// What it slides along; in one dimension every height is 1.
    pub dimensions: Dimensions,
    /// Feature maps that it puts out.
    pub out_channels: usize,
    /// Height and width of each kernel.
    pub kernel_size: Pair,
    /// Rows and columns from one output position to the next.
    pub stride: Pair,
    /// Zeros around the input.
    pub padding: Padding,
    /// Rows and columns from one tap to the next.
    pub dilation: Pair,
    /// Groups of channels that do not see each other.
    pub groups: usize,
    /// What is added to the sum.
    pub bias: ConvBias,
    /// Whether the kernel is turned by 180°.
    pub mode: ConvMode,
}

/// The bias of a [`Conv2d`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ConvBias {
    /// One for each feature map: `[out_channels]`.
    #[default]
    Channel,
    /// One for each output position: `[out_channels, height, width]`.
    Position,
    /// None.
    None,
}

/// How a [`Conv2d`]'s kernel meets the input.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ConvMode {
    /// `Σ w[ky, kx] · in[y + ky, x + kx]`: what frameworks call a convolution.
    #[default]
    CrossCorrelation,
    /// `Σ w[ky, kx] · in[y + K−1−ky, x + K−1−kx]`: the kernel turned by 180°.
    Convolution,
}

pub(super) const OUT_CHANNELS: Key<usize> =
    Key::required("out_channels", Form::SIZE, "Feature maps that it puts out.");
const KEYS: Keys = Keys {
    kernel_size: Key::required(
        "kernel_size",
        Form::SIZES,
        "Height and width of each kernel.",
    ),
    stride: Key::or(
        "stride",
        Form::SIZES,
        "1",
        "Rows and columns from one output position to the next.",
    ),
    padding: Key::or(
        "padding",
        Form::Either(&Form::MARGINS, &Form::Words(border_words)),
        "0",
        "Zeros around the input.",
    ),
    dilation: Key::or(
        "dilation",
        Form::SIZES,
        "1",
        "Rows and columns from one tap of the kernel to the next.",
    ),
};
pub(super) const GROUPS: Key<usize> = Key::or(
    "groups",
    Form::SIZE,
    "1",
    "Groups of channels that do not see each other; divides both numbers of channels.",
);
const BIAS: Key<ConvBias> = Key::or(
    "bias",
    Form::Either(&Form::Words(bias_words), &Form::Boolean),
    "\"channel\"",
    "What is added to each sum.",
);
const MODE: Key<ConvMode> = Key::or(
    "mode",
    Form::words::<ConvMode>(),
    "\"cross_correlation\"",
    "Whether the kernel is turned by 180° as it meets the input.",
);

pub(super) const TYPES: &[Type<Kind>] = &[Type {
    info: TypeInfo {
        name: "conv2d",
        doc: "A small kernel slides over every feature map.",
        keys: &KEYS.all(),
    },
    read: |fields| Conv2d::read(fields, Dimensions::Two, &KEYS).map(Kind::Conv2d),
}];

/// The keys of a convolution whose words are not the same in one dimension and in two.
pub(super) struct Keys {
    pub kernel_size: Key<Pair>,
    pub stride: Key<Pair>,
    pub padding: Key<Border>,
    pub dilation: Key<Pair>,
}

impl Keys {
    /// Every key of the convolution.
    pub const fn all(&self) -> [KeyInfo; 10] {
        [
            OUT_CHANNELS.info,
            self.kernel_size.info,
            self.stride.info,
            self.padding.info,
            self.dilation.info,
            GROUPS.info,
            BIAS.info,
            MODE.info,
            ACTIVATION.info,
            INITIALIZATION.info,
        ]
    }
}

/// What `padding` says.
#[derive(Clone, Copy)]
pub(super) enum Border {
    /// So many zeros above and below, left and right.
    Margins(Pair),
    /// As many as keep the size.
    Same,
    /// None.
    Valid,
}

pub(super) fn border_words() -> Vec<Word> {
    vec![
        Word::new("same", "As many as keep the size; for stride 1."),
        Word::new("valid", "None."),
    ]
}

impl Value for Border {
    fn read(value: &DeValue<'_>) -> Option<Self> {
        match value.as_str() {
            Some("same") => Some(Self::Same),
            Some("valid") => Some(Self::Valid),
            _ => Pair::read(value).map(Self::Margins),
        }
    }
}

fn bias_words() -> Vec<Word> {
    vec![
        Word::new("channel", "One for each feature map; `true` says the same."),
        Word::new("position", "One for each output position."),
    ]
}

impl Value for ConvBias {
    fn read(value: &DeValue<'_>) -> Option<Self> {
        match value {
            DeValue::Boolean(false) => Some(Self::None),
            DeValue::Boolean(true) => Some(Self::Channel),
            _ => match value.as_str()? {
                "channel" => Some(Self::Channel),
                "position" => Some(Self::Position),
                _ => None,
            },
        }
    }
}

impl Words for ConvMode {
    const WORDS: &'static [(Self, Word)] = &[
        (
            Self::CrossCorrelation,
            Word::new("cross_correlation", "The kernel as it is."),
        ),
        (
            Self::Convolution,
            Word::new("convolution", "The kernel turned by 180°."),
        ),
    ];
}

impl Conv2d {
    /// Reads a convolution along one or two dimensions.
    pub(super) fn read(
        fields: Fields<'_>,
        dimensions: Dimensions,
        keys: &Keys,
    ) -> Result<Self, Refusal> {
        let kernel_size = dimensions.sizes(fields.get(&keys.kernel_size)?);
        let stride = dimensions.sizes(fields.get(&keys.stride)?);
        let dilation = dimensions.sizes(fields.get(&keys.dilation)?);
        let conv = Self {
            dimensions,
            out_channels: fields.get(&OUT_CHANNELS)?,
            kernel_size,
            stride,
            padding: padding(
                fields.get(&keys.padding)?,
                dimensions,
                reach(kernel_size, dilation),
                stride,
            )?,
            dilation,
            groups: fields.get(&GROUPS)?,
            bias: fields.get(&BIAS)?,
            mode: fields.get(&MODE)?,
        };
        divides(conv.groups, conv.out_channels, "`out_channels`")?;
        Ok(conv)
    }

    /// The dimensions of the weight: `[out, in / groups, height, width]`, without the height in one dimension.
    fn weight_dims(&self, input: &Shape) -> Vec<usize> {
        let mut dims = vec![self.out_channels, input.dims()[0] / self.groups];
        dims.extend(self.dimensions.of(self.kernel_size));
        dims
    }
}

/// The rows and columns that a kernel covers.
fn reach(kernel_size: Pair, dilation: Pair) -> Pair {
    Pair {
        height: extent(kernel_size.height, dilation.height),
        width: extent(kernel_size.width, dilation.width),
    }
}

fn padding(
    border: Border,
    dimensions: Dimensions,
    reach: Pair,
    stride: Pair,
) -> Result<Padding, Refusal> {
    match border {
        Border::Valid => Ok(Padding::default()),
        Border::Same if stride != Pair::square(1) => Err(Refusal::new(
            "padding `\"same\"` keeps the size only with a stride of 1",
        )
        .key(KEYS.padding.info.name)
        .label(format!("the stride is {}", dimensions.size(stride)))
        .help("give the padding as a number, or drop `stride`")),
        Border::Same => Ok(Padding {
            top: (reach.height - 1) / 2,
            bottom: reach.height / 2,
            left: (reach.width - 1) / 2,
            right: reach.width / 2,
        }),
        Border::Margins(margins) => margin_within(dimensions.margins(margins), dimensions, reach),
    }
}

/// A margin that leaves a kernel some of the input to see.
fn margin_within(margins: Pair, dimensions: Dimensions, reach: Pair) -> Result<Padding, Refusal> {
    if margins.height < reach.height && margins.width < reach.width {
        return Ok(margins.into());
    }
    Err(
        Refusal::new("the padding is as large as the kernel, which would see nothing but zeros")
            .key(KEYS.padding.info.name)
            .label(format!(
                "must be below {}, what the kernel covers",
                dimensions.size(reach)
            ))
            .help("make `padding` smaller; `\"same\"` keeps the size"),
    )
}

pub(super) fn divides(groups: usize, channels: usize, which: &str) -> Result<(), Refusal> {
    if channels.is_multiple_of(groups) {
        return Ok(());
    }
    Err(Refusal::new(format!(
        "{groups} groups do not divide the {channels} {which}"
    ))
    .key(GROUPS.info.name)
    .label(format!("{channels} is not a multiple of {groups}"))
    .help("choose `groups` so that it divides both the channels of the input and `out_channels`"))
}

impl LayerKind for Conv2d {
    fn stem(&self) -> &'static str {
        "conv"
    }

    fn describe(&self) -> String {
        let one = Pair::square(1);
        let size = |pair| self.dimensions.size(pair);
        let options = [
            (self.stride != one).then(|| format!("stride {}", size(self.stride))),
            (self.padding != Padding::default())
                .then(|| format!("padding {}", self.dimensions.border(self.padding))),
            (self.dilation != one).then(|| format!("dilation {}", size(self.dilation))),
            (self.groups != 1).then(|| format!("{} groups", self.groups)),
            match self.bias {
                ConvBias::Channel => None,
                ConvBias::Position => Some("bias per position".to_owned()),
                ConvBias::None => Some("no bias".to_owned()),
            },
            (self.mode == ConvMode::Convolution).then(|| "kernel turned".to_owned()),
        ];
        let name = self.dimensions.named("conv");
        described(format!("{name} {}", size(self.kernel_size)), options)
    }

    fn output_shape(&self, input: &Shape) -> Result<Shape, Refusal> {
        let [channels, height, width] = self.dimensions.maps("conv", input)?;
        divides(self.groups, channels, "channels of the input")?;
        let Padding {
            top,
            bottom,
            left,
            right,
        } = self.padding;
        let [padded_height, padded_width] = [
            height.saturating_add(top).saturating_add(bottom),
            width.saturating_add(left).saturating_add(right),
        ];
        let reach = reach(self.kernel_size, self.dilation);
        let rows = windows(padded_height, reach.height, self.stride.height);
        let columns = windows(padded_width, reach.width, self.stride.width);
        let (Some(rows), Some(columns)) = (rows, columns) else {
            return Err(Refusal::new("the kernel is larger than the input")
                .key(KEYS.kernel_size.info.name)
                .label(format!(
                    "covers {}, and the padded input is {}",
                    self.dimensions.size(reach),
                    self.dimensions.size(Pair {
                        height: padded_height,
                        width: padded_width
                    })
                ))
                .help("make `kernel_size` smaller, `padding` larger, or pool less before"));
        };
        Shape::of("padded input", [channels, padded_height, padded_width])?;
        self.dimensions.shape(self.out_channels, rows, columns)
    }

    fn reach(&self, axis: Axis, _input: &Shape, output: &Shape) -> Reach {
        let stride = axis.of(self.stride);
        let extent = axis.of(reach(self.kernel_size, self.dilation));
        Reach::sliding(axis.size(output), stride, extent, axis.before(self.padding))
    }

    fn parameters(
        &self,
        input: &Shape,
        output: &Shape,
        initialization: Initialization,
    ) -> Result<Vec<Parameter>, Refusal> {
        let weight = Shape::of("weight", self.weight_dims(input))?;
        let bias = match self.bias {
            ConvBias::None => None,
            ConvBias::Position => Some(output.clone()),
            ConvBias::Channel => Some(Shape::of("bias", [self.out_channels])?),
        };
        let bias = bias.map(|shape| initialization.bias(shape, &weight));
        Ok([initialization.weight(weight)]
            .into_iter()
            .chain(bias)
            .collect())
    }

    fn multiply_adds(&self, input: &Shape, output: &Shape) -> u64 {
        let dims = self.weight_dims(input);
        let taps = dims[1..].iter().map(|&dim| dim as u64);
        output.elements() as u64 * taps.product::<u64>()
    }
}
