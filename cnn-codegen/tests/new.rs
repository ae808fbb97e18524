//! What `cnn-codegen new` writes.

mod support;

use support::{Folder, Outcome};

const TEMPLATES: [&str; 4] = ["digits", "lenet5", "cifar", "mlp"];

#[test]
fn every_template_is_a_commented_network_ready_to_be_trained() {
    for template in TEMPLATES {
        let folder = Folder::new();
        let outcome = folder.run(&["new", "--template", template]);
        let condition = match template {
            "cifar" => ", once CIFAR-10 is fetched as its first lines say",
            _ => "",
        };
        let next = format!("wrote `net.toml`; `cnn-codegen train net.toml` trains it{condition}\n");
        assert_eq!(outcome, Outcome::success(next));
        let text = folder.read("net.toml");
        assert!(text.matches('#').count() > 10, "{template}");
        assert!(text.contains("cnn-codegen train net.toml"), "{template}");
        let trainer = folder.run(&["trainer", "net.toml", "--out", "trainer"]);
        assert_eq!(trainer, Outcome::success(""), "{template}");
    }
}

#[test]
fn without_a_word_it_is_digits() {
    let folder = Folder::new();
    assert_eq!(folder.run(&["new"]).code, Some(0));
    let arguments = ["new", "--template", "digits", "-o", "other.toml"];
    assert_eq!(folder.run(&arguments).code, Some(0));
    assert_eq!(folder.names(), ["net.toml", "other.toml"]);
    assert_eq!(folder.read("net.toml"), folder.read("other.toml"));
}

#[test]
fn a_name_takes_the_place_of_the_templates_own() {
    for template in TEMPLATES {
        let folder = Folder::new();
        assert_eq!(
            folder
                .run(&["new", "-o", "own.toml", "--template", template])
                .code,
            Some(0)
        );
        assert_eq!(
            folder
                .run(&["new", "my-network", "--template", template])
                .code,
            Some(0)
        );
        let (own, named) = (folder.read("own.toml"), folder.read("net.toml"));
        let changed = own
            .lines()
            .zip(named.lines())
            .filter(|(own, named)| own != named);
        let changed: Vec<_> = changed.map(|(_, named)| named).collect();
        assert_eq!(changed, ["name = \"MyNetwork\""], "{template}");
    }
}

#[test]
fn nothing_is_overwritten_and_no_bad_name_is_written() {
    let folder = Folder::new();
    folder.write("net.toml", "mine");
    for (arguments, message) in [
        (&["new"][..], "cannot write `net.toml`: it is there already"),
        (
            &["new", "-o", "none/net.toml"],
            "cannot write `none/net.toml`: there is no folder `none`\n help: create it, or choose another one",
        ),
        (
            &["new", "9", "-o", "other.toml"],
            "a network cannot be called `9`: a network's name begins with a capital letter from A to Z",
        ),
        (
            &["new", "conv1", "-o", "other.toml"],
            "a network cannot be called `Conv1`: the layer `conv1` has a type of this name",
        ),
    ] {
        let expected = Outcome::failure(1, format!("error: {message}\n"));
        assert_eq!(folder.run(arguments), expected);
    }
    assert_eq!(folder.names(), ["net.toml"]);
    assert_eq!(folder.read("net.toml"), "mine");
}
