//! Objectives: which outputs are judged, how, and how much each counts.

use super::loss::{LOSS, LOSSES, Loss};
use super::up_to_1000;
use crate::fields::{At, Fields};
use crate::grammar::{Form, Key, KeyInfo, Presence, Word, Words};
use crate::refusal::Refusal;
use crate::report::Span;
use std::ops::Bound;

/// One of the terms whose weighted sum is minimised: what an output costs.
#[derive(Clone, Debug, PartialEq)]
pub struct Objective {
    /// The name of the layer as the file has it, even where an activation of its own is what is judged.
    pub name: String,
    /// The index of the layer whose output is judged.
    pub layer: usize,
    /// What it costs.
    pub loss: Loss,
    /// What the cost counts in the sum.
    pub weight: f64,
    /// What the output is compared with.
    pub target: Target,
}

impl Objective {
    /// The output of a layer, judged alone.
    pub fn of(name: impl Into<String>, layer: usize, loss: Loss) -> Self {
        Self {
            name: name.into(),
            layer,
            loss,
            weight: 1.0,
            target: Target::Label,
        }
    }
}

/// What an output is compared with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Target {
    /// What the data say of the sample: its class or its numbers, or for a reconstruction the sample itself.
    #[default]
    Label,
    /// The sample itself, as the network sees it, but for cutout and noise.
    Input,
}

impl Words for Target {
    const WORDS: &'static [(Self, Word)] = &[
        (
            Self::Label,
            Word::new(
                "label",
                "The sample's class or numbers, as `[data]` has them.",
            ),
        ),
        (
            Self::Input,
            Word::new("input", "The sample itself, but for cutout and noise."),
        ),
    ];
}

const OUTPUT: Key<String> = Key::required(
    "output",
    Form::Text,
    "The name of the layer that is judged; one judges the last layer, the network's output.",
);
const LOSS_OF_OUTPUT: Key<Loss> = Key::required("loss", LOSS.info.form, "What its output costs.");
// The lower limit keeps the weight a number above zero in f32.
const WEIGHT: Key<f64> = Key::or(
    "weight",
    up_to_1000(Bound::Included(1e-30)),
    "1.0",
    "What the cost counts in the sum.",
);
const TARGET: Key<Target> = Key::or(
    "target",
    Form::words::<Target>(),
    "\"label\"",
    "What the output is compared with.",
);

/// The list of losses, in place of a single one.
pub(super) const OBJECTIVES: KeyInfo = KeyInfo {
    name: "losses",
    form: Form::Entries(&[OUTPUT.info, LOSS_OF_OUTPUT.info, WEIGHT.info, TARGET.info]),
    presence: Presence::Optional("the last layer is judged by `loss`"),
    doc: "The losses of several outputs, whose weighted sum is minimised: `[[training.losses]]` before each.",
};

/// An objective whose layer is still a name.
pub(crate) struct Written {
    /// The name; the last layer is meant where there is none.
    pub output: Option<At<String>>,
    pub loss: At<Loss>,
    pub weight: f64,
    pub target: At<Target>,
}

/// Reads the loss, or the losses, of `[training]`, which is at `place`.
pub(crate) fn read(fields: Fields<'_>, place: Span) -> Result<Vec<Written>, Refusal> {
    let list = fields.sections(OBJECTIVES.name).map(|(entry, _)| entry);
    let losses: Vec<_> = list.map(read_entry).collect::<Result<_, _>>()?;
    match (fields.variant(&LOSS, LOSSES), losses.is_empty()) {
        (Some(loss), true) => Ok(vec![Written {
            output: None,
            loss: fields.at(&LOSS, loss?),
            weight: 1.0,
            target: At {
                value: Target::Label,
                span: place,
            },
        }]),
        (None, false) => Ok(losses),
        (Some(_), false) => Err(Refusal::new(
            "a network is judged by its `loss` or by a list of `losses`, not by both",
        )
        .key(LOSS.info.name)
        .label("there are `[[training.losses]]`, too")
        .help("drop this one, or put it into the list")),
        (None, true) => Err(Refusal::new("nothing says what is minimised")
            .label("`loss` is missing")
            .help(format!("add `loss = …`: {}", LOSS.info.form))),
    }
}

fn read_entry(fields: Fields<'_>) -> Result<Written, Refusal> {
    let loss = fields
        .variant(&LOSS_OF_OUTPUT, LOSSES)
        .unwrap_or_else(|| Err(Refusal::new("there is no loss")));
    let output = fields.get(&OUTPUT)?;
    Ok(Written {
        output: Some(fields.at(&OUTPUT, output)),
        loss: fields.at(&LOSS_OF_OUTPUT, loss?),
        weight: fields.get(&WEIGHT)?,
        target: fields.at(&TARGET, fields.get(&TARGET)?),
    })
}
