//! `[[block]]`: a list of layers with a name and parameters, to be used like a layer.

use crate::grammar::{Form, Key, KeyInfo, Presence, TypeInfo};
use crate::layer::BLOCK_LAYER;
use crate::names;
use crate::report::{Problem, Span};
use crate::words::quoted;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// The list of blocks in a file.
pub(crate) const BLOCKS: KeyInfo = KeyInfo {
    name: "block",
    form: Form::Entries(&[NAME.info, PARAMETERS.info, DEFAULTS.info, LAYERS.info]),
    presence: Presence::Optional("there are none"),
    doc: "Lists of layers that are used like a layer, as often as wished.",
};

const NAME: Key<String> = Key::required(
    "name",
    Form::Text,
    "What a layer of `type = \"block\"` calls it.",
);
const PARAMETERS: Key<Vec<String>> = Key::optional(
    "parameters",
    Form::Names,
    "there are only those with defaults",
    "What each use must give; the value of `channels` stands where a layer has `\"$channels\"`.",
);
const DEFAULTS: Key<()> = Key::optional(
    "defaults",
    Form::Free,
    "there are none",
    "What a use may give, and the values if it does not.",
);
const LAYERS: Key<()> = Key::required(
    "layer",
    Form::Layers(&BLOCK_LAYER),
    "The layers, in order: `[[block.layer]]` before each; `\"input\"` is what the use reads.",
);

/// The key of a layer that is not in every use of its block.
pub(crate) const WHEN: Key<bool> = Key::or(
    "when",
    Form::Boolean,
    "true",
    "Whether the layer is there; who reads one that is not reads what it would have read.",
);

/// A use of a block.
pub(crate) const USE: TypeInfo = TypeInfo {
    name: "block",
    doc: "The layers of a `[[block]]`; the last one has the name of the use.",
    keys: &[BLOCK.info, REPEAT.info],
};

/// The key that says which block is used.
pub(crate) const BLOCK: Key<String> =
    Key::required("block", Form::Text, "The name of the `[[block]]`.");
/// The key that says how often.
pub(crate) const REPEAT: Key<u64> = Key::or(
    "repeat",
    Form::Whole { min: 1, max: 1000 },
    "1",
    "How often its layers follow each other.",
);

/// The keys that a use has beside its block's parameters.
pub(crate) const USE_KEYS: [&str; 5] = ["type", "block", "name", "input", "repeat"];

/// A block as written.
pub(crate) struct Block<'t, 'a> {
    pub name: &'t str,
    /// The name's.
    pub span: Span,
    /// What a use must give.
    pub required: Vec<&'t str>,
    /// What a use may give.
    pub defaults: Option<&'t DeTable<'a>>,
    pub layers: Vec<&'t Spanned<DeValue<'a>>>,
}

impl<'t, 'a> Block<'t, 'a> {
    /// The blocks of a file, as far as they can be made out; the grammar says what is wrong with others.
    pub fn all(file: &'t DeTable<'a>, problems: &mut Vec<Problem>) -> Vec<Self> {
        let list = file.get(BLOCKS.name).map(Spanned::get_ref);
        let tables = list.and_then(DeValue::as_array).into_iter().flatten();
        let mut blocks: Vec<Self> = Vec::new();
        for block in tables.filter_map(|item| Self::read(item.get_ref().as_table()?)) {
            problems.extend(block.refuse(&blocks));
            blocks.push(block);
        }
        blocks
    }

    fn read(table: &'t DeTable<'a>) -> Option<Self> {
        let name = table.get(NAME.info.name)?;
        let list = |key: &str| table.get(key).and_then(|list| list.get_ref().as_array());
        let required = list(PARAMETERS.info.name).into_iter().flatten();
        let defaults = table.get(DEFAULTS.info.name);
        Some(Self {
            name: name.get_ref().as_str()?,
            span: name.span(),
            required: required
                .filter_map(|name| name.get_ref().as_str())
                .collect(),
            defaults: defaults.and_then(|table| table.get_ref().as_table()),
            layers: list(LAYERS.info.name).into_iter().flatten().collect(),
        })
    }

    /// All parameters.
    pub fn parameters(&self) -> impl Iterator<Item = &str> {
        let defaults = self.defaults.into_iter().flat_map(|table| table.keys());
        let defaults = defaults.map(|key| &**key.get_ref());
        self.required.iter().copied().chain(defaults)
    }

    /// What cannot be, whoever uses it.
    fn refuse(&self, others: &[Self]) -> Option<Problem> {
        let problem = |message: String| Problem::new(message, self.span.clone());
        let name = quoted(self.name);
        if let Some(reason) = names::refuse_layer(self.name) {
            return Some(problem(format!("a block cannot be called {name}")).label(reason));
        }
        if let Some(other) = others.iter().find(|other| other.name == self.name) {
            return Some(
                problem(format!("there are two blocks {name}"))
                    .label("the second")
                    .cause(other.span.clone(), "the first")
                    .help("give one of them another name"),
            );
        }
        if let Some(taken) = self.parameters().find(|key| USE_KEYS.contains(key)) {
            return Some(
                problem(format!("{name} cannot have a parameter {}", quoted(taken)))
                    .help("every use of a block has a key of this name; choose another"),
            );
        }
        self.layers.is_empty().then(|| {
            problem(format!("{name} has no layers"))
                .help("write `[[block.layer]]` and its keys below")
        })
    }
}
