//! The attribute as the compiler sees it: one mistake gives one error, and a changed file is compiled again.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

const PACKAGE: &str = env!("CARGO_MANIFEST_DIR");
const WORKSPACE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");

/// Where cargo builds this test, and everything that it needs.
fn target() -> &'static Path {
    Path::new(env!("CARGO_TARGET_TMPDIR")).parent().unwrap()
}

fn cargo(folder: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO"));
    command
        .args(arguments)
        .args(["--offline", "--quiet", "--target-dir"]);
    command.arg(target()).current_dir(folder).output().unwrap()
}

/// The compiled `cnn-runtime` with the attribute.
fn runtime() -> PathBuf {
    let arguments = [
        "build",
        "-p",
        "cnn-runtime",
        "--features",
        "macros",
        "--message-format",
        "json",
    ];
    let output = cargo(Path::new(WORKSPACE), &arguments);
    let messages = String::from_utf8(output.stdout).unwrap();
    let artifact = messages
        .lines()
        .map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap())
        .find(|message| message["target"]["name"] == "cnn_runtime");
    let files = artifact.unwrap()["filenames"].clone();
    let files: Vec<PathBuf> = serde_json::from_value(files).unwrap();
    files
        .into_iter()
        .find(|file| file.extension().is_some_and(|it| it == "rlib"))
        .unwrap()
}

/// Compiles one file of this folder, with short messages: `file:line:column: error: message`.
fn rustc(runtime: &Path, file: &Path, program: &Path) -> Output {
    Command::new("rustc")
        .args(["--edition", "2024", "--error-format", "short", "--extern"])
        .arg(format!("cnn_runtime={}", runtime.display()))
        .arg("-L")
        .arg(format!(
            "dependency={}",
            runtime.with_file_name("deps").display()
        ))
        .arg("-L")
        .arg(format!(
            "dependency={}",
            target().join("debug/deps").display()
        ))
        .arg("-o")
        .args([program, file])
        .current_dir(PACKAGE)
        .env("CARGO_MANIFEST_DIR", PACKAGE)
        .output()
        .unwrap()
}

#[test]
fn one_mistake_gives_one_error() {
    let runtime = runtime();
    let folder = tempfile::tempdir().unwrap();
    let mistakes = Path::new(PACKAGE).join("tests/mistakes");
    let entries = fs::read_dir(mistakes)
        .unwrap()
        .map(|entry| entry.unwrap().path());
    let files = entries.filter(|path| path.extension().is_some_and(|it| it == "rs"));
    let mut count = 0;
    for file in files {
        let shown = file.strip_prefix(PACKAGE).unwrap();
        let output = rustc(&runtime, shown, &folder.path().join("program"));
        let stderr = String::from_utf8(output.stderr).unwrap();
        let expected = fs::read_to_string(file.with_extension("stderr")).unwrap();
        assert_eq!(stderr, expected, "{}", shown.display());
        assert!(stderr.ends_with("error: aborting due to 1 previous error\n"));
        count += 1;
    }
    assert_eq!(count, 13);
}

#[test]
fn the_attribute_stands_where_a_struct_can() {
    let folder = tempfile::tempdir().unwrap();
    let program = folder.path().join("program");
    let output = rustc(&runtime(), Path::new("tests/uses/everything.rs"), &program);
    assert_eq!(String::from_utf8(output.stderr).unwrap(), "");
    assert!(Command::new(program).status().unwrap().success());
}

#[test]
fn a_changed_file_is_compiled_again() {
    let folder = tempfile::tempdir().unwrap();
    let write = |file: &str, text: &str| fs::write(folder.path().join(file), text).unwrap();
    let runtime = Path::new(WORKSPACE)
        .join("cnn-runtime")
        .canonicalize()
        .unwrap();
    let manifest = format!(
        "[package]\nname = \"changing-net\"\nedition = \"2024\"\n[workspace]\n[dependencies]\n\
         cnn-runtime = {{ path = {runtime:?}, features = [\"macros\"] }}\n"
    );
    write("Cargo.toml", &manifest);
    fs::copy(
        Path::new(WORKSPACE).join("Cargo.lock"),
        folder.path().join("Cargo.lock"),
    )
    .unwrap();
    fs::create_dir(folder.path().join("src")).unwrap();
    write(
        "src/main.rs",
        "#[cnn_runtime::cnn_model(\"net.toml\")]\nstruct Net;\n\
         fn main() { println!(\"{:?}\", <Net as cnn_runtime::Model>::OUTPUT_SHAPE); }\n",
    );
    let net = include_str!("uses/net.toml");
    for outputs in [3, 4, 5] {
        // Not beside the source file, so found in the package's folder.
        write(
            "net.toml",
            &net.replace("out_features = 3", &format!("out_features = {outputs}")),
        );
        let output = cargo(folder.path(), &["run"]);
        assert_eq!(String::from_utf8(output.stderr).unwrap(), "");
        assert_eq!(
            String::from_utf8(output.stdout).unwrap(),
            format!("[{outputs}]\n")
        );
    }
}
