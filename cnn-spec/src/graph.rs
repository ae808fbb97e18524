//! Which layer reads which: the names in `input` and `inputs` become sources.

use crate::expand::Entry;
use crate::fields::At;
use crate::file::Draft;
use crate::network::Source;
use crate::report::{MAX_PROBLEMS, Problem};
use crate::words::{guess, quoted};

/// What the network's input is called.
pub(crate) const INPUT: &str = "input";

/// What each layer reads, always above it; no output is left unread but the last and those that losses judge, as far as
/// these are known.
pub(crate) fn resolve(
    drafts: &[Draft<'_>],
    names: &[String],
    judged: Option<&[usize]>,
) -> Result<Vec<Vec<Source>>, Vec<Problem>> {
    let graph = Graph { drafts, names };
    let mut problems = Vec::new();
    let mut sources = Vec::new();
    for index in 0..drafts.len() {
        if problems.len() <= MAX_PROBLEMS {
            sources.push(graph.sources(index, &mut problems));
        }
    }
    if let Some(judged) = judged
        && problems.is_empty()
    {
        // A name that is not found leaves the layer unread that was meant.
        problems.extend(graph.unread(&sources, judged));
    }
    if problems.is_empty() {
        Ok(sources)
    } else {
        Err(problems)
    }
}

/// The layer's activation, or the layer itself if it has none.
pub(crate) fn end(drafts: &[Draft<'_>], index: usize) -> usize {
    let next = drafts.get(index + 1);
    index + usize::from(next.is_some_and(|next| next.is_activation))
}

struct Graph<'a, 'd> {
    drafts: &'a [Draft<'d>],
    names: &'a [String],
}

impl Graph<'_, '_> {
    /// What a layer reads, as far as its names are known.
    fn sources(&self, index: usize, problems: &mut Vec<Problem>) -> Vec<Source> {
        let draft = &self.drafts[index];
        if draft.inputs.is_empty() {
            return vec![before(index)];
        }
        let mut sources = Vec::new();
        for input in &draft.inputs {
            let input = meant(input, draft);
            let problem = |message: String| Problem::new(message, input.span.clone());
            let Some(source) = self.find(input, draft) else {
                let unknown = self.unknown(&input.value, problem(String::new()));
                problems.push(draft.origin.label(unknown));
                continue;
            };
            if let Source::Layer(read) = source
                && read >= index
            {
                problems.push(draft.origin.label(self.below(index, read, problem)));
            }
            if sources.contains(&source) {
                let message = format!("{} is joined twice", quoted(&input.value));
                let twice = problem(message).help("name each layer once");
                problems.push(draft.origin.label(twice));
            }
            sources.push(source);
        }
        sources
    }

    /// What a name in a layer stands for: another's output after its activation, or what the layer's block reads.
    fn find(&self, name: &At<String>, reader: &Draft<'_>) -> Option<Source> {
        let name = meant(name, reader);
        let mut drafts = self.drafts.iter();
        match &reader.origin.entry {
            Entry::Table(table) if name.value == INPUT => {
                let last = drafts.rposition(|draft| draft.table == *table);
                last.map(Source::Layer)
            }
            _ if name.value == INPUT => Some(Source::Input),
            _ => {
                let index = self.names.iter().position(|known| *known == name.value)?;
                Some(Source::Layer(end(self.drafts, index)))
            }
        }
    }

    fn unknown(&self, name: &str, problem: Problem) -> Problem {
        let names = self.names.iter().map(String::as_str).chain([INPUT]);
        let names: Vec<_> = names.collect();
        Problem {
            message: format!("there is no layer {}", quoted(name)),
            ..problem.label(guess(name, &names))
        }
        .help("name a layer above this one, or `\"input\"`, the network's input")
    }

    /// A layer that reads itself, or one that is only computed later.
    fn below(&self, index: usize, read: usize, problem: impl Fn(String) -> Problem) -> Problem {
        let (reader, name) = (quoted(&self.names[index]), quoted(&self.names[read]));
        if read <= end(self.drafts, index) {
            return problem(format!("{reader} reads itself"))
                .label("a cycle")
                .help("name a layer above this one");
        }
        let span = self.drafts[read].span.clone();
        if self.depends(read, index) {
            return problem(format!(
                "{reader} reads {name}, which is computed from {reader}"
            ))
            .label("a cycle")
            .cause(span, "computed from it")
            .help("name a layer above this one");
        }
        problem(format!("{reader} reads {name}, which comes below it"))
            .cause(span, "computed later")
            .help("move the layer that is read above the one that reads it")
    }

    /// Whether a layer is computed from another, directly or not.
    fn depends(&self, layer: usize, on: usize) -> bool {
        let mut seen = vec![false; self.drafts.len()];
        let mut open = vec![layer];
        while let Some(index) = open.pop() {
            if index == on {
                return true;
            }
            if std::mem::replace(&mut seen[index], true) {
                continue;
            }
            let inputs = &self.drafts[index].inputs;
            let named = inputs
                .iter()
                .filter_map(|input| self.find(input, &self.drafts[index]));
            let default = inputs.is_empty().then(|| before(index));
            open.extend(named.chain(default).filter_map(|source| match source {
                Source::Input => None,
                Source::Layer(index) => Some(index),
            }));
        }
        false
    }

    /// Layers whose output goes nowhere, though they are not the last.
    fn unread(&self, sources: &[Vec<Source>], judged: &[usize]) -> Vec<Problem> {
        let mut is_read = vec![false; self.drafts.len()];
        for index in judged {
            is_read[*index] = true;
        }
        for source in sources.iter().flatten() {
            if let Source::Layer(index) = source {
                is_read[*index] = true;
            }
        }
        let all_but_last = self
            .drafts
            .iter()
            .zip(self.names)
            .zip(is_read)
            .rev()
            .skip(1);
        let unread = all_but_last.filter(|(_, is_read)| !is_read);
        let problem = |((draft, name), _): ((&Draft<'_>, &String), bool)| {
            Problem::new(
                format!("nothing reads {}", quoted(name)),
                draft.span.clone(),
            )
            .label("its output goes nowhere")
            .help("name it as the `input` of a layer below, or take it out")
        };
        unread.map(problem).collect()
    }
}

/// The name that `"input"` stands for in a block whose use names what it reads; else the name itself.
fn meant<'a>(name: &'a At<String>, reader: &Draft<'a>) -> &'a At<String> {
    match &reader.origin.entry {
        Entry::Named(named) if name.value == INPUT => named,
        _ => name,
    }
}

/// What a layer reads that names nothing.
fn before(index: usize) -> Source {
    index.checked_sub(1).map_or(Source::Input, Source::Layer)
}
