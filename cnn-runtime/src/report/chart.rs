//! Curves with axes: the same for the page and for a picture file.

use super::axis::{Axis, Tick};
use serde::Serialize;
use std::fmt::Write as _;

/// The size of a chart and where its curves are, in the units of its paths.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Frame {
    pub width: f64,
    pub height: f64,
    pub left: f64,
    pub right: f64,
    pub top: f64,
    pub bottom: f64,
}

pub const FRAME: Frame = Frame {
    width: 400.0,
    height: 250.0,
    left: 62.0,
    right: 388.0,
    top: 12.0,
    bottom: 206.0,
};
const ACROSS: [f64; 2] = [FRAME.left, FRAME.right];
const UP: [f64; 2] = [FRAME.bottom, FRAME.top];

/// More points than this are a line without dots.
const MOST_DOTS: usize = 60;

/// Numbers over numbers, by name.
pub struct Series {
    /// `training`, `validation`, `test`: it chooses the colour.
    pub name: &'static str,
    pub points: Vec<[f64; 2]>,
}

/// What is drawn of some series.
#[derive(Clone, Debug, Serialize)]
pub struct Chart {
    pub frame: Frame,
    pub title: String,
    /// What the horizontal axis counts.
    pub horizontal: &'static str,
    pub x_ticks: Vec<Tick>,
    pub y_ticks: Vec<Tick>,
    pub lines: Vec<Line>,
}

/// What is drawn of one series.
#[derive(Clone, Debug, Serialize)]
pub struct Line {
    pub name: &'static str,
    /// In the words of SVG.
    pub path: String,
    pub dots: Vec<Dot>,
}

/// A point of a line, and what it says.
#[derive(Clone, Debug, Serialize)]
pub struct Dot {
    pub x: f64,
    pub y: f64,
    pub says: String,
}

impl Chart {
    /// Curves over epochs. What is not finite is left out; none if nothing is left.
    pub fn over_epochs(title: &str, series: &[Series]) -> Option<Self> {
        let (mut epochs, values) = ranges(series)?;
        if epochs[1] - epochs[0] < 1.0 {
            epochs = [epochs[0] - 0.5, epochs[1] + 0.5];
        }
        let x = Axis::whole(epochs, ACROSS);
        let y = Axis::around(values, UP);
        let is_dotted = series.iter().all(|series| series.points.len() <= MOST_DOTS);
        let says = |name: &str, [epoch, value]: [f64; 2]| {
            format!("epoch {epoch}, {name}: {}", round(value))
        };
        Some(Self {
            frame: FRAME,
            title: title.to_owned(),
            horizontal: "epoch",
            lines: series
                .iter()
                .filter(|series| finite(series).next().is_some())
                .map(|series| Line {
                    name: series.name,
                    path: path(series, &x, &y),
                    dots: if is_dotted {
                        dots(series, &x, &y, says)
                    } else {
                        Vec::new()
                    },
                })
                .collect(),
            x_ticks: x.ticks(),
            y_ticks: y.ticks(),
        })
    }

    /// Outputs over targets, with the line on which they are equal.
    pub fn scatter(title: &str, points: Vec<[f64; 2]>) -> Option<Self> {
        let series = Series {
            name: "test",
            points,
        };
        let (xs, ys) = ranges(std::slice::from_ref(&series))?;
        let both = [xs[0].min(ys[0]), xs[1].max(ys[1])];
        let x = Axis::around(both, ACROSS);
        let y = Axis::around(both, UP);
        let says = |_: &str, [x, y]: [f64; 2]| format!("target {}, output {}", round(x), round(y));
        let equal = Series {
            name: "equal",
            points: x.range.map(|end| [end; 2]).to_vec(),
        };
        Some(Self {
            frame: FRAME,
            title: title.to_owned(),
            horizontal: "target",
            lines: vec![
                Line {
                    name: "equal",
                    path: path(&equal, &x, &y),
                    dots: Vec::new(),
                },
                Line {
                    name: "test",
                    path: String::new(),
                    dots: dots(&series, &x, &y, says),
                },
            ],
            x_ticks: x.ticks(),
            y_ticks: y.ticks(),
        })
    }
}

fn finite(series: &Series) -> impl Iterator<Item = [f64; 2]> {
    let points = series.points.iter().copied();
    points.filter(|point| point.iter().all(|number| number.is_finite()))
}

/// The smallest and the largest of both coordinates.
fn ranges(series: &[Series]) -> Option<([f64; 2], [f64; 2])> {
    let mut points = series.iter().flat_map(finite);
    let [x, y] = points.next()?;
    let wider = |[low, high]: [f64; 2], value: f64| [low.min(value), high.max(value)];
    Some(points.fold(([x; 2], [y; 2]), |(xs, ys), [x, y]| {
        (wider(xs, x), wider(ys, y))
    }))
}

fn path(series: &Series, x: &Axis, y: &Axis) -> String {
    let mut path = String::new();
    for [at, value] in finite(series) {
        let verb = if path.is_empty() { 'M' } else { 'L' };
        // A String takes everything that is written.
        let _ = write!(path, "{verb}{:.2},{:.2}", x.place(at), y.place(value));
    }
    path
}

fn dots(series: &Series, x: &Axis, y: &Axis, says: impl Fn(&str, [f64; 2]) -> String) -> Vec<Dot> {
    let dot = |[at, value]: [f64; 2]| Dot {
        x: x.place(at),
        y: y.place(value),
        says: says(series.name, [at, value]),
    };
    finite(series).map(dot).collect()
}

/// Four digits, as a person would write them.
pub fn round(value: f64) -> String {
    if value == 0.0 {
        return "0".to_owned();
    }
    let size = value.abs().log10().floor() as i32;
    if !(-4..=6).contains(&size) {
        return format!("{value:.3e}");
    }
    let decimals = (3 - size).max(0) as usize;
    let text = format!("{value:.decimals$}");
    if decimals == 0 {
        return text;
    }
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}
