//! The box around a three-dimensional panel: its far walls with their grid, and the labels at its
//! edges.

use super::Point3;
use super::projection::{Projection, axis};
use crate::figure::axes::{
    CAP_HEIGHT, LABEL_GAP, LABEL_TEXT, TICK_GAP, TICK_LENGTH, TICK_TEXT, exponent_label,
};
use crate::figure::colour::INK;
use crate::figure::polyline::Point;
use crate::figure::svg_writer::SvgWriter;
use crate::figure::text::Font;
use crate::figure::ticks::{Tick, Ticks, of_axis};
use crate::figure::{Panel, Rgb};

const WALL: Rgb = Rgb(0xf6, 0xf6, 0xf8);
const GRID: Rgb = Rgb(0xdc, 0xdc, 0xe2);
const LINE_WIDTH: f64 = 0.9;
/// A shorter edge on the page points towards the eye and has no labels.
const MIN_EDGE: f64 = 40.0;
/// Space for one tick along an edge, in pixels.
const TICK_SPACING: f64 = 38.0;

/// The edge of the box at which an axis is labelled.
struct Edge {
    /// Start and end of the axis on the page.
    ends: [Point; 2],
    /// Unit vector that points away from the box.
    outward: Point,
    /// The other two sides of the box, and the position of the edge along them: 0 or 1.
    fixed: [(usize, f64); 2],
}

/// A text, its centre and its rotation by `angle` degrees.
struct BoxLabel {
    middle: Point,
    angle: f64,
    size: f64,
    text: String,
    /// Half the width and height of its axis-aligned bounding box.
    half: Point,
}

/// The ticks of the three axes: as many as the lengths of their edges allow.
pub fn ticks(projection: &Projection, panel: &Panel) -> [Ticks; 3] {
    [0, 1, 2].map(|k| {
        let length = edge(projection, k).map_or(0.0, |edge| length(edge.ends));
        let max_count = ((length / TICK_SPACING) as usize).clamp(2, 6);
        of_axis(axis(panel, k), &projection.ranges[k], max_count, 0.0)
    })
}

/// How far the labels extend beyond the box: left, right, above, below.
pub fn margins(projection: &Projection, panel: &Panel, font: &Font) -> [f64; 4] {
    let (low, high) = projection.outline();
    let mut margins = [0.0f64; 4];
    for label in (0..3).flat_map(|k| labels(projection, panel, k, font)) {
        let ([x, y], [w, h]) = (label.middle, label.half);
        let beyond = [
            low[0] - x + w,
            x + w - high[0],
            low[1] - y + h,
            y + h - high[1],
        ];
        for (margin, beyond) in margins.iter_mut().zip(beyond) {
            *margin = margin.max(beyond);
        }
    }
    margins
}

/// The bounding boxes of the labels, and the labelled edges.
pub fn outline(projection: &Projection, panel: &Panel, font: &Font) -> Vec<Vec<Point>> {
    let labels = (0..3)
        .flat_map(|k| labels(projection, panel, k, font))
        .map(|label| {
            let ([x, y], [w, h]) = (label.middle, label.half);
            let corners = [(-w, -h), (w, -h), (w, h), (-w, h), (-w, -h)];
            // The diagonal detects a legend that lies entirely inside the rectangle.
            corners
                .into_iter()
                .chain([(w, h)])
                .map(|(dx, dy)| [x + dx, y + dy])
                .collect()
        });
    let edges = (0..3).filter_map(|k| Some(edge(projection, k)?.ends.to_vec()));
    labels.chain(edges).collect()
}

/// Draws walls, grid, edges, ticks and labels. `corner` is the upper left corner of the panel.
pub fn draw(
    writer: &mut SvgWriter,
    projection: &Projection,
    panel: &Panel,
    corner: Point,
    font: &Font,
) {
    let to_page = |[x, y]: Point| [corner[0] + x, corner[1] + y];
    for k in 0..3 {
        let wall = far_wall(projection, k).map(to_page);
        writer.polygon(&wall, WALL, 1.0);
    }
    for k in 0..3 {
        let mut lines: Vec<[Point; 2]> = grid(projection, k).into_iter().flatten().collect();
        let wall = far_wall(projection, k);
        lines.extend((0..4).map(|i| [wall[i], wall[(i + 1) % 4]]));
        for ends in lines {
            writer.line(&ends.map(to_page), GRID, LINE_WIDTH);
        }
    }
    for k in 0..3 {
        let Some(edge) = edge(projection, k) else {
            continue;
        };
        writer.line(&edge.ends.map(to_page), INK, LINE_WIDTH);
        for (_, foot) in tick_positions(projection, k, &edge) {
            let end = [
                foot[0] + TICK_LENGTH * edge.outward[0],
                foot[1] + TICK_LENGTH * edge.outward[1],
            ];
            writer.line(&[to_page(foot), to_page(end)], INK, LINE_WIDTH);
        }
        for label in labels(projection, panel, k, font) {
            write(writer, &label, to_page(label.middle));
        }
    }
}

fn write(writer: &mut SvgWriter, label: &BoxLabel, middle: Point) {
    // SVG positions text by its baseline; its centre is half a capital above that.
    let (offset, angle) = (label.size * CAP_HEIGHT / 2.0, label.angle.to_radians());
    let position = [
        middle[0] - offset * angle.sin(),
        middle[1] + offset * angle.cos(),
    ];
    writer.rotated_text(position, label.angle, label.size, INK, &label.text);
}

/// The far wall perpendicular to side `k`.
fn far_wall(projection: &Projection, k: usize) -> [Point; 4] {
    let (a, b) = ((k + 1) % 3, (k + 2) % 3);
    [(0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0)].map(|(along_a, along_b)| {
        let mut coordinates = [0.0; 3];
        (coordinates[k], coordinates[a], coordinates[b]) =
            (far_end(projection, k), along_a, along_b);
        projection.project(coordinates).position
    })
}

/// The grid lines at the ticks of axis `k` on the two far walls parallel to it.
fn grid(projection: &Projection, k: usize) -> [Vec<[Point; 2]>; 2] {
    let sides = [(k + 1) % 3, (k + 2) % 3];
    [0, 1].map(|which| {
        let (fixed, free) = (sides[which], sides[1 - which]);
        let line = |tick: &Tick| {
            let at = tick_fraction(projection, k, tick)?;
            Some([0.0, 1.0].map(|end| {
                let mut coordinates = [0.0; 3];
                (coordinates[k], coordinates[fixed], coordinates[free]) =
                    (at, far_end(projection, fixed), end);
                projection.project(coordinates).position
            }))
        };
        projection.ticks[k].major.iter().filter_map(line).collect()
    })
}

/// The edge at which axis `k` is labelled: an edge of the outline, below the box for the horizontal
/// axes and to its left for the vertical axis. `None` for an axis that points towards the eye.
fn edge(projection: &Projection, k: usize) -> Option<Edge> {
    let near_end = |k: usize| 1.0 - far_end(projection, k);
    let candidates = match k {
        0 | 1 => vec![[(1 - k, near_end(1 - k)), (2, far_end(projection, 2))]],
        _ => vec![
            [(0, near_end(0)), (1, far_end(projection, 1))],
            [(0, far_end(projection, 0)), (1, near_end(1))],
        ],
    };
    let (low, high) = projection.outline();
    let centre = [(low[0] + high[0]) / 2.0, (low[1] + high[1]) / 2.0];
    let edges = candidates.into_iter().filter_map(|fixed| {
        let ends = [0.0, 1.0].map(|part| projection.project(box_point(k, part, &fixed)).position);
        let long = length(ends);
        let middle = midpoint(ends);
        let along = [
            (ends[1][0] - ends[0][0]) / long,
            (ends[1][1] - ends[0][1]) / long,
        ];
        let across = [-along[1], along[0]];
        let away = across[0] * (middle[0] - centre[0]) + across[1] * (middle[1] - centre[1]);
        let outward = across.map(|x| x * if away < 0.0 { -1.0 } else { 1.0 });
        (long >= MIN_EDGE).then_some(Edge {
            ends,
            outward,
            fixed,
        })
    });
    edges.min_by(|a, b| a.ends[0][0].total_cmp(&b.ends[0][0]))
}

/// The ticks of an edge with their positions on the page.
fn tick_positions<'a>(
    projection: &'a Projection,
    k: usize,
    edge: &'a Edge,
) -> impl Iterator<Item = (&'a Tick, Point)> {
    projection.ticks[k].major.iter().filter_map(move |tick| {
        let at = tick_fraction(projection, k, tick)?;
        Some((
            tick,
            projection.project(box_point(k, at, &edge.fixed)).position,
        ))
    })
}

/// The labels of axis `k`: tick labels and axis label.
fn labels(projection: &Projection, panel: &Panel, k: usize, font: &Font) -> Vec<BoxLabel> {
    let Some(edge) = edge(projection, k) else {
        return Vec::new();
    };
    let [x, y] = edge.outward;
    let reach = |half: Point| x.abs() * half[0] + y.abs() * half[1];
    let beside = |foot: Point, far: f64| [foot[0] + far * x, foot[1] + far * y];
    let mut widest = 0.0f64;
    let mut labels: Vec<BoxLabel> = Vec::new();
    for (tick, foot) in tick_positions(projection, k, &edge) {
        let half = [
            font.width(&tick.label, TICK_TEXT) / 2.0,
            TICK_TEXT * CAP_HEIGHT / 2.0,
        ];
        widest = widest.max(2.0 * reach(half));
        labels.push(BoxLabel {
            middle: beside(foot, TICK_LENGTH + TICK_GAP + reach(half)),
            angle: 0.0,
            size: TICK_TEXT,
            text: tick.label.clone(),
            half,
        });
    }
    let parts = [
        axis(panel, k).label.clone(),
        exponent_label(&projection.ticks[k]).unwrap_or_default(),
    ];
    let text = parts.join(" ").trim().to_string();
    if text.is_empty() {
        return labels;
    }
    let height = LABEL_TEXT * CAP_HEIGHT / 2.0;
    let far = TICK_LENGTH + TICK_GAP + widest + LABEL_GAP + height;
    let angle = text_angle(edge.ends);
    let (sin, cos) = angle.to_radians().sin_cos();
    let width = font.width(&text, LABEL_TEXT) / 2.0;
    labels.push(BoxLabel {
        middle: beside(midpoint(edge.ends), far),
        angle,
        size: LABEL_TEXT,
        half: [
            width * cos.abs() + height * sin.abs(),
            width * sin.abs() + height * cos.abs(),
        ],
        text,
    });
    labels
}

/// The reading angle of text along a line, from -91 up to 89. Units: degrees, clockwise.
fn text_angle([a, b]: [Point; 2]) -> f64 {
    let angle = (b[1] - a[1]).atan2(b[0] - a[0]).to_degrees();
    match angle {
        steep if steep >= 89.0 => steep - 180.0,
        backward if backward < -91.0 => backward + 180.0,
        forward => forward,
    }
}

/// The position of the far wall along side `k`: 0 or 1.
fn far_end(projection: &Projection, k: usize) -> f64 {
    if projection.end_is_near(k) { 0.0 } else { 1.0 }
}

fn box_point(k: usize, along: f64, fixed: &[(usize, f64); 2]) -> Point3 {
    let mut coordinates = [0.0; 3];
    coordinates[k] = along;
    for (side, part) in fixed {
        coordinates[*side] = *part;
    }
    coordinates
}

/// The position of a tick along side `k`; `None` if it lies outside.
fn tick_fraction(projection: &Projection, k: usize, tick: &Tick) -> Option<f64> {
    let slack = 1e-9;
    let part = projection.ranges[k].fraction(tick.at)?;
    (-slack..=1.0 + slack).contains(&part).then_some(part)
}

fn length([a, b]: [Point; 2]) -> f64 {
    (b[0] - a[0]).hypot(b[1] - a[1])
}

fn midpoint([a, b]: [Point; 2]) -> Point {
    [(a[0] + b[0]) / 2.0, (a[1] + b[1]) / 2.0]
}
