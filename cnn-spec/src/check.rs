//! From the file as written to the checked network: the passes in order, each with what it leaves.

use crate::expand::{Expansion, expand};
use crate::fields::{At, Fields};
use crate::file::{Draft, Header, LANGUAGE, Lesson, Written};
use crate::graph;
use crate::initialization::Initialization;
use crate::layer::{BatchNorm, FROZEN, Kind, LEARNING_RATE_FACTOR};
use crate::names;
use crate::network::{Layer, Network, Parameter, Source};
use crate::objectives::{self, Bench};
use crate::refusal::{Refusal, in_units};
use crate::report::{Problem, Report, Span};
use crate::shape::Shape;
use crate::source;
use crate::syntax;
use crate::words::quoted;
use std::collections::HashMap;

/// The largest file that is read.
const MAX_TEXT: usize = 1 << 20;

/// What a network may need while it is trained.
const MAX_BYTES: f64 = (1_u64 << 32) as f64;

/// Reads and checks the text of a network's file; `file_name` is for messages only.
///
/// # Errors
/// All problems that the first pass with problems finds.
pub fn parse(text: &str, file_name: &str) -> Result<Network, Report> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    if text.len() > MAX_TEXT {
        let message = format!(
            "the file has {} bytes; a network has at most {MAX_TEXT}",
            text.len()
        );
        return Err(Report::new(file_name, "", vec![Problem::of_file(message)]));
    }
    check(text).map_err(|problems| Report::new(file_name, text, problems))
}

fn check(text: &str) -> Result<Network, Vec<Problem>> {
    // Syntax. Leaves a tree of TOML values, each with its place.
    let tree = syntax::parse(text)?;

    // Blocks. Every layer is written out; each knows the use that it comes from.
    let Expansion {
        tree,
        origins,
        mut problems,
    } = expand(&tree);

    // Keys. Every table has the keys that it needs and no others; every value has its form.
    let end = text.trim_end().len();
    problems.extend(
        source::check(&tree, LANGUAGE, end, &origins)
            .err()
            .into_iter()
            .flatten(),
    );
    if !problems.is_empty() {
        return Err(problems);
    }

    // Layers. Hyperparameters agree with each other; every activation is a layer of its own.
    let Written {
        header,
        drafts,
        mut training,
        samples,
    } = Written::read(Fields::new(&tree), &origins)?;

    // Names. Each can be carried by the generated code, and no two layers share one.
    let names = names(&header.name, &drafts, &mut problems);
    // Losses. Each judges a layer; the last layer is judged, and comes first.
    let judged = training.as_mut().map_or(Ok(Vec::new()), |training| {
        objectives::resolve(&mut training.objectives, &drafts, &names)
    });
    // Graph. Every layer reads what is above it; every output but the last is read or judged.
    let sources = graph::resolve(&drafts, &names, judged.as_deref().ok());
    let (judged, sources) = match (judged, sources) {
        (Ok(judged), Ok(sources)) => (judged, sources),
        (judged, sources) => {
            problems.extend(judged.err().into_iter().chain(sources.err()).flatten());
            return Err(problems);
        }
    };
    // Shapes. Every layer fits what it reads; every tensor can be counted.
    let layers = shapes(&header, &drafts, names, sources, &mut problems);
    // Training. There is something to learn, and each loss fits the output that it judges.
    if let Some(training) = &training
        && layers.len() == drafts.len()
    {
        let bench = Bench {
            header: &header,
            drafts: &drafts,
            layers: &layers,
            data: &samples.data,
            written: &training.objectives,
            judged: &judged,
        };
        match untrainable(training, &layers) {
            Some(problem) => problems.push(problem),
            None => problems.extend(bench.problems()),
        }
    }
    if !problems.is_empty() {
        return Err(problems);
    }

    let (training, objectives) = training
        .map(|training| (training.settings, training.objectives))
        .unzip();
    let objectives = objectives::checked(objectives.unwrap_or_default(), judged, &layers);
    let network = Network {
        name: header.name.value,
        dtype: header.dtype,
        input: header.input.value,
        layers,
        objectives,
        training,
        data: samples.data,
        augmentation: samples.augmentation,
        validation: samples.validation,
    };
    // Budget. It fits into the memory that a small network may take.
    match excess(&network, &drafts) {
        Some(problem) => Err(vec![problem]),
        None => Ok(network),
    }
}

fn names(network: &At<String>, drafts: &[Draft<'_>], problems: &mut Vec<Problem>) -> Vec<String> {
    if let Some(reason) = names::refuse_network(&network.value) {
        let message = format!("a network cannot be called {}", quoted(&network.value));
        let problem = Problem::new(message, network.span.clone());
        problems.push(problem.label(reason).help("choose a name such as `Digits`"));
    }
    let mut of_stem = HashMap::new();
    let mut taken = HashMap::from([(network.value.clone(), network.span.clone())]);
    let mut all = Vec::new();
    for draft in drafts {
        let stem = draft.kind.rules().stem();
        // All layers of a stem count, so that naming one does not rename the next.
        let number = of_stem
            .entry(stem)
            .and_modify(|number| *number += 1)
            .or_insert(1);
        let default = format!("{stem}{number}");
        let (name, span) = match &draft.name {
            Some(given) => (given.value.clone(), given.span.clone()),
            None => (default.clone(), draft.span.clone()),
        };
        let refused = refuse_name(&name, span, &default, &mut taken);
        problems.extend(refused.map(|problem| draft.origin.label(problem)));
        all.push(name);
    }
    all
}

fn refuse_name(
    name: &str,
    span: Span,
    default: &str,
    taken: &mut HashMap<String, Span>,
) -> Option<Problem> {
    let problem = Problem::new(
        format!("a layer cannot be called {}", quoted(name)),
        span.clone(),
    );
    if let Some(reason) = names::refuse_layer(name) {
        let help = format!("choose another name, or leave it out for `{default}`");
        return Some(problem.label(reason).help(help));
    }
    let type_name = names::type_name(name);
    let label = format!("its type would be `{type_name}`, which is taken");
    let earlier = taken.insert(type_name, span)?;
    Some(
        problem
            .label(label)
            .cause(earlier, "taken here")
            .help("give one of the two another `name`"),
    )
}

/// The layers up to the first one that does not fit.
fn shapes(
    header: &Header,
    drafts: &[Draft<'_>],
    names: Vec<String>,
    sources: Vec<Vec<Source>>,
    problems: &mut Vec<Problem>,
) -> Vec<Layer> {
    let mut layers: Vec<Layer> = Vec::new();
    for ((draft, name), inputs) in drafts.iter().zip(names).zip(sources) {
        let shape = |source: &Source| match source {
            Source::Input => header.input.value.clone(),
            Source::Layer(index) => layers[*index].output_shape.clone(),
        };
        let input_shapes: Vec<_> = inputs.iter().map(shape).collect();
        let fitted = fit(&draft.kind, &input_shapes, draft.initialization(header));
        let (output_shape, parameters) = match fitted {
            Ok(fitted) => fitted,
            Err(refusal) => {
                let refusal = refusal.in_bytes(header.dtype).located(draft.fields);
                let mut problem = refusal.problem(draft.span.clone()).of(&name);
                for (source, shape) in inputs.iter().zip(&input_shapes) {
                    let (place, words) = match source {
                        Source::Input => (&header.input.span, "the input is".to_owned()),
                        Source::Layer(index) => (
                            &drafts[*index].span,
                            format!("{} puts out", quoted(&layers[*index].name)),
                        ),
                    };
                    problem = problem.cause(place.clone(), format!("{words} {}", shape.counted()));
                }
                problems.push(draft.origin.label(problem));
                break;
            }
        };
        problems.extend(nothing_to_set(draft, &name, &parameters));
        layers.push(Layer {
            name,
            kind: draft.kind.clone(),
            inputs,
            input_shapes,
            output_shape,
            parameters,
            learning_rate_factor: draft.learning_rate_factor(),
            is_frozen: draft.is_frozen(),
        });
    }
    layers
}

/// A layer without parameters that says how they learn.
fn nothing_to_set(draft: &Draft<'_>, name: &str, parameters: &[Parameter]) -> Option<Problem> {
    let keys = [LEARNING_RATE_FACTOR.info.name, FROZEN.info.name];
    let (key, span) = keys
        .into_iter()
        .filter(|_| !parameters.iter().any(Parameter::is_learnt) && !draft.is_activation)
        .find_map(|key| Some((key, draft.fields.span(key)?)))?;
    Some(
        Problem::new(format!("{} learns nothing", quoted(name)), span)
            .label("needs parameters")
            .cause(draft.span.clone(), "this layer has none")
            .help(format!("drop `{key}`")),
    )
}

/// The output of a layer and what it learns.
fn fit(
    kind: &Kind,
    inputs: &[Shape],
    initialization: Initialization,
) -> Result<(Shape, Vec<Parameter>), Refusal> {
    let (rules, input) = (kind.rules(), &inputs[0]);
    let output = inputs[1..]
        .iter()
        .try_fold(rules.output_shape(input)?, |joined, next| {
            rules.join(&joined, next)
        })?;
    let parameters = rules.parameters(input, &output, initialization)?;
    Ok((output, parameters))
}

/// Why a network cannot be trained whatever its losses.
fn untrainable(training: &Lesson, layers: &[Layer]) -> Option<Problem> {
    if layers.iter().all(|layer| !layer.learns()) {
        if layers.iter().any(|layer| layer.is_frozen) {
            return Some(
                Problem::new(
                    "there is nothing to train: every layer with parameters is frozen",
                    training.place(),
                )
                .help("drop `frozen` of one of them, or drop `[training]`"),
            );
        }
        return Some(
            Problem::new(
                "there is nothing to train: no layer has parameters",
                training.place(),
            )
            .help("add a `conv2d` or `dense` layer, or drop `[training]`"),
        );
    }
    let has_a_lone_value = |layer: &&Layer| {
        matches!(layer.kind, Kind::BatchNorm(_)) && BatchNorm::positions(layer.input_shape()) == 1
    };
    if let Some(layer) = layers.iter().find(has_a_lone_value)
        && training.settings.batch_size == 1
    {
        return Some(
            Problem::new(
                format!(
                    "{} needs batches of more than one sample",
                    quoted(&layer.name)
                ),
                training.place(),
            )
            .label("`batch_size` is 1")
            .help("a value alone has no variance: write a larger `batch_size`"),
        );
    }
    None
}

/// Whether the network needs more memory than a small one may: parameters with gradients and two moments,
/// activations with deltas, which are those of a whole batch where samples wait for each other.
fn excess(network: &Network, drafts: &[Draft<'_>]) -> Option<Problem> {
    let is_norm = |layer: &Layer| matches!(layer.kind, Kind::BatchNorm(_));
    let samples = match &network.training {
        Some(training) if network.layers.iter().any(is_norm) => training.batch_size,
        _ => 1,
    };
    let bytes = |layer: &Layer| {
        let parameters: usize = layer.parameters.iter().map(|p| p.shape.elements()).sum();
        let activations = samples as f64 * layer.output_shape.elements() as f64;
        (4.0 * parameters as f64 + 2.0 * activations) * network.dtype.bytes() as f64
    };
    let total: f64 = network.layers.iter().map(bytes).sum();
    if total <= MAX_BYTES {
        return None;
    }
    let needs = network.layers.iter().map(bytes);
    let (largest, draft) = needs.zip(drafts).max_by(|a, b| a.0.total_cmp(&b.0))?;
    let message = format!(
        "the network would need {} to train; at most {} are allowed",
        in_units(total),
        in_units(MAX_BYTES)
    );
    Some(
        Problem::new(message, draft.span.clone())
            .label(format!("{} of them here", in_units(largest)))
            .help(if samples == 1 {
                "make the layer smaller, or pool or stride before it"
            } else {
                "make the layer or `batch_size` smaller, or pool or stride before it: with batch norms a whole batch is kept"
            }),
    )
}
