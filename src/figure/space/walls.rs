//! The box around a panel in three dimensions: its far walls with their grid, and the words at the
//! edges.

use super::Place;
use super::view::{Space, axis};
use crate::figure::axes::{CAPITALS, LABEL_GAP, LABEL_TEXT, TICK, TICK_GAP, TICK_TEXT, power};
use crate::figure::colour::INK;
use crate::figure::sheet::Sheet;
use crate::figure::text::Font;
use crate::figure::ticks::{Tick, Ticks, of_axis};
use crate::figure::trace::Point;
use crate::figure::{Panel, Rgb};

const WALL: Rgb = Rgb(0xf6, 0xf6, 0xf8);
const GRID: Rgb = Rgb(0xdc, 0xdc, 0xe2);
const LINE: f64 = 0.9;
/// An edge shorter than this on the page points at the eye: nothing is written beside it.
const SHORTEST: f64 = 40.0;
/// One tick takes so many pixels along its edge.
const TICK_ROOM: f64 = 38.0;

/// The edge of the box along which an axis is written.
struct Edge {
    /// Where the axis begins and where it ends on the page.
    ends: [Point; 2],
    /// The direction away from the box, of length 1.
    out: Point,
    /// The other two sides of the box, and where along them the edge lies: 0 or 1.
    at: [(usize, f64); 2],
}

/// A text with its middle, turned by `angle` degrees.
struct Word {
    middle: Point,
    angle: f64,
    size: f64,
    text: String,
    /// Half of the width and height of the upright rectangle around it.
    half: Point,
}

/// The ticks of the three axes: as many as the lengths of their edges allow.
pub fn ticks(space: &Space, panel: &Panel) -> [Ticks; 3] {
    [0, 1, 2].map(|k| {
        let length = edge(space, k).map_or(0.0, |edge| length(edge.ends));
        let most = ((length / TICK_ROOM) as usize).clamp(2, 6);
        of_axis(axis(panel, k), &space.ranges[k], most, 0.0)
    })
}

/// How far the words reach beyond the box: left, right, above, below.
pub fn margins(space: &Space, panel: &Panel, font: &Font) -> [f64; 4] {
    let (low, high) = space.outline();
    let mut margins = [0.0f64; 4];
    for word in (0..3).flat_map(|k| words(space, panel, k, font)) {
        let ([x, y], [w, h]) = (word.middle, word.half);
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

/// The rectangles that words fill, and the edges they stand at.
pub fn outline(space: &Space, panel: &Panel, font: &Font) -> Vec<Vec<Point>> {
    let words = (0..3)
        .flat_map(|k| words(space, panel, k, font))
        .map(|word| {
            let ([x, y], [w, h]) = (word.middle, word.half);
            let corners = [(-w, -h), (w, -h), (w, h), (-w, h), (-w, -h)];
            // A diagonal as well, for a legend that lies within the rectangle.
            corners
                .into_iter()
                .chain([(w, h)])
                .map(|(dx, dy)| [x + dx, y + dy])
                .collect()
        });
    let edges = (0..3).filter_map(|k| Some(edge(space, k)?.ends.to_vec()));
    words.chain(edges).collect()
}

/// Draws walls, grid, edges, ticks and words. `corner` is the upper left corner of the panel.
pub fn draw(sheet: &mut Sheet, space: &Space, panel: &Panel, corner: Point, font: &Font) {
    let moved = |[x, y]: Point| [corner[0] + x, corner[1] + y];
    for k in 0..3 {
        let wall = wall(space, k).map(moved);
        sheet.fill(&wall, WALL, 1.0);
    }
    for k in 0..3 {
        let mut lines: Vec<[Point; 2]> = grid(space, k).into_iter().flatten().collect();
        let wall = wall(space, k);
        lines.extend((0..4).map(|i| [wall[i], wall[(i + 1) % 4]]));
        for ends in lines {
            sheet.edge(&ends.map(moved), GRID, LINE);
        }
    }
    for k in 0..3 {
        let Some(edge) = edge(space, k) else { continue };
        sheet.edge(&edge.ends.map(moved), INK, LINE);
        for (_, foot) in stands(space, k, &edge) {
            let end = [foot[0] + TICK * edge.out[0], foot[1] + TICK * edge.out[1]];
            sheet.edge(&[moved(foot), moved(end)], INK, LINE);
        }
        for word in words(space, panel, k, font) {
            write(sheet, &word, moved(word.middle));
        }
    }
}

fn write(sheet: &mut Sheet, word: &Word, middle: Point) {
    // Text stands on its line; its middle is half of a capital above it.
    let (drop, turn) = (word.size * CAPITALS / 2.0, word.angle.to_radians());
    let place = [middle[0] - drop * turn.sin(), middle[1] + drop * turn.cos()];
    sheet.turned(place, word.angle, word.size, INK, &word.text);
}

/// The far wall that side `k` ends or begins at.
fn wall(space: &Space, k: usize) -> [Point; 4] {
    let (a, b) = ((k + 1) % 3, (k + 2) % 3);
    [(0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0)].map(|(along_a, along_b)| {
        let mut parts = [0.0; 3];
        (parts[k], parts[a], parts[b]) = (far(space, k), along_a, along_b);
        space.spot(parts).at
    })
}

/// The lines at the ticks of axis `k` on the two far walls beside it.
fn grid(space: &Space, k: usize) -> [Vec<[Point; 2]>; 2] {
    let sides = [(k + 1) % 3, (k + 2) % 3];
    [0, 1].map(|which| {
        let (fixed, free) = (sides[which], sides[1 - which]);
        let line = |tick: &Tick| {
            let at = inside(space, k, tick)?;
            Some([0.0, 1.0].map(|end| {
                let mut parts = [0.0; 3];
                (parts[k], parts[fixed], parts[free]) = (at, far(space, fixed), end);
                space.spot(parts).at
            }))
        };
        space.ticks[k].major.iter().filter_map(line).collect()
    })
}

/// Where axis `k` is written: an edge of the outline, below the box for those that lie flat, at the
/// left of it for the upright one. None for an axis that points at the eye.
fn edge(space: &Space, k: usize) -> Option<Edge> {
    let near = |k: usize| 1.0 - far(space, k);
    let candidates = match k {
        0 | 1 => vec![[(1 - k, near(1 - k)), (2, far(space, 2))]],
        _ => vec![
            [(0, near(0)), (1, far(space, 1))],
            [(0, far(space, 0)), (1, near(1))],
        ],
    };
    let (low, high) = space.outline();
    let centre = [(low[0] + high[0]) / 2.0, (low[1] + high[1]) / 2.0];
    let edges = candidates.into_iter().filter_map(|at| {
        let ends = [0.0, 1.0].map(|part| space.spot(parts(k, part, &at)).at);
        let long = length(ends);
        let middle = half_way(ends);
        let along = [
            (ends[1][0] - ends[0][0]) / long,
            (ends[1][1] - ends[0][1]) / long,
        ];
        let across = [-along[1], along[0]];
        let away = across[0] * (middle[0] - centre[0]) + across[1] * (middle[1] - centre[1]);
        let out = across.map(|x| x * if away < 0.0 { -1.0 } else { 1.0 });
        (long >= SHORTEST).then_some(Edge { ends, out, at })
    });
    edges.min_by(|a, b| a.ends[0][0].total_cmp(&b.ends[0][0]))
}

/// The ticks of an edge with their places on it.
fn stands<'a>(
    space: &'a Space,
    k: usize,
    edge: &'a Edge,
) -> impl Iterator<Item = (&'a Tick, Point)> {
    space.ticks[k].major.iter().filter_map(move |tick| {
        let at = inside(space, k, tick)?;
        Some((tick, space.spot(parts(k, at, &edge.at)).at))
    })
}

/// What is written beside axis `k`: the numbers at its ticks and its label.
fn words(space: &Space, panel: &Panel, k: usize, font: &Font) -> Vec<Word> {
    let Some(edge) = edge(space, k) else {
        return Vec::new();
    };
    let [x, y] = edge.out;
    let reach = |half: Point| x.abs() * half[0] + y.abs() * half[1];
    let beside = |foot: Point, far: f64| [foot[0] + far * x, foot[1] + far * y];
    let mut widest = 0.0f64;
    let mut words: Vec<Word> = Vec::new();
    for (tick, foot) in stands(space, k, &edge) {
        let half = [
            font.width(&tick.label, TICK_TEXT) / 2.0,
            TICK_TEXT * CAPITALS / 2.0,
        ];
        widest = widest.max(2.0 * reach(half));
        words.push(Word {
            middle: beside(foot, TICK + TICK_GAP + reach(half)),
            angle: 0.0,
            size: TICK_TEXT,
            text: tick.label.clone(),
            half,
        });
    }
    let label = [
        axis(panel, k).label.clone(),
        power(&space.ticks[k]).unwrap_or_default(),
    ];
    let text = label.join(" ").trim().to_string();
    if text.is_empty() {
        return words;
    }
    let height = LABEL_TEXT * CAPITALS / 2.0;
    let far = TICK + TICK_GAP + widest + LABEL_GAP + height;
    let angle = slope(edge.ends);
    let (sin, cos) = angle.to_radians().sin_cos();
    let width = font.width(&text, LABEL_TEXT) / 2.0;
    words.push(Word {
        middle: beside(half_way(edge.ends), far),
        angle,
        size: LABEL_TEXT,
        half: [
            width * cos.abs() + height * sin.abs(),
            width * sin.abs() + height * cos.abs(),
        ],
        text,
    });
    words
}

/// The angle of a line as text runs along it, from -90 up to 90. Units: degrees, clockwise.
fn slope([a, b]: [Point; 2]) -> f64 {
    let angle = (b[1] - a[1]).atan2(b[0] - a[0]).to_degrees();
    match angle {
        back if back >= 89.0 => back - 180.0,
        back if back < -91.0 => back + 180.0,
        forth => forth,
    }
}

/// Where along its side the wall `k` lies that is further from the eye.
fn far(space: &Space, k: usize) -> f64 {
    if space.end_is_near(k) { 0.0 } else { 1.0 }
}

fn parts(k: usize, along: f64, at: &[(usize, f64); 2]) -> Place {
    let mut parts = [0.0; 3];
    parts[k] = along;
    for (side, part) in at {
        parts[*side] = *part;
    }
    parts
}

/// Where a tick lies along side `k`, if it is on it.
fn inside(space: &Space, k: usize, tick: &Tick) -> Option<f64> {
    let slack = 1e-9;
    let part = space.ranges[k].part(tick.at)?;
    (-slack..=1.0 + slack).contains(&part).then_some(part)
}

fn length([a, b]: [Point; 2]) -> f64 {
    (b[0] - a[0]).hypot(b[1] - a[1])
}

fn half_way([a, b]: [Point; 2]) -> Point {
    [(a[0] + b[0]) / 2.0, (a[1] + b[1]) / 2.0]
}
