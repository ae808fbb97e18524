//! What a network says of one sample.

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
    use crate::meaning::meaning;

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
