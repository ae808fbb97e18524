//! What is seen while a network learns.

use super::console::Console;
use super::interrupt;
use super::record::Record;
use crate::error::Error;
use crate::fit::{Observer, StepReport};
use crate::metrics::{EpochReport, Score};
use crate::model::Totals;
use indicatif::{ProgressBar, ProgressStyle};
use std::time::{Duration, Instant};

/// How often the bar changes; steps can be much shorter.
const REDRAW: Duration = Duration::from_millis(50);

/// A bar during an epoch, if standard error is a terminal; a line after it.
pub struct Progress<'a> {
    console: Console,
    record: Option<Record>,
    epochs: &'a mut Vec<EpochReport>,
    /// Whether there are hits to count.
    has_classes: bool,
    bar: ProgressBar,
    drawn: Instant,
}

impl<'a> Progress<'a> {
    /// Epochs go to the console, to the list and, if there is one, to the record.
    pub fn new(
        console: Console,
        record: Option<Record>,
        has_classes: bool,
        epochs: &'a mut Vec<EpochReport>,
    ) -> Self {
        let bar = ProgressBar::no_length();
        bar.set_style(style("{prefix} {wide_bar} {msg}, {eta} left"));
        Self {
            console,
            record,
            epochs,
            has_classes,
            bar,
            drawn: Instant::now(),
        }
    }

    fn draw(&self, totals: Totals) {
        let score = Score::from(totals);
        let accuracy = score.accuracy.filter(|_| self.has_classes);
        let score = Score { accuracy, ..score };
        let rate = totals.samples as f64 / self.bar.elapsed().as_secs_f64();
        self.bar
            .set_message(format!("{score}, {rate:.0} samples/s"));
        self.bar.set_position(totals.samples as u64);
    }
}

impl Observer for Progress<'_> {
    fn step(&mut self, report: &StepReport) -> Result<(), Error> {
        if report.step == 1 {
            self.bar.reset();
            self.bar.set_length(report.samples as u64);
            self.bar.set_prefix(format!("epoch {:3}", report.epoch));
        }
        if self.drawn.elapsed() >= REDRAW {
            self.drawn = Instant::now();
            self.draw(report.totals);
        }
        Ok(())
    }

    fn epoch(&mut self, report: &EpochReport) -> Result<(), Error> {
        self.bar.finish_and_clear();
        if let Some(record) = &mut self.record {
            record.append(report)?;
        }
        self.epochs.push(*report);
        self.console.report(report)
    }

    fn is_interrupted(&self) -> bool {
        interrupt::is_interrupted()
    }
}

/// A bar's style; all templates are constants, and a wrong one costs only the looks.
fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar())
}
