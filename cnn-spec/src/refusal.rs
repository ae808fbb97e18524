//! Why one layer or section cannot be, in its own terms; the check adds where that is.

use crate::fields::Fields;
use crate::network::Dtype;
use crate::report::{Problem, Span};

/// What a rule of a layer kind says against the layer's keys or its input.
#[derive(Clone, Debug, PartialEq)]
pub struct Refusal {
    /// What is wrong.
    pub(crate) message: String,
    /// What to say of the culprit.
    pub(crate) label: String,
    /// How to mend it.
    pub(crate) help: Option<String>,
    /// What to underline.
    pub(crate) culprit: Culprit,
    /// How many values a tensor would need that is too large.
    pub(crate) elements: Option<f64>,
}

/// What a [`Refusal`] is about.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Culprit {
    /// The layer or section as a whole.
    Whole,
    /// The value of a key.
    Key(&'static str),
    /// A place in the file.
    Span(Span),
}

impl Refusal {
    /// Refuses with a message.
    pub(crate) fn new(message: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            label: String::new(),
            help: None,
            culprit: Culprit::Whole,
            elements: None,
        }
    }

    /// Names the key at fault.
    pub(crate) fn key(mut self, key: &'static str) -> Self {
        self.culprit = Culprit::Key(key);
        self
    }

    /// Says something of the culprit.
    pub(crate) fn label(mut self, label: impl Into<String>) -> Self {
        self.label = label.into();
        self
    }

    /// Says how to mend it.
    pub(crate) fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// Fills in where the key's value is.
    pub(crate) fn located(mut self, fields: Fields<'_>) -> Self {
        if let Culprit::Key(key) = self.culprit {
            self.culprit = fields.span(key).map_or(Culprit::Whole, Culprit::Span);
        }
        self
    }

    /// Says how much memory a tensor that is too large would need.
    pub(crate) fn in_bytes(mut self, dtype: Dtype) -> Self {
        if let Some(elements) = self.elements.take() {
            self.label = format!("would need {}", in_units(elements * dtype.bytes() as f64));
        }
        self
    }

    /// The problem that this is; `place` is underlined if no key is at fault.
    pub(crate) fn problem(self, place: Span) -> Problem {
        let span = match self.culprit {
            Culprit::Span(span) => span,
            Culprit::Whole | Culprit::Key(_) => place,
        };
        Problem {
            help: self.help,
            ..Problem::new(self.message, span).label(self.label)
        }
    }
}

/// A number of bytes as a person reads it: `3.2 TiB`.
pub(crate) fn in_units(bytes: f64) -> String {
    const UNITS: [&str; 6] = ["KiB", "MiB", "GiB", "TiB", "PiB", "EiB"];
    let mut value = bytes;
    let mut unit = "bytes";
    for larger in UNITS {
        if value < 1024.0 {
            break;
        }
        value /= 1024.0;
        unit = larger;
    }
    let digits = usize::from(unit != "bytes");
    format!("{value:.digits$} {unit}")
}
