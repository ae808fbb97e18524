//! What the command prints, writes and returns.

mod support;

use support::{Folder, NET, Outcome};

const HELP: &str = "\
";

#[test]
fn help_tells_everything() {
    assert_eq!(Folder::new().run(&["--help"]), Outcome::success(HELP));
}

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
    assert!(outcome.stdout.ends_with("epochs 1, batch size 2, seed 0\n"));
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
fn wrong_arguments_exit_with_2() {
    let cases: &[(&[&str], &str)] = &[
        (
            &[],
            "error: the following required arguments were not provided:
  <net.toml>

Usage: cnn-codegen <net.toml>

For more information, try '--help'.
",
        ),
        (&["--frobnicate"], ""),
        (&["net.toml", "other.toml"], ""),
        (&["-o"], ""),
        (&["summary"], ""),
        (&["trainer", "net.toml"], ""),
        (&["train", "net.toml", "--epochs", "3"], ""),
    ];
    let folder = Folder::with_net();
    for (arguments, stderr) in cases {
        assert_eq!(
            folder.run(arguments),
            Outcome::failure(2, *stderr),
            "{arguments:?}"
        );
    }
    assert_eq!(folder.names(), ["net.toml"]);
}

#[test]
fn a_file_at_fault_exits_with_1() {
    let folder = Folder::with_net();
    folder.write("latin-1.toml", b"# caf\xe9\n");
    folder.write("empty.toml", "");
    folder.write("syntax.toml", "[network\n");
    folder.write(
        "wrong.toml",
        NET.replace("kernel_size = 3", "kernel_size = 5"),
    );
    folder.write("evil.toml", NET.replace("TinyNet", "T; fn main() {}"));
    folder.write("path.toml", NET.replace("TinyNet", "../../T"));
    folder.write("untrained.toml", NET.split("[training]").next().unwrap());
    std::fs::create_dir(folder.join("folder")).unwrap();
    let cases: &[(&[&str], &str)] = &[
        (
            &["missing.toml"],
            "error: cannot read `missing.toml`: there is no such file or directory",
        ),
        (
            &["folder"],
            "error: cannot read `folder`: it is a directory",
        ),
        (
            &["net.toml/net.toml"],
            "error: cannot read `net.toml/net.toml`: part of the path is not a directory",
        ),
        (
            &["latin-1.toml"],
            "error: cannot read `latin-1.toml`: it is not UTF-8 text",
        ),
        (&["empty.toml"], ""),
        (&["syntax.toml"], ""),
        (&["wrong.toml"], ""),
        (&["summary", "wrong.toml"], ""),
        (&["evil.toml"], ""),
        (&["trainer", "path.toml", "--out", "new"], ""),
        (&["train", "path.toml"], ""),
        (&["-"], ""),
        (
            &["net.toml", "-o", "folder"],
            "error: cannot write `folder`: it is a directory",
        ),
        (
            &["net.toml", "-o", "missing/net.rs"],
            "error: cannot write `missing/net.rs`: there is no such file or directory",
        ),
        (
            &["trainer", "net.toml", "--out", "."],
            "error: `.` holds files that this command did not make: choose a new or an empty folder",
        ),
        (
            &["trainer", "net.toml", "--out", "net.toml"],
            "error: cannot write `net.toml`: part of the path is not a directory",
        ),
        (
            &["trainer", "untrained.toml", "--out", "new"],
            "error: `untrained.toml` has no section `[training]`, which says how to train the network",
        ),
        (
            &[
                "trainer",
                "net.toml",
                "--out",
                "new",
                "--runtime",
                "missing",
            ],
            "error: cannot read `missing`: there is no such file or directory",
        ),
        (
            &["trainer", "net.toml", "--out", "new", "--runtime", "folder"],
            "",
        ),
    ];
    for (arguments, stderr) in cases {
        assert_eq!(
            folder.run(arguments),
            Outcome::failure(1, format!("{stderr}\n")),
            "{arguments:?}"
        );
    }
    assert!(!folder.join("new").exists());
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
    let full = std::fs::OpenOptions::new()
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
