//! The file as written: its tree of spanned values, held against the grammar.

use crate::grammar::{Form, KeyInfo, Presence, TYPE, Tagged};
use crate::judge::{judge, kind_of};
use crate::report::{Problem, Span};
use crate::words::{guess, likely, quoted};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// Parses the text, or says everything that is not TOML.
pub(crate) fn parse(text: &str) -> Result<DeTable<'_>, Vec<Problem>> {
    let (tree, errors) = DeTable::parse_recoverable(text);
    if errors.is_empty() {
        return Ok(tree.into_inner());
    }
    let problems = errors.iter().map(|error| match error.span() {
        None => Problem::of_file(error.message()),
        Some(span) if error.message() == "duplicate key" => {
            let key = quoted(text.get(span.clone()).unwrap_or_default());
            Problem::new(format!("{key} is given twice"), span)
                .label("the second time")
                .help("keep one of the two")
        }
        Some(span) => Problem::new(error.message(), span).label("not TOML"),
    });
    Err(problems.collect())
}

/// Holds a file against the keys that it may have, or says everything that does not fit.
pub(crate) fn check(tree: &DeTable<'_>, keys: &[KeyInfo]) -> Result<(), Vec<Problem>> {
    let mut checker = Checker::default();
    let file = Owner {
        name: "the file".to_owned(),
        span: 0..0,
    };
    checker.table(&file, tree, keys);
    if checker.problems.is_empty() {
        Ok(())
    } else {
        Err(checker.problems)
    }
}

/// The table that a key belongs to.
struct Owner {
    /// For messages: `a conv2d layer`.
    name: String,
    /// What to underline if something is missing.
    span: Span,
}

#[derive(Default)]
struct Checker {
    problems: Vec<Problem>,
}

impl Checker {
    fn table(&mut self, owner: &Owner, table: &DeTable<'_>, keys: &[KeyInfo]) {
        let names: Vec<&str> = keys.iter().map(|key| key.name).collect();
        let mut meant = Vec::new();
        for (key, value) in table {
            let (name, span) = (key.get_ref(), key.span());
            if let Some(known) = keys.iter().find(|known| known.name == name) {
                self.value(known, value);
            } else {
                meant.extend(likely(name, &names));
                self.unknown_key(owner, name, span, &names);
            }
        }
        let is_missing = |key: &&KeyInfo| {
            // A misspelt key is one mistake, not two.
            !table.contains_key(key.name) && !meant.contains(&key.name)
        };
        let required = keys.iter().filter(|key| key.presence == Presence::Required);
        for key in required.filter(is_missing) {
            self.missing_key(owner, key, &key.form.to_string());
        }
    }

    fn value(&mut self, key: &KeyInfo, value: &Spanned<DeValue<'_>>) {
        match (key.form, value.get_ref()) {
            (Form::Table(keys), DeValue::Table(table)) => {
                let owner = Owner {
                    name: format!("`[{}]`", key.name),
                    span: value.span(),
                };
                self.table(&owner, table, keys);
            }
            (Form::Tables(tagged), DeValue::Array(list)) => {
                for item in list {
                    self.list_item(tagged, item);
                }
            }
            (Form::Tagged(tagged), DeValue::Table(table)) => {
                self.tagged(tagged, table, value.span());
            }
            (Form::Tagged(tagged), DeValue::String(word)) => {
                self.lone_type(tagged, word, value.span());
            }
            _ => {
                let fault = judge(&key.form, value).err();
                self.problems.extend(fault.map(|fault| {
                    let message = format!("`{}` must be {}", key.name, key.form);
                    Problem {
                        help: fault.help,
                        ..Problem::new(message, fault.span).label(fault.label)
                    }
                }));
            }
        }
    }

    fn list_item(&mut self, tagged: &Tagged, item: &Spanned<DeValue<'_>>) {
        if let DeValue::Table(table) = item.get_ref() {
            self.tagged(tagged, table, item.span());
        } else {
            let noun = tagged.noun;
            self.problems.push(
                Problem::new(format!("a {noun} must be a table"), item.span())
                    .label(format!("this is {}", kind_of(item.get_ref())))
                    .help(format!("write `[[{noun}]]` and its keys below")),
            );
        }
    }

    fn tagged(&mut self, tagged: &Tagged, table: &DeTable<'_>, span: Span) {
        let Some(tag) = table.get(TYPE.name) else {
            let owner = Owner {
                name: format!("every {}", tagged.noun),
                span,
            };
            return self.missing_key(&owner, &TYPE, &tagged.alternatives());
        };
        let types = (tagged.types)();
        let known = tag.get_ref().as_str().and_then(|word| {
            let known = types.iter().find(|known| known.name == word);
            if known.is_none() {
                self.unknown_type(tagged, word, tag.span());
            }
            known
        });
        let Some(known) = known else {
            if !tag.get_ref().is_str() {
                self.value(&TYPE, tag);
            }
            return;
        };
        let owner = Owner {
            name: format!("this `{}` {}", known.name, tagged.noun),
            span: tag.span(),
        };
        let keys: Vec<KeyInfo> = [&[TYPE], tagged.common, known.keys].concat();
        self.table(&owner, table, &keys);
    }

    fn lone_type(&mut self, tagged: &Tagged, word: &str, span: Span) {
        let types = (tagged.types)();
        if let Some(known) = types.iter().find(|known| known.name == word) {
            let owner = Owner {
                name: format!("this `{}` {}", known.name, tagged.noun),
                span,
            };
            self.table(&owner, &DeTable::new(), known.keys);
        } else {
            self.unknown_type(tagged, word, span);
        }
    }

    fn unknown_type(&mut self, tagged: &Tagged, word: &str, span: Span) {
        let names: Vec<&str> = (tagged.types)().iter().map(|known| known.name).collect();
        self.problems.push(
            Problem::new(format!("unknown {} {}", tagged.noun, quoted(word)), span)
                .label(guess(word, &names))
                .help(format!("there are `{}`", names.join("`, `"))),
        );
    }

    fn unknown_key(&mut self, owner: &Owner, key: &str, span: Span, names: &[&str]) {
        let message = format!("unknown key {} in {}", quoted(key), owner.name);
        self.problems.push(
            Problem::new(message, span)
                .label(guess(key, names))
                .help(format!("{} has `{}`", owner.name, names.join("`, `"))),
        );
    }

    fn missing_key(&mut self, owner: &Owner, key: &KeyInfo, expected: &str) {
        let written = match key.form {
            Form::Table(_) => format!("[{}]", key.name),
            Form::Tables(_) => format!("[[{}]]", key.name),
            _ => format!("{} = …", key.name),
        };
        self.problems.push(
            Problem::new(
                format!("{} needs `{}`", owner.name, key.name),
                owner.span.clone(),
            )
            .label(format!("`{}` is missing", key.name))
            .help(format!("add `{written}`: {expected}")),
        );
    }
}
