//! The kinds of layers: one file each, with its keys, its shape rule, its parameters and its cost.

mod activation;
mod adaptive_avg_pool2d;
mod add;
mod avg_pool2d;
mod batch_norm;
mod channel_shuffle;
mod concat;
mod conv1d;
mod conv2d;
mod conv_transpose2d;
mod dense;
mod dimensions;
mod dropout;
mod flatten;
mod global_pool;
mod joins;
mod layer_norm;
mod max_pool2d;
mod pool;
mod prelu;
mod reshape;
mod softmax;
mod upsample2d;
mod zero_pad2d;

pub use activation::{Activation, Approximate, SELU_ALPHA, SELU_SCALE};
pub use adaptive_avg_pool2d::AdaptiveAvgPool2d;
pub use add::Add;
pub use avg_pool2d::AvgPool2d;
pub use batch_norm::BatchNorm;
pub use channel_shuffle::ChannelShuffle;
pub use concat::Concat;
pub use conv_transpose2d::ConvTranspose2d;
pub use conv2d::{Conv2d, ConvBias, ConvMode};
pub use dense::Dense;
pub use dimensions::Dimensions;
pub use dropout::Dropout;
pub use flatten::Flatten;
pub use global_pool::{GlobalPool, Reduction};
pub use layer_norm::LayerNorm;
pub use max_pool2d::MaxPool2d;
pub use pool::PoolWindow;
pub use prelu::PRelu;
pub use reshape::Reshape;
pub use softmax::{LogSoftmax, Softmax};
pub use upsample2d::Upsample2d;
pub use zero_pad2d::ZeroPad2d;

use crate::block;
use crate::fields::{At, Type};
use crate::grammar::{Form, Key, KeyInfo, Limits, Tagged};
use crate::initialization::Initialization;
use crate::network::Parameter;
use crate::receptive_field::{Axis, Reach};
use crate::refusal::Refusal;
use crate::shape::Shape;
use std::fmt;
use std::ops::Bound;

/// What a kind of layer knows of itself; `output` is always the shape that [`Self::output_shape`] gave.
pub(crate) trait LayerKind {
    /// The stem of default names: `conv` of `conv1`.
    fn stem(&self) -> &'static str;

    /// The type and what sets it apart, for the summary: `conv2d 5×5, stride 2`.
    fn describe(&self) -> String;

    /// The shape of the output for an input of this shape, or why there is none.
    fn output_shape(&self, input: &Shape) -> Result<Shape, Refusal>;

    /// Whether it joins several inputs.
    fn is_join(&self) -> bool {
        false
    }

    /// The shape of what inputs of shape `joined` become with another one, or why it does not fit.
    fn join(&self, joined: &Shape, _next: &Shape) -> Result<Shape, Refusal> {
        Ok(joined.clone())
    }

    /// What it learns, in PyTorch's order.
    fn parameters(
        &self,
        _input: &Shape,
        _output: &Shape,
        _initialization: Initialization,
    ) -> Result<Vec<Parameter>, Refusal> {
        Ok(Vec::new())
    }

    /// Which rows or columns of the input each row or column of the output is computed from.
    fn reach(&self, _axis: Axis, _input: &Shape, _output: &Shape) -> Reach {
        Reach::Same
    }

    /// Multiplications by a learnt weight in one forward pass; the gradients take as many each.
    fn multiply_adds(&self, _input: &Shape, _output: &Shape) -> u64 {
        0
    }
}

/// Declares the kinds: one row each.
macro_rules! kinds {
    ($($kind:ident,)*) => {
        /// What a layer computes.
        #[derive(Clone, Debug, PartialEq)]
        pub enum Kind {
            $(
                #[doc = concat!("See [`", stringify!($kind), "`].")]
                $kind($kind),
            )*
        }

        impl Kind {
            pub(crate) fn rules(&self) -> &dyn LayerKind {
                match self {
                    $(Self::$kind(kind) => kind,)*
                }
            }
        }
    };
}

kinds! {
    Conv2d,
    ConvTranspose2d,
    MaxPool2d,
    AvgPool2d,
    GlobalPool,
    AdaptiveAvgPool2d,
    Upsample2d,
    ZeroPad2d,
    Dense,
    Flatten,
    Reshape,
    ChannelShuffle,
    BatchNorm,
    LayerNorm,
    Dropout,
    Activation,
    PRelu,
    Softmax,
    LogSoftmax,
    Add,
    Concat,
}

/// The values of a layer's `type`, in the order of the reference.
const TYPES: &[&[Type<Kind>]] = &[
    conv2d::TYPES,
    conv1d::TYPES,
    conv_transpose2d::TYPES,
    max_pool2d::TYPES,
    avg_pool2d::TYPES,
    global_pool::TYPES,
    adaptive_avg_pool2d::TYPES,
    upsample2d::TYPES,
    zero_pad2d::TYPES,
    dense::TYPES,
    flatten::TYPES,
    reshape::TYPES,
    channel_shuffle::TYPES,
    batch_norm::TYPES,
    layer_norm::TYPES,
    dropout::TYPES,
    activation::TYPES,
    prelu::TYPES,
    softmax::TYPES,
    add::TYPES,
    concat::TYPES,
];

impl Kind {
    /// All values of a layer's `type`.
    pub(crate) fn types() -> impl Iterator<Item = &'static Type<Self>> {
        TYPES.iter().copied().flatten()
    }

    /// All values of a layer's `activation`.
    pub(crate) fn activations() -> impl Iterator<Item = &'static Type<Self>> {
        [activation::TYPES, prelu::TYPES].into_iter().flatten()
    }

    /// The type and what sets it apart: `conv2d 5×5, stride 2`.
    pub fn describe(&self) -> String {
        self.rules().describe()
    }

    /// Which rows or columns of the input each row or column of the output is computed from.
    pub(crate) fn reach(&self, axis: Axis, input: &Shape, output: &Shape) -> Reach {
        self.rules().reach(axis, input, output)
    }

    /// Multiplications by a learnt weight in one forward pass over one sample.
    ///
    /// The weight gradient takes as many, and so does the input gradient.
    pub fn multiply_adds(&self, input: &Shape, output: &Shape) -> u64 {
        self.rules().multiply_adds(input, output)
    }
}

/// The tables `[[layer]]`.
pub(crate) const LAYER: Tagged = layers(&[
    NAME.info,
    INPUT.info,
    LEARNING_RATE_FACTOR.info,
    FROZEN.info,
]);

/// The tables of a block's `layer`.
pub(crate) const BLOCK_LAYER: Tagged = layers(&[
    NAME.info,
    INPUT.info,
    LEARNING_RATE_FACTOR.info,
    FROZEN.info,
    block::WHEN.info,
]);

const fn layers(common: &'static [KeyInfo]) -> Tagged {
    Tagged {
        noun: "layer",
        common,
        types: || {
            let kinds = Kind::types().map(|known| known.info);
            kinds.chain([block::USE]).collect()
        },
        open: &[block::USE.name],
        elsewhere: &[],
    }
}

/// The key that every layer has.
pub(crate) const NAME: Key<String> = Key::optional(
    "name",
    Form::Text,
    "type and number, `conv1`",
    "The layer's name in the generated code and in files of weights.",
);

/// The key of a layer that does not read the one before it.
pub(crate) const INPUT: Key<String> = Key::optional(
    "input",
    Form::Text,
    "the layer before",
    "The layer that it reads, after its activation; `\"input\"` is the network's input.",
);

/// The key of a layer that joins several.
pub(crate) const INPUTS: Key<Vec<At<String>>> = Key::required(
    "inputs",
    Form::Texts,
    "The layers that it reads, after their activations; `\"input\"` is the network's input.",
);

/// The keys of every layer that has parameters.
pub(crate) const LEARNING_RATE_FACTOR: Key<f64> = Key::or(
    "learning_rate_factor",
    Form::Number(Limits {
        from: Bound::Excluded(0.0),
        to: Bound::Included(1000.0),
    }),
    "1.0",
    "What the learning rate is multiplied by for the layer's parameters.",
);
pub(crate) const FROZEN: Key<bool> = Key::or(
    "frozen",
    Form::Boolean,
    "false",
    "Whether the layer's parameters stay as they are.",
);

/// The key that puts an activation layer after this one.
pub(crate) const ACTIVATION: Key<Kind> = Key::optional(
    "activation",
    Form::Tagged(&Tagged {
        noun: "activation",
        common: &[],
        types: || Kind::activations().map(|known| known.info).collect(),
        open: &[],
        elsewhere: &[
            (
                "softmax",
                "a softmax is a layer of its own: `[[layer]]` with `type = \"softmax\"`",
            ),
            (
                "log_softmax",
                "a log_softmax is a layer of its own: `[[layer]]` with `type = \"log_softmax\"`",
            ),
        ],
    }),
    "none",
    "The function applied to each output value.",
);

/// A number for rows and one for columns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pair {
    /// Rows.
    pub height: usize,
    /// Columns.
    pub width: usize,
}

/// Zeros around an input; `"same"` with an even kernel needs one more at the bottom and on the right.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Padding {
    /// Rows above.
    pub top: usize,
    /// Rows below.
    pub bottom: usize,
    /// Columns on the left.
    pub left: usize,
    /// Columns on the right.
    pub right: usize,
}

impl Pair {
    /// The same number for rows and columns.
    pub fn square(size: usize) -> Self {
        Self {
            height: size,
            width: size,
        }
    }
}

impl fmt::Display for Pair {
    /// Writes `5×3`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}×{}", self.height, self.width)
    }
}

impl From<Pair> for Padding {
    /// The same margin on opposite sides.
    fn from(margin: Pair) -> Self {
        Self {
            top: margin.height,
            bottom: margin.height,
            left: margin.width,
            right: margin.width,
        }
    }
}

impl fmt::Display for Padding {
    /// Writes `2×2`, or all four sides where opposite ones differ.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            top,
            bottom,
            left,
            right,
        } = self;
        if top == bottom && left == right {
            write!(f, "{top}×{left}")
        } else {
            write!(f, "{top}+{bottom}×{left}+{right}")
        }
    }
}

/// A kind and the options that are not the default: `conv2d 5×5, stride 2×2`.
fn described(kind: String, options: impl IntoIterator<Item = Option<String>>) -> String {
    let mut parts = vec![kind];
    parts.extend(options.into_iter().flatten());
    parts.join(", ")
}

#[cfg(test)]
mod tests;
