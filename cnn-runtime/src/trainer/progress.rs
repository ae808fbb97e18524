//! What is seen while a network learns.

use super::console::Console;
use super::record::Record;
use crate::error::Error;
use crate::fit::{Observer, StepReport};
use crate::metrics::{EpochReport, Score};
use indicatif::{ProgressBar, ProgressStyle};
use std::time::{Duration, Instant};

/// How often the bar changes; steps can be much shorter.
const REDRAW: Duration = Duration::from_millis(50);

/// A bar during an epoch, if standard error is a terminal; a line after it.
pub struct Progress {
    console: Console,
    record: Option<Record>,
    bar: ProgressBar,
    drawn: Instant,
}

impl Progress {
    /// Epochs go to the console and, if there is one, to the record.
    pub fn new(console: Console, record: Option<Record>) -> Self {
        let bar = ProgressBar::no_length();
        bar.set_style(style(
            "{prefix} {wide_bar} {msg}  {per_sec} samples, {eta} left",
        ));
        Self {
            console,
            record,
            bar,
            drawn: Instant::now(),
        }
    }
}

impl Observer for Progress {
    fn step(&mut self, report: &StepReport) -> Result<(), Error> {
        if report.step == 1 {
            self.bar.reset();
            self.bar.set_length(report.samples as u64);
            self.bar.set_prefix(format!("epoch {:3}", report.epoch));
        }
        if self.drawn.elapsed() >= REDRAW {
            self.drawn = Instant::now();
            let Score { loss, accuracy } = report.totals.into();
            let message = format!("loss {loss:.4}, accuracy {:.2} %", accuracy * 100.0);
            self.bar.set_message(message);
            self.bar.set_position(report.totals.samples as u64);
        }
        Ok(())
    }

    fn epoch(&mut self, report: &EpochReport) -> Result<(), Error> {
        self.bar.finish_and_clear();
        if let Some(record) = &mut self.record {
            record.append(report)?;
        }
        self.console.report(report)
    }
}

/// A bar's style; all templates are constants, and a wrong one costs only the looks.
fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar())
}
