//! The trainer's package, and the command that builds it once and runs it.

mod support;

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Command;
use support::{Folder, NET, Outcome};

const RUNTIME: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../cnn-runtime");

#[test]
fn the_package_is_complete() {
    let folder = Folder::with_net();
    let outcome = folder.run(&["trainer", "net.toml", "--out", "a/b"]);
    assert_eq!(outcome, Outcome::success(""));
    let runtime = fs::canonicalize(RUNTIME).unwrap();
    let manifest = format!(
        "# Made by cnn-codegen {}.
[package]
name = \"tiny-net-trainer\"
version = \"0.1.0\"
edition = \"2024\"
publish = false

[dependencies]
cnn-runtime = {{ path = \"{}\", default-features = false, features = [\"trainer\", \"download\", \"report\", \"simd\", \"images\"] }}

[profile.release]
# Kernels are whole in themselves: to optimise across modules takes half of the time and gains nothing.
lto = \"off\"

# What reads flags, draws bars and writes files need not be fast: the first build takes a quarter less time.
[profile.release.package]
clap_builder.opt-level = 0
console.opt-level = 0
indicatif.opt-level = 0
minijinja.opt-level = 0
png.opt-level = 0
safetensors.opt-level = 0
serde_json.opt-level = 0
zeno.opt-level = 0

# The package stands alone, also inside another workspace.
[workspace]
",
        env!("CARGO_PKG_VERSION"),
        runtime.display()
    );
    assert_eq!(folder.read("a/b/Cargo.toml"), manifest);
    assert_eq!(folder.read("a/b/net.toml"), NET);
    assert_eq!(
        folder.read("a/b/src/net.rs"),
        folder.run(&["net.toml"]).stdout
    );
    assert!(
        folder
            .read("a/b/src/main.rs")
            .contains("trainer::main_with::<net::TinyNet>(&insight::INSIGHT.with_profile())")
    );
    assert!(
        folder
            .read("a/b/src/insight.rs")
            .contains("pub const INSIGHT: Insight<TinyNet> = Insight {")
    );
    assert!(
        folder
            .read("a/b/src/profile.rs")
            .contains("impl Profiled for TinyNet {")
    );
    assert!(folder.read("a/b/README.md").starts_with("# TinyNet\n"));
}

/// What reads them takes long to compile.
#[test]
fn pictures_are_read_where_a_network_takes_some() {
    let folder = Folder::with_net();
    let reads_pictures = |input: &str, data: &str| {
        let layer =
            "[[layer]]\ntype = \"flatten\"\n[[layer]]\ntype = \"dense\"\nout_features = 3\n";
        let (_, training) = NET.split_once("[training]").unwrap();
        let network = format!("[network]\nname = \"Net\"\ninput = {input}\n");
        folder.write(
            "net.toml",
            format!("{network}{layer}[training]{training}{data}"),
        );
        let outcome = folder.run(&["trainer", "net.toml", "--out", "package"]);
        assert_eq!(outcome, Outcome::success(""));
        folder.read("package/Cargo.toml").contains("\"images\"")
    };
    assert!(reads_pictures("[1, 4, 4]", ""));
    assert!(reads_pictures("[3, 4, 4]", ""));
    assert!(reads_pictures("[784]", ""));
    assert!(reads_pictures("[12]", "[data]\nformat = \"images\"\n"));
    assert!(!reads_pictures("[12]", ""));
    assert!(!reads_pictures("[2, 4, 4]", ""));
}

/// Cargo warns of a profile for a package that it does not build.
#[test]
fn packages_with_a_profile_are_dependencies() {
    let folder = Folder::with_net();
    folder.run(&["trainer", "net.toml", "--out", "package"]);
    let manifest: toml::Table = folder.read("package/Cargo.toml").parse().unwrap();
    let profiles = manifest["profile"]["release"]["package"]
        .as_table()
        .unwrap();
    let lock = include_str!("../../Cargo.lock");
    for package in profiles.keys() {
        assert!(
            lock.contains(&format!("name = \"{package}\"\n")),
            "{package}"
        );
    }
}

#[test]
fn the_package_can_be_made_again() {
    let folder = Folder::with_net();
    let trainer = ["trainer", "net.toml", "--out", "package"];
    assert_eq!(folder.run(&trainer), Outcome::success(""));
    folder.write("net.toml", NET.replace("TinyNet", "Another"));
    assert_eq!(folder.run(&trainer), Outcome::success(""));
    assert!(
        folder
            .read("package/Cargo.toml")
            .contains("name = \"another-trainer\"")
    );
}

#[test]
fn a_path_stays_a_path_in_the_manifest() {
    let folder = Folder::with_net();
    let odd = folder.join("odd \" = [x] \\");
    fs::create_dir(&odd).unwrap();
    fs::write(
        odd.join("Cargo.toml"),
        "[package]\nname = \"cnn-runtime\"\n",
    )
    .unwrap();
    let odd = odd.to_str().unwrap();
    let trainer = ["trainer", "net.toml", "--out", "package", "--runtime", odd];
    assert_eq!(folder.run(&trainer), Outcome::success(""));
    let manifest: toml::Table = folder.read("package/Cargo.toml").parse().unwrap();
    let path = manifest["dependencies"]["cnn-runtime"]["path"]
        .as_str()
        .unwrap();
    assert_eq!(Path::new(path), fs::canonicalize(odd).unwrap());
}

#[test]
fn the_package_builds_and_its_program_runs() {
    let folder = Folder::with_net();
    folder.run(&["trainer", "net.toml", "--out", "package"]);
    // The versions that the workspace was tested with, so that nothing is fetched.
    let lock = concat!(env!("CARGO_MANIFEST_DIR"), "/../Cargo.lock");
    fs::copy(lock, folder.join("package/Cargo.lock")).unwrap();
    let help = |arguments: &[&str]| {
        let output = Command::new(env!("CARGO"))
            .args(["run", "--offline", "--quiet", "--target-dir"])
            .arg(Path::new(env!("CARGO_TARGET_TMPDIR")).parent().unwrap())
            .arg("--")
            .args(arguments)
            .current_dir(folder.join("package"))
            .output()
            .unwrap();
        let outcome = Outcome::from(output);
        assert_eq!((outcome.code, outcome.stderr.as_str()), (Some(0), ""));
        outcome.stdout
    };
    assert!(help(&["--help"]).contains("--epochs"));
    assert_explains_predictions(&help(&["predict", "--help"]));
}

/// `cnn-codegen predict` passes on what the trainer takes, and says of it what the trainer says.
fn assert_explains_predictions(help_of_trainer: &str) {
    let lines = |help: &str| {
        let indented = help.lines().filter(|line| line.starts_with(' '));
        let squeezed = indented.map(|line| line.split_whitespace().collect::<Vec<_>>().join(" "));
        squeezed.collect::<BTreeSet<_>>()
    };
    let ours = Folder::new().run(&["predict", "--help"]).stdout;
    let (ours, trainers) = (lines(&ours), lines(help_of_trainer));
    assert!(trainers.len() > 5, "{help_of_trainer}");
    let missing: Vec<_> = trainers.difference(&ours).collect();
    assert!(missing.is_empty(), "{missing:#?}");
}

#[cfg(unix)]
mod train {
    use super::{Folder, NET, Outcome};
    use std::fs;
    use std::process::Command;

    /// Runs `train` with a stand-in for cargo.
    fn train(folder: &Folder, flags: &[&str]) -> Outcome {
        let mut command = folder.command(&["train", "net.toml", "--"]);
        command.args(flags);
        stand_in(folder, &mut command).output().unwrap().into()
    }

    fn stand_in<'a>(folder: &Folder, command: &'a mut Command) -> &'a mut Command {
        command.env("CNN_CODEGEN_CACHE", folder.join("cache"));
        command.env(
            "CARGO",
            concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fake-cargo"),
        );
        command.env("FAKE_CARGO_LOG", folder.join("log"));
        if folder.join("broken").exists() {
            command.env("FAKE_CARGO_FAILS", "1");
        }
        command
    }

    fn builds(folder: &Folder) -> usize {
        fs::read_to_string(folder.join("log")).map_or(0, |log| log.lines().count())
    }

    fn ended_with_7(stdout: &str) -> Outcome {
        Outcome {
            code: Some(7),
            stdout: stdout.to_owned(),
            stderr: String::new(),
        }
    }

    #[test]
    fn the_trainer_is_built_once_and_its_exit_code_passed_on() {
        let folder = Folder::with_net();
        assert_eq!(
            train(&folder, &["--epochs", "3"]),
            ended_with_7("--epochs 3\n")
        );
        assert_eq!(builds(&folder), 1);
        let flags = ["$(touch owned)", "; exit 0"];
        assert_eq!(
            train(&folder, &flags),
            ended_with_7("$(touch owned) ; exit 0\n")
        );
        assert_eq!(builds(&folder), 1);
        assert_eq!(folder.names(), ["cache", "log", "net.toml"]);
    }

    /// The stand-in prints what the trainer was told.
    #[test]
    fn predictions_are_left_to_the_trainer_of_the_same_build() {
        let folder = Folder::with_net();
        train(&folder, &[]);
        let predict = |flags: &[&str]| {
            let mut command = folder.command(&["predict", "net.toml", "--weights", "w"]);
            command.args(flags);
            Outcome::from(stand_in(&folder, &mut command).output().unwrap())
        };
        assert_eq!(
            predict(&["3.png"]),
            ended_with_7("predict --weights w -- 3.png\n")
        );
        let flags = [
            "--json",
            "--prepare",
            "none",
            "--top",
            "2",
            "a.png",
            "--",
            "-b.png",
        ];
        assert_eq!(
            predict(&flags),
            ended_with_7("predict --weights w --prepare none --top 2 --json -- a.png -b.png\n")
        );
        assert_eq!(builds(&folder), 1);
    }

    #[test]
    fn a_changed_network_is_built_again_and_an_old_one_is_not() {
        let folder = Folder::with_net();
        train(&folder, &[]);
        folder.write("net.toml", NET.replace("0.1", "0.2"));
        train(&folder, &[]);
        assert_eq!(builds(&folder), 2);
        folder.write("net.toml", NET);
        train(&folder, &[]);
        assert_eq!(builds(&folder), 2);
    }

    #[test]
    fn a_failed_build_is_tried_again() {
        let folder = Folder::with_net();
        folder.write("broken", "");
        let message = "error: cargo could not build the trainer: exit status: 101\n";
        assert_eq!(train(&folder, &[]), Outcome::failure(1, message));
        fs::remove_file(folder.join("broken")).unwrap();
        assert_eq!(train(&folder, &[]), ended_with_7("\n"));
        assert_eq!(builds(&folder), 2);
    }

    #[test]
    fn nothing_is_built_for_samples_that_are_not_there() {
        let folder = Folder::with_net();
        let refusal = |folder: &str, origin: &str| {
            let message = format!("error: there is no folder `{folder}` to learn from");
            let help = format!("{origin}; `-- --data DIR` reads another folder");
            Outcome::failure(1, format!("{message}\n help: {help}\n"))
        };
        let any = "put its files there; `-- --download` fetches those of MNIST";
        for flags in [&["--data", "none", "--seed", "1"][..], &["--data=none"]] {
            assert_eq!(train(&folder, flags), refusal("none", any));
        }
        let data = "[data]\npath = \"cifar\"\nformat = \"cifar10\"\n";
        folder.write("net.toml", NET.to_owned() + data);
        let cifar = "its files are in https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz";
        assert_eq!(train(&folder, &[]), refusal("cifar", cifar));
        assert_eq!(folder.names(), ["net.toml"]);

        let other = train(&folder, &["--data", "."]);
        assert_eq!(other, ended_with_7("--data .\n"));
        assert_eq!(train(&folder, &["--help"]), ended_with_7("--help\n"));
        fs::create_dir(folder.join("cifar")).unwrap();
        assert_eq!(train(&folder, &[]), ended_with_7("\n"));
    }

    #[test]
    fn a_missing_cargo_is_named() {
        let folder = Folder::with_net();
        let mut command = folder.command(&["train", "net.toml"]);
        command.env("CNN_CODEGEN_CACHE", folder.join("cache"));
        command.env("CARGO", "no-such-cargo");
        let message = "error: cannot run `no-such-cargo`: there is no such file or directory\n";
        assert_eq!(
            Outcome::from(command.output().unwrap()),
            Outcome::failure(1, message)
        );
    }
}
