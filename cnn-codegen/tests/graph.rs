//! Pictures of networks.
//!
//! A picture of `examples/pictures` that differs is written anew, so that the change can be looked at, and then the
//! test fails.

mod support;

use roxmltree::{Document, Node};
use std::fs;
use std::path::PathBuf;
use support::{Folder, NET, Outcome};

/// A residual network in small.
const SKIP: &str = r#"
[network]
name = "Skip"
input = [2, 8, 8]

[[layer]]
type = "conv2d"
out_channels = 2
kernel_size = 3
padding = "same"
activation = "relu"

[[layer]]
type = "add"
inputs = ["conv1", "input"]

[[layer]]
type = "dense"
out_features = 3
"#;

fn examples() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../examples")
}

fn graph(net: &str, arguments: &[&str]) -> String {
    let folder = Folder::new();
    folder.write("net.toml", net);
    let outcome = folder.run(&[&["graph", "net.toml"], arguments].concat());
    assert_eq!((outcome.code, outcome.stderr.as_str()), (Some(0), ""));
    outcome.stdout
}

fn number(node: Node<'_, '_>, attribute: &str) -> f64 {
    node.attribute(attribute).unwrap().parse().unwrap()
}

#[test]
fn the_pictures_of_the_examples_are_as_they_were_looked_at() {
    let mut changed = Vec::new();
    for name in ["autoencoder", "lenet5", "resnet20"] {
        let net = fs::read_to_string(examples().join(format!("networks/{name}.toml"))).unwrap();
        let picture = graph(&net, &[]);
        let path = examples().join(format!("pictures/{name}.svg"));
        if fs::read_to_string(&path).unwrap_or_default() != picture {
            fs::write(path, picture).unwrap();
            changed.push(name);
        }
    }
    assert!(
        changed.is_empty(),
        "look at {changed:?} in examples/pictures"
    );
}

#[test]
fn every_network_fits_its_picture() {
    let folders = [
        examples().join("networks"),
        examples().join("../tests/kernels/networks"),
    ];
    let entries = folders
        .iter()
        .flat_map(|folder| fs::read_dir(folder).unwrap());
    for entry in entries {
        let net = fs::read_to_string(entry.unwrap().path()).unwrap();
        let network = cnn_spec::parse(&net, "net.toml").unwrap();
        let svg = graph(&net, &[]);
        let document = Document::parse(&svg).unwrap();
        let root = document.root_element();
        let (width, height) = (number(root, "width"), number(root, "height"));
        let texts = document
            .descendants()
            .filter(|node| node.has_tag_name("text"));
        let mut seen = Vec::new();
        for text in texts {
            let [x, y] = ["x", "y"].map(|attribute| number(text, attribute));
            assert!(
                (0.0..width).contains(&x) && (0.0..height).contains(&y),
                "{}",
                network.name
            );
            seen.push((text.text().unwrap(), x, y));
        }
        let is_shown = |wanted: &str| seen.iter().any(|(text, ..)| *text == wanted);
        // No arrow leaves what only training has a use for.
        let layers = network.layers.iter().zip(network.needed_for_output());
        for (layer, _) in layers.filter(|(_, is_needed)| *is_needed) {
            assert!(is_shown(&layer.output_shape.to_string()), "{}", layer.name);
        }
        // Five pixels are what the narrowest letters take on average.
        for (index, (text, x, y)) in seen.iter().enumerate() {
            let width = |text: &str| 5.0 * text.chars().count() as f64;
            let covered = seen[index + 1..].iter().find(|(other, other_x, other_y)| {
                let apart = f64::midpoint(width(text), width(other));
                (other_x - x).abs() < apart && (other_y - y).abs() < 8.0
            });
            assert_eq!(covered, None, "{}: {text}", network.name);
        }
    }
}

#[test]
fn dot_and_mermaid_name_layers_and_shapes() {
    let dot = r#"digraph "Skip" {
  rankdir = LR
  node [shape = box, style = rounded, fontname = Helvetica, fontsize = 11]
  edge [fontname = Helvetica, fontsize = 9]
  n0 [label = "input"]
  n1 [label = "conv1\nconv2d 3×3\npadding 1×1\nrelu"]
  n2 [label = "add1\nadd"]
  n3 [label = "dense1\ndense"]
  n0 -> n1 [label = "2×8×8"]
  n1 -> n2 [label = "2×8×8"]
  n0 -> n2 [label = "2×8×8"]
  n2 -> n3 [label = "2×8×8"]
}
"#;
    assert_eq!(graph(SKIP, &["--format", "dot"]), dot);
    let mermaid = r#"---
title: Skip
---
flowchart LR
  n0["<b>input</b>"]
  n1["<b>conv1</b><br>conv2d 3×3<br>padding 1×1<br>relu"]
  n2["<b>add1</b><br>add"]
  n3["<b>dense1</b><br>dense"]
  n0 -->|"2×8×8"| n1
  n1 -->|"2×8×8"| n2
  n0 -->|"2×8×8"| n2
  n2 -->|"2×8×8"| n3
"#;
    assert_eq!(graph(SKIP, &["--format", "mermaid"]), mermaid);
}

#[test]
fn an_activation_that_is_read_beside_its_layer_has_a_box_of_its_own() {
    let net = SKIP.replace("activation = ", "[[layer]]\ntype = ");
    let net = net.replace("\"conv1\", \"input\"", "\"conv1\", \"relu1\"");
    let dot = graph(&net, &["--format", "dot"]);
    assert!(dot.contains(r#"n2 [label = "relu1\nrelu"]"#), "{dot}");
}

#[test]
fn a_picture_can_go_to_a_file() {
    let folder = Folder::new();
    folder.write("net.toml", NET);
    let outcome = folder.run(&["graph", "net.toml", "-o", "net.svg"]);
    assert_eq!(outcome, Outcome::success(""));
    assert_eq!(folder.read("net.svg"), graph(NET, &[]));
    for (file, format) in [("net.dot", "dot"), ("net.mmd", "mermaid")] {
        let outcome = folder.run(&["graph", "net.toml", "-o", file]);
        assert_eq!(outcome, Outcome::success(""));
        assert_eq!(folder.read(file), graph(NET, &["--format", format]));
    }
    let message = "error: `net.txt` does not say what to write\n help: end it with `.svg`, `.dot`, `.gv`, `.mmd` or \
                   `.mermaid`, or add `--format`\n";
    let outcome = folder.run(&["graph", "net.toml", "-o", "net.txt"]);
    assert_eq!(outcome, Outcome::failure(1, message));
    let arguments = ["graph", "net.toml", "--format", "dot", "-o", "net.svg"];
    assert_eq!(folder.run(&arguments), Outcome::success(""));
    assert_eq!(folder.read("net.svg"), folder.read("net.dot"));
}
