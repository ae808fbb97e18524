//! The file as written, its tree of spanned values, held against the grammar.

use crate::expand::Origin;
use crate::grammar::{Form, KeyInfo, Presence, TYPE, Tagged};
use crate::judge::{judge, kind_of};
use crate::report::{MAX_PROBLEMS, Problem, Span};
use crate::words::{guess, likely, quoted};
use std::mem;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// So many names are told where a similar one is proposed already.
const SHORT_LIST: usize = 12;

/// Holds a file against the keys that it may have, or says everything that does not fit.
///
/// What is missing is missed at `end`.
pub(crate) fn check(
    tree: &DeTable<'_>,
    keys: &[KeyInfo],
    end: usize,
    origins: &[Origin],
) -> Result<(), Vec<Problem>> {
    let mut checker = Checker {
        origins,
        section: String::new(),
        problems: Vec::new(),
    };
    let file = Owner {
        name: "the file".to_owned(),
        span: end..end,
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

struct Checker<'o> {
    /// Where each layer comes from.
    origins: &'o [Origin],
    /// What stands before the names of sections in the one that is looked at: `training.`.
    section: String,
    problems: Vec<Problem>,
}

impl Checker<'_> {
    fn table(&mut self, owner: &Owner, table: &DeTable<'_>, keys: &[KeyInfo]) {
        let names: Vec<&str> = keys.iter().map(|key| key.name).collect();
        let mut meant = Vec::new();
        for (key, value) in table {
            let (name, span) = (key.get_ref(), key.span());
            if self.problems.len() > MAX_PROBLEMS {
                return;
            }
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
                let section = self.section_of(key);
                let owner = Owner {
                    name: format!("`[{section}]`"),
                    span: value.span(),
                };
                self.within(section, |checker| checker.table(&owner, table, keys));
            }
            (Form::Tables(tagged), DeValue::Array(list)) => {
                for (item, origin) in list.iter().zip(self.origins) {
                    if self.problems.len() <= MAX_PROBLEMS {
                        let before = self.problems.len();
                        self.list_item(tagged, item);
                        let found = self.problems.split_off(before).into_iter();
                        self.problems
                            .extend(found.map(|problem| origin.label(problem)));
                    }
                }
            }
            (Form::Entries(keys), DeValue::Array(list)) => {
                for item in list {
                    self.table_of(key, keys, item);
                }
            }
            (Form::Tagged(tagged), DeValue::Table(table)) => {
                let section = self.section_of(key);
                self.within(section, |checker| {
                    checker.tagged(tagged, table, value.span());
                });
            }
            (Form::Tagged(tagged), DeValue::String(word)) => {
                self.lone_type(tagged, word, value.span());
            }
            _ => {
                let fault = judge(&key.form, value).err();
                self.problems.extend(fault.map(|fault| {
                    let message = format!("`{}` must be {}", key.name, key.form);
                    let mended = fault.mended.or_else(|| self.brackets(key, value.get_ref()));
                    Problem {
                        help: mended.map(|mended| format!("write `{mended}`")),
                        ..Problem::new(message, fault.span).label(fault.label)
                    }
                }));
            }
        }
    }

    fn table_of(&mut self, key: &KeyInfo, keys: &[KeyInfo], item: &Spanned<DeValue<'_>>) {
        let owner = Owner {
            name: format!("this `[[{}]]`", self.section_of(key)),
            span: item.span(),
        };
        if let DeValue::Table(table) = item.get_ref() {
            self.table(&owner, table, keys);
        } else {
            let label = format!("this is {}", kind_of(item.get_ref()));
            let message = format!("a {} must be a table", key.name);
            self.problems
                .push(Problem::new(message, item.span()).label(label));
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
        let DeValue::String(word) = tag.get_ref() else {
            let label = format!("this is {}", kind_of(tag.get_ref()));
            let message = format!("`type` must be {}", tagged.alternatives());
            return self
                .problems
                .push(Problem::new(message, tag.span()).label(label));
        };
        let Some(known) = tagged.find(word) else {
            return self.unknown_type(tagged, word, tag.span());
        };
        let owner = Owner {
            name: format!("this `{}` {}", known.name, tagged.noun),
            span: tag.span(),
        };
        let keys: Vec<KeyInfo> = [&[TYPE], tagged.common, known.keys].concat();
        self.table(&owner, table, &keys);
    }

    fn lone_type(&mut self, tagged: &Tagged, word: &str, span: Span) {
        if let Some(known) = tagged.find(word) {
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
        let elsewhere = tagged.elsewhere.iter().find(|(name, _)| *name == word);
        let guess = guess(word, &names);
        let help = if let Some((_, help)) = elsewhere {
            (*help).to_owned()
        } else if guess.is_empty() || names.len() <= SHORT_LIST {
            format!("there are `{}`", names.join("`, `"))
        } else {
            format!("`cnn-codegen reference` lists all {}", names.len())
        };
        let message = format!("unknown {} {}", tagged.noun, quoted(word));
        self.problems
            .push(Problem::new(message, span).label(guess).help(help));
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
        let section = self.section_of(key);
        let (written, added) = match key.form {
            Form::Table(_) => (format!("[{section}]"), format!("`[{section}]`")),
            Form::Tables(_) | Form::Entries(_) => {
                (format!("[[{section}]]"), format!("`[[{section}]]`"))
            }
            _ => (key.name.to_owned(), format!("`{} = …`", key.name)),
        };
        let message = format!("{} needs `{written}`", owner.name);
        self.problems.push(
            Problem::new(message, owner.span.clone())
                .label(format!("`{written}` is missing"))
                .help(format!("add {added}: {expected}")),
        );
    }

    /// Looks at what is inside of a section.
    fn within(&mut self, section: String, look: impl FnOnce(&mut Self)) {
        let outer = mem::replace(&mut self.section, section + ".");
        look(self);
        self.section = outer;
    }

    /// What a section is called in its header: `training.losses`.
    fn section_of(&self, key: &KeyInfo) -> String {
        format!("{}{}", self.section, key.name)
    }

    /// A section's header with the right number of brackets.
    fn brackets(&self, key: &KeyInfo, found: &DeValue<'_>) -> Option<String> {
        let section = self.section_of(key);
        match (key.form, found) {
            (Form::Tables(_) | Form::Entries(_), DeValue::Table(_)) => {
                Some(format!("[[{section}]]"))
            }
            (Form::Table(_), DeValue::Array(_)) => Some(format!("[{section}]")),
            _ => None,
        }
    }
}
