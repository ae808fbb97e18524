//! The file's sections, and what they say in terms of layers: hyperparameters read, names and shapes open.

use crate::augmentation::{self, Augmentation};
use crate::block::BLOCKS;
use crate::data::{self, Data};
use crate::expand::{MAX_LAYERS, Origin};
use crate::fields::{At, Fields};
use crate::grammar::{Form, Key, KeyInfo, Presence, TYPE, Word, Words};
use crate::initialization::{self, Initialization};
use crate::layer::{ACTIVATION, FROZEN, INPUT, INPUTS, Kind, LAYER, LEARNING_RATE_FACTOR, NAME};
use crate::network::Dtype;
use crate::refusal::Refusal;
use crate::report::{Problem, Span};
use crate::shape::Shape;
use crate::training::objective;
use crate::training::{self, Training};
use crate::validation::{self, Validation};

const NETWORK: KeyInfo = KeyInfo {
    name: "network",
    form: Form::Table(&[
        NETWORK_NAME.info,
        INPUT_SHAPE.info,
        DTYPE.info,
        INITIALIZATION.info,
    ]),
    presence: Presence::Required,
    doc: "What holds for the whole network.",
};
const LAYERS: KeyInfo = KeyInfo {
    name: "layer",
    form: Form::Tables(&LAYER),
    presence: Presence::Required,
    doc: "The layers, in order.",
};
const TRAINING: KeyInfo = KeyInfo {
    name: "training",
    form: Form::Table(training::KEYS),
    presence: Presence::Optional("the network is for inference only"),
    doc: "How the network is trained.",
};
const DATA: KeyInfo = KeyInfo {
    name: "data",
    form: Form::Table(data::KEYS),
    presence: Presence::Optional("the trainer draws synthetic digits"),
    doc: "What the network is trained on.",
};
const AUGMENTATION: KeyInfo = KeyInfo {
    name: "augmentation",
    form: Form::Table(augmentation::KEYS),
    presence: Presence::Optional("samples are learnt as they are"),
    doc: "How samples are varied each time they are learnt.",
};
const VALIDATION: KeyInfo = KeyInfo {
    name: "validation",
    form: Form::Table(validation::KEYS),
    presence: Presence::Optional("the whole training set is learnt, and tested after every epoch"),
    doc: "What is held back from the training set.",
};

/// The keys of a network's file; the whole language hangs from them.
pub const LANGUAGE: &[KeyInfo] = &[
    NETWORK,
    BLOCKS,
    LAYERS,
    TRAINING,
    DATA,
    AUGMENTATION,
    VALIDATION,
];

const NETWORK_NAME: Key<String> =
    Key::required("name", Form::Text, "The name of the generated type.");
const INPUT_SHAPE: Key<Vec<usize>> =
    Key::required("input", Form::Shape, "The shape of one sample.");
const DTYPE: Key<Dtype> = Key::or(
    "dtype",
    Form::words::<Dtype>(),
    "\"f32\"",
    "The type of every value.",
);
const INITIALIZATION: Key<Initialization> = Key::or(
    "initialization",
    Form::words::<Initialization>(),
    "\"pytorch\"",
    "Where the first values of parameters come from.",
);

impl Words for Dtype {
    const WORDS: &'static [(Self, Word)] = &[
        (Self::F32, Word::new("f32", "32-bit floating point.")),
        (Self::F64, Word::new("f64", "64-bit floating point.")),
    ];
}

/// Everything that the file says.
pub(crate) struct Written<'a> {
    pub header: Header,
    pub drafts: Vec<Draft<'a>>,
    pub training: Option<Lesson>,
    pub samples: Samples,
}

/// What `[training]` says.
pub(crate) struct Lesson {
    /// What is minimised: one at least.
    pub objectives: Vec<objective::Written>,
    pub settings: Training,
}

/// What the sections beside `[training]` say of the samples.
pub(crate) struct Samples {
    pub data: Data,
    pub augmentation: Augmentation,
    pub validation: Option<Validation>,
}

/// What `[network]` says.
pub(crate) struct Header {
    pub name: At<String>,
    pub input: At<Shape>,
    pub dtype: Dtype,
    pub initialization: Initialization,
}

/// A layer whose name and shapes are still open.
pub(crate) struct Draft<'a> {
    pub kind: Kind,
    /// The table that it is written in.
    pub fields: Fields<'a>,
    /// What to underline when the layer as a whole is meant.
    pub span: Span,
    /// The name, if given.
    pub name: Option<At<String>>,
    /// The names of what it reads, if given.
    pub inputs: Vec<At<String>>,
    /// Whether it is the activation of the layer before it.
    pub is_activation: bool,
    /// The index of its table.
    pub table: usize,
    /// Where that comes from.
    pub origin: &'a Origin,
}

impl<'a> Written<'a> {
    /// Reads a file that has been held against [`LANGUAGE`].
    pub fn read(file: Fields<'a>, origins: &'a [Origin]) -> Result<Self, Vec<Problem>> {
        let mut problems = Vec::new();
        let network = file.section(NETWORK.name).unwrap_or_default();
        let header = Header::read(network).map_err(|refusal| problems.push(refusal.problem(0..0)));
        let place = file.span(TRAINING.name).unwrap_or_default();
        let training = file.section(TRAINING.name);
        let training = training.map(|fields| Lesson::read(fields, &place));
        let training = training
            .transpose()
            .map_err(|refusal| problems.push(refusal.problem(place)));
        let samples = header.as_ref().ok().map(|header| {
            problems.extend(useless(file));
            samples(file, &header.input.value, &mut problems)
        });
        let drafts = drafts(file, origins, &mut problems);
        match (header, training, samples) {
            (Ok(header), Ok(training), Some(samples)) if problems.is_empty() => Ok(Self {
                header,
                drafts,
                training,
                samples,
            }),
            _ => Err(problems),
        }
    }
}

impl Draft<'_> {
    /// The rule for first values: the layer's own, or the network's.
    pub fn initialization(&self, header: &Header) -> Initialization {
        let own = self.fields.find(&initialization::INITIALIZATION);
        own.unwrap_or(header.initialization)
    }

    /// What the learning rate is multiplied by for the layer's parameters.
    pub fn learning_rate_factor(&self) -> f64 {
        self.fields.get(&LEARNING_RATE_FACTOR).unwrap_or(1.0)
    }

    /// Whether the layer's parameters stay as they are.
    pub fn is_frozen(&self) -> bool {
        self.fields.get(&FROZEN).unwrap_or(false)
    }
}

impl Header {
    fn read(fields: Fields<'_>) -> Result<Self, Refusal> {
        let dtype = fields.get(&DTYPE)?;
        let input = Shape::of("input", fields.get(&INPUT_SHAPE)?).map_err(|refusal| {
            refusal
                .key(INPUT_SHAPE.info.name)
                .in_bytes(dtype)
                .located(fields)
        })?;
        Ok(Self {
            name: fields.at(&NETWORK_NAME, fields.get(&NETWORK_NAME)?),
            input: fields.at(&INPUT_SHAPE, input),
            dtype,
            initialization: fields.get(&INITIALIZATION)?,
        })
    }
}

impl Lesson {
    fn read(fields: Fields<'_>, place: &Span) -> Result<Self, Refusal> {
        let read = || {
            Ok(Self {
                objectives: objective::read(fields, place.clone())?,
                settings: Training::read(fields)?,
            })
        };
        read().map_err(|refusal: Refusal| refusal.located(fields))
    }

    /// What to underline when the training as a whole is meant: the first loss.
    pub fn place(&self) -> Span {
        let first = self.objectives.first();
        first.map_or(0..0, |objective| objective.loss.span.clone())
    }
}

/// Sections on what is learnt, in a network that does not learn.
fn useless(file: Fields<'_>) -> impl Iterator<Item = Problem> {
    let sections = [DATA, AUGMENTATION, VALIDATION].map(|section| section.name);
    let is_trained = file.section(TRAINING.name).is_some();
    sections
        .into_iter()
        .filter(move |_| !is_trained)
        .filter_map(move |name| {
            let message = format!("`[{name}]` is for training, and there is no `[training]`");
            let help = format!("add `[training]`, or drop `[{name}]`");
            Some(Problem::new(message, file.span(name)?).help(help))
        })
}

fn samples(file: Fields<'_>, input: &Shape, problems: &mut Vec<Problem>) -> Samples {
    let data = section(file, DATA.name, problems, |fields| {
        Data::read(fields, input)
    });
    let data = data.unwrap_or_default();
    let augmentation = section(file, AUGMENTATION.name, problems, |fields| {
        Augmentation::read(fields, input)
    });
    let validation = section(file, VALIDATION.name, problems, |fields| {
        Validation::read(fields, &data)
    });
    Samples {
        data,
        augmentation: augmentation.unwrap_or_default(),
        validation,
    }
}

/// What a section says, if it is there and in order.
fn section<'a, T>(
    file: Fields<'a>,
    name: &str,
    problems: &mut Vec<Problem>,
    read: impl FnOnce(Fields<'a>) -> Result<T, Refusal>,
) -> Option<T> {
    let fields = file.section(name)?;
    let place = file.span(name).unwrap_or_default();
    read(fields)
        .map_err(|refusal| problems.push(refusal.located(fields).problem(place)))
        .ok()
}

fn drafts<'a>(
    file: Fields<'a>,
    origins: &'a [Origin],
    problems: &mut Vec<Problem>,
) -> Vec<Draft<'a>> {
    let mut drafts = Vec::new();
    let count = file.sections(LAYERS.name).count();
    if count == 0 {
        let list = file.span(LAYERS.name).unwrap_or_default();
        problems.push(
            Problem::new("the network has no layers", list)
                .label("nothing in here")
                .help("add a `[[layer]]` with its `type`"),
        );
    }
    let tables = file.sections(LAYERS.name).zip(origins).enumerate();
    for (index, ((fields, span), origin)) in tables {
        if index == MAX_LAYERS {
            let message = format!("the network has {count} layers, and may have {MAX_LAYERS}");
            problems.push(Problem::new(message, span).label("the first one too many"));
            break;
        }
        let mut found = Vec::new();
        push_layer(fields, (index, origin), &mut drafts, &mut found);
        problems.extend(found.into_iter().map(|problem| origin.label(problem)));
    }
    drafts
}

/// Adds the layer that a table describes, and its activation.
fn push_layer<'a>(
    fields: Fields<'a>,
    (table, origin): (usize, &'a Origin),
    drafts: &mut Vec<Draft<'a>>,
    problems: &mut Vec<Problem>,
) {
    let parts = [
        (fields.read(Kind::types()), TYPE.name),
        (
            fields.variant(&ACTIVATION, Kind::activations()),
            ACTIVATION.info.name,
        ),
    ];
    for (read, key) in parts {
        let span = fields.span(key).unwrap_or_default();
        let is_activation = key == ACTIVATION.info.name;
        match read {
            None => {}
            Some(Err(refusal)) => problems.push(refusal.problem(span)),
            Some(Ok(kind)) if is_activation => drafts.push(Draft {
                kind,
                fields,
                span,
                name: None,
                inputs: Vec::new(),
                is_activation,
                table,
                origin,
            }),
            Some(Ok(kind)) => drafts.push(Draft {
                inputs: inputs(&kind, fields, problems),
                kind,
                fields,
                span,
                name: fields.find(&NAME).map(|name| fields.at(&NAME, name)),
                is_activation,
                table,
                origin,
            }),
        }
    }
}

/// The names of what a layer reads, if it does not read the layer before it.
fn inputs(kind: &Kind, fields: Fields<'_>, problems: &mut Vec<Problem>) -> Vec<At<String>> {
    let input = fields.find(&INPUT).map(|name| fields.at(&INPUT, name));
    if !kind.rules().is_join() {
        return input.into_iter().collect();
    }
    problems.extend(input.map(|input| {
        Problem::new("`input` is for layers that read one value", input.span)
            .label("this layer joins its `inputs`")
            .help("name it in `inputs`, or take it out")
    }));
    fields.find(&INPUTS).unwrap_or_default()
}
