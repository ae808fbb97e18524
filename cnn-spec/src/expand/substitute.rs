//! The arguments of a use in the places of a block's parameters.

use super::scope::Scope;
use super::used::{Use, listed};
use super::{Expander, Noted};
use crate::report::Problem;
use crate::words::{guess, quoted};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

impl<'a> Expander<'_, '_, 'a> {
    /// A layer with the use's arguments in the places of the parameters.
    pub(super) fn substituted(
        &mut self,
        layer: &Spanned<DeValue<'a>>,
        used: &Use<'a>,
        scope: &Scope,
    ) -> Result<DeTable<'a>, Noted> {
        let Some(mut table) = layer.get_ref().as_table().cloned() else {
            let problem = Problem::new("a layer must be a table", layer.span());
            let help = "write `[[block.layer]]` and its keys below";
            return Err(self.note(scope, problem.help(help)));
        };
        let before = self.problems.len();
        for (_, value) in &mut table {
            self.substitute(value, used, scope);
        }
        if self.problems.len() > before {
            return Err(Noted);
        }
        Ok(table)
    }

    fn substitute(&mut self, value: &mut Spanned<DeValue<'a>>, used: &Use<'a>, scope: &Scope) {
        let span = value.span();
        match value.get_mut() {
            DeValue::String(text) => {
                let Some(parameter) = text.strip_prefix('$') else {
                    return;
                };
                if let Some(argument) = used.arguments.get(parameter) {
                    *value = argument.clone();
                    return;
                }
                let block = &self.blocks[used.block];
                let known: Vec<&str> = block.parameters().collect();
                let name = quoted(block.name);
                let message = format!("{name} has no parameter {}", quoted(parameter));
                let problem = Problem::new(message, span).label(guess(parameter, &known));
                self.note(scope, problem.help(listed(&known)));
            }
            DeValue::Array(items) => {
                for item in items.iter_mut() {
                    self.substitute(item, used, scope);
                }
            }
            DeValue::Table(table) => {
                for (_, value) in table {
                    self.substitute(value, used, scope);
                }
            }
            _ => {}
        }
    }
}
