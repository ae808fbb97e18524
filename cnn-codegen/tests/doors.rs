//! Three doors, one text.

mod support;

use cnn_codegen::{Builder, Options, attribute, compile};
use proc_macro2::TokenStream;
use quote::{ToTokens, quote};
use std::fs::{self, File};
use std::path::Path;
use std::time::{Duration, SystemTime};
use support::{Folder, NET};

const NETWORKS: [&str; 6] = [
    "digits",
    "digits-textbook",
    "lenet5",
    "mlp",
    "worked-example-1",
    "worked-example-2",
];

/// A network of the examples, copied into a folder of its own.
fn example(name: &str) -> (Folder, String) {
    let networks = concat!(env!("CARGO_MANIFEST_DIR"), "/../examples/networks");
    let text = fs::read_to_string(format!("{networks}/{name}.toml")).unwrap();
    let folder = Folder::new();
    folder.write("net.toml", &text);
    (folder, text)
}

/// Items as text without white space, whatever door they came through; where lines break in a macro's arguments, trailing
/// commas are left.
fn printed(items: impl ToTokens) -> String {
    let text = prettyplease::unparse(&syn::parse2(items.into_token_stream()).unwrap());
    text.split_whitespace()
        .collect::<String>()
        .replace(",}", "}")
}

#[test]
fn command_and_builder_write_the_same_bytes() {
    for name in NETWORKS {
        let (folder, text) = example(name);
        let command = folder.run(&["net.toml"]).stdout;
        let built = Builder::new(folder.join("net.toml"))
            .out_dir(folder.path())
            .generate();
        assert_eq!(built.unwrap(), folder.join("net.rs"));
        assert!(folder.read("net.rs") == command, "{name}");
        let library = compile(&text, "net.toml", &Options::default()).unwrap();
        assert!(library.text() == command, "{name}");
    }
}

#[test]
fn the_attributes_module_has_the_items_of_the_commands_file() {
    for name in NETWORKS {
        let (folder, text) = example(name);
        let network = compile(&text, "net.toml", &Options::default()).unwrap();
        let name = quote::format_ident!("{}", network.name());
        let file = folder.join("main.rs");
        let item = quote!(pub struct #name;);
        let expanded = attribute::expand(quote!("net.toml"), &item, Some(&file));
        let expanded: syn::File = syn::parse2(expanded).unwrap();
        let module = expanded.items.into_iter().find_map(|item| match item {
            syn::Item::Mod(module) => module.content,
            _ => None,
        });
        let (_, items) = module.unwrap();
        let command: syn::File = syn::parse_file(&folder.run(&["net.toml"]).stdout).unwrap();
        assert!(printed(quote!(#(#items)*)) == printed(command), "{name}");
    }
}

#[test]
fn two_runs_give_the_same_bytes() {
    for name in NETWORKS {
        let (folder, _) = example(name);
        assert!(
            folder.run(&["net.toml"]) == folder.run(&["net.toml"]),
            "{name}"
        );
    }
}

#[test]
fn a_file_with_the_same_content_is_left_alone() {
    let long_ago = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000_000);
    let folder = Folder::with_net();
    let builder = Builder::new(folder.join("net.toml")).out_dir(folder.path());
    let net = builder.generate().unwrap();
    let age = |path: &Path| {
        File::options()
            .write(true)
            .open(path)
            .unwrap()
            .set_modified(long_ago)
    };
    let modified = |path: &Path| fs::metadata(path).unwrap().modified().unwrap();

    age(&net).unwrap();
    builder.generate().unwrap();
    assert_eq!(folder.run(&["net.toml", "-o", "net.rs"]).code, Some(0));
    assert_eq!(modified(&net), long_ago);

    folder.write("net.toml", format!("{NET}# changed\n"));
    builder.generate().unwrap();
    assert_ne!(modified(&net), long_ago);
    assert_eq!(folder.names(), ["net.rs", "net.toml"]);
}

#[test]
fn a_builder_can_choose_the_name() {
    let folder = Folder::with_net();
    let builder = Builder::new(folder.join("net.toml")).out_dir(folder.path());
    builder.clone().name("Other").generate().unwrap();
    assert!(
        folder
            .read("net.rs")
            .contains("impl cnn_runtime::Model for Other {")
    );

    for (name, reason) in [
        ("Parameters", "the generated code uses this name itself"),
        ("Conv1", "the layer `conv1` has a type of this name"),
    ] {
        let error = builder.clone().name(name).generate().unwrap_err();
        let expected = format!("error: a network cannot be called `{name}`: {reason}");
        assert_eq!(error.to_string(), expected);
    }
}

#[test]
fn a_builders_error_shows_the_whole_report_in_cargos_way() {
    let folder = Folder::new();
    folder.write("net.toml", NET.replace("conv2d", "conv3d"));
    let builder = Builder::new(folder.join("net.toml")).out_dir(folder.path());
    let error = builder.generate().unwrap_err();
    let command = folder.run(&["net.toml"]).stderr;
    let command = command.replace(
        "net.toml:",
        &format!("{}:", folder.join("net.toml").display()),
    );
    assert_eq!(format!("{error}\n"), command);
    assert_eq!(format!("{error:?}\n"), format!("\n{command}"));
    assert_eq!(folder.names(), ["net.toml"]);
}

/// What `compile_error!` says in expanded items.
fn compile_errors(expanded: TokenStream) -> Vec<String> {
    let file: syn::File = syn::parse2(expanded).unwrap();
    let items = file.items.into_iter();
    let errors = items.filter_map(|item| match item {
        syn::Item::Macro(item) if item.mac.path.segments.last()?.ident == "compile_error" => {
            Some(item.mac.parse_body::<syn::LitStr>().unwrap().value())
        }
        _ => None,
    });
    errors.collect()
}

#[test]
fn every_mistake_reads_the_same_at_every_door() {
    let broken = concat!(env!("CARGO_MANIFEST_DIR"), "/../cnn-spec/tests/broken");
    let mut count = 0;
    for entry in fs::read_dir(broken).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|extension| extension != "toml") {
            continue;
        }
        let folder = Folder::new();
        fs::copy(&path, folder.join("net.toml")).unwrap();
        let command = folder.run(&["net.toml"]);
        assert_eq!((command.code, command.stdout.as_str()), (Some(1), ""));

        let file = folder.join("net.toml");
        let shown = file.display().to_string();
        let error = Builder::new(&file).out_dir(folder.path()).generate();
        let built = format!("{}\n", error.unwrap_err()).replace(&shown, "net.toml");
        assert_eq!(built, command.stderr, "{}", path.display());

        let item = quote!(
            pub struct Net;
        );
        let main = folder.join("main.rs");
        let expanded = attribute::expand(quote!("net.toml"), &item, Some(&main));
        let expected = command.stderr.strip_prefix("error: ").unwrap();
        let errors = compile_errors(expanded).into_iter();
        let errors: Vec<_> = errors
            .map(|error| format!("{error}\n").replace(&shown, "net.toml"))
            .collect();
        assert_eq!(errors, [expected], "{}", path.display());
        assert_eq!(folder.names(), ["net.toml"]);
        count += 1;
    }
    assert!(count > 200);
}

#[test]
fn a_builder_outside_a_build_script_says_what_is_missing() {
    let folder = Folder::with_net();
    let error = Builder::new(folder.join("net.toml"))
        .generate()
        .unwrap_err();
    assert_eq!(
        error.to_string(),
        "error: OUT_DIR is not set: outside a build script, call `Builder::out_dir`"
    );
}
