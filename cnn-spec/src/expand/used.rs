//! What a use of a block says, held against the block.

use super::scope::{Scope, text};
use super::{Entry, Expander, Noted};
use crate::block::{BLOCK, REPEAT, USE_KEYS};
use crate::fields::At;
use crate::grammar::TYPE;
use crate::graph::INPUT;
use crate::judge::{judge, whole};
use crate::report::{Problem, Span};
use crate::words::{guess, quoted};
use std::collections::HashMap;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// How deep blocks may be in one another.
const MAX_DEPTH: usize = 8;

/// A use of a block, once everything is known that it says.
pub(super) struct Use<'a> {
    pub span: Span,
    /// The index of the block.
    pub block: usize,
    pub name: Option<String>,
    /// The value of each parameter.
    pub arguments: HashMap<String, Spanned<DeValue<'a>>>,
    pub repeat: u64,
}

impl<'a> Expander<'_, '_, 'a> {
    /// Reads a use.
    pub(super) fn read_use(
        &mut self,
        table: &DeTable<'a>,
        scope: &Scope,
    ) -> Result<Use<'a>, Noted> {
        let span = table.get(TYPE.name).map_or(0..0, Spanned::span);
        let block = self.find(table, &span, scope)?;
        let before = self.problems.len();
        self.refuse_keys(table, block, scope);
        let used = Use {
            name: text(table, "name"),
            arguments: self.arguments(table, block, &span, scope),
            repeat: self.repeat(table, scope),
            span,
            block,
        };
        if self.problems.len() > before {
            return Err(Noted);
        }
        Ok(used)
    }

    /// The block that a use means, which must not be one that it is in.
    fn find(&mut self, table: &DeTable<'a>, span: &Span, scope: &Scope) -> Result<usize, Noted> {
        let Some(name) = table.get(BLOCK.info.name) else {
            let problem = Problem::new("this layer needs `block`", span.clone());
            let problem = problem.label("`block` is missing");
            return Err(self.note(
                scope,
                problem.help("add `block = …`: the name of a `[[block]]`"),
            ));
        };
        let word = name.get_ref().as_str().unwrap_or_default();
        let blocks = self.blocks;
        let Some(block) = blocks.iter().position(|block| block.name == word) else {
            let names: Vec<&str> = blocks.iter().map(|block| block.name).collect();
            let problem = Problem::new(format!("there is no block {}", quoted(word)), name.span());
            let problem = problem.label(guess(word, &names));
            return Err(self.note(scope, problem.help("name a `[[block]]` of this file")));
        };
        self.is_used[block] = true;
        if scope.stack.contains(&block) {
            let problem = Problem::new(
                format!("the block {} uses itself", quoted(word)),
                name.span(),
            );
            return Err(self.note(scope, problem.help("a block can only use others")));
        }
        if scope.stack.len() == MAX_DEPTH {
            let message = format!("blocks are more than {MAX_DEPTH} deep in one another");
            return Err(self.note(scope, Problem::new(message, name.span())));
        }
        Ok(block)
    }

    /// Notes the keys that are not for this block.
    fn refuse_keys(&mut self, table: &DeTable<'a>, block: usize, scope: &Scope) {
        let block = &self.blocks[block];
        let parameters: Vec<&str> = block.parameters().collect();
        let known = [USE_KEYS.as_slice(), &parameters].concat();
        for key in table.keys() {
            let word: &str = key.get_ref();
            if !known.contains(&word) {
                let message = format!("{} has no parameter {}", quoted(block.name), quoted(word));
                let problem = Problem::new(message, key.span()).label(guess(word, &known));
                self.note(scope, problem.help(listed(&parameters)));
            }
        }
    }

    /// The value of each parameter, given or by default.
    fn arguments(
        &mut self,
        table: &DeTable<'a>,
        block: usize,
        span: &Span,
        scope: &Scope,
    ) -> HashMap<String, Spanned<DeValue<'a>>> {
        let block = &self.blocks[block];
        let mut arguments = HashMap::new();
        for parameter in block.parameters() {
            let default = block.defaults.and_then(|table| table.get(parameter));
            if let Some(value) = table.get(parameter).or(default) {
                arguments.insert(parameter.to_owned(), value.clone());
            } else {
                let message = format!("{} needs `{parameter}`", quoted(block.name));
                let problem = Problem::new(message, span.clone());
                let problem = problem.label(format!("`{parameter}` is missing"));
                self.note(scope, problem.help(format!("add `{parameter} = …`")));
            }
        }
        arguments
    }

    fn repeat(&mut self, table: &DeTable<'a>, scope: &Scope) -> u64 {
        let Some(repeat) = table.get(REPEAT.info.name) else {
            return 1;
        };
        if let Err(fault) = judge(&REPEAT.info.form, repeat) {
            let message = format!("`repeat` must be {}", REPEAT.info.form);
            self.note(scope, Problem::new(message, fault.span).label(fault.label));
        }
        repeat.get_ref().as_integer().and_then(whole).unwrap_or(1)
    }

    /// What a use reads: what it names, or the layer before it.
    pub(super) fn entry(&self, table: &DeTable<'a>, scope: &Scope) -> Entry {
        let named = table
            .get("input")
            .and_then(|name| Some((name.get_ref().as_str()?, name.span())));
        match named {
            Some((INPUT, _)) => scope.origin.entry.clone(),
            Some((name, span)) => Entry::Named(At {
                value: name.to_owned(),
                span,
            }),
            None => match self.layers.len() {
                0 => Entry::Network,
                count => Entry::Table(count - 1),
            },
        }
    }
}

/// The parameters of a block, in words.
pub(super) fn listed(parameters: &[&str]) -> String {
    if parameters.is_empty() {
        return "it has none".to_owned();
    }
    format!("it has `{}`", parameters.join("`, `"))
}
