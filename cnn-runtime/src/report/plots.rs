//! Curves and kernels as picture files.

use super::canvas::{Canvas, Color, LETTER_HEIGHT, LETTER_WIDTH};
use super::chart::{Chart, FRAME};
use super::layers::Kernels;
use super::picture::Picture;

/// Pixels for each unit of a chart.
const SCALE: usize = 2;

/// The room of a chart's title.
const TITLE: usize = 48;

/// White between kernels, and around everything.
const GAP: usize = 24;

/// Kernels are about as wide, and no row of them is wider.
const KERNEL_WIDTH: usize = 96;
const ROW_WIDTH: usize = 1600;

const INK: Color = [40, 40, 46];
const GRID: Color = [222, 222, 226];

/// All charts, side by side.
pub fn curves(charts: &[Chart]) -> Picture {
    let [width, height] = [FRAME.width, FRAME.height].map(|size| size as usize * SCALE);
    let mut canvas = Canvas::new(width * charts.len() + GAP, height + TITLE + GAP);
    for (index, chart) in charts.iter().enumerate() {
        draw(&mut canvas, chart, index * width);
    }
    canvas.into_picture()
}

fn draw(canvas: &mut Canvas, chart: &Chart, left: usize) {
    let origin = [left, TITLE];
    let (start, end, bottom) = (FRAME.left, FRAME.right, FRAME.bottom);
    let pixel = |unit: f64| (unit * SCALE as f64) as usize;
    let mut line = |path: &str, width: f64, color: Color| {
        canvas.line(path, origin, SCALE as f64, width, color);
    };
    for tick in &chart.y_ticks {
        let y = tick.place;
        line(&format!("M{start},{y}L{end},{y}"), 0.5, GRID);
    }
    line(&format!("M{start},{bottom}L{end},{bottom}"), 0.75, INK);
    for series in &chart.lines {
        line(&series.path, 1.75, color(series.name));
        for dot in &series.dots {
            // The shortest of lines, with round ends.
            let (x, y, right) = (dot.x, dot.y, dot.x + 0.01);
            line(&format!("M{x},{y}L{right},{y}"), 5.0, color(series.name));
        }
    }
    for tick in &chart.y_ticks {
        let width = tick.label.len() * LETTER_WIDTH;
        let x = left + pixel(start - 6.0).saturating_sub(width);
        let y = TITLE + pixel(tick.place) - LETTER_HEIGHT / 2;
        canvas.text(&tick.label, [x, y], INK);
    }
    for tick in &chart.x_ticks {
        let width = tick.label.len() * LETTER_WIDTH;
        let x = (left + pixel(tick.place)).saturating_sub(width / 2);
        canvas.text(&tick.label, [x, TITLE + pixel(bottom + 4.0)], INK);
    }
    title(canvas, chart, [left + pixel(start), GAP]);
    let x = left + pixel(end) - chart.horizontal.len() * LETTER_WIDTH;
    canvas.text(chart.horizontal, [x, TITLE + pixel(bottom + 20.0)], INK);
}

/// The title, and the names of the lines in their colours; one line alone needs none.
fn title(canvas: &mut Canvas, chart: &Chart, [mut x, y]: [usize; 2]) {
    let several = chart.lines.iter().filter(|_| chart.lines.len() > 1);
    let names = several.map(|line| (line.name, color(line.name)));
    let title = std::iter::once((chart.title.as_str(), INK));
    for (text, color) in title.chain(names) {
        canvas.text(text, [x, y], color);
        x += (text.chars().count() + 2) * LETTER_WIDTH;
    }
}

fn color(series: &str) -> Color {
    match series {
        "training" => [0, 114, 178],
        "validation" => [0, 158, 115],
        "test" => [213, 94, 0],
        _ => [110, 110, 118],
    }
}

/// Every kernel: those of one output side by side, one for each input.
pub fn kernels(kernels: &Kernels) -> Picture {
    let slices = kernels.pictures.first().map_or(&[][..], Vec::as_slice);
    let [width, height] = slices
        .first()
        .map_or([1, 1], |slice| [slice.width, slice.height]);
    let scale = (KERNEL_WIDTH / width.max(height)).max(1);
    let inputs = slices.len().max(1);
    let group = inputs * (width * scale + 2) + GAP;
    let columns = (ROW_WIDTH / group).clamp(1, kernels.pictures.len().max(1));
    let rows = kernels.pictures.len().div_ceil(columns);
    let row = height * scale + GAP;
    let mut canvas = Canvas::new(columns * group + GAP, TITLE + rows * row + GAP);
    canvas.text(kernels.name, [GAP, GAP / 2], INK);
    for (index, slices) in kernels.pictures.iter().enumerate() {
        let left = GAP + index % columns * group;
        let top = TITLE + index / columns * row;
        for (input, slice) in slices.iter().enumerate() {
            let place = [left + input * (width * scale + 2), top];
            frame(&mut canvas, place, [width * scale, height * scale]);
            canvas.picture(slice, place, scale);
        }
    }
    canvas.into_picture()
}

fn frame(canvas: &mut Canvas, [x, y]: [usize; 2], [width, height]: [usize; 2]) {
    let path = format!("M0,0L{width},0L{width},{height}L0,{height}Z");
    canvas.line(&path, [x, y], 1.0, 2.0, GRID);
}
