//! What the command prints, writes and returns.

mod support;

use std::fs;
use support::{Folder, NET, Outcome};

#[test]
fn the_version_is_the_packages() {
    let version = format!("cnn-codegen {}\n", env!("CARGO_PKG_VERSION"));
    assert_eq!(Folder::new().run(&["--version"]), Outcome::success(version));
}

#[test]
fn the_summary_ends_with_the_training() {
    let outcome = Folder::with_net().run(&["summary", "net.toml"]);
    assert_eq!(outcome.code, Some(0));
    assert!(outcome.stdout.starts_with("TinyNet: f32, input 1×4×4\n"));
    let (_, training) = outcome
        .stdout
        .split_once("epochs 1, batch size 2, seed 0\n")
        .unwrap();
    assert!(training.starts_with("kernels: simd\nmemory: parameters "));
}

#[test]
fn the_table_fits_a_terminal_unless_it_is_to_be_wide() {
    let folder = Folder::new();
    folder.run(&["new", "--template", "cifar"]);
    let longest = |arguments: &[&str]| {
        let text = folder.run(arguments).stdout;
        text.lines().map(|line| line.chars().count()).max().unwrap()
    };
    assert!(longest(&["summary", "net.toml"]) <= 120);
    assert!(longest(&["summary", "net.toml", "--wide"]) > 120);
    let wide = folder.run(&["summary", "net.toml", "--wide"]).stdout;
    assert!(wide.contains("3×32×32 → 32×32×32") && wide.contains("normal σ 0.2722, bias zero"));
}

/// The first layer has 2·(9 + 1) parameters, and 8 outputs of 9 multiply-adds each.
#[test]
fn the_summary_is_json_for_programs() {
    let outcome = Folder::with_net().run(&["summary", "net.toml", "--json"]);
    assert_eq!(outcome.code, Some(0));
    let summary: serde_json::Value = serde_json::from_str(&outcome.stdout).unwrap();
    let names = summary["layers"].as_array().unwrap().iter();
    let names: Vec<_> = names.map(|layer| layer["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["conv1", "relu1", "dense1"]);
    let conv = serde_json::json!({
        "name": "conv1",
        "kind": "conv2d 3×3",
        "inputs": [[1, 4, 4]],
        "output": [2, 2, 2],
        "receptive_field": [3, 3],
        "first_values": "uniform ±0.3333",
        "costs": {
            "parameters": 20,
            "multiply_adds": { "forward": 72, "training": 144 },
            "bytes": { "weights": 80, "activations": 32, "gradients": 80 },
        },
    });
    assert_eq!(summary["layers"][0], conv);
    assert_eq!(summary["totals"]["parameters"], 20 + 3 * 9);
    assert_eq!(summary["memory_bytes"]["parameters"], (20 + 3 * 9) * 4);
    assert_eq!(
        summary["memory_bytes"]["training"]["gradients"],
        (20 + 3 * 9) * 4
    );
    assert_eq!(summary["kernels"], "simd");
}

#[test]
fn standard_input_is_a_file_like_any_other() {
    let folder = Folder::with_net();
    let from_file = folder.run(&["net.toml"]);
    let from_stdin = folder.run_with_stdin(&["-"], NET);
    assert_eq!(from_stdin.code, Some(0));
    assert_eq!(
        from_stdin.stdout,
        from_file.stdout.replace("net.toml", "stdin")
    );
}

#[test]
fn a_second_file_is_no_command() {
    let outcome = Folder::with_net().run(&["net.toml", "other.toml"]);
    let stderr = "error: unexpected argument 'other.toml' found: one file is compiled at a time, and what stands before \
                  it is no command\n\n\
                  Usage: cnn-codegen [OPTIONS] <net.toml>\n       cnn-codegen <COMMAND>\n\n\
                  For more information, try '--help'.\n";
    assert_eq!(outcome, Outcome::failure(2, stderr));
}

#[test]
fn without_arguments_there_is_help() {
    let folder = Folder::new();
    let help = folder.run(&["--help"]).stdout;
    assert_eq!(folder.run(&[]), Outcome::failure(2, help));
}

#[test]
fn wrong_arguments_exit_with_2() {
    const BOTH: &str = "Usage: cnn-codegen [OPTIONS] <net.toml>\n       cnn-codegen <COMMAND>\n";
    let cases: &[(&[&str], &str, &str)] = &[
        (
            &["sumary", "net.toml", "--json"],
            "unrecognized subcommand 'sumary'\n\n  tip: a similar subcommand exists: 'summary'",
            "Usage: cnn-codegen <COMMAND>\n",
        ),
        (
            &["trian"],
            "unrecognized subcommand 'trian'\n\n  tip: some similar subcommands exist: 'trainer', 'train'",
            "Usage: cnn-codegen <COMMAND>\n",
        ),
        (
            &["--shape"],
            "unexpected argument '--shape' found\n\n  tip: to pass '--shape' as a value, use '-- --shape'",
            BOTH,
        ),
        (
            &["net.toml", "summary"],
            "the subcommand 'summary' cannot be used with '<net.toml>'",
            BOTH,
        ),
        (
            &["summary"],
            "the following required arguments were not provided:\n  <net.toml>",
            "Usage: cnn-codegen summary <net.toml>\n",
        ),
        (
            &["trainer", "net.toml"],
            "the following required arguments were not provided:\n  --out <DIR>",
            "Usage: cnn-codegen trainer --out <DIR> <net.toml>\n",
        ),
        (
            &["train", "net.toml", "--epochs", "3"],
            "unexpected argument '--epochs' found\n\n  tip: to pass '--epochs' as a value, use '-- --epochs'",
            "Usage: cnn-codegen train <net.toml> [-- <FLAGS>...]\n",
        ),
    ];
    let folder = Folder::with_net();
    for (arguments, message, usage) in cases {
        let stderr = format!("error: {message}\n\n{usage}\nFor more information, try '--help'.\n");
        assert_eq!(
            folder.run(arguments),
            Outcome::failure(2, stderr),
            "{arguments:?}"
        );
    }
    assert_eq!(folder.names(), ["net.toml"]);
}

#[test]
fn a_file_that_cannot_be_used_is_named_in_one_line() {
    let folder = Folder::with_net();
    folder.write("latin-1.toml", b"# caf\xe9\n");
    folder.write("untrained.toml", NET.split("[training]").next().unwrap());
    fs::create_dir(folder.join("folder")).unwrap();
    let trainer = |file, out| vec!["trainer", file, "--out", out];
    let with_runtime = |runtime| [trainer("net.toml", "new"), vec!["--runtime", runtime]].concat();
    let nothing = "there is no such file or directory";
    let cases = [
        (
            vec!["none.toml"],
            format!("cannot read `none.toml`: {nothing}"),
        ),
        (
            vec!["summary", "none.toml"],
            format!("cannot read `none.toml`: {nothing}"),
        ),
        (
            vec!["train", "none.toml"],
            format!("cannot read `none.toml`: {nothing}"),
        ),
        (vec!["zzz"], format!("cannot read `zzz`: {nothing}")),
        (
            vec!["folder"],
            "cannot read `folder`: it is a directory".into(),
        ),
        (
            vec!["net.toml/net.toml"],
            "cannot read `net.toml/net.toml`: part of the path is not a directory".into(),
        ),
        (
            vec!["latin-1.toml"],
            "cannot read `latin-1.toml`: it is not UTF-8 text".into(),
        ),
        (
            vec!["net.toml", "-o", "folder"],
            "cannot write `folder`: it is a directory".into(),
        ),
        (
            vec!["net.toml", "-o", "none/net.rs"],
            "cannot write `none/net.rs`: there is no folder `none`\n help: create it, or choose another one"
                .into(),
        ),
        (
            trainer("net.toml", "."),
            "`.` holds files that this command did not make: choose a new or an empty folder"
                .into(),
        ),
        (
            trainer("net.toml", "net.toml"),
            "cannot write `net.toml`: part of the path is not a directory".into(),
        ),
        (
            trainer("untrained.toml", "new"),
            "`untrained.toml` has no section `[training]`, which says how to train the network"
                .into(),
        ),
        (
            vec!["bench", "untrained.toml"],
            "`untrained.toml` has no section `[training]`, which says how to train the network"
                .into(),
        ),
        (
            with_runtime("folder"),
            format!("cannot read `folder/Cargo.toml`: {nothing}"),
        ),
        (
            with_runtime(concat!(env!("CARGO_MANIFEST_DIR"), "/macros")),
            concat!(
                "`",
                env!("CARGO_MANIFEST_DIR"),
                "/macros` is not the folder of cnn-runtime"
            )
            .into(),
        ),
    ];
    for (arguments, message) in cases {
        let outcome = folder.run(&arguments);
        assert_eq!(
            outcome,
            Outcome::failure(1, format!("error: {message}\n")),
            "{arguments:?}"
        );
    }
    assert!(!folder.join("new").exists());
}

#[test]
fn a_wrong_network_is_quoted() {
    let folder = Folder::new();
    folder.write(
        "net.toml",
        NET.replace("kernel_size = 3", "kernel_size = 5"),
    );
    let report = "\
error: `conv1`: the kernel is larger than the input
 --> net.toml:8:15
  |
3 | input = [1, 4, 4]
  |         --------- the input is 1×4×4 = 16 values
...
8 | kernel_size = 5
  |               ^ covers 5×5, and the padded input is 4×4
  |
  = help: make `kernel_size` smaller, `padding` larger, or pool less before
";
    let expected = Outcome::failure(1, report);
    assert_eq!(folder.run(&["net.toml"]), expected);
    assert_eq!(folder.run(&["net.toml", "-o", "net.rs"]), expected);
    assert_eq!(folder.run(&["summary", "net.toml"]), expected);
    assert_eq!(
        folder.run(&["trainer", "net.toml", "--out", "new"]),
        expected
    );
    assert_eq!(folder.run(&["train", "net.toml"]), expected);
    assert_eq!(folder.names(), ["net.toml"]);
}

#[test]
fn a_name_is_neither_code_nor_path_nor_shell_word() {
    let folder = Folder::new();
    for name in [
        "T; fn main() {}",
        "../../T",
        "$(touch owned)",
        "T\\n[dependencies]",
        "-o",
        "T'",
    ] {
        folder.write("net.toml", NET.replace("TinyNet", name));
        for door in [
            &["net.toml", "-o", "net.rs"][..],
            &["trainer", "net.toml", "--out", "new"],
            &["train", "net.toml"],
        ] {
            let outcome = folder.run(door);
            assert_eq!(
                (outcome.code, outcome.stdout.as_str()),
                (Some(1), ""),
                "{name}"
            );
            let first = outcome.stderr.lines().next();
            assert_eq!(
                first,
                Some(format!("error: a network cannot be called `{name}`").as_str())
            );
        }
        assert_eq!(folder.names(), ["net.toml"]);
    }
}

#[cfg(unix)]
#[test]
fn a_file_name_cannot_end_the_comment_that_it_stands_in() {
    let folder = Folder::new();
    folder.write("a\nfn main() {}.toml", NET);
    let outcome = folder.run(&["a\nfn main() {}.toml"]);
    assert_eq!(outcome.code, Some(0));
    assert!(
        !outcome
            .stdout
            .lines()
            .any(|line| line.starts_with("fn main"))
    );
}

#[test]
fn a_failed_run_leaves_the_old_file() {
    let folder = Folder::with_net();
    folder.write("net.rs", "old");
    folder.write("net.toml", NET.replace("conv2d", "conv3d"));
    assert_eq!(folder.run(&["net.toml", "-o", "net.rs"]).code, Some(1));
    assert_eq!(folder.read("net.rs"), "old");
    assert_eq!(folder.names(), ["net.rs", "net.toml"]);
}

#[test]
fn nothing_but_the_file_is_written() {
    let folder = Folder::with_net();
    assert_eq!(
        folder.run(&["net.toml", "-o", "net.rs"]),
        Outcome::success("")
    );
    assert_eq!(folder.names(), ["net.rs", "net.toml"]);
}

#[test]
fn a_reader_that_went_away_is_no_error() {
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let folder = Folder::with_net();
    let output = folder
        .command(&["net.toml"])
        .stdout(writer)
        .output()
        .unwrap();
    assert_eq!(Outcome::from(output), Outcome::success(""));
}

#[cfg(target_os = "linux")]
#[test]
fn devices_are_read_and_written_as_what_they_are() {
    let folder = Folder::with_net();
    let full = fs::OpenOptions::new()
        .write(true)
        .open("/dev/full")
        .unwrap();
    let output = folder.command(&["net.toml"]).stdout(full).output().unwrap();
    let message = "error: cannot write `standard output`: No space left on device (os error 28)\n";
    assert_eq!(Outcome::from(output), Outcome::failure(1, message));

    let message = "error: cannot read `/dev/zero`: it is larger than 16 MiB\n";
    assert_eq!(folder.run(&["/dev/zero"]), Outcome::failure(1, message));

    let to_stdout = folder.run(&["net.toml", "-o", "/dev/stdout"]);
    assert_eq!(to_stdout, folder.run(&["net.toml"]));
}

#[cfg(unix)]
#[test]
fn a_link_stays_a_link() {
    let folder = Folder::with_net();
    folder.write("target.rs", "old");
    std::os::unix::fs::symlink("target.rs", folder.join("net.rs")).unwrap();
    assert_eq!(folder.run(&["net.toml", "-o", "net.rs"]).code, Some(0));
    assert!(folder.join("net.rs").is_symlink());
    assert_eq!(folder.read("target.rs"), folder.run(&["net.toml"]).stdout);
}

#[test]
fn kernels_are_plain_or_in_vectors() {
    let folder = Folder::with_net();
    let simd = folder.run(&["net.toml"]);
    assert_eq!(simd.code, Some(0));
    assert_eq!(folder.run(&["net.toml", "--kernels", "simd"]), simd);
    let plain = folder.run(&["net.toml", "--kernels", "plain"]);
    assert_eq!(plain.code, Some(0));
    assert_ne!(simd.stdout, plain.stdout);
    assert_eq!(folder.run(&["net.toml", "--kernels", "gpu"]).code, Some(2));

    let trainer = [
        "trainer",
        "net.toml",
        "--kernels",
        "simd",
        "--out",
        "trainer",
    ];
    assert_eq!(folder.run(&trainer).code, Some(0));
    assert!(folder.read("trainer/Cargo.toml").contains("\"simd\""));
    assert_eq!(folder.read("trainer/src/net.rs"), simd.stdout);
}
