//! Outputs that only training has a use for are no part of inference.

mod support;

use support::Folder;

const LAYERS: [&str; 3] = [
    r#"[network]
name = "Net"
input = [1, 12, 12]

[[layer]]
type = "conv2d"
out_channels = 2
kernel_size = 3
activation = "relu"

[[layer]]
name = "halved"
type = "max_pool2d"
kernel_size = 2
"#,
    r#"
[[layer]]
name = "early"
type = "dense"
out_features = 3
"#,
    r#"
[[layer]]
name = "deep"
type = "conv2d"
input = "halved"
out_channels = 3
kernel_size = 2
activation = "tanh"

[[layer]]
name = "classes"
type = "dense"
out_features = 3

[training]
optimizer = "sgd"
"#,
];

const LOSSES: &str = r#"
[[training.losses]]
output = "early"
loss = "softmax_cross_entropy"
weight = 0.3

[[training.losses]]
output = "classes"
loss = "softmax_cross_entropy"
"#;

/// The code of the network with and without another output.
fn both(flags: &[&str]) -> [String; 2] {
    let [above, early, below] = LAYERS;
    let with = format!("{above}{early}{below}{LOSSES}");
    let without = format!("{above}{below}loss = \"softmax_cross_entropy\"\n");
    [with, without].map(|net| {
        let folder = Folder::new();
        folder.write("net.toml", net);
        let outcome = folder.run(&[&["net.toml"], flags].concat());
        assert_eq!(outcome.code, Some(0), "{}", outcome.stderr);
        outcome.stdout
    })
}

/// The text from one line up to another.
fn part<'t>(text: &'t str, from: &str, to: &str) -> &'t str {
    let (_, rest) = text.split_once(from).unwrap();
    rest.split_once(to).unwrap().0
}

#[test]
fn one_sample_on_vectors_is_computed_as_if_there_were_no_other_output() {
    let [with, without] = both(&[]);
    let inference = |text| {
        part(
            text,
            "pub struct Activations {",
            "pub struct LaneActivations {",
        )
    };
    assert_eq!(inference(&with), inference(&without));
}

#[test]
fn a_batch_on_vectors_is_computed_as_if_there_were_no_other_output() {
    let [with, without] = both(&[]);
    for function in ["pub fn forward_lanes<", "pub fn outputs_lanes<"] {
        let body = |text| part(text, function, "\n}\n");
        assert_eq!(body(&with), body(&without));
    }
    assert!(part(&with, "pub fn forward_auxiliary_lanes<", "\n}\n").contains("early_forward"));
}

#[test]
fn plain_loops_leave_other_outputs_to_training() {
    let [with, without] = both(&["--kernels", "plain"]);
    let forward = |text| part(text, "pub fn forward(", "\n}\n");
    assert_eq!(forward(&with), forward(&without));
    assert!(part(&with, "pub fn forward_auxiliary(", "\n}\n").contains("early_forward"));
    let inference = part(&with, "fn forward<'a>(", "fn forward_batch(");
    assert!(!inference.contains("auxiliary"));
}
