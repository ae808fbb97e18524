//! What there is to say of each kind of layer beside its formulas, which the generated functions carry: one file each,
//! with the smallest layer that shows what the kind does.

mod activation;
mod adaptive_avg_pool2d;
mod batch_norm;
mod channel_shuffle;
mod conv2d;
mod conv_transpose2d;
mod dense;
mod dropout;
mod global_pool;
mod joins;
mod layer_norm;
mod pool;
mod prelu;
mod shapes;
mod size;
mod softmax;
mod upsample2d;
mod zero_pad;

use cnn_spec::layer::Kind;
use cnn_spec::network::Layer;

/// The words on a layer, paragraph by paragraph, and its example.
pub struct Lesson {
    /// What it does and what for.
    pub idea: Vec<String>,
    /// Why the gradients of what it learns are what they are.
    pub weights: Vec<String>,
    /// Why the delta goes back to its input as it does.
    pub input: Vec<String>,
    /// The example.
    pub tiny: Tiny,
}

impl Lesson {
    fn new(tiny: Tiny, idea: &str) -> Self {
        Self {
            idea: vec![idea.to_owned()],
            weights: Vec::new(),
            input: Vec::new(),
            tiny,
        }
    }

    /// One more paragraph on what it does.
    fn idea(mut self, paragraph: impl Into<String>) -> Self {
        self.idea.push(paragraph.into());
        self
    }

    /// The same, where the layer has an option.
    fn idea_if(self, has: bool, paragraph: &str) -> Self {
        if has { self.idea(paragraph) } else { self }
    }

    /// One more paragraph on the gradients of what it learns.
    fn weights(mut self, paragraph: impl Into<String>) -> Self {
        self.weights.push(paragraph.into());
        self
    }

    /// One more paragraph on the way back to its input.
    fn input(mut self, paragraph: impl Into<String>) -> Self {
        self.input.push(paragraph.into());
        self
    }
}

/// The words on a layer of a network.
pub fn lesson(layer: &Layer) -> Lesson {
    match &layer.kind {
        Kind::Conv2d(conv) => conv2d::lesson(conv, layer),
        Kind::ConvTranspose2d(conv) => conv_transpose2d::lesson(conv, layer),
        Kind::MaxPool2d(pool) => pool::max(pool),
        Kind::AvgPool2d(pool) => pool::mean(pool),
        Kind::GlobalPool(pool) => global_pool::lesson(*pool),
        Kind::AdaptiveAvgPool2d(pool) => adaptive_avg_pool2d::lesson(*pool, layer),
        Kind::Upsample2d(upsample) => upsample2d::lesson(*upsample),
        Kind::ZeroPad2d(pad) => zero_pad::lesson(pad.padding),
        Kind::Dense(dense) => dense::lesson(dense, layer),
        Kind::Flatten(_) => shapes::flatten(),
        Kind::Reshape(_) => shapes::reshape(),
        Kind::ChannelShuffle(_) => channel_shuffle::lesson(),
        Kind::BatchNorm(norm) => batch_norm::lesson(norm, layer),
        Kind::LayerNorm(norm) => layer_norm::lesson(norm, layer),
        Kind::Dropout(dropout) => dropout::lesson(dropout),
        Kind::Activation(activation) => activation::lesson(*activation),
        Kind::PRelu(prelu) => prelu::lesson(*prelu),
        Kind::Softmax(_) => softmax::lesson(),
        Kind::LogSoftmax(_) => softmax::log_lesson(),
        Kind::Add(_) => joins::add(),
        Kind::Concat(_) => joins::concat(),
    }
}

/// Why a convolution's input gets a border, which is a step of its own.
pub use zero_pad::BEFORE_A_CONVOLUTION;

/// Why a value that several layers read has the sum of their deltas.
pub const FORK: &str = "Several layers read what it puts out, and each sends a delta back. A change of a value reaches \
    the loss on all of these ways at once, so the delta is the sum over them.";

/// The smallest layer that shows what a kind does.
pub struct Tiny {
    input: Vec<usize>,
    /// Layers before it, which learn nothing.
    before: String,
    /// The keys of the layer.
    keys: String,
    /// Samples that are computed together.
    pub batch: usize,
    /// What goes in, over and over.
    pub values: Vec<f64>,
    /// What it has learnt, if not any numbers.
    pub weights: Option<Vec<f64>>,
}

/// Values of a picture: they repeat late, and none is zero.
const DIGITS: &[f64] = &[4.0, 2.0, 9.0, 7.0, 5.0, 3.0, 1.0, 8.0, 6.0];
/// Values on both sides of zero, some far from it, and none where a function has a corner.
const SIGNED: &[f64] = &[-1.0, 2.0, -4.0, 0.5, 7.0, -0.5, 1.0];

impl Tiny {
    /// A layer with these keys that reads this shape.
    fn new(input: impl Into<Vec<usize>>, keys: impl Into<String>) -> Self {
        Self {
            input: input.into(),
            before: String::new(),
            keys: keys.into(),
            batch: 1,
            values: DIGITS.to_vec(),
            weights: None,
        }
    }

    /// Over values on both sides of zero.
    fn signed(self) -> Self {
        Self {
            values: SIGNED.to_vec(),
            ..self
        }
    }

    /// Over values of which no two are equal.
    fn distinct(self) -> Self {
        Self {
            values: (1..37_u8)
                .map(|index| f64::from(u16::from(index) * 16 % 37))
                .collect(),
            ..self
        }
    }

    /// Over so many samples at once.
    fn batch(self, batch: usize) -> Self {
        Self { batch, ..self }
    }

    /// The file of the network.
    pub fn toml(&self) -> String {
        let Self {
            input,
            before,
            keys,
            ..
        } = self;
        format!(
            "[network]\nname = \"Tiny\"\ninput = {input:?}\n\n{before}[[layer]]\n{}\n",
            keys.trim_end()
        )
    }
}
