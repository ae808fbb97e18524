//! What the layers of one copy of a block are called.

use super::Origin;
use super::used::Use;
use crate::block::Block;
use crate::grammar::TYPE;
use std::collections::HashMap;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// What is known while a list of layers is copied.
#[derive(Clone, Default)]
pub(super) struct Scope {
    /// The blocks that it is in, outermost first.
    pub stack: Vec<usize>,
    /// What the names of its layers begin with.
    pub prefix: Option<String>,
    pub origin: Origin,
    /// How often each block was used so far without a name.
    pub uses: HashMap<usize, usize>,
}

impl Scope {
    /// A name behind that of the copy.
    pub fn prefixed(&self, name: &str) -> String {
        match &self.prefix {
            Some(prefix) => format!("{prefix}_{name}"),
            None => name.to_owned(),
        }
    }

    /// What the names of one copy begin with: `stage1_2`, or `residual5` where the use has no name.
    pub fn name_copy(&mut self, used: &Use<'_>, copy: u64, block: &str) -> String {
        match &used.name {
            Some(name) if used.repeat == 1 => name.clone(),
            Some(name) => format!("{name}_{copy}"),
            None => {
                let number = self.uses.entry(used.block).or_insert(0);
                *number += 1;
                let name = format!("{block}{number}");
                self.prefixed(&name)
            }
        }
    }

    /// What each name in a block becomes; the last layer has that of the use.
    pub fn renamed(&self, block: &Block<'_, '_>, output: &str) -> HashMap<String, String> {
        let name = |layer: &&Spanned<DeValue<'_>>| {
            let name = layer
                .get_ref()
                .as_table()?
                .get("name")?
                .get_ref()
                .as_str()?;
            Some((name.to_owned(), self.prefixed(name)))
        };
        let mut names: HashMap<_, _> = block.layers.iter().filter_map(name).collect();
        if let Some((name, _)) = block.layers.last().and_then(name) {
            names.insert(name, output.to_owned());
        }
        names
    }
}

/// Gives a layer its name in the network, and those of what it reads.
pub(super) fn rename(table: &mut DeTable<'_>, names: &HashMap<String, String>) {
    let exchange = |value: &mut Spanned<DeValue<'_>>| {
        let new = value.get_ref().as_str().and_then(|name| names.get(name));
        if let Some(new) = new {
            *value.get_mut() = DeValue::String(new.clone().into());
        }
    };
    for key in ["name", "input"] {
        if let Some(value) = table.get_mut(key) {
            exchange(value);
        }
    }
    if let Some(DeValue::Array(inputs)) = table.get_mut("inputs").map(Spanned::get_mut) {
        inputs.iter_mut().for_each(exchange);
    }
}

/// Lets a layer that says nothing of what it reads have a certain input.
pub(super) fn connect(table: &mut DeTable<'_>, input: Option<String>) {
    if let Some(input) = input
        && !table.contains_key("input")
        && !table.contains_key("inputs")
    {
        set(table, "input", &input);
    }
}

/// Sets a key that need not be in the file; then it is where the layer's type is.
pub(super) fn set(table: &mut DeTable<'_>, key: &'static str, value: &str) {
    let place = table.get(key).or_else(|| table.get(TYPE.name));
    let span = place.map_or(0..0, Spanned::span);
    let value = Spanned::new(span.clone(), DeValue::String(value.to_owned().into()));
    table.insert(Spanned::new(span, key.into()), value);
}

/// The value of a key that is a string.
pub(super) fn text(table: &DeTable<'_>, key: &str) -> Option<String> {
    let value = table.get(key)?.get_ref().as_str()?;
    Some(value.to_owned())
}
