//! The page: what it says, which `page.html` lays out.

use super::Report;
use super::chart::{Chart, Series, round};
use super::findings::{Classes, Findings, Numbers};
use super::layers::{Journey, Kernels, journeys};
use super::look::{Look, text};
use super::picture::Picture;
use super::says::{noun, percent, word};
use super::times::{self, Times};
use crate::data::{Dataset, Shape, Targets};
use crate::metrics::{Confusion, EpochReport, Score};
use crate::model::{Parameters, Trainable};
use minijinja::syntax::SyntaxConfig;
use minijinja::value::Serde;
use minijinja::{Environment, UndefinedBehavior};
use png::EncodingError;
use serde::Serialize;
use std::io;

const TEMPLATE: &str = include_str!("page.html");
const STYLE: &str = include_str!("page.css");

/// With more classes than this, their table is a picture.
const TABLE_CLASSES: usize = 20;

/// As many confusions are listed beside that picture.
const LISTED: usize = 20;

/// Everything that the page says.
#[derive(Serialize)]
struct Page {
    style: &'static str,
    name: &'static str,
    verdict: String,
    facts: Vec<Fact>,
    charts: Vec<Chart>,
    classes: Option<ClassesView>,
    deviations: Option<DeviationsView>,
    kernels: Option<KernelsView>,
    journeys: Vec<Journey>,
    times: Option<Times>,
    summary: &'static str,
    spec: Option<&'static str>,
    command: String,
    flags: String,
    settings: Vec<Fact>,
}

/// A figure, and what it is of.
#[derive(Serialize)]
struct Fact {
    name: &'static str,
    value: String,
}

#[derive(Serialize)]
struct ClassesView {
    samples: String,
    mistaken: String,
    table: Option<Vec<Row>>,
    picture: Option<String>,
    /// The most frequent confusions.
    listed: Vec<Listed>,
    mistakes: Vec<MistakeView>,
    /// What is said of a class.
    said: &'static str,
    /// Whether classes have names.
    is_named: bool,
}

/// The samples of one class.
#[derive(Serialize)]
struct Row {
    class: usize,
    /// Where classes have names.
    name: Option<String>,
    cells: Vec<Cell>,
    recall: String,
}

#[derive(Serialize)]
struct Cell {
    count: usize,
    is_hit: bool,
    /// How strong its colour is: `0..=100`.
    strength: usize,
}

/// How often one class was taken for another.
#[derive(Serialize)]
struct Listed {
    class: String,
    prediction: String,
    count: usize,
}

#[derive(Serialize)]
struct MistakeView {
    look: Look,
    sample: usize,
    class: String,
    prediction: String,
    of_class: String,
    of_prediction: String,
}

#[derive(Serialize)]
struct DeviationsView {
    chart: Option<Chart>,
    worst: Vec<DeviationView>,
}

#[derive(Serialize)]
struct DeviationView {
    look: Look,
    sample: usize,
    mean: String,
    /// Where samples are reconstructed, what was made of this one.
    reconstruction: Option<Look>,
    target: String,
    output: String,
}

#[derive(Serialize)]
struct KernelsView {
    name: &'static str,
    shape: String,
    largest: String,
    /// For each output, the addresses of its pictures.
    groups: Vec<Vec<String>>,
}

/// The page as text.
pub fn html<M: Trainable>(
    report: &Report<'_, M>,
    findings: &Findings,
    kernels: Option<&Kernels>,
) -> io::Result<String> {
    let data = &report.data.test;
    let (mut classes, mut deviations) = (None, None);
    match findings {
        Findings::Classes(found) => classes = Some(classes_view(found, data)?),
        Findings::Numbers(found) => deviations = Some(deviations_view(found, data)?),
    }
    let journeys = report.insight.map_or(Ok(Vec::new()), |insight| {
        journeys(report.parameters, data, insight)
    })?;
    let page = Page {
        style: STYLE,
        name: M::NAME,
        verdict: verdict(report.score),
        facts: facts(report),
        charts: charts(report.epochs),
        classes,
        deviations,
        kernels: kernels.map(kernels_view).transpose()?,
        journeys,
        times: report
            .insight
            .and_then(|insight| insight.profile)
            .map(|measure| Times::of(&measure(times::WINDOW))),
        summary: M::SUMMARY.trim(),
        spec: report.insight.map(|insight| insight.spec.trim()),
        command: report.command.first().cloned().unwrap_or_default(),
        flags: flags(report.command),
        settings: settings(report),
    };
    render(&page)
}

fn render(page: &Page) -> io::Result<String> {
    let mut syntax = SyntaxConfig::builder();
    syntax.trim_blocks(true).lstrip_blocks(true);
    let mut environment = Environment::new();
    environment.set_syntax(syntax.build().map_err(io::Error::other)?);
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    // A name that ends in `.html` has everything escaped that is put into it.
    environment
        .template_from_named_str("page.html", TEMPLATE)
        .and_then(|template| template.render(Serde(page)))
        .map_err(io::Error::other)
}

/// The curves over the epochs; none if there were no epochs.
pub fn charts(epochs: &[EpochReport]) -> Vec<Chart> {
    let series = |name, read: &dyn Fn(&EpochReport) -> Option<f64>| {
        let points = epochs
            .iter()
            .filter_map(|report| Some([report.epoch as f64, read(report)?]));
        Series {
            name,
            points: points.collect(),
        }
    };
    let of_scores = |read: &dyn Fn(Score) -> Option<f64>| {
        [
            series("training", &|report| read(report.train)),
            series("validation", &|report| report.validation.and_then(read)),
            series("test", &|report| report.test.and_then(read)),
        ]
    };
    let r2 = |score: Score| score.regression.map(|regression| regression.r2);
    let accuracy = |score: Score| score.accuracy.map(|accuracy| accuracy * 100.0);
    let rate = [series("training", &|report| Some(report.learning_rate))];
    [
        Chart::over_epochs("Loss", &of_scores(&|score| Some(score.loss))),
        Chart::over_epochs("Accuracy (%)", &of_scores(&accuracy)),
        Chart::over_epochs("R²", &of_scores(&r2)),
        Chart::over_epochs("Learning rate", &rate),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// How good the network is, in a few words.
fn verdict(score: Score) -> String {
    if let Some(accuracy) = score.accuracy {
        return format!("{:.2} % of the test set recognised", accuracy * 100.0);
    }
    match score.regression {
        Some(regression) => format!("R² {:.4} on the test set", regression.r2),
        None => format!("loss {} on the test set", round(score.loss)),
    }
}

fn facts<M: Trainable>(report: &Report<'_, M>) -> Vec<Fact> {
    let learnt: usize = M::Parameters::learnt()
        .map(|index| report.parameters.tensor(index).len())
        .sum();
    let seconds: f64 = report.epochs.iter().map(|epoch| epoch.seconds).sum();
    let fact = |name, value| Fact { name, value };
    let mut facts = vec![fact("test loss", round(report.score.loss))];
    if let Some(regression) = report.score.regression {
        let error = round(regression.mean_absolute_error);
        facts.push(fact("mean absolute error", error));
    }
    facts.push(fact("parameters", thousands(learnt)));
    facts.push(fact("epochs", report.epochs.len().to_string()));
    if let Some(last) = report.epochs.last() {
        facts.push(fact("training", duration(seconds)));
        let rate = thousands(last.samples_per_s as usize);
        facts.push(fact("samples/s", rate));
    }
    facts
}

fn settings<M: Trainable>(report: &Report<'_, M>) -> Vec<Fact> {
    let Report { data, fit, .. } = report;
    let fact = |name, value: String| Fact { name, value };
    let samples = |data: &Dataset| {
        let count = thousands(data.len());
        format!("{count} × {} from {}", Shape(data.shape()), data.name())
    };
    let mut facts = vec![
        fact("seed", fit.seed.to_string()),
        fact("epochs", fit.epochs.to_string()),
        fact("batch size", fit.batch_size.to_string()),
        fact("learning rate", fit.learning_rate.to_string()),
        fact("training set", samples(&data.train)),
        fact("test set", samples(&data.test)),
    ];
    if let Some(validation) = fit.validation {
        let held = validation.held_back(data.train.len());
        facts.push(fact("held back to validate", thousands(held)));
    }
    if let Some(normalization) = data.train.normalization() {
        let (mean, std) = (text(normalization.mean()), text(normalization.std()));
        facts.push(fact(
            "normalised by",
            format!("mean {mean}; standard deviation {std}"),
        ));
    }
    let (os, arch) = (std::env::consts::OS, std::env::consts::ARCH);
    facts.push(fact(
        "made with",
        format!("cnn-runtime {} on {arch}, {os}", env!("CARGO_PKG_VERSION")),
    ));
    facts
}

fn classes_view(found: &Classes, data: &Dataset) -> Result<ClassesView, EncodingError> {
    let Classes {
        confusion,
        mistakes,
        outputs,
    } = found;
    let count = data.classes();
    let is_small = count <= TABLE_CLASSES;
    let mistakes = mistakes.iter().map(|mistake| {
        Ok(MistakeView {
            look: Look::of_sample(data, mistake.sample)?,
            sample: mistake.sample,
            class: called(data, mistake.class),
            prediction: called(data, mistake.prediction),
            of_class: word(*outputs, mistake.of_class),
            of_prediction: word(*outputs, mistake.of_prediction),
        })
    });
    let hits: usize = (0..count).map(|class| confusion.get(class, class)).sum();
    Ok(ClassesView {
        samples: thousands(data.len()),
        mistaken: thousands(data.len() - hits),
        table: is_small.then(|| rows(confusion, data)),
        picture: if is_small {
            None
        } else {
            Some(confusion_picture(confusion, count).address()?)
        },
        listed: if is_small {
            Vec::new()
        } else {
            listed(confusion, data)
        },
        mistakes: mistakes.collect::<Result<_, EncodingError>>()?,
        said: noun(*outputs),
        is_named: !data.class_names().is_empty(),
    })
}

/// The name of a class, or its number.
pub fn called(data: &Dataset, class: usize) -> String {
    let name = data.class_names().get(class).cloned();
    name.unwrap_or_else(|| class.to_string())
}

fn rows(confusion: &Confusion, data: &Dataset) -> Vec<Row> {
    let count = data.classes();
    let largest = |is_hit: bool| {
        let pairs = (0..count).flat_map(|class| (0..count).map(move |other| [class, other]));
        pairs
            .filter(|[class, other]| (class == other) == is_hit)
            .map(|[class, other]| confusion.get(class, other))
            .max()
            .unwrap_or(0)
            .max(1)
    };
    let (hits, misses) = (largest(true), largest(false));
    let cell = |class, prediction| {
        let (count, is_hit) = (confusion.get(class, prediction), class == prediction);
        Cell {
            count,
            is_hit,
            strength: 100 * count / if is_hit { hits } else { misses },
        }
    };
    (0..count)
        .map(|class| Row {
            class,
            name: data.class_names().get(class).cloned(),
            cells: (0..count).map(|other| cell(class, other)).collect(),
            recall: confusion.recall(class).map_or("–".to_owned(), percent),
        })
        .collect()
}

/// Hits in one colour, mistakes in the other; both by the share of the class's samples.
fn confusion_picture(confusion: &Confusion, count: usize) -> Picture {
    let share = |class: usize, prediction: usize| {
        let samples: usize = (0..count).map(|other| confusion.get(class, other)).sum();
        let share = confusion.get(class, prediction) as f64 / samples.max(1) as f64;
        // The root shows what is rare.
        let strength = share.sqrt();
        if class == prediction {
            -strength
        } else {
            strength
        }
    };
    let shares: Vec<_> = (0..count)
        .flat_map(|class| (0..count).map(move |other| share(class, other)))
        .collect();
    Picture::of_numbers(count, &shares, 1.0)
}

fn listed(confusion: &Confusion, data: &Dataset) -> Vec<Listed> {
    let count = data.classes();
    let mut all: Vec<_> = (0..count)
        .flat_map(|class| (0..count).map(move |other| [class, other]))
        .filter(|[class, other]| class != other)
        .map(|[class, prediction]| Listed {
            class: called(data, class),
            prediction: called(data, prediction),
            count: confusion.get(class, prediction),
        })
        .filter(|listed| listed.count > 0)
        .collect();
    all.sort_by_key(|listed| std::cmp::Reverse(listed.count));
    all.truncate(LISTED);
    all
}

fn deviations_view(found: &Numbers, data: &Dataset) -> Result<DeviationsView, EncodingError> {
    let is_reconstruction = matches!(data.targets(), Targets::Inputs);
    let worst = found.deviations.iter().map(|deviation| {
        Ok(DeviationView {
            look: Look::of_sample(data, deviation.sample)?,
            sample: deviation.sample,
            mean: round(deviation.mean),
            reconstruction: if is_reconstruction {
                Some(Look::of(data.shape(), &deviation.output)?)
            } else {
                None
            },
            target: text(&deviation.target),
            output: text(&deviation.output),
        })
    });
    Ok(DeviationsView {
        chart: if is_reconstruction {
            None
        } else {
            Chart::scatter("Output over target", found.points.clone())
        },
        worst: worst.collect::<Result<_, EncodingError>>()?,
    })
}

fn kernels_view(kernels: &Kernels) -> Result<KernelsView, EncodingError> {
    let group = |slices: &Vec<Picture>| slices.iter().map(Picture::address).collect();
    Ok(KernelsView {
        name: kernels.name,
        shape: Shape(kernels.shape).to_string(),
        largest: round(kernels.largest),
        groups: kernels
            .pictures
            .iter()
            .map(group)
            .collect::<Result<_, _>>()?,
    })
}

/// The flags as a shell takes them.
fn flags(command: &[String]) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_./=,:+%@".contains(c);
    let quoted = command.iter().skip(1).map(|word| {
        if !word.is_empty() && word.chars().all(is_plain) {
            word.clone()
        } else {
            format!("'{}'", word.replace('\'', r"'\''"))
        }
    });
    quoted.collect::<Vec<_>>().join(" ")
}

/// `61,706`.
fn thousands(number: usize) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// `8.4 s`, `3 min 20 s`, `2 h 5 min`.
fn duration(seconds: f64) -> String {
    let whole = seconds.round() as u64;
    match whole {
        0..60 => format!("{seconds:.1} s"),
        60..3600 => format!("{} min {} s", whole / 60, whole % 60),
        _ => format!("{} h {} min", whole / 3600, whole % 3600 / 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flags_are_quoted_for_a_shell() {
        let command = ["trainer", "--data", "it's here", "--seed", "7", ""];
        let command = command.map(str::to_owned);
        assert_eq!(flags(&command), r"--data 'it'\''s here' --seed 7 ''");
    }

    #[test]
    fn figures_are_easy_to_read() {
        let numbers = [0, 999, 1_000, 61_706, 1_234_567].map(thousands);
        assert_eq!(numbers, ["0", "999", "1,000", "61,706", "1,234,567"]);
        let durations = [0.04, 59.4, 200.0, 7_500.0].map(duration);
        assert_eq!(durations, ["0.0 s", "59.4 s", "3 min 20 s", "2 h 5 min"]);
    }
}
