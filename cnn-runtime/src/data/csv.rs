//! Text with a line for each sample: numbers, separated by commas.

use super::{Dataset, Split, Targets};
use crate::error::Error;
use crate::settings::Task;
use std::fs;
use std::io;
use std::path::Path;

/// Reads `train.csv` and `test.csv` from a folder.
///
/// The first line may name the columns. `targets` says which of them hold the targets, by name or by number from 1;
/// without any it is the last one, except in a reconstruction. All others are the sample, a vector.
///
/// # Errors
/// If a file is missing, or if what it holds is not what the task needs: with line and column.
pub fn load(folder: &Path, task: Task, targets: &[String]) -> Result<Split, Error> {
    let [train, test] = ["train.csv", "test.csv"].map(|name| folder.join(name));
    let (train_table, test_table) = (Table::read(&train)?, Table::read(&test)?);
    if train_table.names != test_table.names {
        let problem = format!("the columns are not those of {}", train.display());
        return Err(Error::content(
            &test,
            problem,
            "give both files the same first line",
        ));
    }
    Split::of(
        folder,
        train_table.dataset(&train, task, targets)?,
        test_table.dataset(&test, task, targets)?,
    )
}

/// Reads a file of samples with so many values each; columns that hold targets are left out, if there are any.
///
/// # Errors
/// If the file cannot be read, does not hold numbers, or has another number of columns.
pub fn samples(path: &Path, size: usize, task: Task, targets: &[String]) -> Result<Dataset, Error> {
    let table = Table::read(path)?;
    if table.columns == size {
        return table.dataset(path, Task::Reconstruction, &[]);
    }
    let targets = table.targets(path, task, targets)?;
    if table.columns == size + targets.len() {
        return table.inputs(path, &targets, Targets::Inputs);
    }
    let problem = format!(
        "there are {} columns, and the network takes {size} values",
        table.columns
    );
    let help = "give every line the values of one sample, with or without its targets";
    Err(Error::content(path, problem, help))
}

/// The numbers of a file.
struct Table {
    /// What the first line calls the columns; none if it holds numbers.
    names: Vec<String>,
    columns: usize,
    /// The number of lines before the first one with numbers, whose empty ones do not count.
    values: Vec<f32>,
    /// Where each row stands in the file, from 1.
    lines: Vec<usize>,
}

impl Table {
    fn read(path: &Path) -> Result<Self, Error> {
        let text = fs::read_to_string(path).map_err(|error| match error.kind() {
            io::ErrorKind::InvalidData => {
                Error::content(path, "this is not text", "save it as CSV in UTF-8")
            }
            _ => Error::file("read", path)(error),
        })?;
        let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
        let lines = (1..)
            .zip(text.lines())
            .filter(|(_, line)| !line.trim().is_empty());
        let mut lines = lines.peekable();
        let Some(&(_, first)) = lines.peek() else {
            return Err(Error::content(
                path,
                "the file is empty",
                "put a line for each sample into it",
            ));
        };
        let columns = first.split(',').count();
        let names = names(first);
        if !names.is_empty() {
            lines.next();
        }
        let mut table = Self {
            names,
            columns,
            values: Vec::new(),
            lines: Vec::new(),
        };
        for (line, text) in lines {
            table.append(path, line, text)?;
        }
        Ok(table)
    }

    fn append(&mut self, path: &Path, line: usize, text: &str) -> Result<(), Error> {
        let found = text.split(',').count();
        if found != self.columns {
            return Err(Error::content(
                path,
                format!(
                    "line {line} has {found} columns, but the first line has {}",
                    self.columns
                ),
                "give every line as many numbers, separated by commas",
            ));
        }
        for (column, field) in (1..).zip(text.split(',')) {
            let number = number(field).ok_or_else(|| {
                Error::content(
                    path,
                    format!(
                        "line {line}, column {column}: {:?} is not a number",
                        short(field)
                    ),
                    "write numbers such as 12 or -0.5, separated by commas",
                )
            })?;
            self.values.push(number);
        }
        self.lines.push(line);
        Ok(())
    }

    fn dataset(&self, path: &Path, task: Task, targets: &[String]) -> Result<Dataset, Error> {
        let columns = self.targets(path, task, targets)?;
        let targets = match task {
            Task::Classification => self.classes(path, columns[0])?,
            Task::Regression => Targets::Numbers {
                values: self.pick(|column| columns.contains(&column)),
                size: columns.len(),
            },
            Task::Reconstruction => Targets::Inputs,
        };
        self.inputs(path, &columns, targets)
    }

    /// All other columns as samples.
    fn inputs(&self, path: &Path, columns: &[usize], targets: Targets) -> Result<Dataset, Error> {
        let values = self.pick(|column| !columns.contains(&column));
        let size = self.columns - columns.len();
        Dataset::with_targets(path.display().to_string(), &[size], values, targets)
    }

    fn pick(&self, is_wanted: impl Fn(usize) -> bool) -> Vec<f32> {
        let values = self.values.iter().enumerate();
        let values = values.filter(|(index, _)| is_wanted(index % self.columns));
        values.map(|(_, value)| *value).collect()
    }

    /// The columns that hold the targets.
    fn targets(&self, path: &Path, task: Task, targets: &[String]) -> Result<Vec<usize>, Error> {
        let mut columns = Vec::new();
        for target in targets {
            let column = self.column(target).ok_or_else(|| {
                let known = if self.names.is_empty() {
                    format!("there are columns 1 to {}, without names", self.columns)
                } else {
                    format!("there are {}", self.names.join(", "))
                };
                Error::content(
                    path,
                    format!("there is no column {:?}", short(target)),
                    known,
                )
            })?;
            if columns.contains(&column) {
                let problem = format!("{:?} names a column twice", short(target));
                return Err(Error::content(path, problem, "name every target once"));
            }
            columns.push(column);
        }
        if columns.is_empty() && task != Task::Reconstruction {
            columns.push(self.columns - 1);
        }
        if columns.len() == self.columns {
            return Err(Error::content(
                path,
                "all columns are targets, and none is left to learn from",
                "name the columns that hold the targets with `targets`",
            ));
        }
        // The order of the file is that of the network's outputs.
        columns.sort_unstable();
        Ok(columns)
    }

    fn column(&self, target: &str) -> Option<usize> {
        let by_name = self.names.iter().position(|name| name == target);
        let number = || target.parse::<usize>().ok()?.checked_sub(1);
        by_name.or_else(|| number().filter(|column| *column < self.columns))
    }

    fn classes(&self, path: &Path, column: usize) -> Result<Targets, Error> {
        let mut labels = Vec::with_capacity(self.lines.len());
        for (row, line) in self.values.chunks_exact(self.columns).zip(&self.lines) {
            let label = row[column];
            if !(0.0..=255.0).contains(&label) || label.fract() != 0.0 {
                return Err(Error::content(
                    path,
                    format!("line {line}, column {}: {label} is not a class", column + 1),
                    "number the classes from 0 to 255 at most, or set `task = \"regression\"`",
                ));
            }
            labels.push(label as u8);
        }
        let classes = labels
            .iter()
            .max()
            .map_or(0, |label| usize::from(*label) + 1);
        Ok(Targets::Classes { labels, classes })
    }
}

/// What the first line calls the columns; none if it holds a number.
fn names(line: &str) -> Vec<String> {
    if line.split(',').any(|field| number(field).is_some()) {
        return Vec::new();
    }
    let bare = |field: &str| field.trim().trim_matches('"').to_owned();
    line.split(',').map(bare).collect()
}

fn number(field: &str) -> Option<f32> {
    field
        .trim()
        .parse()
        .ok()
        .filter(|number: &f32| number.is_finite())
}

/// The beginning of what may be long.
fn short(text: &str) -> String {
    const SHOWN: usize = 40;
    text.trim().chars().take(SHOWN).collect()
}
