//! Whether a single value has the form that the grammar asks for.

use crate::grammar::{Form, Limits};
use crate::report::Span;
use crate::words::guess;
use toml::Spanned;
use toml::de::{DeInteger, DeValue};

/// Why a value does not have its form.
#[derive(Debug)]
pub(crate) struct Fault {
    pub span: Span,
    pub label: String,
    /// What was probably meant, as TOML.
    pub mended: Option<String>,
}

/// Holds a value that is neither a section nor a tagged table against a form.
pub(crate) fn judge(form: &Form, value: &Spanned<DeValue<'_>>) -> Result<(), Fault> {
    match (form, value.get_ref()) {
        (Form::Whole { min, max } | Form::Pair { min, max }, DeValue::Integer(number)) => {
            let within = whole(number).is_some_and(|number| (*min..=*max).contains(&number));
            require(within, value, "out of range")
        }
        (Form::Pair { min, max }, DeValue::Array(items)) => {
            let size = Form::Whole {
                min: *min,
                max: *max,
            };
            each(&size, items, &[2], value)
        }
        (Form::Shape, DeValue::Array(items)) => each(&Form::SIZE, items, &[1, 2, 3], value),
        (Form::Sides, DeValue::Array(items)) => each(&Form::MARGIN, items, &[4], value),
        (Form::Numbers(limits), DeValue::Array(items)) => {
            each(&Form::Number(*limits), items, &[2], value)
        }
        (Form::List(form), DeValue::Array(items)) => {
            require(!items.is_empty(), value, "this is empty")?;
            items.iter().try_for_each(|item| judge(form, item))
        }
        (Form::Number(limits), DeValue::Integer(_) | DeValue::Float(_)) => {
            judge_number(*limits, value)
        }
        (Form::Boolean, DeValue::Boolean(_))
        | (Form::Text, DeValue::String(_))
        | (Form::Free, DeValue::Table(_))
        | (Form::Layers(_), DeValue::Array(_)) => Ok(()),
        (Form::Texts, DeValue::Array(items)) => {
            let label = format!("this has {} of them", items.len());
            require(items.len() >= 2, value, &label)?;
            items.iter().try_for_each(|item| judge(&Form::Text, item))
        }
        (Form::Names, DeValue::Array(items)) => {
            items.iter().try_for_each(|item| judge(&Form::Text, item))
        }
        (Form::Words(words), DeValue::String(word)) => {
            let names: Vec<&str> = words().iter().map(|word| word.name).collect();
            require(names.contains(&&**word), value, &guess(word, &names))
        }
        (Form::Either(first, second), found) => {
            let form = if takes(second, found) { second } else { first };
            judge(form, value).map_err(|fault| Fault {
                mended: fault.mended.or_else(|| mended(second, found)),
                ..fault
            })
        }
        (form, found) => Err(Fault {
            span: value.span(),
            label: format!("this is {}", kind_of(found)),
            mended: mended(form, found),
        }),
    }
}

/// The value of a whole number that is not negative.
pub(crate) fn whole(number: &DeInteger<'_>) -> Option<u64> {
    let digits = number.as_str();
    // A minus is refused by the conversion, except before zero.
    let digits = digits.strip_prefix("-0").map_or(digits, |_| "0");
    u64::from_str_radix(digits, number.radix()).ok()
}

/// The value of a number with or without a fraction.
pub(crate) fn number(value: &DeValue<'_>) -> Option<f64> {
    match value {
        DeValue::Integer(number) => i128::from_str_radix(number.as_str(), number.radix())
            .ok()
            .map(|whole| whole as f64),
        DeValue::Float(number) => number.as_str().parse().ok(),
        _ => None,
    }
}

/// What a value is, with its article.
pub(crate) fn kind_of(value: &DeValue<'_>) -> &'static str {
    match value {
        DeValue::String(_) => "a string",
        DeValue::Integer(_) => "a whole number",
        DeValue::Float(_) => "a number with a fraction",
        DeValue::Boolean(_) => "a boolean",
        DeValue::Datetime(_) => "a date or time",
        DeValue::Array(_) => "a list",
        DeValue::Table(_) => "a table",
    }
}

fn require(holds: bool, value: &Spanned<DeValue<'_>>, label: &str) -> Result<(), Fault> {
    if holds {
        return Ok(());
    }
    Err(Fault {
        span: value.span(),
        label: label.to_owned(),
        mended: None,
    })
}

fn judge_number(limits: Limits, value: &Spanned<DeValue<'_>>) -> Result<(), Fault> {
    match number(value.get_ref()) {
        Some(number) if !number.is_finite() => require(false, value, "not a finite number"),
        Some(number) => require(limits.contain(number), value, "out of range"),
        None => require(false, value, "out of range"),
    }
}

fn each(
    form: &Form,
    items: &[Spanned<DeValue<'_>>],
    lengths: &[usize],
    list: &Spanned<DeValue<'_>>,
) -> Result<(), Fault> {
    let label = format!("this has {} values", items.len());
    require(lengths.contains(&items.len()), list, &label)?;
    items.iter().try_for_each(|item| judge(form, item))
}

/// Whether `form` is meant by a value of this type.
fn takes(form: &Form, value: &DeValue<'_>) -> bool {
    matches!(
        (form, value),
        (Form::Words(_), DeValue::String(_))
            | (Form::Boolean, DeValue::Boolean(_))
            | (Form::Sides | Form::List(_), DeValue::Array(_))
    )
}

/// The value that was probably meant by one of the wrong type.
fn mended(form: &Form, found: &DeValue<'_>) -> Option<String> {
    match (form, found) {
        (Form::Whole { min, max } | Form::Pair { min, max }, found) => {
            let value: f64 = text_of(found)?.parse().ok()?;
            let is_whole = value.fract() == 0.0 && (*min as f64..=*max as f64).contains(&value);
            is_whole.then(|| value.to_string())
        }
        (Form::Number(limits), found) => {
            let value = text_of(found)?.parse().ok()?;
            limits.contain(value).then(|| value.to_string())
        }
        (Form::Boolean, DeValue::String(text)) => match &**text {
            "true" => Some("true".to_owned()),
            "false" | "none" => Some("false".to_owned()),
            _ => None,
        },
        (Form::Shape, DeValue::Integer(size)) => whole(size).map(|size| format!("[{size}]")),
        (Form::List(Form::Text), DeValue::String(text)) => Some(format!("[{text:?}]")),
        (Form::List(Form::Number(limits)), found) => {
            let value = number(found).filter(|value| limits.contain(*value))?;
            Some(format!("[{value}]"))
        }
        _ => None,
    }
}

/// The text of a string or of a number with a fraction.
fn text_of<'a>(found: &'a DeValue<'_>) -> Option<&'a str> {
    match found {
        DeValue::Float(number) => Some(number.as_str()),
        other => other.as_str(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::file::LANGUAGE;
    use crate::grammar::{KeyInfo, Presence, Tagged};
    use std::collections::HashSet;

    fn tables(keys: &[KeyInfo]) -> Vec<Vec<KeyInfo>> {
        let mut all = vec![keys.to_vec()];
        for key in keys {
            all.extend(match key.form {
                Form::Table(keys) | Form::Entries(keys) => tables(keys),
                Form::Tables(tagged) | Form::Tagged(tagged) | Form::Layers(tagged) => {
                    variants(tagged)
                }
                _ => Vec::new(),
            });
        }
        all
    }

    fn variants(tagged: &Tagged) -> Vec<Vec<KeyInfo>> {
        let types = (tagged.types)();
        let own = types.iter().flat_map(|known| tables(known.keys));
        tables(tagged.common).into_iter().chain(own).collect()
    }

    #[test]
    fn every_default_of_the_grammar_has_the_form_of_its_key() {
        let mut defaults = 0;
        for key in tables(LANGUAGE).concat() {
            if let Presence::Default(default) = key.presence {
                let value = DeValue::parse(default).unwrap();
                assert!(judge(&key.form, &value).is_ok(), "{key:?}");
                defaults += 1;
            }
        }
        assert!(defaults > 20);
    }

    #[test]
    fn no_table_of_the_grammar_has_a_key_twice() {
        for table in tables(LANGUAGE) {
            let names: HashSet<&str> = table.iter().map(|key| key.name).collect();
            assert_eq!(names.len(), table.len(), "{table:?}");
        }
    }

    #[test]
    fn every_key_of_the_grammar_is_explained_in_a_sentence() {
        for key in tables(LANGUAGE).concat() {
            assert!(key.doc.ends_with('.') && !key.doc.contains('\n'), "{key:?}");
        }
    }

    #[test]
    fn whole_numbers_in_every_notation() {
        for (text, expected) in [
            ("0", Some(0)),
            ("-0", Some(0)),
            ("+7", Some(7)),
            ("1_000", Some(1000)),
            ("0xff", Some(255)),
            ("0o17", Some(15)),
            ("0b101", Some(5)),
            ("-1", None),
            ("18446744073709551615", Some(u64::MAX)),
            ("18446744073709551616", None),
        ] {
            let value = DeValue::parse(text).unwrap();
            let number = value.get_ref().as_integer().unwrap();
            assert_eq!(whole(number), expected, "{text}");
        }
    }
}
