//! Generated code compiles alone and without a warning, whoever uses it and however little of it.

use cnn_codegen::{Code, Kernels, Options};
use cnn_tests::generated::{EXAMPLES, ORIGIN, PYTORCH};
use cnn_tests::language::cover;
use cnn_tests::package::Package;
use cnn_tests::{random, untrained};
use std::fmt::Write as _;
use std::path::Path;

fn compile(toml: &str, kernels: Kernels) -> Code {
    let options = Options {
        kernels,
        ..Options::default()
    };
    cnn_codegen::compile(toml, "net.toml", &options)
        .unwrap_or_else(|report| panic!("{report}\n{toml}"))
}

#[test]
fn clippy_has_nothing_to_say() {
    let known = [EXAMPLES, ORIGIN, PYTORCH].into_iter().flatten();
    let known = cover(known.map(|known| known.toml));
    let known = known.into_iter().map(str::to_owned);
    let random = (0..random::count(24)).map(|number| random::network(number, "f32"));
    let both = |toml: &str| [Kernels::Plain, Kernels::Simd].map(|kernels| compile(toml, kernels));
    let trained: Vec<_> = known.chain(random).flat_map(|toml| both(&toml)).collect();
    let untrained: Vec<_> = EXAMPLES
        .iter()
        .filter_map(|example| untrained(example.toml))
        .flat_map(both)
        .collect();

    let texts = trained.iter().chain(&untrained).map(Code::text);
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("compile");
    let package = Package::new(folder, &["simd"], texts);
    // A library shows everything that is in it.
    package.root(
        "src/lib.rs",
        "//! Generated networks.\n#![no_std]\n#![forbid(unsafe_code)]\n#![warn(missing_docs)]",
        "#[doc = \"A generated network.\"]\npub mod",
        "",
    );
    // A program sees what its private modules hold and it does not use.
    let mut main = String::from(
        "fn infer<M: cnn_runtime::Model>() {
            let _ = (M::initialize, M::forward);
        }
        fn train<M: cnn_runtime::Trainable>() {
            infer::<M>();
            let _ = (M::gradients, M::evaluate, M::update);
        }
        fn main() {\n",
    );
    for (number, code) in trained.iter().enumerate() {
        let _ = writeln!(main, "train::<network_{number}::{}>();", code.name());
    }
    for (number, code) in untrained.iter().enumerate() {
        let number = trained.len() + number;
        let _ = writeln!(main, "infer::<network_{number}::{}>();", code.name());
    }
    package.root("src/main.rs", "", "mod", &(main + "}\n"));
    package.cargo(&[
        "clippy",
        "--offline",
        "--quiet",
        "--no-deps",
        "--",
        "-D",
        "warnings",
    ]);
}
