//! Blocks: what is written once and used often is the network that would be written out.

use cnn_spec::Network;
use cnn_spec::network::Source;

fn parse(text: &str) -> Network {
    let text = format!("[network]\nname = \"Net\"\ninput = [4, 8, 8]\n{text}");
    cnn_spec::parse(&text, "net.toml").unwrap_or_else(|report| panic!("{report}"))
}

/// Each layer's name and the names of what it reads.
fn graph(network: &Network) -> Vec<(String, Vec<String>)> {
    let name = |source: &Source| match source {
        Source::Input => "input".to_owned(),
        Source::Layer(index) => network.layers[*index].name.clone(),
    };
    let layers = network.layers.iter();
    layers
        .map(|layer| {
            let inputs = layer.inputs.iter().map(name);
            (layer.name.clone(), inputs.collect())
        })
        .collect()
}

fn assert_graph(network: &Network, expected: &[(&str, &[&str])]) {
    let expected: Vec<_> = expected
        .iter()
        .map(|(name, inputs)| {
            let inputs = inputs.iter().map(|&input| input.to_owned());
            ((*name).to_owned(), inputs.collect::<Vec<_>>())
        })
        .collect();
    assert_eq!(graph(network), expected);
}

const RESIDUAL: &str = r#"
[[block]]
name = "residual"
parameters = ["channels"]
defaults = { project = false }
layer = [
    { type = "conv2d", name = "a", out_channels = "$channels", kernel_size = 3, padding = 1, activation = "relu" },
    { type = "conv2d", name = "shortcut", input = "input", when = "$project", out_channels = "$channels", kernel_size = 1 },
    { type = "add", inputs = ["a", "shortcut"] },
]
"#;

#[test]
fn a_use_is_its_layers_written_out() {
    let written = parse(
        r#"
        [[layer]]
        name = "wide_a"
        type = "conv2d"
        out_channels = 6
        kernel_size = 3
        padding = 1
        activation = "relu"
        [[layer]]
        name = "wide_shortcut"
        type = "conv2d"
        input = "input"
        out_channels = 6
        kernel_size = 1
        [[layer]]
        name = "wide"
        type = "add"
        inputs = ["wide_a", "wide_shortcut"]
        "#,
    );
    let used = parse(&format!(
        "{RESIDUAL}[[layer]]\ntype = \"block\"\nblock = \"residual\"\nname = \"wide\"\nchannels = 6\nproject = true"
    ));
    assert_eq!(used, written);
}

#[test]
fn a_layer_that_is_left_out_is_what_it_would_have_read() {
    let network = parse(&format!(
        "{RESIDUAL}[[layer]]\ntype = \"relu\"\n[[layer]]\ntype = \"block\"\nblock = \"residual\"\nchannels = 4"
    ));
    assert_graph(
        &network,
        &[
            ("relu1", &["input"]),
            ("residual1_a", &["relu1"]),
            ("relu2", &["residual1_a"]),
            ("residual1", &["relu2", "relu1"]),
        ],
    );
}

#[test]
fn copies_follow_each_other_and_the_last_has_the_name() {
    let network = parse(&format!(
        "{RESIDUAL}
        [[layer]]
        type = \"block\"
        block = \"residual\"
        name = \"stage\"
        channels = 4
        repeat = 2
        [[layer]]
        type = \"tanh\"
        input = \"stage_1\"
        [[layer]]
        type = \"add\"
        inputs = [\"tanh1\", \"stage\"]"
    ));
    assert_graph(
        &network,
        &[
            ("stage_1_a", &["input"]),
            ("relu1", &["stage_1_a"]),
            ("stage_1", &["relu1", "input"]),
            ("stage_2_a", &["stage_1"]),
            ("relu2", &["stage_2_a"]),
            ("stage", &["relu2", "stage_1"]),
            ("tanh1", &["stage_1"]),
            ("add3", &["tanh1", "stage"]),
        ],
    );
}

#[test]
fn blocks_are_used_in_blocks_and_read_what_the_use_names() {
    let network = parse(&format!(
        "{RESIDUAL}
        [[block]]
        name = \"pair\"
        parameters = [\"slope\", \"width\"]
        [[block.layer]]
        type = \"leaky_relu\"
        negative_slope = \"$slope\"
        when = false
        [[block.layer]]
        type = \"block\"
        block = \"residual\"
        channels = \"$width\"
        [[block.layer]]
        name = \"bent\"
        type = \"conv2d\"
        out_channels = \"$width\"
        kernel_size = 1
        activation = {{ type = \"leaky_relu\", negative_slope = \"$slope\" }}
        [[block.layer]]
        type = \"block\"
        block = \"residual\"
        input = \"input\"
        channels = \"$width\"
        [[block.layer]]
        name = \"all\"
        type = \"concat\"
        inputs = [\"bent\", \"pair1_residual2\", \"input\"]
        [[layer]]
        name = \"first\"
        type = \"relu\"
        [[layer]]
        type = \"sigmoid\"
        [[layer]]
        type = \"block\"
        block = \"pair\"
        input = \"first\"
        width = 4
        slope = 0.5
        [[layer]]
        type = \"concat\"
        inputs = [\"sigmoid1\", \"pair1\"]"
    ));
    assert_graph(
        &network,
        &[
            ("first", &["input"]),
            ("sigmoid1", &["first"]),
            ("pair1_residual1_a", &["first"]),
            ("relu2", &["pair1_residual1_a"]),
            ("pair1_residual1", &["relu2", "first"]),
            ("pair1_bent", &["pair1_residual1"]),
            ("leaky_relu1", &["pair1_bent"]),
            ("pair1_residual2_a", &["first"]),
            ("relu3", &["pair1_residual2_a"]),
            ("pair1_residual2", &["relu3", "first"]),
            ("pair1", &["leaky_relu1", "pair1_residual2", "first"]),
            ("concat2", &["sigmoid1", "pair1"]),
        ],
    );
    assert_eq!(
        network.layers[6].kind.describe(),
        "leaky_relu, negative slope 0.5"
    );
}

#[test]
fn a_layer_reads_past_those_that_are_left_out() {
    let network = parse(
        r#"
        [[block]]
        name = "maybe"
        layer = [
            { type = "relu" },
            { type = "tanh", name = "gone", when = false },
            { type = "sigmoid", name = "back", input = "input", when = false },
            { type = "silu" },
            { type = "add", inputs = ["gone", "back", "maybe1_3"] },
        ]
        [[layer]]
        type = "block"
        block = "maybe"
        "#
        .replace("\"maybe1_3\"", "\"silu1\"")
        .as_str(),
    );
    assert_graph(
        &network,
        &[
            ("maybe1_1", &["input"]),
            ("silu1", &["input"]),
            ("maybe1", &["maybe1_1", "input", "silu1"]),
        ],
    );
}
