//! What a network says of one sample.

use crate::math::{Real, exp};
use crate::settings::Outputs;
use serde::ser::{Serialize, SerializeMap, Serializer};
use std::fmt;
use std::io;
use std::path::Path;

/// What a network says of one sample.
pub struct Prediction<'a> {
    pub file: &'a Path,
    /// The sample's index in the file.
    pub sample: usize,
    /// Whether the file has no other.
    pub is_alone: bool,
    pub verdict: Verdict<'a>,
}

pub enum Verdict<'a> {
    /// A value for each class.
    Classes {
        values: Vec<f64>,
        outputs: Outputs,
        names: &'a [String],
        /// How many of them are worth to be printed.
        top: usize,
    },
    /// The values that were asked for.
    Numbers(Vec<f64>),
}

/// What outputs say: probabilities where they are about them.
pub fn meaning<R: Real>(kind: Outputs, outputs: &[R]) -> Vec<f64> {
    let values = outputs.iter().map(|value| value.to_f64());
    match kind {
        Outputs::Logits => softmax(values),
        Outputs::LogProbabilities => values.map(exp).collect(),
        Outputs::BinaryLogits => values.map(|value| 1.0 / (1.0 + exp(-value))).collect(),
        Outputs::Values if size_of::<R>() == size_of::<f32>() => values.map(shortest).collect(),
        Outputs::Probabilities | Outputs::Values => values.collect(),
    }
}

fn softmax(values: impl Iterator<Item = f64> + Clone) -> Vec<f64> {
    let largest = values.clone().fold(f64::NEG_INFINITY, f64::max);
    let powers: Vec<_> = values.map(|value| exp(value - largest)).collect();
    let sum: f64 = powers.iter().sum();
    powers.into_iter().map(|power| power / sum).collect()
}

/// The number with the fewest digits that are read as this one in `f32`.
fn shortest(value: f64) -> f64 {
    (value as f32).to_string().parse().unwrap_or(value)
}

impl Prediction<'_> {
    /// As one line of JSON; a number that is not finite becomes `null`.
    pub fn json(&self) -> io::Result<String> {
        Ok(serde_json::to_string(self)?)
    }
}

/// The classes with their values, the largest first; of equal ones the first.
fn ranked<'a>(names: &'a [String], values: &'a [f64]) -> Vec<(&'a str, f64)> {
    let classes = names.iter().map(String::as_str);
    let mut classes: Vec<_> = classes.zip(values.iter().copied()).collect();
    classes.sort_by(|(_, one), (_, other)| other.total_cmp(one));
    classes
}

impl fmt::Display for Prediction<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.file.display())?;
        if !self.is_alone {
            write!(f, "[{}]", self.sample)?;
        }
        let parts: Vec<_> = match &self.verdict {
            Verdict::Classes {
                values,
                outputs,
                names,
                top,
            } => {
                let best = ranked(names, values).into_iter().take(*top);
                let part = |(name, value)| match outputs {
                    Outputs::Values => format!("{name} ({value})"),
                    _ => format!("{name} ({:.2} %)", 100.0 * value),
                };
                best.map(part).collect()
            }
            Verdict::Numbers(values) => values.iter().map(f64::to_string).collect(),
        };
        write!(f, ": {}", parts.join(", "))
    }
}

impl Serialize for Prediction<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("file", &self.file.to_string_lossy())?;
        map.serialize_entry("sample", &self.sample)?;
        match &self.verdict {
            Verdict::Classes {
                values,
                outputs,
                names,
                ..
            } => {
                let [one, all] = match outputs {
                    Outputs::Values => ["value", "values"],
                    _ => ["probability", "probabilities"],
                };
                if let Some((name, value)) = ranked(names, values).first() {
                    map.serialize_entry("class", name)?;
                    map.serialize_entry(one, value)?;
                }
                map.serialize_entry(all, &Named { names, values })?;
            }
            Verdict::Numbers(values) => map.serialize_entry("values", values)?,
        }
        map.end()
    }
}

/// The values under the names of their classes, in the order of the outputs.
struct Named<'a> {
    names: &'a [String],
    values: &'a [f64],
}

impl Serialize for Named<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.names.iter().zip(self.values))
    }
}
