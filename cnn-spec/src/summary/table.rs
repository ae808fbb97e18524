//! A summary as text: narrow enough for a terminal, or with every column, or in Markdown.

use super::{Costs, Row, Summary, grouped};
use crate::shape::Shape;
use std::fmt;

/// The most characters of a line in a narrow table.
const LINE: usize = 120;
/// What the column of kinds keeps, whatever the others take.
const LEAST: usize = 24;

/// A column: its title, and what it says of a layer.
struct Column {
    title: &'static str,
    cell: Cell,
}

enum Cell {
    Words(fn(&Row) -> String),
    /// A number that is summed up, too.
    Number(fn(&Costs) -> u64),
}

impl Column {
    const fn words(title: &'static str, words: fn(&Row) -> String) -> Self {
        let cell = Cell::Words(words);
        Self { title, cell }
    }

    const fn number(title: &'static str, number: fn(&Costs) -> u64) -> Self {
        let cell = Cell::Number(number);
        Self { title, cell }
    }

    /// The title, a cell for each layer, and one for all of them.
    fn cells(&self, summary: &Summary) -> Vec<String> {
        let rows = summary.rows.iter();
        let cells: Vec<_> = match self.cell {
            Cell::Words(words) => rows.map(words).chain([String::new()]).collect(),
            Cell::Number(number) => {
                let costs = rows.map(|row| &row.costs).chain([&summary.totals]);
                costs.map(|costs| grouped(number(costs))).collect()
            }
        };
        [vec![self.title.to_owned()], cells].concat()
    }
}

const LAYER: Column = Column::words("layer", |row| row.name.clone());
const KIND: Column = Column::words("kind", |row| row.kind.clone());
const OUTPUT: Column = Column::words("output", |row| row.output.to_string());
const SHAPES: Column = Column::words("input → output", |row| {
    let inputs: Vec<_> = row.inputs.iter().map(Shape::to_string).collect();
    format!("{} → {}", inputs.join(", "), row.output)
});
const SEES: Column = Column::words("sees", |row| {
    let sees: Vec<_> = row.receptive_field.iter().map(usize::to_string).collect();
    sees.join("×")
});
const PARAMETERS: Column = Column::number("parameters", |costs| costs.parameters);
const FIRST_VALUES: Column = Column::words("first values", |row| row.first_values.clone());
const FORWARD: Column = Column::number("multiply-adds", |costs| costs.forward);
const TRAINING: Column = Column::number("training", |costs| costs.training);

/// The input is what was put out before, and the bytes are those of the output.
const NARROW: [Column; 8] = [
    LAYER,
    KIND,
    OUTPUT,
    Column::number("bytes", |costs| costs.activation_bytes),
    SEES,
    PARAMETERS,
    FORWARD,
    TRAINING,
];

const WIDE: [Column; 11] = [
    LAYER,
    KIND,
    SHAPES,
    SEES,
    PARAMETERS,
    FIRST_VALUES,
    FORWARD,
    TRAINING,
    Column::number("bytes: weights", |costs| costs.weight_bytes),
    Column::number("activations", |costs| costs.activation_bytes),
    Column::number("gradients", |costs| costs.gradient_bytes),
];

impl Summary {
    /// The table in Markdown, with every column.
    pub fn markdown(&self) -> String {
        let mut lines = self.lines(&WIDE);
        let rule = WIDE.iter().map(|column| match column.cell {
            Cell::Words(_) => "---".to_owned(),
            Cell::Number(_) => "---:".to_owned(),
        });
        lines.insert(1, rule.collect());
        let lines = lines
            .iter()
            .map(|cells| format!("| {} |\n", cells.join(" | ")));
        let lines = lines.collect::<String>();
        format!("{}\n\n{lines}\n{}\n", self.title, self.training)
    }

    /// The titles, a line for each layer, and the totals.
    fn lines(&self, columns: &[Column]) -> Vec<Vec<String>> {
        let columns = columns.iter().map(|column| column.cells(self).into_iter());
        let mut columns: Vec<_> = columns.collect();
        let count = 1 + self.rows.len() + 1;
        let mut lines: Vec<Vec<_>> = (0..count)
            .map(|_| columns.iter_mut().filter_map(Iterator::next).collect())
            .collect();
        "total".clone_into(&mut lines[count - 1][0]);
        lines
    }
}

/// The narrow table; `{:#}` has every column.
impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.title)?;
        if f.alternate() {
            write_table(f, &WIDE, self.lines(&WIDE), usize::MAX)?;
            return write!(f, "{}", self.training);
        }
        write_table(f, &NARROW, self.lines(&NARROW), LINE)?;
        let lines = self.training.lines();
        let lines = lines.map(|line| folded(line, LINE - 4).join("\n    "));
        write!(f, "{}", lines.collect::<Vec<_>>().join("\n"))
    }
}

/// Words begin at the left of their column, and numbers end at the right; a kind goes on in the next line where the line
/// had more than so many characters.
fn write_table(
    f: &mut fmt::Formatter<'_>,
    columns: &[Column],
    lines: Vec<Vec<String>>,
    most: usize,
) -> fmt::Result {
    const GAP: &str = "  ";
    const LAYER_AT: usize = 0;
    const KIND_AT: usize = 1;
    let widest = |index: usize| lines.iter().map(|line| line[index].chars().count()).max();
    let widths = (0..columns.len()).map(|index| widest(index).unwrap_or(0));
    let mut widths: Vec<_> = widths.collect();
    let total = widths.iter().sum::<usize>() + GAP.len() * (columns.len() - 1);
    let room = widths[KIND_AT].saturating_sub(total.saturating_sub(most));
    widths[KIND_AT] = widths[KIND_AT].min(room.max(LEAST));
    for mut line in lines {
        let kinds = folded(&line[KIND_AT], widths[KIND_AT]);
        line[KIND_AT].clone_from(&kinds[0]);
        let cells = columns.iter().zip(line.iter().zip(&widths));
        let cells = cells.map(|(column, (cell, &width))| match column.cell {
            Cell::Words(_) => format!("{cell:<width$}"),
            Cell::Number(_) => format!("{cell:>width$}"),
        });
        let text = cells.collect::<Vec<_>>().join(GAP);
        writeln!(f, "{}", text.trim_end())?;
        for kind in &kinds[1..] {
            writeln!(f, "{:width$}{GAP}{kind}", "", width = widths[LAYER_AT])?;
        }
    }
    Ok(())
}

/// A text in lines of so many characters at most, if it can be: they end behind semicolons, or else behind commas.
fn folded(text: &str, most: usize) -> Vec<String> {
    let sentences = fold(text, ';', most).into_iter();
    sentences.flat_map(|line| fold(&line, ',', most)).collect()
}

fn fold(text: &str, mark: char, most: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for part in text.split_inclusive(mark) {
        let fits = |line: &&mut String| {
            line.is_empty() || line.chars().count() + part.chars().count() <= most
        };
        match lines.last_mut().filter(fits) {
            Some(line) => line.push_str(part),
            None => lines.push(part.trim_start().to_owned()),
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::summary::tests::summary;

    #[test]
    fn columns_line_up() {
        let text = format!("{:#}", summary());
        let lines: Vec<&str> = text.lines().skip(1).take(6).collect();
        let ends: Vec<usize> = lines.iter().map(|line| line.chars().count()).collect();
        assert!(ends.iter().all(|end| *end == ends[0]), "{text}");
    }

    #[test]
    fn kinds_are_folded_where_a_line_would_be_too_long() {
        let mut summary = summary();
        summary.rows[1].name = "a_long_name_for_a_convolution".to_owned();
        let text = summary.to_string();
        let lines: Vec<&str> = text.lines().skip(1).take(6).collect();
        assert_eq!(
            lines,
            [
                "layer                          kind                             output  bytes  sees  parameters  multiply-adds  training",
                "pool1                          avg_pool2d 2×2, stride 1×1       2×7×7     784  2×2            0              0         0",
                "a_long_name_for_a_convolution  conv2d 3×1, padding 1×0,         4×7×7   1,568  4×2          208            588     1,176",
                "                               2 groups, bias per position,",
                "                               kernel turned",
                "leaky_relu1                    leaky_relu, negative slope 0.25  4×7×7   1,568  4×2            0              0         0",
            ]
        );
        assert!(text.lines().all(|line| line.chars().count() <= LINE));
    }

    #[test]
    fn settings_are_folded_behind_semicolons_and_then_commas() {
        let lines = folded("loss mse; sgd, learning rate 1, momentum 2; seed 0", 22);
        assert_eq!(
            lines,
            [
                "loss mse;",
                "sgd, learning rate 1,",
                "momentum 2;",
                "seed 0"
            ]
        );
    }

    #[test]
    fn markdown_has_a_row_for_each_layer() {
        let markdown = summary().markdown();
        let rows = markdown.lines().filter(|line| line.starts_with('|'));
        assert!(rows.clone().all(|row| row.matches('|').count() == 12));
        // Head, rule, four layers and the total.
        assert_eq!(rows.count(), 7);
    }
}
