//! The same bits from run to run: debug and release, for any number of threads, whatever the machine.

use cnn_codegen::{Kernels, Options};
use cnn_tests::package::Package;
use std::path::Path;

/// Trains each network on 1 to 4 threads, twice, and prints what came of it as one number.
const MAIN: &str = r#"
use cnn_runtime::{Dataset, EpochReport, Fit, Parameters, Rng, Split, Trainable};
use std::num::NonZeroUsize;

fn data<M: Trainable>(count: usize) -> Dataset {
    let mut rng = Rng::new(count as u64);
    let size: usize = M::INPUT_SHAPE.iter().product();
    let values: Vec<u8> = (0..count * size).map(|_| rng.bits() as u8).collect();
    let labels = (0..count).map(|_| rng.below(10) as u8).collect();
    Dataset::new("random", M::INPUT_SHAPE, values, labels, 10).unwrap()
}

/// Fowler, Noll and Vo's hash of all bits of all parameters.
fn train<M: Trainable<Scalar = f32>>(threads: usize) -> u64 {
    let fit = Fit {
        epochs: 2,
        batch_size: NonZeroUsize::new(130).unwrap(),
        threads: NonZeroUsize::new(threads).unwrap(),
        ..Fit::new::<M>()
    };
    let data = Split { train: data::<M>(333), test: data::<M>(50) };
    let mut parameters = fit.initialize::<M>();
    fit.run::<M>(&mut parameters, &data, |_: &EpochReport| {}).unwrap();
    let tensors = 0..M::Parameters::TENSORS.len();
    let values = tensors.flat_map(|index| parameters.tensor(index));
    values.fold(0xcbf2_9ce4_8422_2325, |hash, value| {
        (hash ^ u64::from(value.to_bits())).wrapping_mul(0x100_0000_01b3)
    })
}

fn print<M: Trainable<Scalar = f32>>(kernels: &str) {
    let all = [1, 1, 2, 3, 4].map(train::<M>);
    assert_eq!(all, [all[0]; 5], "threads change nothing");
    println!("{} {kernels} {:016x}", M::NAME, all[0]);
}

fn main() {
"#;

/// What plain loops make of these networks, on every machine: they add and multiply in the order in which they are written,
/// and all other functions are the runtime's own.
const PLAIN: [&str; 2] = [
    "Digits plain 1b41a75786ee5847",
    "DigitsTextbook plain d2984a38b9735740",
];

#[test]
#[ignore = "builds a program twice"]
fn debug_and_release_and_any_number_of_threads_give_the_same_bits() {
    let mut texts = Vec::new();
    let mut main = MAIN.to_owned();
    for toml in [
        include_str!("../../../examples/networks/digits.toml"),
        include_str!("../../../examples/networks/digits-textbook.toml"),
    ] {
        for (kernels, name) in [(Kernels::Plain, "plain"), (Kernels::Simd, "simd")] {
            let options = Options {
                kernels,
                ..Options::default()
            };
            let code = cnn_codegen::compile(toml, "net.toml", &options)
                .unwrap_or_else(|report| panic!("{report}"));
            let call = format!(
                "print::<network_{}::{}>({name:?});\n",
                texts.len(),
                code.name()
            );
            main.push_str(&call);
            texts.push(code.text().to_owned());
        }
    }
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("determinism");
    let package = Package::new(folder, &["std", "simd"], texts.iter().map(String::as_str));
    package.root("src/main.rs", "", "mod", &(main + "}\n"));
    let run = |profile: &[&str]| {
        let output = package.cargo(&[&["run", "--offline"], profile].concat());
        String::from_utf8(output.stdout).expect("text")
    };
    let debug = run(&[]);
    assert_eq!(debug, run(&["--release"]));
    let plain: Vec<_> = debug
        .lines()
        .filter(|line| line.contains("plain"))
        .collect();
    assert_eq!(plain, PLAIN);
}
