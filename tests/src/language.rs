//! What there is in the language, and what of it a file uses.

use cnn_spec::grammar::{Form, KeyInfo, Presence, Tagged};
use std::cmp::Reverse;
use std::collections::BTreeSet;
use toml::{Table, Value};

/// Things of the language, such as `layer.conv2d`, `layer.conv2d.stride` and `layer.conv2d.mode.convolution`.
///
/// What is the same everywhere has one place: an activation is a layer, first values are `initialization`, and each of
/// several losses is `training.loss`.
pub type Things = BTreeSet<String>;

/// Everything in the language.
pub fn all() -> Things {
    let mut things = Things::new();
    for key in cnn_spec::LANGUAGE {
        add_key(key, "", &mut things);
    }
    things
}

/// What a file uses, also by leaving something out.
///
/// # Panics
/// If it is not TOML.
pub fn used(text: &str) -> Things {
    let table: Table = text.parse().expect("the file is TOML");
    let mut things = Things::new();
    use_keys(cnn_spec::LANGUAGE, &table, "", &mut things);
    things
}

/// Some files that between them use as much as all of them: those that use most come first, and each uses something that
/// none before did.
pub fn cover<'t>(texts: impl Iterator<Item = &'t str>) -> Vec<&'t str> {
    let mut all: Vec<_> = texts.map(|text| (used(text), text)).collect();
    all.sort_by_key(|(things, _)| Reverse(things.len()));
    let mut seen = Things::new();
    all.retain(|(things, _)| {
        let is_new = !things.is_subset(&seen);
        seen.extend(things.iter().cloned());
        is_new
    });
    all.into_iter().map(|(_, text)| text).collect()
}

fn place(key: &KeyInfo, prefix: &str) -> String {
    match key.name {
        "activation" => "layer".into(),
        "initialization" => "initialization".into(),
        "loss" => "training.loss".into(),
        name if prefix.is_empty() => name.into(),
        name => format!("{prefix}.{name}"),
    }
}

fn add_key(key: &KeyInfo, prefix: &str, things: &mut Things) {
    let path = place(key, prefix);
    // An activation's own keys are found where it is a layer.
    if key.name != "activation" {
        add_form(&key.form, &path, things);
        things.insert(path);
    }
}

fn add_form(form: &Form, path: &str, things: &mut Things) {
    match form {
        Form::Words(words) => {
            things.extend(words().iter().map(|word| format!("{path}.{}", word.name)));
        }
        Form::Either(one, other) => {
            add_form(one, path, things);
            add_form(other, path, things);
        }
        Form::List(form) => add_form(form, path, things),
        Form::Entries(keys) | Form::Table(keys) => {
            keys.iter().for_each(|key| add_key(key, path, things));
        }
        Form::Tables(tagged) | Form::Tagged(tagged) => add_types(tagged, path, things),
        _ => {}
    }
}

fn add_types(tagged: &Tagged, path: &str, things: &mut Things) {
    for key in tagged.common {
        add_key(key, path, things);
    }
    for kind in (tagged.types)() {
        let path = format!("{path}.{}", kind.name);
        for key in kind.keys {
            add_key(key, &path, things);
        }
        things.insert(path);
    }
}

fn use_keys(keys: &[KeyInfo], table: &Table, prefix: &str, things: &mut Things) {
    for key in keys {
        let path = place(key, prefix);
        if let Some(value) = table.get(key.name) {
            use_form(&key.form, value, &path, things);
            things.insert(path);
        } else if let Presence::Default(value) = key.presence {
            let default: Table = format!("x = {value}").parse().expect("a default is TOML");
            use_form(&key.form, &default["x"], &path, things);
        }
    }
}

fn use_form(form: &Form, value: &Value, path: &str, things: &mut Things) {
    match (form, value) {
        (Form::Words(words), Value::String(text)) => {
            let is_known = words().iter().any(|word| word.name == text);
            things.extend(is_known.then(|| format!("{path}.{text}")));
        }
        (Form::Either(one, other), value) => {
            use_form(one, value, path, things);
            use_form(other, value, path, things);
        }
        (Form::List(form), Value::Array(items)) => {
            for item in items {
                use_form(form, item, path, things);
            }
        }
        (Form::Entries(keys), Value::Array(items)) => {
            let tables = items.iter().filter_map(Value::as_table);
            tables.for_each(|table| use_keys(keys, table, path, things));
        }
        (Form::Table(keys), Value::Table(table)) => use_keys(keys, table, path, things),
        (Form::Tables(tagged), Value::Array(items)) => {
            for item in items {
                use_type(tagged, item, path, things);
            }
        }
        (Form::Tagged(tagged), value) => use_type(tagged, value, path, things),
        _ => {}
    }
}

fn use_type(tagged: &Tagged, value: &Value, path: &str, things: &mut Things) {
    let no_keys = Table::new();
    let (name, table) = match value {
        Value::String(name) => (Some(name.as_str()), &no_keys),
        Value::Table(table) => (table.get("type").and_then(Value::as_str), table),
        _ => (None, &no_keys),
    };
    let Some(kind) = name.and_then(|name| tagged.find(name)) else {
        return;
    };
    use_keys(tagged.common, table, path, things);
    let path = format!("{path}.{}", kind.name);
    use_keys(kind.keys, table, &path, things);
    things.insert(path);
}
