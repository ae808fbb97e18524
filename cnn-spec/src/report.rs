//! What is wrong with a file: every problem with its place, a label and a way to mend it.

use crate::words::quoted;
use annotate_snippets::renderer::Renderer;
use annotate_snippets::{Annotation, AnnotationKind, Group, Level, Origin, Snippet};
use std::error::Error;
use std::fmt;
use std::ops::Range;

/// Bytes of the text, a byte order mark not counted.
pub type Span = Range<usize>;

/// A report lists no more problems than this.
pub(crate) const MAX_PROBLEMS: usize = 50;

/// One thing that is wrong, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// What is wrong, in one line.
    pub message: String,
    /// The culprit; `None` if the file as a whole is.
    pub span: Option<Span>,
    /// What to say of the culprit, possibly nothing.
    pub label: String,
    /// Where the reasons lie, if they are elsewhere, and what to say of them.
    pub causes: Vec<(Span, String)>,
    /// How to mend it.
    pub help: Option<String>,
}

impl Problem {
    /// A problem with what is at `span`.
    pub(crate) fn new(message: impl Into<String>, span: Span) -> Self {
        Self {
            message: message.into(),
            span: Some(span),
            label: String::new(),
            causes: Vec::new(),
            help: None,
        }
    }

    /// A problem with the file as a whole.
    pub(crate) fn of_file(message: impl Into<String>) -> Self {
        Self {
            span: None,
            ..Self::new(message, 0..0)
        }
    }

    /// Says something of the culprit.
    pub(crate) fn label(mut self, label: impl Into<String>) -> Self {
        self.label = label.into();
        self
    }

    /// Says which layer has the problem.
    pub(crate) fn of(self, layer: &str) -> Self {
        Self {
            message: format!("{}: {}", quoted(layer), self.message),
            ..self
        }
    }

    /// Points at a reason elsewhere.
    pub(crate) fn cause(mut self, span: Span, label: impl Into<String>) -> Self {
        self.causes.push((span, label.into()));
        self
    }

    /// Says how to mend it.
    pub(crate) fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }
}

/// A place in a text, as editors count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Position {
    /// From 1.
    pub line: usize,
    /// From 1, in characters.
    pub column: usize,
}

/// All problems that one pass over a file found; prints like the messages of cargo.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    file_name: String,
    text: String,
    problems: Vec<Problem>,
    is_cut: bool,
}

impl Report {
    pub(crate) fn new(file_name: &str, text: &str, mut problems: Vec<Problem>) -> Self {
        problems.sort_by_key(|problem| problem.span.as_ref().map_or(0, |span| span.start));
        problems.dedup_by(|next, first| next.span == first.span && next.message == first.message);
        let is_cut = problems.len() > MAX_PROBLEMS;
        problems.truncate(MAX_PROBLEMS);
        Self {
            file_name: file_name.to_owned(),
            text: text.to_owned(),
            problems,
            is_cut,
        }
    }

    /// The problems in the order of the file, at least one.
    pub fn problems(&self) -> &[Problem] {
        &self.problems
    }

    /// Line and column of the culprit.
    pub fn position(&self, problem: &Problem) -> Option<Position> {
        let before = self.text.get(..problem.span.as_ref()?.start)?;
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        Some(Position {
            line: before.matches('\n').count() + 1,
            column: before[line_start..].chars().count() + 1,
        })
    }

    /// The text for a terminal, with or without ANSI colours.
    pub fn render(&self, color: bool) -> String {
        let renderer = if color {
            Renderer::styled()
        } else {
            Renderer::plain()
        };
        let mut blocks: Vec<String> = self
            .problems
            .iter()
            .map(|problem| renderer.render(&[self.group(problem)]))
            .collect();
        if self.is_cut {
            let rest = format!("there are more than these {MAX_PROBLEMS} problems");
            blocks.push(renderer.render(&[Group::with_title(Level::ERROR.primary_title(rest))]));
        }
        blocks.join("\n\n")
    }

    fn group<'a>(&'a self, problem: &'a Problem) -> Group<'a> {
        let title = Level::ERROR.primary_title(&problem.message);
        let mut group = match &problem.span {
            None => title.element(Origin::path(&self.file_name)),
            Some(span) => title.element(self.snippet(problem, span)),
        };
        if let Some(help) = &problem.help {
            group = group.element(Level::HELP.message(help));
        }
        group
    }

    /// The lines from the culprit to its causes; the whole text would be slow to render many times.
    fn snippet<'a>(&'a self, problem: &'a Problem, span: &Span) -> Snippet<'a, Annotation<'a>> {
        let causes = &problem.causes;
        let starts = causes.iter().map(|(cause, _)| cause.start);
        let start = starts.fold(span.start, usize::min);
        let ends = causes.iter().map(|(cause, _)| cause.end);
        let end = ends.fold(span.end, usize::max);
        let start = self.text[..start]
            .rfind('\n')
            .map_or(0, |newline| newline + 1);
        let rest = self.text[end..].lines().next().unwrap_or_default();
        let end = end + rest.len();

        let within = |span: &Span| span.start - start..span.end - start;
        let label = Some(&problem.label).filter(|label| !label.is_empty());
        let culprit = AnnotationKind::Primary.span(within(span)).label(label);
        let causes = causes
            .iter()
            .map(|(span, label)| AnnotationKind::Context.span(within(span)).label(label));
        Snippet::source(&self.text[start..end])
            .path(&self.file_name)
            .line_start(self.text[..start].matches('\n').count() + 1)
            .annotation(culprit)
            .annotations(causes)
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.render(false))
    }
}

impl Error for Report {}
