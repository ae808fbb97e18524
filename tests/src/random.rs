//! Random networks from the whole language: layers, branches and blocks with options that fit.

use cnn_runtime::Rng;
use cnn_spec::network::Layer;
use std::env;
use std::fmt::Write as _;

/// How many networks a test draws: as many as the environment variable `CNN_RANDOM_NETWORKS` says, or enough for every
/// day.
///
/// # Panics
/// If the variable is not a number.
pub fn count(every_day: u64) -> u64 {
    env::var("CNN_RANDOM_NETWORKS").map_or(every_day, |count| {
        count.parse().expect("CNN_RANDOM_NETWORKS is a number")
    })
}

/// The file of a random network: the same number, the same file.
pub fn network(number: u64, dtype: &str) -> String {
    let mut draw = Draw(Rng::stream(0x636e_6e21, number));
    let mut text = draw.header(dtype);
    for part in 0..=draw.below(6) {
        // What does not fit is drawn again, a few times.
        let mut layers = || match draw.below(8) {
            0 | 1 => draw.branches(part),
            2 => draw.block(part),
            _ => draw.layer(),
        };
        let _ = (0..4).any(|_| push_fitting(&mut text, &layers()));
    }
    if parse(&text).is_none_or(|network| !network.layers.iter().any(Layer::learns)) {
        text += "\n[[layer]]\ntype = \"dense\"\nout_features = 3\n";
    }
    if draw.is_lucky(5) {
        let kind = draw.one_of(&["softmax", "softmax", "log_softmax"]);
        push_fitting(&mut text, &format!("\n[[layer]]\ntype = \"{kind}\"\n"));
    }
    let training = draw.training();
    let heads = draw.is_lucky(3).then(|| draw.heads(&training));
    if heads.is_some_and(|heads| push_fitting(&mut text, &heads)) {
        return text;
    }
    if !push_fitting(&mut text, &training) {
        text += "
[training]
loss = \"quadratic\"
";
        // With batch norms a whole batch is kept.
        text += &after_loss(&training).replace("65536", "64");
    }
    text
}

/// The lines of `[training]` after the one with the loss.
fn after_loss(training: &str) -> &str {
    let loss = training.find("loss = ").unwrap_or(0);
    training[loss..]
        .split_once('\n')
        .map_or("", |(_, rest)| rest)
}

/// Adds a part if the network is still one, and a small one.
fn push_fitting(text: &mut String, part: &str) -> bool {
    const MAX_VALUES: usize = 400;
    const MAX_PARAMETERS: usize = 2000;
    let whole = format!("{text}{part}");
    let fits = parse(&whole).is_some_and(|network| {
        let mut layers = network.layers.iter();
        layers.all(|layer| layer.output_shape.elements() <= MAX_VALUES)
            && network.parameter_count() <= MAX_PARAMETERS
    });
    if fits {
        *text = whole;
    }
    fits
}

fn parse(text: &str) -> Option<cnn_spec::Network> {
    cnn_spec::parse(text, "random.toml").ok()
}

const NETWORK_NAMES: &[&str] = &["Net", "A", "LeNet5", "LongestNameThatANetworkIsAllowed"];

/// Names that the generated code uses for something else, and as long as can be.
const LAYER_NAMES: &[&str] = &[
    "a",
    "bias",
    "c",
    "conv1",
    "d",
    "delta",
    "first_moment",
    "group",
    "i",
    "index",
    "input_delta",
    "kernel",
    "largest",
    "logits",
    "o",
    "sum",
    "step",
    "tensor",
    "values",
    "velocity",
    "w",
    "weight",
    "x",
    "z",
    "layer_2_of_3",
    "longest_name_a_layer_may_have_11",
    "longest_name_a_layer_may_have_22",
];

const ACTIVATIONS: &[&str] = &[
    "\"relu\"",
    "\"leaky_relu\"",
    "{ type = \"leaky_relu\", negative_slope = 0.3183 }",
    "{ type = \"leaky_relu\", negative_slope = 0.0 }",
    "\"sigmoid\"",
    "\"tanh\"",
    "\"relu6\"",
    "\"elu\"",
    "{ type = \"elu\", alpha = 0.5 }",
    "\"selu\"",
    "\"gelu\"",
    "{ type = \"gelu\", approximate = \"tanh\" }",
    "\"silu\"",
    "\"softplus\"",
    "{ type = \"softplus\", beta = 2.5, threshold = 1.5 }",
    "\"hard_sigmoid\"",
    "\"hard_swish\"",
    "\"prelu\"",
];

/// Blocks with a parameter `n`.
const BLOCKS: &[&str] = &[
    "{ type = \"relu\", name = \"left\" }, { type = \"add\", inputs = [\"input\", \"left\"] }",
    "{ type = \"conv2d\", name = \"left\", out_channels = \"$n\", kernel_size = 1 }, \
     { type = \"concat\", inputs = [\"left\", \"input\"], activation = \"tanh\" }",
    "{ type = \"conv1d\", name = \"left\", out_channels = \"$n\", kernel_size = 1 }, \
     { type = \"concat\", inputs = [\"input\", \"left\"] }",
    "{ type = \"dense\", name = \"left\", out_features = \"$n\", activation = \"silu\" }, \
     { type = \"gelu\", name = \"right\" }, { type = \"add\", inputs = [\"left\", \"right\"] }",
    "{ type = \"elu\", name = \"left\" }, { type = \"tanh\", name = \"right\", input = \"input\", when = false }, \
     { type = \"add\", inputs = [\"left\", \"right\"] }",
];

const INITIALIZATIONS: &[&str] = &[
    "\"pytorch\"",
    "\"kaiming_uniform\"",
    "\"kaiming_normal\"",
    "\"xavier_uniform\"",
    "\"xavier_normal\"",
];

const LOSSES: &[&str] = &[
    "\"softmax_cross_entropy\"",
    "\"softmax_cross_entropy\"",
    "{ type = \"softmax_cross_entropy\", label_smoothing = 0.1 }",
    "{ type = \"nll\", label_smoothing = 0.3 }",
    "\"binary_cross_entropy\"",
    "{ type = \"binary_cross_entropy\", pos_weight = 2.5 }",
    "\"mse\"",
    "\"quadratic\"",
    "\"l1\"",
    "{ type = \"smooth_l1\", beta = 0.7071 }",
    "{ type = \"huber\", delta = 0.5 }",
];

const SGD: &[&str] = &[
    "momentum = 0.9",
    "momentum = 0.5, nesterov = true",
    "weight_decay = 0.01",
    "momentum = 0.7071, nesterov = true, weight_decay = 1e-5",
];

const ADAM: &[&str] = &[
    "betas = [0.8, 0.95]",
    "epsilon = 1e-30",
    "weight_decay = 0.0",
    "betas = [0.0, 0.999999], epsilon = 1e-3, weight_decay = 0.5, amsgrad = true",
];

const OPTIMIZERS: &[&str] = &[
    "sgd", "sgd", "adam", "adamw", "nadam", "rmsprop", "adagrad", "lion", "muon",
];

const NADAM: &[&str] = &["momentum_decay = 0.0", "weight_decay = 0.1, epsilon = 1e-3"];

const RMSPROP: &[&str] = &[
    "centered = true, momentum = 0.9",
    "alpha = 0.5, weight_decay = 0.1",
];

const ADAGRAD: &[&str] = &["learning_rate_decay = 0.1", "weight_decay = 0.1"];

const LION: &[&str] = &["weight_decay = 0.1", "betas = [0.5, 0.3183]"];

const MUON: &[&str] = &[
    "nesterov = false, ns_steps = 2",
    "adjust_learning_rate = \"match_rms_adamw\", adamw = { learning_rate = 0.01, betas = [0.5, 0.9] }",
];

const SCHEDULES: &[&str] = &[
    "\"constant\"",
    "\"cosine\"",
    "{ type = \"cosine\", t_max = 7, eta_min = 1e-5, warmup = { steps = 500 } }",
    "{ type = \"step\", step_size = 3 }",
    "{ type = \"multi_step\", milestones = [3, 5] }",
    "{ type = \"exponential\", gamma = 0.7071 }",
    "{ type = \"polynomial\", total_iters = 4, power = 0.9 }",
    "{ type = \"one_cycle\", three_phase = true, warmup = { steps = 5, start_factor = 0.3183 } }",
    "\"reduce_on_plateau\"",
];

const RATES: &[&str] = &["0.001", "0.1", "3.14", "1e-12", "1000.0"];

struct Draw(Rng);

impl Draw {
    fn below(&mut self, end: usize) -> usize {
        self.0.below(end)
    }

    /// True once in so many times.
    fn is_lucky(&mut self, times: usize) -> bool {
        self.below(times) == 0
    }

    fn one_of<T: Copy>(&mut self, options: &[T]) -> T {
        options[self.below(options.len())]
    }

    /// A number, or a pair.
    fn sizes(&mut self, from: usize, to: usize) -> String {
        let [first, second] = [(); 2].map(|()| from + self.below(to - from + 1));
        if self.is_lucky(3) {
            format!("[{first}, {second}]")
        } else {
            first.to_string()
        }
    }

    fn header(&mut self, dtype: &str) -> String {
        let name = self.one_of(NETWORK_NAMES);
        let mut size = |max| 1 + self.below(max);
        let input = match size(4) {
            1 => format!("[{}]", size(12)),
            2 => format!("[{}, {}]", size(4), 3 + size(14)),
            _ => format!("[{}, {}, {}]", size(4), 3 + size(8), 3 + size(8)),
        };
        let mut text =
            format!("[network]\nname = \"{name}\"\ninput = {input}\ndtype = \"{dtype}\"\n");
        self.option(&mut text, 3, "initialization", INITIALIZATIONS);
        text
    }

    /// Writes a key, once in so many times, with one of some values.
    fn option(&mut self, text: &mut String, times: usize, key: &str, values: &[&str]) {
        let value = self.one_of(values);
        if self.is_lucky(times) {
            let _ = writeln!(text, "{key} = {value}");
        }
    }

    /// Writes a key, once in so many times, with a number or a pair.
    fn size_option(&mut self, text: &mut String, times: usize, key: &str, [from, to]: [usize; 2]) {
        let sizes = self.sizes(from, to);
        if self.is_lucky(times) {
            let _ = writeln!(text, "{key} = {sizes}");
        }
    }

    fn layer(&mut self) -> String {
        let mut text = String::from("\n[[layer]]\n");
        if self.is_lucky(3) {
            let _ = writeln!(text, "name = \"{}\"", self.one_of(LAYER_NAMES));
        }
        self.kind(&mut text);
        text
    }

    /// The type of a layer and its keys.
    fn kind(&mut self, text: &mut String) {
        match self.below(32) {
            0..5 => self.conv(text, "conv2d"),
            5..8 => self.conv(text, "conv1d"),
            8 | 25 => self.conv_transpose2d(text),
            9 => self.pool(text, "max_pool2d"),
            10 => self.pool(text, "avg_pool2d"),
            11 => self.pool(text, "max_pool1d"),
            12 => self.pool(text, "avg_pool1d"),
            13 => self.global_pool(text),
            14 | 26 => self.resize(text),
            15 => self.zero_pad2d(text),
            16 | 27 => self.layer_norm(text),
            17 => self.reshape(text),
            18..20 => self.dense(text),
            22 => {
                let groups = self.one_of(&["2", "3", "4", "6"]);
                let _ = writeln!(text, "type = \"channel_shuffle\"\ngroups = {groups}");
            }
            20 => *text += "type = \"flatten\"\n",
            28..30 => self.batch_norm(text),
            30 => self.dropout(text),
            21 => *text += self.one_of(&["type = \"softmax\"\n", "type = \"log_softmax\"\n"]),
            _ => self.activation(text),
        }
    }

    /// A layer whose output often has the shape of its input.
    fn keeping(&mut self, text: &mut String) {
        match self.below(6) {
            0 | 1 => {
                *text +=
                    "type = \"conv2d\"\nout_channels = 3\nkernel_size = 3\npadding = \"same\"\n";
            }
            2 => *text += "type = \"conv1d\"\nout_channels = 3\nkernel_size = 3\npadding = 1\n",
            3 => *text += "type = \"dense\"\nout_features = 4\n",
            4 => self.kind(text),
            _ => self.activation(text),
        }
    }

    /// Layers that meet again, if they fit.
    fn branches(&mut self, part: usize) -> String {
        let mut text = String::new();
        let stem = self.one_of(&["input", "stem"]);
        for name in ["stem", "left", "right"] {
            let _ = writeln!(text, "\n[[layer]]\nname = \"{name}{part}\"");
            if name == "right" {
                let number = if stem == "stem" {
                    part.to_string()
                } else {
                    String::new()
                };
                let _ = writeln!(text, "input = \"{stem}{number}\"");
            }
            self.keeping(&mut text);
        }
        let join = self.one_of(&["add", "concat"]);
        let inputs = self.one_of(&[
            "\"left#\", \"right#\"",
            "\"right#\", \"left#\"",
            "\"left#\", \"right#\", \"stem#\"",
        ]);
        let inputs = inputs.replace('#', &part.to_string());
        let _ = writeln!(text, "\n[[layer]]\ntype = \"{join}\"\ninputs = [{inputs}]");
        self.option(&mut text, 2, "activation", ACTIVATIONS);
        text
    }

    fn block(&mut self, part: usize) -> String {
        let layers = self.one_of(BLOCKS);
        let mut text = format!(
            "\n[[block]]\nname = \"part{part}\"\nparameters = [\"n\"]\nlayer = [{layers}]\n\
             \n[[layer]]\ntype = \"block\"\nblock = \"part{part}\"\nn = {}\n",
            1 + self.below(4)
        );
        self.option(&mut text, 2, "repeat", &["2", "3"]);
        text
    }

    fn conv_transpose2d(&mut self, text: &mut String) {
        let channels = 1 + self.below(4);
        let _ = writeln!(
            text,
            "type = \"conv_transpose2d\"\nout_channels = {channels}"
        );
        let _ = writeln!(text, "kernel_size = {}", self.sizes(1, 3));
        self.size_option(text, 2, "stride", [1, 3]);
        self.size_option(text, 3, "dilation", [1, 2]);
        self.size_option(text, 3, "padding", [0, 2]);
        self.size_option(text, 2, "output_padding", [0, 1]);
        self.option(text, 3, "groups", &["1", "2", "3"]);
        self.option(text, 3, "bias", &["false", "true"]);
        self.option(text, 3, "initialization", INITIALIZATIONS);
        self.option(text, 3, "activation", ACTIVATIONS);
    }

    fn global_pool(&mut self, text: &mut String) {
        let kinds = [
            "global_avg_pool2d",
            "global_max_pool2d",
            "global_avg_pool1d",
            "global_max_pool1d",
        ];
        let _ = writeln!(text, "type = \"{}\"", self.one_of(&kinds));
        self.option(text, 3, "activation", ACTIVATIONS);
    }

    fn resize(&mut self, text: &mut String) {
        let (kind, key) = self.one_of(&[
            ("adaptive_avg_pool2d", "output_size"),
            ("upsample2d", "scale_factor"),
        ]);
        let _ = writeln!(text, "type = \"{kind}\"\n{key} = {}", self.sizes(1, 3));
    }

    fn zero_pad2d(&mut self, text: &mut String) {
        let padding = self.one_of(&["1", "[1, 0, 2, 0]", "[0, 1, 0, 0]"]);
        let _ = writeln!(text, "type = \"zero_pad2d\"\npadding = {padding}");
    }

    fn layer_norm(&mut self, text: &mut String) {
        *text += "type = \"layer_norm\"\n";
        // Where all values are alike, a smaller one leaves nothing but rounding errors.
        let _ = writeln!(text, "epsilon = {}", self.one_of(&["0.1", "0.01"]));
        let shapes = ["[3]", "[4]", "[5]", "[6]", "[7]", "[8]", "[4, 4]", "[8, 8]"];
        self.option(text, 2, "normalized_shape", &shapes);
        self.option(text, 3, "elementwise_affine", &["true", "false"]);
        self.option(text, 3, "bias", &["true", "false"]);
    }

    /// After something without a bias, which would have no gradient but rounding errors.
    fn batch_norm(&mut self, text: &mut String) {
        let before = self.one_of(&["tanh", "gelu", "silu"]);
        let kind = self.one_of(&["batch_norm2d", "batch_norm2d", "batch_norm1d"]);
        let _ = writeln!(text, "type = \"{before}\"\n\n[[layer]]\ntype = \"{kind}\"");
        // Of a few values, a smaller one leaves nothing but their signs.
        let _ = writeln!(text, "epsilon = {}", self.one_of(&["0.5", "0.1"]));
        self.option(text, 3, "momentum", &["0.01", "1.0"]);
        self.option(text, 3, "affine", &["true", "false"]);
        self.option(text, 3, "activation", ACTIVATIONS);
    }

    fn dropout(&mut self, text: &mut String) {
        let kind = self.one_of(&["dropout", "dropout2d"]);
        let _ = writeln!(
            text,
            "type = \"{kind}\"\np = {}",
            self.one_of(&["0.0", "0.2", "0.5"])
        );
    }

    fn reshape(&mut self, text: &mut String) {
        let shape = self.one_of(&[
            "[6]",
            "[2, 3]",
            "[2, 4]",
            "[2, 2, 2]",
            "[3, 2, 2]",
            "[1, 6, 6]",
        ]);
        let _ = writeln!(text, "type = \"reshape\"\nshape = {shape}");
    }

    /// Pairs do not fit in one dimension, so that some of these are not taken.
    fn conv(&mut self, text: &mut String, kind: &str) {
        let channels = 1 + self.below(6);
        let _ = writeln!(text, "type = \"{kind}\"\nout_channels = {channels}");
        let _ = writeln!(text, "kernel_size = {}", self.sizes(1, 4));
        self.size_option(text, 3, "stride", [1, 3]);
        self.size_option(text, 3, "dilation", [1, 3]);
        if self.is_lucky(3) {
            *text += self.one_of(&["padding = \"same\"\n", "padding = \"valid\"\n"]);
        } else {
            self.size_option(text, 2, "padding", [0, 2]);
        }
        self.option(text, 3, "groups", &["1", "2", "3", "4"]);
        let biases = [
            "\"channel\"",
            "\"position\"",
            "\"position\"",
            "false",
            "true",
        ];
        self.option(text, 2, "bias", &biases);
        self.option(
            text,
            2,
            "mode",
            &["\"cross_correlation\"", "\"convolution\""],
        );
        self.option(text, 3, "initialization", INITIALIZATIONS);
        self.option(text, 6, "frozen", &["true"]);
        self.option(text, 6, "learning_rate_factor", &["0.1", "3.14"]);
        self.option(text, 2, "activation", ACTIVATIONS);
    }

    fn pool(&mut self, text: &mut String, kind: &str) {
        let _ = writeln!(
            text,
            "type = \"{kind}\"\nkernel_size = {}",
            self.sizes(1, 3)
        );
        self.size_option(text, 2, "stride", [1, 3]);
        self.size_option(text, 2, "padding", [0, 1]);
        self.option(text, 3, "activation", ACTIVATIONS);
    }

    fn dense(&mut self, text: &mut String) {
        let _ = writeln!(
            text,
            "type = \"dense\"\nout_features = {}",
            1 + self.below(8)
        );
        self.option(text, 2, "bias", &["true", "false"]);
        self.option(text, 3, "initialization", INITIALIZATIONS);
        self.option(text, 6, "frozen", &["true"]);
        self.option(text, 6, "learning_rate_factor", &["0.1", "3.14"]);
        self.option(text, 2, "activation", ACTIVATIONS);
    }

    fn activation(&mut self, text: &mut String) {
        let kind = self.one_of(&[
            "relu",
            "leaky_relu",
            "sigmoid",
            "tanh",
            "relu6",
            "elu",
            "selu",
            "gelu",
            "silu",
            "softplus",
            "hard_sigmoid",
            "hard_swish",
            "prelu",
        ]);
        let _ = writeln!(text, "type = \"{kind}\"");
        match kind {
            "leaky_relu" => self.option(text, 2, "negative_slope", &["0.2", "1.0", "0.57721"]),
            "gelu" => self.option(text, 2, "approximate", &["\"none\"", "\"tanh\""]),
            "prelu" => self.option(text, 2, "num_parameters", &["1", "2", "3", "4"]),
            _ => {}
        }
    }

    /// Two outputs more, with the loss of a training that has one.
    fn heads(&mut self, training: &str) -> String {
        let features = 2 + self.below(4);
        let loss = training.lines().find(|line| line.starts_with("loss = "));
        let loss = loss.unwrap_or_default();
        let training = training.replace(&format!("{loss}\n"), "");
        let mut text = String::from("\n[[layer]]\nname = \"trunk\"\ntype = \"tanh\"\n");
        for name in ["early", "late"] {
            let _ = writeln!(
                text,
                "\n[[layer]]\nname = \"{name}\"\ntype = \"dense\"\ninput = \"trunk\"\nout_features = {features}"
            );
        }
        text += &training;
        for name in ["early", "late"] {
            let _ = writeln!(text, "\n[[training.losses]]\noutput = \"{name}\"\n{loss}");
            self.option(&mut text, 2, "weight", &["0.3", "2.0"]);
        }
        text
    }

    fn training(&mut self) -> String {
        let loss = self.one_of(LOSSES);
        let kind = self.one_of(OPTIMIZERS);
        let mut text = format!("\n[training]\nloss = {loss}\n");
        let _ = write!(
            text,
            "optimizer = {{ type = \"{kind}\", learning_rate = {}",
            self.one_of(RATES)
        );
        if self.is_lucky(2) {
            let _ = write!(
                text,
                ", {}",
                self.one_of(match kind {
                    "sgd" => SGD,
                    "nadam" => NADAM,
                    "rmsprop" => RMSPROP,
                    "adagrad" => ADAGRAD,
                    "lion" => LION,
                    "muon" => MUON,
                    _ => ADAM,
                })
            );
        }
        text += " }\n";
        self.option(&mut text, 2, "schedule", SCHEDULES);
        let clip = self.one_of(&["clip_grad_norm", "clip_grad_value"]);
        self.option(&mut text, 3, clip, &["0.5", "3.14"]);
        self.option(&mut text, 3, "ema_decay", &["0.999", "0.0"]);
        self.option(&mut text, 4, "accumulation_steps", &["4"]);
        self.option(&mut text, 2, "epochs", &["1", "1000000"]);
        self.option(&mut text, 2, "batch_size", &["3", "65536"]);
        self.option(&mut text, 2, "seed", &["9223372036854775807"]);
        text
    }
}
