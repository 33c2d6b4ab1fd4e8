//! Curves in pixels: gaps where there is no number, nothing far outside the axes, no more points
//! than the eye can tell apart.

use super::extent::Frame;
use super::{Circle, Layer, Rule, Side};

/// A place on the page.
pub type Point = [f64; 2];

/// Columns per pixel within which a curve is drawn by its first, lowest, highest and last point.
/// At twice the usual magnification of a PNG this is still one column a pixel and a quarter.
const COLUMNS: f64 = 3.0;
/// Room around the axes in which lines are kept, so that their ends are cut off by the clip path.
const OUTSIDE: f64 = 30.0;
/// Sides of the polygon that stands for a circle.
const SIDES: usize = 180;

/// The curve through `x`, `y`, as stretches without gaps. The last point of a stretch that leaves
/// the axes lies just outside them.
pub fn curve(frame: &Frame, x: &[f64], y: &[f64]) -> Vec<Vec<Point>> {
    let mut stretches = Vec::new();
    let mut open: Vec<Point> = Vec::new();
    let mut before: Option<Point> = None;
    for (x, y) in x.iter().zip(y) {
        let here = frame.place(*x, *y);
        let piece = match (before, here) {
            (Some(a), Some(b)) => clip(frame, a, b),
            (None, Some(b)) => clip(frame, b, b),
            _ => None,
        };
        match piece {
            Some([a, b]) => {
                if open.last() != Some(&a) {
                    close(&mut stretches, &mut open);
                    open.push(a);
                }
                if a != b {
                    open.push(b);
                }
            }
            None => close(&mut stretches, &mut open),
        }
        before = here;
    }
    close(&mut stretches, &mut open);
    stretches
}

/// Everything `layer` draws as lines and points, for finding a place where there is nothing.
pub fn outline(frame: &Frame, layer: &Layer) -> Vec<Vec<Point>> {
    let dots = |x: &[f64], y: &[f64]| {
        let places = x.iter().zip(y).filter_map(|(x, y)| frame.place(*x, *y));
        places.map(|place| vec![place]).collect::<Vec<_>>()
    };
    match layer {
        Layer::Line(l) => curve(frame, &l.x, &l.y),
        Layer::Scatter(l) => dots(&l.x, &l.y),
        Layer::Stem(l) => {
            let stalk = |(x, y): (&f64, &f64)| curve(frame, &[*x, *x], &[l.base, *y]);
            l.x.iter().zip(&l.y).flat_map(stalk).collect()
        }
        Layer::Bars(l) => {
            let middle = |e: &[f64]| (e[0] + e[1]) / 2.0;
            let bar = |(e, h): (&[f64], &f64)| {
                let foot = frame.y.low.max(0.0);
                let x = [e[0], e[0], middle(e), middle(e), e[1], e[1]];
                curve(frame, &x, &[foot, *h, *h, foot, foot, *h])
            };
            l.edges.windows(2).zip(&l.heights).flat_map(bar).collect()
        }
        Layer::Ribbon(l) => {
            let mut both = curve(frame, &l.x, &l.low);
            both.extend(curve(frame, &l.x, &l.high));
            both
        }
        Layer::Cells(l) => {
            let rows = (0..=20).map(|i| l.y[0] + (l.y[1] - l.y[0]) * i as f64 / 20.0);
            rows.flat_map(|y| curve(frame, &l.x, &[y, y])).collect()
        }
        Layer::Rule(rule) => across(frame, rule).into_iter().map(Vec::from).collect(),
        Layer::Circle(circle) => around(frame, circle),
        Layer::Note(note) => dots(&note.at[..1], &note.at[1..]),
        Layer::Paths(_) | Layer::Points(_) | Layer::Arrows(_) | Layer::Labels(_) => Vec::new(),
    }
}

/// The two ends of a rule; `None` where it lies outside the axes.
pub fn across(frame: &Frame, rule: &Rule) -> Option<[Point; 2]> {
    let (a, b) = match rule.side {
        Side::X => {
            let x = frame.across(rule.at)?;
            ([x, frame.bottom()], [x, frame.top])
        }
        Side::Y => {
            let y = frame.down(rule.at)?;
            ([frame.left, y], [frame.right(), y])
        }
    };
    (frame.holds(a) && frame.holds(b)).then_some([a, b])
}

/// A circle as a polygon: on a log axis it is none.
pub fn around(frame: &Frame, circle: &Circle) -> Vec<Vec<Point>> {
    let turn = |i: usize| std::f64::consts::TAU * i as f64 / SIDES as f64;
    let [x, y] = circle.centre;
    let xs: Vec<f64> = (0..=SIDES)
        .map(|i| x + circle.radius * turn(i).cos())
        .collect();
    let ys: Vec<f64> = (0..=SIDES)
        .map(|i| y + circle.radius * turn(i).sin())
        .collect();
    curve(frame, &xs, &ys)
}

/// The part of the segment `a` to `b` inside the box; `None` for none. (Liang and Barsky, 1984.)
pub fn cut<const N: usize>(
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
    let at = |part: f64| std::array::from_fn(|k| a[k] + (b[k] - a[k]) * part);
    let start = if from == 0.0 { a } else { at(from) };
    let end = if to == 1.0 { b } else { at(to) };
    (from <= to).then_some([start, end])
}

fn clip(frame: &Frame, a: Point, b: Point) -> Option<[Point; 2]> {
    let low = [frame.left - OUTSIDE, frame.top - OUTSIDE];
    let high = [frame.right() + OUTSIDE, frame.bottom() + OUTSIDE];
    cut(a, b, low, high)
}

fn close(stretches: &mut Vec<Vec<Point>>, open: &mut Vec<Point>) {
    if !open.is_empty() {
        stretches.push(thinned(std::mem::take(open)));
    }
}

/// The curve without the points that share a column with their neighbours and are neither the
/// first, the last, the lowest nor the highest of them.
fn thinned(points: Vec<Point>) -> Vec<Point> {
    let column = |p: &Point| (p[0] * COLUMNS).floor();
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
        let mut kept = [0, lowest.min(highest), lowest.max(highest), last].to_vec();
        kept.dedup();
        out.extend(kept.into_iter().map(|i| run[i]));
    }
    out
}
