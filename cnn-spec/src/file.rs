//! The file's sections, and what they say in terms of layers: hyperparameters read, names and shapes open.

use crate::block::BLOCKS;
use crate::expand::{MAX_LAYERS, Origin};
use crate::fields::{At, Fields};
use crate::grammar::{Form, Key, KeyInfo, Presence, TYPE, Word, Words};
use crate::initialization::{self, Initialization};
use crate::layer::{ACTIVATION, FROZEN, INPUT, INPUTS, Kind, LAYER, LEARNING_RATE_FACTOR, NAME};
use crate::network::Dtype;
use crate::refusal::Refusal;
use crate::report::{Problem, Span};
use crate::shape::Shape;
use crate::training::{self, LOSS, Training};

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

/// The keys of a network's file; the whole language hangs from them.
pub const LANGUAGE: &[KeyInfo] = &[NETWORK, BLOCKS, LAYERS, TRAINING];

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
    /// At the loss.
    pub training: Option<At<Training>>,
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
        let mut keep = |refusal: Refusal| problems.push(refusal.problem(0..0));
        let network = file.section(NETWORK.name).unwrap_or_default();
        let header = Header::read(network).map_err(&mut keep);
        let training = file.section(TRAINING.name).map(read_training);
        let training = training.transpose().map_err(&mut keep);
        let drafts = drafts(file, origins, &mut problems);
        match (header, training) {
            (Ok(header), Ok(training)) if problems.is_empty() => Ok(Self {
                header,
                drafts,
                training,
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

fn read_training(fields: Fields<'_>) -> Result<At<Training>, Refusal> {
    let training = Training::read(fields).map_err(|refusal| refusal.located(fields))?;
    Ok(fields.at(&LOSS, training))
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
