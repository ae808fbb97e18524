//! Elementwise activations: `relu`, `leaky_relu`, `sigmoid`, `tanh`.

/// A function applied to each value; its derivative enters the delta as `upstream ⊙ σ'(z)`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Activation {
    /// `max(0, z)`.
    Relu,
    /// `z` where positive, else `negative_slope · z`.
    LeakyRelu {
        /// PyTorch's default is 0.01.
        negative_slope: f64,
    },
    /// `1 / (1 + e⁻ᶻ)`.
    Sigmoid,
    /// The hyperbolic tangent.
    Tanh,
}
