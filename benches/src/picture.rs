//! The results as bars: every system's share of the machine's peak.

use crate::results::Results;
use crate::system::{self, OURS, PEAK, System};
use bench_protocol::{Measure, Request, WORKLOADS};
use plotters::coord::Shift;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};
use std::error::Error;

/// Colours that stand out from white and from black.
const OURS_BAR: RGBColor = RGBColor(232, 89, 12);
const PEER_BAR: RGBColor = RGBColor(92, 138, 191);
const TRACK: RGBAColor = RGBAColor(128, 128, 128, 0.12);
const TEXT: RGBColor = RGBColor(125, 133, 144);

const WIDTH: i32 = 1000;
const NAMES: i32 = 170;
const COLUMN: i32 = (WIDTH - NAMES) / 3;
/// Of a column, at a share of one; the rest is for its number.
const BAR: i32 = COLUMN - 70;
const ROW: i32 = 18;
const HEADING: i32 = 34;
const FONT: f64 = 13.0;

type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;

/// Draws all shares: a column for each measure, a block of rows for each workload.
///
/// # Errors
/// If the file cannot be written.
pub fn draw(results: &Results, file: &str) -> Result<(), Box<dyn Error>> {
    let blocks = WORKLOADS.map(|workload| Block::new(results, workload));
    let height = HEADING + blocks.iter().map(Block::height).sum::<i32>() + ROW;
    let area = SVGBackend::new(file, (WIDTH as u32, height as u32)).into_drawing_area();
    for (column, measure) in (0..).zip(Measure::COMPARED) {
        let place = (NAMES + column * COLUMN, ROW);
        write(&area, title(measure), place, HPos::Left, true)?;
    }
    let mut top = HEADING;
    for block in &blocks {
        block.names(&area, top)?;
        for (column, measure) in (0..).zip(Measure::COMPARED) {
            block.bars(&area, results, measure, (NAMES + column * COLUMN, top))?;
        }
        top += block.height();
    }
    area.present()?;
    Ok(())
}

fn title(measure: Measure) -> &'static str {
    match measure {
        Measure::Train | Measure::Fit => "Training, batch 64: of the FMA peak",
        Measure::FitLarge => "Training, batch 256: of the FMA peak",
        Measure::One => "One sample: of the FMA peak",
        Measure::Batch => "Batch 256: of the FMA peak",
    }
}

/// A workload, and the systems that were measured on it.
struct Block {
    workload: &'static str,
    systems: Vec<&'static System>,
}

impl Block {
    fn new(results: &Results, workload: &'static str) -> Self {
        let measured = |system: &&System| {
            let mut cells = results.cells.iter();
            cells.any(|cell| cell.system == system.name && cell.workload == workload)
        };
        let systems = system::all().filter(measured).collect();
        Self { workload, systems }
    }

    fn height(&self) -> i32 {
        match self.systems.len() {
            0 => 0,
            rows => HEADING + ROW * rows as i32,
        }
    }

    /// The systems, each with the top of its row.
    fn rows(&self, top: i32) -> impl Iterator<Item = (i32, &System)> {
        let tops = (0..).map(move |row| top + HEADING + ROW * row);
        tops.zip(self.systems.iter().copied())
    }

    fn names(&self, area: &Area, top: i32) -> Result<(), Box<dyn Error>> {
        let right = NAMES - 10;
        if !self.systems.is_empty() {
            let middle = top + HEADING / 2 + 4;
            write(area, self.workload, (right, middle), HPos::Right, true)?;
        }
        for (top, system) in self.rows(top) {
            let ours = system.name == OURS.name;
            write(area, system.name, (right, top + ROW / 2), HPos::Right, ours)?;
        }
        Ok(())
    }

    fn bars(
        &self,
        area: &Area,
        results: &Results,
        measure: Measure,
        (left, top): (i32, i32),
    ) -> Result<(), Box<dyn Error>> {
        let request = Request {
            workload: self.workload.to_owned(),
            measure,
            threads: 1,
        };
        for (top, system) in self.rows(top) {
            let Some(share) = results.share(system.name, PEAK.name, &request) else {
                continue;
            };
            let ours = system.name == OURS.name;
            let color = if ours { OURS_BAR } else { PEER_BAR };
            // What is above the peak, because zeros are skipped, only its number tells.
            let bar = |share: f64| {
                let length = (share.min(1.0) * f64::from(BAR)).max(1.0) as i32;
                [(left, top + 3), (left + length, top + ROW - 3)]
            };
            area.draw(&Rectangle::new(bar(1.0), TRACK.filled()))?;
            area.draw(&Rectangle::new(bar(share), color.filled()))?;
            let decimals = usize::from(share < 0.1);
            let label = format!("{:.decimals$} %", 100.0 * share);
            write(
                area,
                &label,
                (left + BAR + 6, top + ROW / 2),
                HPos::Left,
                ours,
            )?;
        }
        Ok(())
    }
}

fn write(
    area: &Area,
    text: &str,
    place: (i32, i32),
    side: HPos,
    bold: bool,
) -> Result<(), Box<dyn Error>> {
    let style = if bold {
        FontStyle::Bold
    } else {
        FontStyle::Normal
    };
    let font = FontDesc::new(FontFamily::SansSerif, FONT, style);
    let style = TextStyle::from(font)
        .color(&TEXT)
        .pos(Pos::new(side, VPos::Center));
    area.draw(&Text::new(text.to_owned(), place, style))?;
    Ok(())
}
