//! A layout as a picture.

use super::diagram::Family;
use super::layout::{Arrow, Body, Form, Layout, Point, Style, Text};
use std::fmt;

/// How round the corners of arrows are.
const ROUND: f64 = 6.0;

const STYLE: &str = "\
<style>
text { font-family: Helvetica, Arial, 'DejaVu Sans', sans-serif; font-size: 10px; text-anchor: middle; fill: #222 }
.name { font-weight: bold }
.shape { font-size: 9px; fill: #555 }
.arrow { fill: none; stroke: #444; stroke-width: 1 }
.body { stroke: #333; stroke-width: 0.8; stroke-linejoin: round }
</style>
<defs>
<marker id=\"head\" viewBox=\"0 0 8 6\" refX=\"8\" refY=\"3\" markerWidth=\"8\" markerHeight=\"6\" orient=\"auto\">
<path d=\"M0 0L8 3L0 6z\" fill=\"#444\"/>
</marker>
</defs>
";

pub struct Svg<'a>(pub &'a Layout);

impl fmt::Display for Svg<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Layout {
            name,
            width,
            height,
            bodies,
            arrows,
            texts,
        } = self.0;
        write!(
            f,
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width:.0}\" height=\"{height:.0}\" \
             viewBox=\"0 0 {width:.0} {height:.0}\" role=\"img\">\n<title>{name}</title>\n{STYLE}\
             <rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>\n"
        )?;
        bodies.iter().try_for_each(|body| write_body(f, body))?;
        arrows.iter().try_for_each(|arrow| write_arrow(f, arrow))?;
        texts.iter().try_for_each(|text| write_text(f, text))?;
        writeln!(f, "</svg>")
    }
}

fn write_body(f: &mut fmt::Formatter<'_>, body: &Body) -> fmt::Result {
    match body.form {
        Form::Box {
            thickness,
            height,
            lean,
        } => write_box(f, body, [thickness, height], lean),
        Form::Circle { radius } => write_circle(f, body, radius),
    }
}

/// A box's top, side and front.
fn write_box(
    f: &mut fmt::Formatter<'_>,
    body: &Body,
    [thickness, height]: [f64; 2],
    lean: Point,
) -> fmt::Result {
    let [front, top, side] = colors(body.family);
    let left = body.entry().x;
    let right = left + thickness;
    let upper = body.middle.y - (height - lean.y) / 2.0;
    let back = format!("l{:.1} {:.1}", lean.x, -lean.y);
    let forth = format!("l{:.1} {:.1}", -lean.x, lean.y);
    writeln!(
        f,
        "<g class=\"body\">\
         <path d=\"M{left:.1} {upper:.1}{back}h{thickness:.1}{forth}z\" fill=\"{top}\"/>\
         <path d=\"M{right:.1} {upper:.1}{back}v{height:.1}{forth}z\" fill=\"{side}\"/>\
         <path d=\"M{left:.1} {upper:.1}h{thickness:.1}v{height:.1}h-{thickness:.1}z\" fill=\"{front}\"/>\
         </g>"
    )
}

/// A circle with a plus for a sum, and with two lines for values side by side.
fn write_circle(f: &mut fmt::Formatter<'_>, body: &Body, radius: f64) -> fmt::Result {
    let [front, ..] = colors(body.family);
    let Point { x, y } = body.middle;
    let half = radius / 2.0;
    let (left, upper) = (x - half, y - half);
    let sign = if body.family == Family::Sum {
        format!("M{left:.1} {y:.1}h{radius:.1}M{x:.1} {upper:.1}v{radius:.1}")
    } else {
        let left = x - half / 2.0;
        format!("M{left:.1} {upper:.1}v{radius:.1}m{half:.1} 0v-{radius:.1}")
    };
    writeln!(
        f,
        "<g class=\"body\"><circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"{radius:.1}\" fill=\"{front}\"/>\
         <path d=\"{sign}\" fill=\"none\"/></g>"
    )
}

/// The colours of front, top and side; the families differ in grey, too.
fn colors(family: Family) -> [&'static str; 3] {
    match family {
        Family::Input => ["#f2f2f2", "#fafafa", "#dcdcdc"],
        Family::Convolution => ["#8fb8de", "#b5d1ec", "#6f9cc6"],
        Family::Pooling => ["#e8a58a", "#f2c4b1", "#d0866a"],
        Family::Dense => ["#9cc79a", "#bfddbd", "#7bab79"],
        Family::Sum | Family::Concatenation => ["#fff3c4"; 3],
        Family::Other => ["#c3b1d9", "#d9cdea", "#a593bf"],
    }
}

fn write_arrow(f: &mut fmt::Formatter<'_>, arrow: &Arrow) -> fmt::Result {
    let path = rounded(&arrow.points);
    writeln!(
        f,
        "<path class=\"arrow\" d=\"{path}\" marker-end=\"url(#head)\"/>"
    )?;
    match arrow.points.first() {
        Some(Point { x, y }) if arrow.is_branch => writeln!(
            f,
            "<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"1.8\" fill=\"#444\"/>"
        ),
        _ => Ok(()),
    }
}

/// A line along points, with round corners.
fn rounded(points: &[Point]) -> String {
    let mut parts = Vec::new();
    for (index, point) in points.iter().enumerate() {
        let Point { x, y } = *point;
        let before = index.checked_sub(1).map(|before| points[before]);
        parts.push(match (before, points.get(index + 1)) {
            (None, _) => format!("M{x:.1} {y:.1}"),
            (_, None) => format!("L{x:.1} {y:.1}"),
            (Some(before), Some(after)) => {
                let (from, to) = (toward(*point, before), toward(*point, *after));
                let (from_x, from_y) = (from.x, from.y);
                let (to_x, to_y) = (to.x, to.y);
                format!("L{from_x:.1} {from_y:.1}Q{x:.1} {y:.1} {to_x:.1} {to_y:.1}")
            }
        });
    }
    parts.concat()
}

/// A little way from a corner to its neighbour.
fn toward(corner: Point, neighbour: Point) -> Point {
    let (x, y) = (neighbour.x - corner.x, neighbour.y - corner.y);
    let part = (ROUND / x.hypot(y).max(1.0)).min(0.5);
    Point {
        x: corner.x + x * part,
        y: corner.y + y * part,
    }
}

/// Names are identifiers, and all else is in our own words, so that nothing has to be escaped.
fn write_text(f: &mut fmt::Formatter<'_>, text: &Text) -> fmt::Result {
    let Point { x, y } = text.middle;
    let class = match text.style {
        Style::Name => " class=\"name\"",
        Style::Line => "",
        Style::Shape => " class=\"shape\"",
    };
    let content = &text.content;
    writeln!(f, "<text{class} x=\"{x:.1}\" y=\"{y:.1}\">{content}</text>")
}
