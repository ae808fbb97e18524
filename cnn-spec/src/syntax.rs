//! From text to a tree of TOML values, or everything that is not TOML.

use crate::report::{MAX_PROBLEMS, Problem, Span};
use crate::words::quoted;
use toml::de::{DeTable, Error};

/// What the parser says of a key that is given twice.
const DUPLICATE: &str = "duplicate key";

/// What the parser says, by its beginning; what to say instead, if that is clearer; and how to mend it.
const HINTS: &[(&str, &str, &str)] = &[
    (
        "string values must be quoted",
        "",
        "put words between double quotes: `key = \"word\"`",
    ),
    (
        "invalid boolean",
        "string values must be quoted",
        "put words between double quotes: `key = \"word\"`",
    ),
    (
        "invalid basic string, expected `\"`",
        "a string does not end on its line",
        "close it with `\"`",
    ),
    (
        "invalid basic string, expected non-double-quote",
        "a control character in a string",
        "take it out, or write it as an escape such as `\\u0007`",
    ),
    ("unclosed table", "", "close it with `]`"),
    ("unclosed array", "", "close it with `]`"),
    (
        "missing comma between array elements",
        "",
        "put a comma between the values, and `]` at the end of the list",
    ),
    (
        "invalid key-value pair",
        "",
        "a line is `key = value`, `[section]` or `[[list]]`",
    ),
    (
        "unexpected leading zero",
        "",
        "write the number without zeros in front",
    ),
    (
        "cannot recurse further",
        "nested too deeply",
        "a network's file needs three levels at most",
    ),
    (
        "recursion limit",
        "nested too deeply",
        "a network's file needs three levels at most",
    ),
];

/// Parses the text, or says everything that is not TOML.
pub(crate) fn parse(text: &str) -> Result<DeTable<'_>, Vec<Problem>> {
    let (tree, mut errors) = DeTable::parse_recoverable(text);
    if errors.is_empty() {
        return Ok(tree.into_inner());
    }
    errors.sort_by_key(|error| error.span().map(|span| span.start));
    let list_is_open = errors
        .iter()
        .any(|error| error.message().starts_with("unclosed array"));
    let is_torn = errors.iter().any(|error| error.message() != DUPLICATE);
    let mut problems: Vec<Problem> = Vec::new();
    for error in &errors {
        if is_torn && repeats_list(error, text) {
            continue;
        }
        let span = error.span().filter(|span| text.get(span.clone()).is_some());
        if follows(problems.last(), error, text) {
            continue;
        }
        problems.push(explain(error, span, text));
        let takes_the_rest = list_is_open && error.message().contains("array");
        if takes_the_rest || problems.len() > MAX_PROBLEMS {
            break;
        }
    }
    Err(problems)
}

/// Whether `[[list]]` is said to be given twice: after another error that only means that its start was lost.
fn repeats_list(error: &Error, text: &str) -> bool {
    let before = error.span().and_then(|span| text.get(..span.start));
    error.message() == DUPLICATE && before.is_some_and(|before| before.ends_with("[["))
}

/// Whether an error only comes from the one before it: on the same line, or a key of a repeated section.
fn follows(before: Option<&Problem>, error: &Error, text: &str) -> bool {
    let before = before.and_then(|problem| problem.span.as_ref());
    let Some((before, span)) = before.zip(error.span()) else {
        return false;
    };
    let between = text.get(before.start..span.start).unwrap_or_default();
    let repeats_section = error.message() == DUPLICATE && text[..before.start].ends_with('[');
    !between.contains('\n') || (repeats_section && !between.contains("\n["))
}

fn explain(error: &Error, span: Option<Span>, text: &str) -> Problem {
    let Some(span) = span else {
        let (message, help) = hint(error.message());
        return Problem::of_file(message).help(help);
    };
    let found = text.get(span.clone()).unwrap_or_default();
    if error.message() == DUPLICATE {
        return Problem::new(format!("{} is given twice", quoted(found)), span)
            .label("the second time")
            .help("keep one of the two");
    }
    if error.message().starts_with("string values must be quoted") && found.is_empty() {
        return Problem::new("invalid TOML: a value is missing", span)
            .help("write one after the `=`");
    }
    let (message, help) = hint(error.message());
    Problem {
        help: Some(help).filter(|help| !help.is_empty()),
        ..Problem::new(message, span)
    }
}

/// The message and the help for what the parser said.
fn hint(said: &str) -> (String, String) {
    let known = HINTS.iter().find(|(start, ..)| said.starts_with(start));
    let (_, clearer, help) = known.copied().unwrap_or_default();
    let message = if clearer.is_empty() { said } else { clearer };
    (format!("invalid TOML: {message}"), help.to_owned())
}
