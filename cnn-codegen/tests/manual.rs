//! What the command says of itself: help, completions and manual, all from one definition.
//!
//! A help text that differs is written over the file in `help`, so that the change can be reviewed, and then the test
//! fails.

mod support;

use std::fs;
use std::path::Path;
use std::process::Command;
use support::Folder;

const COMMANDS: [&str; 12] = [
    "new",
    "summary",
    "graph",
    "explain",
    "train",
    "predict",
    "bench",
    "trainer",
    "reference",
    "schema",
    "completions",
    "man",
];

fn printed(arguments: &[&str]) -> String {
    let outcome = Folder::new().run(arguments);
    assert_eq!((outcome.code, outcome.stderr.as_str()), (Some(0), ""));
    outcome.stdout
}

#[test]
fn help_tells_everything() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/help");
    let all = COMMANDS.map(|command| (command, vec![command, "--help"]));
    let mut changed = Vec::new();
    for (name, arguments) in [("cnn-codegen", vec!["--help"])].into_iter().chain(all) {
        let file = folder.join(name).with_extension("txt");
        let help = printed(&arguments);
        if fs::read_to_string(&file).unwrap_or_default() != help {
            fs::write(&file, help).unwrap();
            changed.push(name);
        }
    }
    assert!(changed.is_empty(), "review the help on {changed:?}");
}

/// After a subcommand, its flags and the words that they take.
#[cfg(unix)]
#[test]
fn bash_completes_what_follows_a_subcommand() {
    let script = printed(&["completions", "bash"]);
    let ask = r#"
        COMP_WORDS=(cnn-codegen new --template "") COMP_CWORD=3
        _cnn__codegen cnn-codegen "" --template
        echo "${COMPREPLY[@]}"
        COMP_WORDS=(cnn-codegen predict --pre) COMP_CWORD=2
        _cnn__codegen cnn-codegen --pre predict
        echo "${COMPREPLY[@]}"
    "#;
    let output = Command::new("bash")
        .args(["-c", &(script + ask)])
        .output()
        .unwrap();
    let replies = String::from_utf8(output.stdout).unwrap();
    assert_eq!(replies, "digits lenet5 cifar mlp\n--prepare\n");
}

#[test]
fn every_command_is_in_the_help_the_completions_and_the_manual() {
    let help = printed(&["--help"]);
    let listed = help.lines().filter_map(|line| line.strip_prefix("  "));
    let listed = listed.filter(|line| line.starts_with(|first: char| first.is_ascii_lowercase()));
    let listed: Vec<&str> = listed.filter_map(|line| line.split(' ').next()).collect();
    assert_eq!(listed, COMMANDS);

    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let script = printed(&["completions", shell]);
        for word in COMMANDS.iter().chain(&["kernels", "template", "runtime"]) {
            assert!(script.contains(word), "{word} for {shell}");
        }
    }

    let folder = Folder::new();
    assert_eq!(folder.run(&["man", "share/man1"]).code, Some(0));
    let mut pages = COMMANDS
        .map(|command| format!("cnn-codegen-{command}.1"))
        .to_vec();
    pages.push("cnn-codegen.1".to_owned());
    pages.sort();
    assert_eq!(folder.names_in("share/man1"), pages);
    for page in pages {
        let page = folder.read(&format!("share/man1/{page}"));
        assert!(
            page.contains(".TH cnn-codegen") && page.contains(".SH SYNOPSIS"),
            "{page}"
        );
    }
}
