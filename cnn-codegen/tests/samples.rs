//! What a file says of the samples, as constants of the generated code.

mod support;

use support::{Folder, NET};

/// The text from `SETTINGS` to the first function after it, and the last import.
fn generated(sections: &str, flags: &[&str]) -> (String, String) {
    let folder = Folder::with_net();
    folder.write("net.toml", format!("{NET}\n{sections}"));
    let outcome = folder.run(&[&["net.toml"], flags].concat());
    assert_eq!(outcome.code, Some(0), "{}", outcome.stderr);
    let constants = outcome
        .stdout
        .split_once("        seed: 0,\n    };\n")
        .unwrap()
        .1;
    let constants = constants.split_once("\n    fn gradients").unwrap().0;
    let mut imports = outcome
        .stdout
        .lines()
        .filter(|line| line.starts_with("use "));
    let last = imports.next_back().unwrap();
    (constants.to_owned(), last.to_owned())
}

#[test]
fn without_sections_there_are_no_constants() {
    let expected = "use cnn_runtime::{Parameters as _, Tensor as _, rows};";
    assert_eq!(
        generated("[data]\n[augmentation]", &[]),
        (String::new(), expected.to_owned())
    );
}

#[test]
fn every_key_is_a_field() {
    let sections = r#"
[data]
path = "data/\"odd\""
format = "idx"
mean = [-0.5]
std = [0.25]

[augmentation]
rotate = 10
scale = [0.9, 1.1]
shear = 5.5
shift = 1
horizontal_flip = 0.5
crop_padding = 2
elastic = { alpha = 20, sigma = 4 }
cutout = 3
noise = 0.05

[validation]
patience = 3
monitor = "accuracy"
keep_best = false
"#;
    let expected = r#"    const DATA: settings::Data = settings::Data {
        path: Some("data/\"odd\""),
        format: Some(settings::Format::Idx),
        normalize: settings::Normalize::Given {
            mean: &[-0.5],
            std: &[0.25],
        },
        ..settings::Data::DEFAULT
    };
    const AUGMENTATION: settings::Augmentation = settings::Augmentation {
        rotate: 10.0,
        scale: [0.9, 1.1],
        shear: 5.5,
        shift: 1.0,
        horizontal_flip: 0.5,
        crop_padding: 2,
        elastic: Some(settings::Elastic {
            alpha: 20.0,
            sigma: 4.0,
        }),
        cutout: 3,
        noise: 0.05,
        ..settings::Augmentation::NONE
    };
    const VALIDATION: Option<settings::Validation> = Some(settings::Validation {
        fraction: 0.1,
        monitor: settings::Monitor::Accuracy,
        patience: Some(3),
        min_delta: 0.0,
        keep_best: false,
    });
"#;
    let imports = [
        (
            "simd",
            "use cnn_runtime::{Parameters as _, Tensor as _, rows, settings};",
        ),
        (
            "plain",
            "use cnn_runtime::{Parameters as _, Tensor as _, settings};",
        ),
    ];
    for (kernels, import) in imports {
        let found = generated(sections, &["--kernels", kernels]);
        assert_eq!(found, (expected.to_owned(), import.to_owned()));
    }
}

#[test]
fn a_task_and_its_targets_are_fields() {
    let sections = r#"
[data]
format = "csv"
task = "regression"
targets = ["price", "7"]
normalize = true
"#;
    let net = NET.replace("softmax_cross_entropy", "mse");
    let folder = Folder::with_net();
    folder.write("net.toml", format!("{net}\n{sections}"));
    let text = folder.run(&["net.toml"]).stdout;
    let expected = r#"    const DATA: settings::Data = settings::Data {
        format: Some(settings::Format::Csv),
        task: settings::Task::Regression,
        targets: &["price", "7"],
        normalize: settings::Normalize::Computed,
        ..settings::Data::DEFAULT
    };
"#;
    assert!(text.contains(expected), "{text}");
}

/// The constant says how to read the output, which PyTorch leaves to whoever calls the network.
#[test]
fn outputs_are_what_loss_and_last_layer_make_of_them() {
    let outputs = |last: &str, loss: &str| {
        let folder = Folder::with_net();
        let net = NET.replace("out_features = 3\n", &format!("out_features = 3\n{last}"));
        folder.write("net.toml", net.replace("softmax_cross_entropy", loss));
        let outcome = folder.run(&["net.toml"]);
        assert_eq!(outcome.code, Some(0), "{}", outcome.stderr);
        let start = "    const OUTPUTS: settings::Outputs = settings::Outputs::";
        let mut lines = outcome
            .stdout
            .lines()
            .filter_map(|line| line.strip_prefix(start));
        let found = lines
            .next()
            .map(|rest| rest.trim_end_matches(';').to_owned());
        found.unwrap_or_default()
    };
    let layer = |kind: &str| format!("\n[[layer]]\ntype = \"{kind}\"\n");
    let softmax = layer("softmax");
    let sigmoid = layer("sigmoid");
    for (last, loss, expected) in [
        ("", "softmax_cross_entropy", ""),
        (softmax.as_str(), "softmax_cross_entropy", "Probabilities"),
        // The softmax is still to come, whatever is before it.
        (&sigmoid, "softmax_cross_entropy", ""),
        (&layer("log_softmax"), "nll", "LogProbabilities"),
        ("", "binary_cross_entropy", "BinaryLogits"),
        (&sigmoid, "binary_cross_entropy", "Probabilities"),
        (&sigmoid, "quadratic", "Probabilities"),
        (&softmax, "mse", "Probabilities"),
        ("", "mse", "Values"),
        (&layer("relu"), "l1", "Values"),
    ] {
        assert_eq!(outputs(last, loss), expected, "{loss} after {last}");
    }
}
