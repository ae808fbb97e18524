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

#[cfg(test)]
mod tests {
    use super::*;

    fn assert_close(values: &[f64], expected: &[f64]) {
        assert_eq!(values.len(), expected.len());
        for (value, expected) in values.iter().zip(expected) {
            assert!((value - expected).abs() < 1e-12, "{value} {expected}");
        }
    }

    /// ln 1, ln 2 and ln 5 are logits of 1/8, 2/8 and 5/8, wherever they are moved.
    #[test]
    fn outputs_become_probabilities() {
        let logarithms = [1.0_f64, 2.0, 5.0].map(f64::ln);
        let shares = [0.125, 0.25, 0.625];
        assert_close(&meaning(Outputs::Logits, &logarithms), &shares);
        let moved = logarithms.map(|logit| logit + 5000.0);
        let moved = meaning(Outputs::Logits, &moved);
        assert!((moved[2] - 0.625).abs() < 1e-9, "{moved:?}");
        let of_shares = meaning(Outputs::LogProbabilities, &shares.map(f64::ln));
        assert_close(&of_shares, &shares);
        let odds = meaning(Outputs::BinaryLogits, &[3.0_f64.ln(), 0.0, -1e9]);
        assert_close(&odds, &[0.75, 0.5, 0.0]);
        assert_close(&meaning(Outputs::Probabilities, &shares), &shares);
    }

    #[test]
    fn numbers_are_as_short_as_their_type_allows() {
        let prediction = |values| Prediction {
            file: Path::new("houses.csv"),
            sample: 4,
            is_alone: false,
            verdict: Verdict::Numbers(values),
        };
        let single = prediction(meaning(Outputs::Values, &[0.1_f32, 231_500.0]));
        assert_eq!(single.to_string(), "houses.csv[4]: 0.1, 231500");
        assert_eq!(
            single.json().unwrap(),
            r#"{"file":"houses.csv","sample":4,"values":[0.1,231500.0]}"#
        );
        let double = prediction(meaning(Outputs::Values, &[f64::from(0.1_f32), f64::NAN]));
        assert_eq!(
            double.to_string(),
            "houses.csv[4]: 0.10000000149011612, NaN"
        );
        assert!(
            double
                .json()
                .unwrap()
                .ends_with("[0.10000000149011612,null]}")
        );
    }

    #[test]
    fn classes_are_in_order() {
        let names = ["cat", "dog", "owl"].map(str::to_owned);
        let prediction = |outputs, values: [f64; 3]| Prediction {
            file: Path::new("a.png"),
            sample: 0,
            is_alone: true,
            verdict: Verdict::Classes {
                values: values.into(),
                outputs,
                names: &names,
                top: 2,
            },
        };
        let sure = prediction(Outputs::Logits, [0.125, 0.25, 0.625]);
        assert_eq!(sure.to_string(), "a.png: owl (62.50 %), dog (25.00 %)");
        assert_eq!(
            sure.json().unwrap(),
            r#"{"file":"a.png","sample":0,"class":"owl","probability":0.625,"probabilities":{"cat":0.125,"dog":0.25,"owl":0.625}}"#
        );
        let scores = prediction(Outputs::Values, [1.5, 1.5, -2.0]);
        assert_eq!(scores.to_string(), "a.png: cat (1.5), dog (1.5)");
        assert_eq!(
            scores.json().unwrap(),
            r#"{"file":"a.png","sample":0,"class":"cat","value":1.5,"values":{"cat":1.5,"dog":1.5,"owl":-2.0}}"#
        );
    }
}
