//! The language as a chapter of the guide, from the grammar: each key with what it takes, its default and its meaning.

use cnn_spec::LANGUAGE;
use cnn_spec::grammar::{Form, KeyInfo, Presence, Tagged, TypeInfo, Word};
use std::collections::{BTreeSet, VecDeque};

const HEAD: &str = "\
# Reference

Every section and every key, in the order of the file. `cnn-codegen reference` prints this page.

Where a table has a `type`, the type decides which further keys it has. A `type` that needs no others can be written
without the table: `loss = \"mse\"` is short for `loss = { type = \"mse\" }`.
";

/// The chapter as Markdown.
pub(crate) fn text() -> String {
    let mut chapter = Chapter::default();
    chapter.paragraph(HEAD);
    for section in LANGUAGE {
        chapter.section(section);
    }
    chapter.text
}

/// The chapter as far as it is written.
#[derive(Default)]
struct Chapter {
    text: String,
    /// What has a heading, or is to get one: types with keys of their own, and nouns of tables with a `type`.
    described: BTreeSet<&'static str>,
    /// Tables with a `type` that were named in the section, and are described behind it.
    named: VecDeque<&'static Tagged>,
}

impl Chapter {
    fn section(&mut self, section: &KeyInfo) {
        let title = match section.form {
            Form::Table(_) => format!("Section `[{}]`", section.name),
            _ => format!("Sections `[[{}]]`", section.name),
        };
        self.paragraph(&format!("## {title}\n"));
        self.paragraph(&match section.presence {
            Presence::Optional(otherwise) => format!("{} Without it, {otherwise}.\n", section.doc),
            Presence::Required | Presence::Default(_) => format!("{}\n", section.doc),
        });
        match section.form {
            Form::Table(keys) | Form::Entries(keys) => self.keys(keys),
            Form::Tables(tagged) => self.tagged(tagged),
            _ => {}
        }
        while let Some(tagged) = self.named.pop_front() {
            self.paragraph(&format!("## `{}`\n", tagged.noun));
            self.tagged(tagged);
        }
    }

    /// The types of a table, the keys that all have, and those that some have.
    fn tagged(&mut self, tagged: &Tagged) {
        let types = (tagged.types)();
        let rows = types.iter().map(|known| {
            let name = format!("`{}`", known.name);
            let name = if known.keys.is_empty() {
                name
            } else {
                format!("[{name}](#{})", known.name)
            };
            format!("| {name} | {} |\n", cell(known.doc))
        });
        let rows: String = rows.collect();
        self.paragraph(&format!("| `type` | meaning |\n| --- | --- |\n{rows}"));
        if !tagged.common.is_empty() {
            self.paragraph("Whatever its `type`, it may have:\n");
            self.keys(tagged.common);
        }
        for known in types.iter().filter(|known| !known.keys.is_empty()) {
            self.own_keys(known);
        }
    }

    fn own_keys(&mut self, known: &TypeInfo) {
        if self.described.insert(known.name) {
            self.paragraph(&format!("### `{}`\n", known.name));
            self.paragraph(&format!("{}\n", known.doc));
            self.keys(known.keys);
        }
    }

    fn keys(&mut self, keys: &[KeyInfo]) {
        let rows = self.rows("", keys);
        self.paragraph(&format!(
            "| key | value | unless given | meaning |\n| --- | --- | --- | --- |\n{rows}"
        ));
    }

    /// A row for each key, and for each key of a table that is its value.
    fn rows(&mut self, prefix: &str, keys: &[KeyInfo]) -> String {
        let rows = keys.iter().map(|key| {
            let name = format!("{prefix}{}", key.name);
            let inner = match key.form {
                Form::Table(inner) | Form::Entries(inner) => inner,
                Form::Layers(tagged) => tagged.common,
                _ => &[],
            };
            if let Form::Tagged(tagged) = key.form {
                self.name(tagged);
            }
            row(&name, key) + &self.rows(&format!("{name}."), inner)
        });
        rows.collect()
    }

    fn name(&mut self, tagged: &'static Tagged) {
        if self.described.insert(tagged.noun) {
            self.named.push_back(tagged);
        }
    }

    /// Adds text behind an empty line.
    fn paragraph(&mut self, text: &str) {
        if !self.text.is_empty() {
            self.text.push('\n');
        }
        self.text += text;
    }
}

fn row(name: &str, key: &KeyInfo) -> String {
    let otherwise = match key.presence {
        Presence::Required => "**required**".to_owned(),
        Presence::Default(default) => format!("`{default}`"),
        Presence::Optional(otherwise) => otherwise.to_owned(),
    };
    let words = words(&key.form).into_iter();
    let words = words.map(|word| format!("<br>`\"{}\"`: {}", word.name, word.doc));
    let meaning = key.doc.to_owned() + &words.collect::<String>();
    let cells = [value(&key.form), otherwise, meaning].map(|text| cell(&text));
    format!("| `{name}` | {} |\n", cells.join(" | "))
}

/// What a value looks like, with words and types left to those who explain them.
fn value(form: &Form) -> String {
    match form {
        Form::Words(_) => "a word".to_owned(),
        Form::Either(first, second) => format!("{}, or {}", value(first), value(second)),
        Form::List(item) => format!("a list, each of it {}", value(item)),
        Form::Tagged(tagged) => format!("[`type`, or a table](#{})", tagged.noun),
        _ => form.to_string(),
    }
}

/// The words that may stand in a value.
fn words(form: &Form) -> Vec<Word> {
    match form {
        Form::Words(words) => words(),
        Form::Either(first, second) => [words(first), words(second)].concat(),
        Form::List(item) => words(item),
        _ => Vec::new(),
    }
}

/// Text that may stand in a table.
fn cell(text: &str) -> String {
    text.replace('|', "\\|")
}
