//! Curves in page coordinates: non-finite values leave gaps, parts far outside the axes are
//! clipped, and points that the eye cannot distinguish are removed.

use super::scale::Frame;
use super::{Circle, Layer, ReferenceLine, Side};

/// A position on the page, in pixels.
pub type Point = [f64; 2];

/// Columns per pixel. Within one column, a curve is reduced to its first, lowest, highest and last
/// point. At twice the usual magnification of a PNG this is one column per 1.25 pixels.
const COLUMNS_PER_PIXEL: f64 = 3.0;
/// Margin around the axes within which lines are retained, so that the clip path cuts off their
/// ends.
const CLIP_MARGIN: f64 = 30.0;
/// Sides of the polygon that approximates a circle.
const CIRCLE_SIDES: usize = 180;

/// The curve through `x`, `y`, split at gaps. Where a piece leaves the axes, its last point lies
/// just outside them.
pub fn curve(frame: &Frame, x: &[f64], y: &[f64]) -> Vec<Vec<Point>> {
    let mut pieces = Vec::new();
    let mut current: Vec<Point> = Vec::new();
    let mut previous: Option<Point> = None;
    for (x, y) in x.iter().zip(y) {
        let point = frame.pixel(*x, *y);
        let segment = match (previous, point) {
            (Some(a), Some(b)) => clip_to_frame(frame, a, b),
            (None, Some(b)) => clip_to_frame(frame, b, b),
            _ => None,
        };
        match segment {
            Some([a, b]) => {
                if current.last() != Some(&a) {
                    finish_piece(&mut pieces, &mut current);
                    current.push(a);
                }
                if a != b {
                    current.push(b);
                }
            }
            None => finish_piece(&mut pieces, &mut current),
        }
        previous = point;
    }
    finish_piece(&mut pieces, &mut current);
    pieces
}

/// The lines and points that `layer` draws; a legend is placed where there are none.
pub fn outline(frame: &Frame, layer: &Layer) -> Vec<Vec<Point>> {
    let dots = |x: &[f64], y: &[f64]| {
        let points = x.iter().zip(y).filter_map(|(x, y)| frame.pixel(*x, *y));
        points.map(|point| vec![point]).collect::<Vec<_>>()
    };
    match layer {
        Layer::Line(l) => curve(frame, &l.x, &l.y),
        Layer::Scatter(l) => dots(&l.x, &l.y),
        Layer::Stem(l) => {
            let stem = |(x, y): (&f64, &f64)| curve(frame, &[*x, *x], &[l.base, *y]);
            l.x.iter().zip(&l.y).flat_map(stem).collect()
        }
        Layer::Bars(l) => {
            let middle = |e: &[f64]| (e[0] + e[1]) / 2.0;
            let bar = |(e, h): (&[f64], &f64)| {
                let base = frame.y.low.max(0.0);
                let x = [e[0], e[0], middle(e), middle(e), e[1], e[1]];
                curve(frame, &x, &[base, *h, *h, base, base, *h])
            };
            l.edges.windows(2).zip(&l.heights).flat_map(bar).collect()
        }
        Layer::Band(l) => {
            let mut edges = curve(frame, &l.x, &l.low);
            edges.extend(curve(frame, &l.x, &l.high));
            edges
        }
        Layer::Heatmap(l) => {
            let rows = (0..=20).map(|i| l.y[0] + (l.y[1] - l.y[0]) * i as f64 / 20.0);
            rows.flat_map(|y| curve(frame, &l.x, &[y, y])).collect()
        }
        Layer::ReferenceLine(rule) => reference_line(frame, rule)
            .into_iter()
            .map(Vec::from)
            .collect(),
        Layer::Circle(circle) => circle_polygon(frame, circle),
        Layer::Annotation(note) => dots(&note.at[..1], &note.at[1..]),
        Layer::Paths(_) | Layer::Points(_) | Layer::Arrows(_) | Layer::Labels(_) => Vec::new(),
    }
}

/// The two ends of a reference line; `None` if it lies outside the axes.
pub fn reference_line(frame: &Frame, rule: &ReferenceLine) -> Option<[Point; 2]> {
    let (a, b) = match rule.side {
        Side::X => {
            let x = frame.x_pixel(rule.at)?;
            ([x, frame.bottom()], [x, frame.top])
        }
        Side::Y => {
            let y = frame.y_pixel(rule.at)?;
            ([frame.left, y], [frame.right(), y])
        }
    };
    (frame.contains(a) && frame.contains(b)).then_some([a, b])
}

/// A circle as a polygon in data coordinates; on a log axis it is distorted.
pub fn circle_polygon(frame: &Frame, circle: &Circle) -> Vec<Vec<Point>> {
    let angle = |i: usize| std::f64::consts::TAU * i as f64 / CIRCLE_SIDES as f64;
    let [x, y] = circle.centre;
    let xs: Vec<f64> = (0..=CIRCLE_SIDES)
        .map(|i| x + circle.radius * angle(i).cos())
        .collect();
    let ys: Vec<f64> = (0..=CIRCLE_SIDES)
        .map(|i| y + circle.radius * angle(i).sin())
        .collect();
    curve(frame, &xs, &ys)
}

/// The part of the segment from `a` to `b` inside the box; `None` if the segment misses the box.
/// Source: Liang and Barsky, 1984.
pub fn clip_segment<const N: usize>(
    a: [f64; N],
    b: [f64; N],
    low: [f64; N],
    high: [f64; N],
) -> Option<[[f64; N]; 2]> {
    let (mut from, mut to) = (0.0f64, 1.0f64);
    for axis in 0..N {
        let run = b[axis] - a[axis];
        if run == 0.0 {
            if a[axis] < low[axis] || a[axis] > high[axis] {
                return None;
            }
            continue;
        }
        let (near, far) = ((low[axis] - a[axis]) / run, (high[axis] - a[axis]) / run);
        from = from.max(near.min(far));
        to = to.min(near.max(far));
    }
    let at = |fraction: f64| std::array::from_fn(|k| a[k] + (b[k] - a[k]) * fraction);
    let start = if from == 0.0 { a } else { at(from) };
    let end = if to == 1.0 { b } else { at(to) };
    (from <= to).then_some([start, end])
}

fn clip_to_frame(frame: &Frame, a: Point, b: Point) -> Option<[Point; 2]> {
    let low = [frame.left - CLIP_MARGIN, frame.top - CLIP_MARGIN];
    let high = [frame.right() + CLIP_MARGIN, frame.bottom() + CLIP_MARGIN];
    clip_segment(a, b, low, high)
}

fn finish_piece(pieces: &mut Vec<Vec<Point>>, current: &mut Vec<Point>) {
    if !current.is_empty() {
        pieces.push(decimate(std::mem::take(current)));
    }
}

/// Removes the points of each pixel column that are neither its first, last, lowest nor highest.
fn decimate(points: Vec<Point>) -> Vec<Point> {
    let column = |p: &Point| (p[0] * COLUMNS_PER_PIXEL).floor();
    let mut out = Vec::new();
    for run in points.chunk_by(|a, b| column(a) == column(b)) {
        if run.len() <= 4 {
            out.extend_from_slice(run);
            continue;
        }
        let by_height = |i: &usize, j: &usize| run[*i][1].total_cmp(&run[*j][1]);
        let last = run.len() - 1;
        let lowest = (0..=last).max_by(by_height).unwrap_or(0);
        let highest = (0..=last).min_by(by_height).unwrap_or(0);
        let mut extremes = [0, lowest.min(highest), lowest.max(highest), last].to_vec();
        extremes.dedup();
        out.extend(extremes.into_iter().map(|i| run[i]));
    }
    out
}
