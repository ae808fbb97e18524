//! Every use of a block is replaced by the block's layers, before anything else looks at them.

mod scope;
mod substitute;
mod used;

use crate::block::{Block, USE, WHEN};
use crate::fields::At;
use crate::grammar::TYPE;
use crate::graph::INPUT;
use crate::report::{Problem, Span};
use crate::words::quoted;
use scope::{Scope, connect, rename, set, text};
use std::collections::HashMap;
use toml::Spanned;
use toml::de::{DeTable, DeValue};
use used::Use;

/// The most layers that a file may have, and the most that its blocks may make of them.
pub(crate) const MAX_LAYERS: usize = 1000;

/// A file without uses of blocks.
pub(crate) struct Expansion<'a> {
    pub tree: DeTable<'a>,
    /// Where each layer comes from.
    pub origins: Vec<Origin>,
    pub problems: Vec<Problem>,
}

/// Where a layer comes from.
#[derive(Clone, Debug, Default)]
pub(crate) struct Origin {
    /// The use of the block that it is in, and the block's name.
    used: Option<(Span, String)>,
    /// What `"input"` means to it.
    pub entry: Entry,
}

/// What `"input"` means.
#[derive(Clone, Debug, Default)]
pub(crate) enum Entry {
    /// The network's input.
    #[default]
    Network,
    /// The output of the layer in the table with this index.
    Table(usize),
    /// The output of the layer with this name.
    Named(At<String>),
}

impl Origin {
    /// Points at the use that a problem comes from.
    pub fn label(&self, problem: Problem) -> Problem {
        match &self.used {
            Some((span, name)) => problem.cause(span.clone(), format!("in this use of {name}")),
            None => problem,
        }
    }
}

/// After this, no layer is a use of a block.
pub(crate) fn expand<'a>(file: &DeTable<'a>) -> Expansion<'a> {
    let mut problems = Vec::new();
    let blocks = Block::all(file, &mut problems);
    let mut expander = Expander {
        is_used: vec![false; blocks.len()],
        blocks: &blocks,
        layers: Vec::new(),
        origins: Vec::new(),
        problems,
    };
    let mut tree = file.clone();
    if let Some(list) = tree.get_mut("layer")
        && let Some(layers) = list.get_ref().as_array()
    {
        expander.file(layers);
        let layers = std::mem::take(&mut expander.layers);
        *list.get_mut() = DeValue::Array(layers.into_iter().collect());
    }
    expander.unused();
    Expansion {
        tree,
        origins: expander.origins,
        problems: expander.problems,
    }
}

struct Expander<'b, 't, 'a> {
    blocks: &'b [Block<'t, 'a>],
    is_used: Vec<bool>,
    layers: Vec<Spanned<DeValue<'a>>>,
    origins: Vec<Origin>,
    problems: Vec<Problem>,
}

/// A problem was noted, and nothing more can be said of what it is in.
struct Noted;

impl<'a> Expander<'_, '_, 'a> {
    fn file(&mut self, layers: &[Spanned<DeValue<'a>>]) {
        let mut scope = Scope::default();
        for layer in layers {
            match layer.get_ref() {
                DeValue::Table(table) if is_use(table) => {
                    // What is wrong has been noted.
                    let _ = self.use_block(table, &mut scope);
                }
                _ => {
                    self.layers.push(layer.clone());
                    self.origins.push(Origin::default());
                }
            }
        }
    }

    fn note(&mut self, scope: &Scope, problem: Problem) -> Noted {
        self.problems.push(scope.origin.label(problem));
        Noted
    }

    /// Adds the layers of a block, as often as the use says.
    fn use_block(&mut self, table: &DeTable<'a>, scope: &mut Scope) -> Result<(), Noted> {
        let used = self.read_use(table, scope)?;
        let mut entry = self.entry(table, scope);
        for copy in 1..=used.repeat {
            let prefix = scope.name_copy(&used, copy, self.blocks[used.block].name);
            let output = match &used.name {
                Some(name) if copy == used.repeat => name.clone(),
                _ => prefix.clone(),
            };
            let block = &self.blocks[used.block];
            let mut inner = Scope {
                stack: [scope.stack.as_slice(), &[used.block]].concat(),
                prefix: Some(prefix),
                origin: Origin {
                    used: Some((used.span.clone(), quoted(block.name))),
                    entry,
                },
                uses: HashMap::new(),
            };
            self.copy(&used, &mut inner, &output)?;
            entry = Entry::Table(self.layers.len() - 1);
        }
        Ok(())
    }

    /// Adds the layers of a block once.
    fn copy(&mut self, used: &Use<'a>, scope: &mut Scope, output: &str) -> Result<(), Noted> {
        let block = &self.blocks[used.block];
        let Some((last, others)) = block.layers.split_last() else {
            return Err(Noted);
        };
        let mut names = scope.renamed(block, output);
        // What the next layer reads if it says nothing; the layer before it, if this does not either.
        let mut flow = Some(INPUT.to_owned());
        for (index, layer) in others.iter().enumerate() {
            let mut table = self.substituted(layer, used, scope)?;
            let name = text(&table, "name");
            rename(&mut table, &names);
            if self.is_wanted(&mut table, scope)? {
                connect(&mut table, flow.take());
                self.push(table, layer.span(), scope)?;
                continue;
            }
            flow = text(&table, "input").or(flow);
            if let Some(name) = name {
                let source = flow.clone().unwrap_or_else(|| self.last_name(scope, index));
                names.insert(name, source);
            }
        }
        let mut table = self.substituted(last, used, scope)?;
        rename(&mut table, &names);
        if !self.is_wanted(&mut table, scope)? {
            let message = "the last layer of a block cannot be left out";
            let problem = Problem::new(message, last.span()).label("it is what the block puts out");
            return Err(self.note(scope, problem.help("put it before another one")));
        }
        set(&mut table, "name", output);
        connect(&mut table, flow);
        self.push(table, last.span(), scope)
    }

    fn push(&mut self, table: DeTable<'a>, span: Span, scope: &mut Scope) -> Result<(), Noted> {
        if is_use(&table) {
            return self.use_block(&table, scope);
        }
        if self.layers.len() == MAX_LAYERS {
            let message = format!("with its blocks the network has more than {MAX_LAYERS} layers");
            return Err(self.note(
                scope,
                Problem::new(message, span).label("the first one too many"),
            ));
        }
        self.layers.push(Spanned::new(span, DeValue::Table(table)));
        self.origins.push(scope.origin.clone());
        Ok(())
    }

    /// The name of the layer that was added last; it gets one if it has none.
    fn last_name(&mut self, scope: &Scope, index: usize) -> String {
        let Some(DeValue::Table(table)) = self.layers.last_mut().map(Spanned::get_mut) else {
            return INPUT.to_owned();
        };
        text(table, "name").unwrap_or_else(|| {
            let name = scope.prefixed(&index.to_string());
            set(table, "name", &name);
            name
        })
    }

    /// Whether a layer is not left out.
    fn is_wanted(&mut self, table: &mut DeTable<'a>, scope: &Scope) -> Result<bool, Noted> {
        let Some(when) = table.remove(WHEN.info.name) else {
            return Ok(true);
        };
        when.get_ref().as_bool().ok_or_else(|| {
            let problem = Problem::new("`when` must be `true` or `false`", when.span());
            self.note(scope, problem)
        })
    }

    /// Blocks that stand for nothing; a use that is wrong may have meant them.
    fn unused(&mut self) {
        if !self.problems.is_empty() {
            return;
        }
        for (block, is_used) in self.blocks.iter().zip(&self.is_used) {
            if !is_used {
                let message = format!("nothing uses the block {}", quoted(block.name));
                let help = "add a `[[layer]]` with `type = \"block\"` and its name, or take it out";
                self.problems
                    .push(Problem::new(message, block.span.clone()).help(help));
            }
        }
    }
}

fn is_use(table: &DeTable<'_>) -> bool {
    text(table, TYPE.name).as_deref() == Some(USE.name)
}
