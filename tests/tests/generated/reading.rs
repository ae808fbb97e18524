//! Generated text: as rustfmt leaves it, in lines that fit a screen, the same every time, and worth reading.

use cnn_codegen::{Kernels, Options};
use cnn_spec::Report;
use cnn_spec::summary::Summary;
use cnn_tests::generated::{EXAMPLES, ORIGIN, PYTORCH};
use cnn_tests::language::cover;
use cnn_tests::{random, untrained};
use std::fs;
use std::path::Path;
use std::process::Command;
use std::sync::LazyLock;

/// A file and the text generated from it.
struct File {
    name: String,
    toml: String,
    kernels: Kernels,
    compile: Compile,
    text: String,
}

/// To a network, or to what a trainer has beside it.
type Compile = fn(&str, &Options) -> Result<String, Report>;

impl File {
    fn new(name: &str, toml: &str, kernels: Kernels, compile: Compile) -> Self {
        Self {
            name: format!("{name}_{kernels:?}"),
            toml: toml.to_owned(),
            kernels,
            compile,
            text: text(toml, kernels, compile),
        }
    }
}

fn network(toml: &str, options: &Options) -> Result<String, Report> {
    let code = cnn_codegen::compile(toml, "net.toml", options)?;
    Ok(code.text().to_owned())
}

fn insight(toml: &str, options: &Options) -> Result<String, Report> {
    cnn_codegen::compile_insight(toml, "net.toml", options)
}

fn profile(toml: &str, options: &Options) -> Result<String, Report> {
    cnn_codegen::compile_profile(toml, "net.toml", options)
}

fn text(toml: &str, kernels: Kernels, compile: Compile) -> String {
    let options = Options {
        kernels,
        ..Options::default()
    };
    compile(toml, &options).unwrap_or_else(|report| panic!("{report}\n{toml}"))
}

/// Files of every kind, trained and, without a section `[training]`, for inference.
static FILES: LazyLock<Vec<File>> = LazyLock::new(|| {
    let known = [EXAMPLES, ORIGIN, PYTORCH].into_iter().flatten();
    let known = cover(known.map(|known| known.toml)).into_iter().enumerate();
    let known = known.map(|(number, toml)| (format!("known_{number}"), toml.to_owned()));
    let random = (0..random::count(24)).flat_map(|number| {
        ["f32", "f64"].map(|dtype| {
            let name = format!("random_{number}_{dtype}");
            (name, random::network(number, dtype))
        })
    });
    let all = |(name, toml): (String, String)| {
        let inference = untrained(&toml);
        [Kernels::Plain, Kernels::Simd].map(|kernels| {
            let file = |suffix: &str, toml, compile| {
                File::new(&format!("{name}{suffix}"), toml, kernels, compile)
            };
            let inference = inference.map(|toml| file("_inference", toml, network));
            let trained = [
                file("", &toml, network),
                file("_insight", &toml, insight),
                file("_profile", &toml, profile),
            ];
            trained.into_iter().chain(inference)
        })
    };
    known.chain(random).flat_map(all).flatten().collect()
});

#[test]
fn digits_read_as_the_golden_file() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let toml = fs::read_to_string(root.join("../examples/networks/digits.toml")).unwrap();
    let options = Options {
        kernels: Kernels::Plain,
        ..Options::default()
    };
    let code = cnn_codegen::compile(&toml, "digits.toml", &options).unwrap();
    let golden = root.join("golden/digits.rs");
    let is_same = fs::read_to_string(&golden).is_ok_and(|text| text == code.text());
    if !is_same {
        fs::write(&golden, code.text()).unwrap();
    }
    assert!(
        is_same,
        "{} was not what is generated now: it is written anew, look at the difference",
        golden.display()
    );
}

#[test]
fn the_readme_shows_what_goes_in_and_what_comes_out() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let read = |path: &str| fs::read_to_string(root.join(path)).unwrap();
    let readme = read("README.md");
    let block = |start: &str, end: &str| {
        let (_, block) = readme.split_once(start).expect("the block begins");
        block.split_once(end).expect("the block ends").0.to_owned()
    };
    let toml = block("```toml\n", "```\n");
    assert!(read("examples/networks/digits.toml").ends_with(&toml));
    let rust = block("````rust\n", "````\n");
    assert!(read("tests/golden/digits.rs").contains(&rust));
}

#[test]
fn text_is_as_rustfmt_leaves_it() {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("reading");
    fs::create_dir_all(&folder).unwrap();
    let path = |(index, file): (usize, &File)| {
        let path = folder.join(format!("{index}_{}.rs", file.name));
        fs::write(&path, &file.text).unwrap();
        path
    };
    let paths: Vec<_> = FILES.iter().enumerate().map(path).collect();
    for paths in paths.chunks(100) {
        let output = Command::new("rustfmt")
            .args(["--edition", "2024", "--check"])
            .args(paths)
            .output()
            .expect("rustfmt runs");
        let difference = String::from_utf8_lossy(&output.stdout);
        let messages = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{difference}{messages}");
    }
}

#[test]
fn lines_have_at_most_a_hundred_columns_but_for_the_table() {
    for File {
        name, toml, text, ..
    } in &*FILES
    {
        let network = cnn_spec::parse(toml, name).unwrap();
        let table = Summary::new(&network).to_string();
        for line in text.replace(table.trim_end(), "").lines() {
            assert!(line.chars().count() <= 100, "{name}: {line}");
            assert_eq!(line.trim_end(), line, "{name}");
        }
    }
}

#[test]
fn code_is_safe_and_does_not_print_or_panic() {
    for File { name, text, .. } in &*FILES {
        for word in [
            "unsafe",
            "panic!",
            "unwrap",
            "expect(",
            "todo!",
            "unreachable!",
            "println!",
            "assert",
        ] {
            assert!(!text.contains(word), "{name}: {word}");
        }
    }
}

#[test]
fn two_runs_give_the_same_bytes() {
    for file in &*FILES {
        let again = text(&file.toml, file.kernels, file.compile);
        assert_eq!(again, file.text, "{}", file.name);
    }
}

/// What stands in some random network or other.
const WORDS: &[&str] = &[
    "conv2d",
    "max_pool2d",
    "avg_pool2d",
    "\"dense\"",
    "flatten",
    "softmax\"",
    "relu",
    "leaky_relu",
    "negative_slope",
    "sigmoid",
    "tanh",
    "stride = [",
    "dilation = [",
    "padding = [",
    "\"same\"",
    "\"valid\"",
    "groups",
    "\"channel\"",
    "\"position\"",
    "bias = false",
    "\"convolution\"",
    "activation",
    "kaiming_uniform",
    "kaiming_normal",
    "xavier_uniform",
    "xavier_normal",
    "softmax_cross_entropy",
    "mse",
    "quadratic",
    "label_smoothing",
    "nll",
    "binary_cross_entropy",
    "pos_weight",
    "\"l1\"",
    "smooth_l1",
    "huber",
    "sgd",
    "momentum",
    "nesterov",
    "weight_decay",
    "\"adam\"",
    "adamw",
    "betas",
    "epsilon",
    "amsgrad",
    "nadam",
    "rmsprop",
    "centered",
    "adagrad",
    "lion",
    "muon",
    "frozen",
    "learning_rate_factor",
    "clip_grad_norm",
    "clip_grad_value",
    "ema_decay",
    "cosine",
    "warmup",
    "step_size",
    "milestones",
    "exponential",
    "polynomial",
    "one_cycle",
    "reduce_on_plateau",
    "longest_name",
    "conv1d",
    "conv_transpose2d",
    "output_padding",
    "max_pool1d",
    "avg_pool1d",
    "global_avg_pool2d",
    "global_max_pool2d",
    "global_avg_pool1d",
    "global_max_pool1d",
    "adaptive_avg_pool2d",
    "upsample2d",
    "zero_pad2d",
    "reshape",
    "channel_shuffle",
    "layer_norm",
    "normalized_shape",
    "elementwise_affine",
    "relu6",
    "\"elu\"",
    "selu",
    "gelu",
    "approximate",
    "silu",
    "softplus",
    "beta = ",
    "hard_sigmoid",
    "hard_swish",
    "prelu",
    "num_parameters",
    "log_softmax",
    "\"add\"",
    "\"concat\"",
    "input = \"input\"",
    "input = \"stem",
    "[[block]]",
    "repeat",
    "batch_norm1d",
    "batch_norm2d",
    "\"dropout\"",
    "dropout2d",
];

#[test]
fn random_networks_cover_the_language() {
    let texts: Vec<_> = (0..300)
        .map(|number| random::network(number, "f64"))
        .collect();
    for word in WORDS {
        assert!(texts.iter().any(|text| text.contains(word)), "{word}");
    }
}
