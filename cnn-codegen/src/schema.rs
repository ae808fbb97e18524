//! The language as a JSON Schema (draft 7), from the grammar: for completion and hints in editors.
//!
//! It says what a file looks like; which names and shapes fit together, only the compiler knows.

use cnn_spec::LANGUAGE;
use cnn_spec::grammar::{Form, KeyInfo, Limits, Presence, TYPE, Tagged, TypeInfo, Word};
use serde_json::{Map, Value, json};
use std::ops::Bound;

/// The schema as text.
pub(crate) fn text() -> String {
    format!("{:#}\n", schema())
}

fn schema() -> Value {
    let mut definitions = Map::new();
    let mut schema = Writer::new(&mut definitions).table(LANGUAGE);
    schema["$schema"] = "http://json-schema.org/draft-07/schema#".into();
    schema["title"] = "A convolutional network".into();
    schema["definitions"] = definitions.into();
    schema
}

/// Writes a part of the schema.
struct Writer<'d> {
    /// The tagged tables, each written once.
    definitions: &'d mut Map<String, Value>,
    /// Whether a parameter of a block may stand for any value.
    in_block: bool,
}

impl<'d> Writer<'d> {
    fn new(definitions: &'d mut Map<String, Value>) -> Self {
        Self {
            definitions,
            in_block: false,
        }
    }

    /// A table with these keys and no others.
    fn table(&mut self, keys: &[KeyInfo]) -> Value {
        let properties: Map<String, Value> = keys
            .iter()
            .map(|key| (key.name.to_owned(), self.key(key)))
            .collect();
        let required: Vec<&str> = required(keys).collect();
        json!({
            "type": "object",
            "properties": properties,
            "required": required,
            "additionalProperties": false,
        })
    }

    /// What a key takes and means.
    fn key(&mut self, key: &KeyInfo) -> Value {
        let mut schema = self.value(&key.form);
        if schema.get("$ref").is_some() {
            // Beside a reference, nothing else is read.
            schema = json!({ "allOf": [schema] });
        }
        schema["description"] = match key.presence {
            Presence::Optional(otherwise) => format!("{} Unless given: {otherwise}.", key.doc),
            Presence::Required | Presence::Default(_) => key.doc.to_owned(),
        }
        .into();
        if let Presence::Default(default) = key.presence {
            schema["default"] = parsed(default);
        }
        schema
    }

    fn value(&mut self, form: &Form) -> Value {
        let schema = self.own_value(form);
        if self.in_block && !matches!(form, Form::Text) {
            let parameter = json!({ "type": "string", "pattern": "^\\$" });
            any_of([schema, parameter])
        } else {
            schema
        }
    }

    fn own_value(&mut self, form: &Form) -> Value {
        match form {
            Form::Whole { min, max } => whole(*min, *max),
            Form::Pair { min, max } => {
                let size = self.value(&Form::Whole {
                    min: *min,
                    max: *max,
                });
                any_of([whole(*min, *max), list(&size, 2, Some(2))])
            }
            Form::Number(limits) => number(*limits),
            Form::Numbers(limits) => list(&self.value(&Form::Number(*limits)), 2, Some(2)),
            Form::List(form) => list(&self.value(form), 1, None),
            Form::Shape => list(&self.value(&Form::SIZE), 1, Some(3)),
            Form::Sides => list(&self.value(&Form::MARGIN), 4, Some(4)),
            Form::Boolean => json!({ "type": "boolean" }),
            Form::Text => json!({ "type": "string" }),
            Form::Texts => list(&json!({ "type": "string" }), 2, None),
            Form::Names => list(&json!({ "type": "string" }), 0, None),
            Form::Words(words) => {
                let words: Vec<Value> = words().iter().map(word).collect();
                json!({ "oneOf": words })
            }
            Form::Either(first, second) => any_of([self.own_value(first), self.own_value(second)]),
            Form::Free => json!({ "type": "object" }),
            Form::Layers(tagged) => {
                let mut inside = Writer {
                    definitions: &mut *self.definitions,
                    in_block: true,
                };
                list(&inside.tagged(tagged, Vec::new()), 0, None)
            }
            Form::Entries(keys) => list(&self.table(keys), 0, None),
            Form::Table(keys) => self.table(keys),
            Form::Tables(tagged) => list(&self.tagged(tagged, Vec::new()), 1, None),
            Form::Tagged(tagged) => self.tagged(tagged, lone_types(tagged)),
        }
    }

    /// A reference to the definition of tagged tables, or of what may stand in their place.
    fn tagged(&mut self, tagged: &Tagged, mut choices: Vec<Value>) -> Value {
        let place = if self.in_block { "_in_a_block" } else { "" };
        let name = tagged.noun.replace(' ', "_") + place;
        if !self.definitions.contains_key(&name) {
            let types = (tagged.types)();
            let tables = types.iter().map(|known| self.typed_table(tagged, known));
            choices.extend(tables);
            self.definitions
                .insert(name.clone(), json!({ "oneOf": choices }));
        }
        json!({ "$ref": format!("#/definitions/{name}") })
    }

    fn typed_table(&mut self, tagged: &Tagged, known: &TypeInfo) -> Value {
        let keys = [&[TYPE], tagged.common, known.keys].concat();
        let mut table = self.table(&keys);
        table["properties"][TYPE.name] = word(&Word::new(known.name, known.doc));
        table["description"] = known.doc.into();
        if tagged.open.contains(&known.name) {
            table["additionalProperties"] = true.into();
        }
        table
    }
}

/// The types that can be written without a table.
fn lone_types(tagged: &Tagged) -> Vec<Value> {
    let types = (tagged.types)().into_iter();
    let alone = types.filter(|known| required(known.keys).next().is_none());
    alone
        .map(|known| word(&Word::new(known.name, known.doc)))
        .collect()
}

fn required(keys: &[KeyInfo]) -> impl Iterator<Item = &'static str> {
    let required = keys.iter().filter(|key| key.presence == Presence::Required);
    required.map(|key| key.name)
}

fn word(word: &Word) -> Value {
    json!({ "const": word.name, "description": word.doc })
}

fn whole(min: u64, max: u64) -> Value {
    json!({ "type": "integer", "minimum": min, "maximum": max })
}

fn number(limits: Limits) -> Value {
    let mut number = json!({ "type": "number" });
    let mut limit = |bound, [included, excluded]: [&str; 2]| match bound {
        Bound::Included(value) => number[included] = json!(value),
        Bound::Excluded(value) => number[excluded] = json!(value),
        Bound::Unbounded => {}
    };
    limit(limits.from, ["minimum", "exclusiveMinimum"]);
    limit(limits.to, ["maximum", "exclusiveMaximum"]);
    number
}

fn list(item: &Value, min: usize, max: Option<usize>) -> Value {
    let mut list = json!({ "type": "array", "items": item, "minItems": min });
    if let Some(max) = max {
        list["maxItems"] = max.into();
    }
    list
}

fn any_of<const N: usize>(schemas: [Value; N]) -> Value {
    json!({ "anyOf": Vec::from(schemas) })
}

/// The value of a default, which the grammar has in TOML.
fn parsed(default: &str) -> Value {
    let table: toml::Table = toml::from_str(&format!("default = {default}")).unwrap_or_default();
    table
        .get("default")
        .map_or(Value::Null, |value| json!(value))
}
