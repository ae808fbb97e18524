//! Small networks worked out by hand.
//!
//! In all of them `x` is the input, `w` a kernel, `z` what a layer puts out, `y` the target, `C` the cost and
//! `δ` its derivative with respect to the output: `a − y` for the quadratic cost.

use std::f64::consts::LN_2;

/// A network with one sample's figures.
pub struct Example {
    /// The `[network]` and `[[layer]]` sections.
    pub toml: &'static str,
    /// The `loss` of the `[training]` section.
    pub loss: &'static str,
    /// What it has learnt, in PyTorch's order.
    pub parameters: &'static [&'static [f64]],
    /// One sample.
    pub input: &'static [f64],
    /// What the network puts out.
    pub output: &'static [f64],
    /// What it should put out.
    pub target: &'static [f64],
    /// What the loss makes of the two.
    pub cost: f64,
    /// The cost's derivatives with respect to the parameters.
    pub gradients: &'static [&'static [f64]],
    /// The cost's derivatives with respect to the input.
    pub input_gradient: &'static [f64],
}

impl Example {
    /// `a − y`: the delta of a quadratic cost.
    pub fn delta(&self) -> Vec<f64> {
        let pairs = self.output.iter().zip(self.target);
        pairs.map(|(a, y)| a - y).collect()
    }
}

/// ```text
/// 1 2 3
/// 4 5 6
/// 7 8 9
/// ```
const NINE: &[f64] = &[1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0];

/// `z[i, j] = Σ w[k, l] x[i + k, j + l] + b` with `w = [1 2; 3 4]`, `b = 10` and `δ = [1 −1; 2 0]`.
pub const CROSS_CORRELATION: Example = Example {
    toml: r#"
        [network]
        name = "CrossCorrelation"
        input = [1, 3, 3]
        dtype = "f64"

        [[layer]]
        type = "conv2d"
        out_channels = 1
        kernel_size = 2
    "#,
    loss: "quadratic",
    parameters: &[&[1.0, 2.0, 3.0, 4.0], &[10.0]],
    input: NINE,
    output: &[
        47.0, // 1·1 + 2·2 + 3·4 + 4·5 + 10
        57.0, // 1·2 + 2·3 + 3·5 + 4·6 + 10
        77.0, // 1·4 + 2·5 + 3·7 + 4·8 + 10
        87.0, // 1·5 + 2·6 + 3·8 + 4·9 + 10
    ],
    target: &[46.0, 58.0, 75.0, 87.0],
    cost: 3.0, // ½ (1 + 1 + 4 + 0)
    gradients: &[
        &[
            7.0,  // 1·1 − 1·2 + 2·4 + 0·5
            9.0,  // 1·2 − 1·3 + 2·5 + 0·6
            13.0, // 1·4 − 1·5 + 2·7 + 0·8
            15.0, // 1·5 − 1·6 + 2·8 + 0·9
        ],
        &[2.0], // 1 − 1 + 2 + 0
    ],
    input_gradient: &[
        1.0,  // 1·1
        1.0,  // 1·2 − 1·1
        -2.0, // −1·2
        5.0,  // 1·3 + 2·1
        5.0,  // 1·4 − 1·3 + 2·2 + 0·1
        -4.0, // −1·4 + 0·2
        6.0,  // 2·3
        8.0,  // 2·4 + 0·3
        0.0,  // 0·4
    ],
};

/// The same with the kernel turned by 180°, `[4 3; 2 1]`, and without a bias.
pub const CONVOLUTION: Example = Example {
    toml: r#"
        [network]
        name = "Convolution"
        input = [1, 3, 3]
        dtype = "f64"

        [[layer]]
        type = "conv2d"
        out_channels = 1
        kernel_size = 2
        bias = false
        mode = "convolution"
    "#,
    loss: "quadratic",
    parameters: &[&[1.0, 2.0, 3.0, 4.0]],
    input: NINE,
    output: &[
        23.0, // 4·1 + 3·2 + 2·4 + 1·5
        33.0, // 4·2 + 3·3 + 2·5 + 1·6
        53.0, // 4·4 + 3·5 + 2·7 + 1·8
        63.0, // 4·5 + 3·6 + 2·8 + 1·9
    ],
    target: &[22.0, 34.0, 51.0, 63.0],
    cost: 3.0,
    // As before, turned like the kernel.
    gradients: &[&[15.0, 13.0, 9.0, 7.0]],
    input_gradient: &[
        4.0,  // 1·4
        -1.0, // 1·3 − 1·4
        -3.0, // −1·3
        10.0, // 1·2 + 2·4
        5.0,  // 1·1 − 1·2 + 2·3 + 0·4
        -1.0, // −1·1 + 0·3
        4.0,  // 2·2
        2.0,  // 2·1 + 0·2
        0.0,  // 0·1
    ],
};

/// A bias for each output position, `b = [10 20; 30 40]`: its gradient is `δ` itself.
pub const POSITION_BIAS: Example = Example {
    toml: r#"
        [network]
        name = "PositionBias"
        input = [1, 3, 3]
        dtype = "f64"

        [[layer]]
        type = "conv2d"
        out_channels = 1
        kernel_size = 2
        bias = "position"
    "#,
    loss: "quadratic",
    parameters: &[&[1.0, 2.0, 3.0, 4.0], &[10.0, 20.0, 30.0, 40.0]],
    input: NINE,
    output: &[
        47.0,  // 37 + 10
        67.0,  // 47 + 20
        97.0,  // 67 + 30
        117.0, // 77 + 40
    ],
    target: &[46.0, 68.0, 95.0, 117.0],
    cost: 3.0,
    gradients: &[&[7.0, 9.0, 13.0, 15.0], &[1.0, -1.0, 2.0, 0.0]],
    input_gradient: CROSS_CORRELATION.input_gradient,
};

/// A 3×3 kernel `1 … 9` in steps of 2 over the input with one row and column of zeros around it; `δ = [1 0; 0 2]`.
pub const STRIDE_AND_PADDING: Example = Example {
    toml: r#"
        [network]
        name = "StrideAndPadding"
        input = [1, 3, 3]
        dtype = "f64"

        [[layer]]
        type = "conv2d"
        out_channels = 1
        kernel_size = 3
        stride = 2
        padding = 1
        bias = false
    "#,
    loss: "quadratic",
    parameters: &[NINE],
    input: NINE,
    output: &[
        94.0,  // 5·1 + 6·2 + 8·4 + 9·5
        106.0, // 4·2 + 5·3 + 7·5 + 8·6
        106.0, // 2·4 + 3·5 + 5·7 + 6·8
        94.0,  // 1·5 + 2·6 + 4·8 + 5·9
    ],
    target: &[93.0, 106.0, 106.0, 92.0],
    cost: 2.5, // ½ (1 + 4)
    gradients: &[&[
        10.0, // 2·5
        12.0, // 2·6
        0.0, 16.0, // 2·8
        19.0, // 1·1 + 2·9
        2.0,  // 1·2
        0.0, 4.0, // 1·4
        5.0, // 1·5
    ]],
    input_gradient: &[
        5.0, // 1·5
        6.0, // 1·6
        0.0, 8.0,  // 1·8
        11.0, // 1·9 + 2·1
        4.0,  // 2·2
        0.0, 8.0,  // 2·4
        10.0, // 2·5
    ],
};

/// The delta goes to the largest value of each window, the first one where several are equal; `δ = [1 2; 3 4]`.
pub const MAX_POOLING: Example = Example {
    toml: r#"
        [network]
        name = "MaxPooling"
        input = [1, 4, 4]
        dtype = "f64"

        [[layer]]
        type = "max_pool2d"
        kernel_size = 2
    "#,
    loss: "quadratic",
    parameters: &[],
    #[rustfmt::skip]
    input: &[
        1.0, 5.0,   2.0,  0.0,
        3.0, 4.0,   2.0,  2.0,

        7.0, 7.0,  -1.0, -2.0,
        0.0, 7.0,  -3.0, -4.0,
    ],
    output: &[5.0, 2.0, 7.0, -1.0],
    target: &[4.0, 0.0, 4.0, -5.0],
    cost: 15.0, // ½ (1 + 4 + 9 + 16)
    gradients: &[],
    #[rustfmt::skip]
    input_gradient: &[
        0.0, 1.0,   2.0, 0.0,
        0.0, 0.0,   0.0, 0.0,

        3.0, 0.0,   4.0, 0.0,
        0.0, 0.0,   0.0, 0.0,
    ],
};

#[rustfmt::skip]
const SIXTEEN: &[f64] = &[
    1.0,  2.0,   3.0,  4.0,
    5.0,  6.0,   7.0,  8.0,

    9.0, 10.0,  11.0, 12.0,
   13.0, 14.0,  15.0, 16.0,
];

/// The mean of each window; each of its values gets a quarter of the delta, `δ = [4 8; −4 0]`.
pub const AVERAGE_POOLING: Example = Example {
    toml: r#"
        [network]
        name = "AveragePooling"
        input = [1, 4, 4]
        dtype = "f64"

        [[layer]]
        type = "avg_pool2d"
        kernel_size = 2
    "#,
    loss: "quadratic",
    parameters: &[],
    input: SIXTEEN,
    output: &[3.5, 5.5, 11.5, 13.5], // (1 + 2 + 5 + 6) / 4, …
    target: &[-0.5, -2.5, 15.5, 13.5],
    cost: 48.0, // ½ (16 + 64 + 16)
    gradients: &[],
    #[rustfmt::skip]
    input_gradient: &[
         1.0,  1.0,   2.0, 2.0,
         1.0,  1.0,   2.0, 2.0,

        -1.0, -1.0,   0.0, 0.0,
        -1.0, -1.0,   0.0, 0.0,
    ],
};

/// Average pooling as a convolution whose weights are all ¼; they would not be learnt.
pub const AVERAGE_POOLING_AS_CONVOLUTION: Example = Example {
    toml: r#"
        [network]
        name = "AveragePoolingAsConvolution"
        input = [1, 4, 4]
        dtype = "f64"

        [[layer]]
        type = "conv2d"
        out_channels = 1
        kernel_size = 2
        stride = 2
        bias = false
    "#,
    parameters: &[&[0.25, 0.25, 0.25, 0.25]],
    gradients: &[&[
        -8.0, // 4·1 + 8·3 − 4·9
        0.0,  // 4·2 + 8·4 − 4·10
        24.0, // 4·5 + 8·7 − 4·13
        32.0, // 4·6 + 8·8 − 4·14
    ]],
    ..AVERAGE_POOLING
};

/// `ln 3`: there the sigmoid is 3/4.
const LN_3: f64 = 1.098_612_288_668_109_8;

/// `a = 1 / (1 + e⁻ᶻ)`, quadratic cost, `∂C/∂z = (a − y) ⊙ a (1 − a)`.
pub const SIGMOID: Example = Example {
    toml: r#"
        [network]
        name = "Sigmoid"
        input = [3]
        dtype = "f64"

        [[layer]]
        type = "sigmoid"
    "#,
    loss: "quadratic",
    parameters: &[],
    input: &[0.0, LN_3, -LN_3],
    output: &[0.5, 0.75, 0.25],
    target: &[1.0, 0.0, 0.25],
    cost: 0.40625, // ½ (1/4 + 9/16 + 0)
    gradients: &[],
    input_gradient: &[
        -0.125,    // −1/2 · 1/4
        0.140_625, // 3/4 · 3/16
        0.0,
    ],
};

/// `a = tanh z`, `∂C/∂z = (a − y) ⊙ (1 − a²)`.
pub const TANH: Example = Example {
    toml: r#"
        [network]
        name = "Tanh"
        input = [2]
        dtype = "f64"

        [[layer]]
        type = "tanh"
    "#,
    loss: "quadratic",
    parameters: &[],
    input: &[0.0, LN_2],
    output: &[0.0, 0.6], // (2 − ½) / (2 + ½)
    target: &[1.0, 1.6],
    cost: 1.0, // ½ (1 + 1)
    gradients: &[],
    input_gradient: &[
        -1.0,  // −1 · (1 − 0)
        -0.64, // −1 · (1 − 0.36)
    ],
};

/// `a = max(0, z)`: the delta passes where `z > 0`.
pub const RELU: Example = Example {
    toml: r#"
        [network]
        name = "Relu"
        input = [3]
        dtype = "f64"

        [[layer]]
        type = "relu"
    "#,
    loss: "quadratic",
    parameters: &[],
    input: &[-2.0, 0.0, 3.0],
    output: &[0.0, 0.0, 3.0],
    target: &[1.0, 1.0, 1.0],
    cost: 3.0, // ½ (1 + 1 + 4)
    gradients: &[],
    input_gradient: &[0.0, 0.0, 2.0],
};

/// The mean squared error of four outputs: `∂C/∂a = 2 (a − y) / 4`.
pub const MEAN_SQUARED_ERROR: Example = Example {
    toml: r#"
        [network]
        name = "MeanSquaredError"
        input = [4]
        dtype = "f64"

        [[layer]]
        type = "relu"
    "#,
    loss: "mse",
    parameters: &[],
    input: &[1.0, 2.0, 3.0, 4.0],
    output: &[1.0, 2.0, 3.0, 4.0],
    target: &[0.0, 0.0, 4.0, 6.0],
    cost: 2.5, // (1 + 4 + 1 + 4) / 4
    gradients: &[],
    input_gradient: &[0.5, 1.0, -0.5, -1.0],
};

/// Logits `(0, ln 3)`, probabilities `(¼, ¾)`, label 1: `C = −ln ¾` and `δ = p − y`.
pub const SOFTMAX_CROSS_ENTROPY: Example = Example {
    toml: r#"
        [network]
        name = "SoftmaxCrossEntropy"
        input = [2]
        dtype = "f64"

        [[layer]]
        type = "dense"
        out_features = 2
        bias = false
    "#,
    loss: "softmax_cross_entropy",
    parameters: &[&[1.0, 0.0, 0.0, 1.0]],
    input: &[0.0, LN_3],
    output: &[0.0, LN_3],
    target: &[0.0, 1.0],
    cost: 2.0 * LN_2 - LN_3,
    gradients: &[&[0.0, 0.25 * LN_3, 0.0, -0.25 * LN_3]],
    input_gradient: &[0.25, -0.25],
};

/// A 3×3 input, a 2×2 filter `w = [1 −2; 0 3]`, a 2×2 output, squared error; `δ = [1 2; −2 1]`.
pub const WORKED_EXAMPLE_1: Example = Example {
    toml: r#"
        [network]
        name = "WorkedExample1"
        input = [1, 3, 3]
        dtype = "f64"

        [[layer]]
        type = "conv2d"
        out_channels = 1
        kernel_size = 2
        bias = false
    "#,
    loss: "quadratic",
    parameters: &[&[1.0, -2.0, 0.0, 3.0]],
    input: NINE,
    output: &[
        12.0, // 1·1 − 2·2 + 0·4 + 3·5
        14.0, // 1·2 − 2·3 + 0·5 + 3·6
        18.0, // 1·4 − 2·5 + 0·7 + 3·8
        20.0, // 1·5 − 2·6 + 0·8 + 3·9
    ],
    target: &[11.0, 12.0, 20.0, 19.0],
    cost: 5.0, // ½ (1 + 4 + 4 + 1)
    gradients: &[&[
        2.0,  // 1·1 + 2·2 − 2·4 + 1·5
        4.0,  // 1·2 + 2·3 − 2·5 + 1·6
        8.0,  // 1·4 + 2·5 − 2·7 + 1·8
        10.0, // 1·5 + 2·6 − 2·8 + 1·9
    ]],
    input_gradient: &[
        1.0,  // 1·1
        0.0,  // 1·(−2) + 2·1
        -4.0, // 2·(−2)
        -2.0, // 1·0 − 2·1
        8.0,  // 1·3 + 2·0 − 2·(−2) + 1·1
        4.0,  // 2·3 + 1·(−2)
        0.0,  // −2·0
        -6.0, // −2·3 + 1·0
        3.0,  // 1·3
    ],
};

/// The same with a second filter `v = [2 −1; 1 −1]` on top, a 1×1 output `o` and the cost `(o − y)²`.
pub const WORKED_EXAMPLE_2: Example = Example {
    toml: r#"
        [network]
        name = "WorkedExample2"
        input = [1, 3, 3]
        dtype = "f64"

        [[layer]]
        type = "conv2d"
        out_channels = 1
        kernel_size = 2
        bias = false

        [[layer]]
        type = "conv2d"
        out_channels = 1
        kernel_size = 2
        bias = false
    "#,
    loss: "mse",
    parameters: &[&[1.0, -2.0, 0.0, 3.0], &[2.0, -1.0, 1.0, -1.0]],
    input: NINE,
    output: &[8.0], // 2·12 − 1·14 + 1·18 − 1·20
    target: &[5.0],
    cost: 9.0, // 3², so ∂C/∂o = 2·3 = 6 and ∂C/∂z = 6 v = [12 −6; 6 −6]
    gradients: &[
        &[
            -6.0, // 12·1 − 6·2 + 6·4 − 6·5
            0.0,  // 12·2 − 6·3 + 6·5 − 6·6
            12.0, // 12·4 − 6·5 + 6·7 − 6·8
            18.0, // 12·5 − 6·6 + 6·8 − 6·9
        ],
        &[
            72.0,  // 6·12
            84.0,  // 6·14
            108.0, // 6·18
            120.0, // 6·20
        ],
    ],
    input_gradient: &[
        12.0,  // 12·1
        -30.0, // 12·(−2) − 6·1
        12.0,  // −6·(−2)
        6.0,   // 12·0 + 6·1
        18.0,  // 12·3 − 6·0 + 6·(−2) − 6·1
        -6.0,  // −6·3 − 6·(−2)
        0.0,   // 6·0
        18.0,  // 6·3 − 6·0
        -18.0, // −6·3
    ],
};

/// The first worked example as a dense layer: one row for each output, zeros outside its neighbourhood.
pub const CONVOLUTION_AS_DENSE: Example = Example {
    toml: r#"
        [network]
        name = "ConvolutionAsDense"
        input = [1, 3, 3]
        dtype = "f64"

        [[layer]]
        type = "dense"
        out_features = 4
        bias = false
    "#,
    #[rustfmt::skip]
    parameters: &[&[
        1.0, -2.0,  0.0,   0.0, 3.0,  0.0,   0.0, 0.0, 0.0,
        0.0,  1.0, -2.0,   0.0, 0.0,  3.0,   0.0, 0.0, 0.0,
        0.0,  0.0,  0.0,   1.0, -2.0, 0.0,   0.0, 3.0, 0.0,
        0.0,  0.0,  0.0,   0.0, 1.0, -2.0,   0.0, 0.0, 3.0,
    ]],
    // Row o is δ[o] · x. The four entries that hold the same weight sum up to the convolution's gradient.
    #[rustfmt::skip]
    gradients: &[&[
         1.0,  2.0,  3.0,    4.0,   5.0,   6.0,    7.0,   8.0,   9.0,
         2.0,  4.0,  6.0,    8.0,  10.0,  12.0,   14.0,  16.0,  18.0,
        -2.0, -4.0, -6.0,   -8.0, -10.0, -12.0,  -14.0, -16.0, -18.0,
         1.0,  2.0,  3.0,    4.0,   5.0,   6.0,    7.0,   8.0,   9.0,
    ]],
    ..WORKED_EXAMPLE_1
};

/// Where each weight of the filter stands in the rows of [`CONVOLUTION_AS_DENSE`].
pub const TIED: [[usize; 4]; 4] = [
    [0, 10, 21, 31], // w[0, 0] at x[0, 0], x[0, 1], x[1, 0], x[1, 1] of rows 0, 1, 2, 3
    [1, 11, 22, 32], // w[0, 1], one to the right
    [3, 13, 24, 34], // w[1, 0], one below the first
    [4, 14, 25, 35], // w[1, 1]
];
