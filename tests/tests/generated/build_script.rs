//! The door for build scripts as its users meet it: the example's own files in a package that cargo builds.

use cnn_codegen::Options;
use cnn_tests::package::Package;
use std::fs;
use std::path::Path;

fn example(file: &str) -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/build-script");
    fs::read_to_string(folder.join(file)).unwrap()
}

#[test]
fn cargo_shows_the_report_of_a_broken_network_and_builds_the_mended_one() {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("build_script");
    let package = Package::new(folder, &["std", "simd"], []);
    package.build_script(&example("build.rs"));
    package.write("src/main.rs", &example("src/main.rs"));

    let net = example("net.toml");
    let broken = net
        .replace("dense", "danse")
        .replace("quadratic", "quadrat");
    package.write("net.toml", &broken);
    let output = package.try_cargo(&["build", "--quiet"]);
    assert!(!output.status.success());
    let messages = String::from_utf8(output.stderr).unwrap();
    // Cargo indents what a build script says.
    let messages = messages.replace("\n  ", "\n");
    let report = cnn_codegen::compile(&broken, "net.toml", &Options::default()).unwrap_err();
    assert!(report.problems().len() > 1, "{report}");
    assert!(messages.contains(&format!("{report}\n")), "{messages}");

    package.write("net.toml", &net);
    let output = package.cargo(&["run", "--quiet"]);
    let printed = String::from_utf8(output.stdout).unwrap();
    let values = printed.lines().map(|line| line.rsplit(' ').next().unwrap());
    let values: Vec<f64> = values.map(|value| value.parse().unwrap()).collect();
    assert_eq!(values.len(), 4, "{printed}");
    for (value, expected) in values.iter().zip([0.0, 1.0, 1.0, 0.0]) {
        assert!((value - expected).abs() < 0.05, "{printed}");
    }
}
