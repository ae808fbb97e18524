//! The kinds of layers: one file each, with its keys, its shape rule, its parameters and its cost.

mod activation;
mod avg_pool2d;
mod conv2d;
mod dense;
mod flatten;
mod max_pool2d;
mod pool;
mod softmax;

pub use activation::Activation;
pub use avg_pool2d::AvgPool2d;
pub use conv2d::{Conv2d, ConvBias, ConvMode};
pub use dense::Dense;
pub use flatten::Flatten;
pub use max_pool2d::MaxPool2d;
pub use softmax::Softmax;

use crate::fields::Type;
use crate::grammar::{Form, Key, Limits, Tagged};
use crate::initialization::Initialization;
use crate::network::Parameter;
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

    /// What it learns, in PyTorch's order.
    fn parameters(
        &self,
        _input: &Shape,
        _output: &Shape,
        _initialization: Initialization,
    ) -> Result<Vec<Parameter>, Refusal> {
        Ok(Vec::new())
    }

    /// Multiplications by a learnt weight in one forward pass; the gradients take as many each.
    fn multiply_adds(&self, _input: &Shape, _output: &Shape) -> u64 {
        0
    }

    /// Whether nothing may come after it.
    fn is_final(&self) -> bool {
        false
    }
}

/// Declares the kinds: one row each, in the order of the reference.
macro_rules! kinds {
    ($($module:ident: $kind:ident,)*) => {
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

            /// All values of a layer's `type`.
            pub(crate) fn types() -> impl Iterator<Item = &'static Type<Self>> {
                [$($module::TYPES),*].into_iter().flatten()
            }
        }
    };
}

kinds! {
    conv2d: Conv2d,
    max_pool2d: MaxPool2d,
    avg_pool2d: AvgPool2d,
    dense: Dense,
    flatten: Flatten,
    activation: Activation,
    softmax: Softmax,
}

impl Kind {
    /// The type and what sets it apart: `conv2d 5×5, stride 2`.
    pub fn describe(&self) -> String {
        self.rules().describe()
    }

    /// Multiplications by a learnt weight in one forward pass over one sample.
    ///
    /// The weight gradient takes as many, and so does the input gradient.
    pub fn multiply_adds(&self, input: &Shape, output: &Shape) -> u64 {
        self.rules().multiply_adds(input, output)
    }
}

/// The tables `[[layer]]`.
pub(crate) const LAYER: Tagged = Tagged {
    noun: "layer",
    common: &[NAME.info, LEARNING_RATE_FACTOR.info, FROZEN.info],
    types: || Kind::types().map(|known| known.info).collect(),
    elsewhere: &[],
};

/// The key that every layer has.
pub(crate) const NAME: Key<String> = Key::optional(
    "name",
    Form::Text,
    "type and number, `conv1`",
    "The layer's name in the generated code and in files of weights.",
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
        types: || activation::TYPES.iter().map(|known| known.info).collect(),
        elsewhere: &[(
            "softmax",
            "a softmax is a layer of its own: `[[layer]]` with `type = \"softmax\"`",
        )],
    }),
    "none",
    "The function applied to each output value.",
);

/// The values of [`ACTIVATION`].
pub(crate) const ACTIVATIONS: &[Type<Kind>] = activation::TYPES;

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

/// `[channels, height, width]` of an input that must be feature maps.
fn feature_maps(what: &str, input: &Shape) -> Result<[usize; 3], Refusal> {
    input.maps().ok_or_else(|| {
        Refusal::new(format!("a {what} slides over feature maps, and its input is a vector"))
            .label("needs `[channels, height, width]`")
            .help("put it before any `dense` or `flatten`, in a network with `input = [channels, height, width]`")
    })
}

#[cfg(test)]
mod tests;
