//! Layers on the page.

use super::extent::{Frame, Range};
use super::layout::Placed;
use super::sheet::{Anchor, Sheet, number};
use super::trace::{Point, across, around, curve};
use super::{
    Bars, Cells, Layer, Line, Map, Marker, Note, Rgb, Ribbon, Scatter, Stem, Stroke, colour, raster,
};

/// Beyond so many points of one colour, those that share a cell of this side are drawn once.
/// Units: pixels.
const CROWDS: [(usize, f64); 2] = [(20_000, 1.0), (2_000, 1.0 / 3.0)];
/// Markers of a line closer than this many pixels would hide it.
const MARKER_GAP: f64 = 6.0;
pub const NOTE: f64 = 10.5;
const RIBBON_OPACITY: f64 = 0.22;
const BAR_OPACITY: f64 = 0.85;

/// How markers look.
#[derive(Debug, Clone, Copy)]
pub struct Dots {
    pub marker: Marker,
    /// Diameter in pixels.
    pub size: f64,
    pub colour: Rgb,
    pub opacity: f64,
    /// Whether each has a white rim, which sets it off against what lies behind.
    pub rim: bool,
}

/// Draws every layer of a panel, cut off at its axes.
pub fn draw(sheet: &mut Sheet, placed: &Placed) {
    let frame = &placed.frame;
    for (layer, colour) in placed.panel.layers.iter().zip(&placed.colours) {
        match layer {
            Layer::Line(line) => draw_line(sheet, frame, line, *colour),
            Layer::Scatter(scatter) => draw_scatter(sheet, placed, scatter, *colour),
            Layer::Stem(stem) => draw_stem(sheet, frame, stem, *colour),
            Layer::Bars(bars) => draw_bars(sheet, frame, bars, *colour),
            Layer::Ribbon(ribbon) => draw_ribbon(sheet, frame, ribbon, *colour),
            Layer::Cells(cells) => draw_cells(sheet, placed, cells),
            Layer::Rule(rule) => {
                let ends = across(frame, rule).map(Vec::from);
                sheet.stroke(ends.as_slice(), *colour, &rule.stroke);
            }
            Layer::Circle(circle) => {
                sheet.stroke(&around(frame, circle), *colour, &circle.stroke);
            }
            Layer::Note(note) => draw_note(sheet, frame, note, *colour),
            Layer::Paths(_) | Layer::Points(_) | Layer::Arrows(_) | Layer::Labels(_) => {
                unreachable!("a flat panel is checked to hold nothing in three dimensions")
            }
        }
    }
}

impl Dots {
    pub fn new(marker: Marker, size: f64, colour: Rgb) -> Dots {
        Dots {
            marker,
            size,
            colour,
            opacity: 1.0,
            rim: false,
        }
    }
}

/// What stands for `layer` in a legend, `width` wide from `place` on.
pub fn sample(sheet: &mut Sheet, layer: &Layer, colour: Rgb, [x, y]: Point, width: f64) {
    let middle = [x + width / 2.0, y];
    let across = [vec![[x, y], [x + width, y]]];
    let block = |half: f64| {
        let (left, right) = (x + 2.0, x + width - 2.0);
        [
            [left, y - half],
            [right, y - half],
            [right, y + half],
            [left, y + half],
        ]
    };
    match layer {
        Layer::Line(line) => {
            sheet.stroke(&across, colour, &line.stroke);
            if let Some(marker) = line.marker {
                markers(
                    sheet,
                    &[middle],
                    Dots::new(marker, line_marker_size(line), colour),
                );
            }
        }
        Layer::Rule(rule) => sheet.stroke(&across, colour, &rule.stroke),
        Layer::Scatter(scatter) => {
            markers(
                sheet,
                &[middle],
                Dots::new(scatter.marker, scatter.size, colour),
            );
        }
        Layer::Stem(stem) => {
            markers(sheet, &[middle], Dots::new(Marker::Dot, stem.size, colour));
        }
        Layer::Points(points) => {
            markers(
                sheet,
                &[middle],
                Dots::new(points.marker, points.size, colour),
            );
        }
        Layer::Paths(paths) => sheet.stroke(&across, colour, &paths.stroke),
        Layer::Arrows(arrows) => sheet.stroke(&across, colour, &arrows.stroke),
        Layer::Bars(_) => sheet.fill(&block(4.0), colour, BAR_OPACITY),
        Layer::Ribbon(_) => sheet.fill(&block(4.0), colour, RIBBON_OPACITY),
        Layer::Cells(_) | Layer::Circle(_) | Layer::Note(_) | Layer::Labels(_) => {}
    }
}

fn draw_line(sheet: &mut Sheet, frame: &Frame, line: &Line, colour: Rgb) {
    let (lone, long): (Vec<_>, Vec<_>) = curve(frame, &line.x, &line.y)
        .into_iter()
        .partition(|points| points.len() == 1);
    sheet.stroke(&long, colour, &line.stroke);
    let lone: Vec<Point> = lone.concat();
    let size = line.stroke.width.max(1.4) * 2.0;
    let dot = Dots {
        opacity: line.stroke.opacity,
        ..Dots::new(Marker::Dot, size, colour)
    };
    markers(sheet, &lone, dot);
    let Some(marker) = line.marker else { return };
    let mut kept: Vec<Point> = Vec::new();
    for place in places(frame, &line.x, &line.y).map(|(_, place)| place) {
        let apart = |last: &Point| (last[0] - place[0]).hypot(last[1] - place[1]) >= MARKER_GAP;
        if kept.last().is_none_or(apart) {
            kept.push(place);
        }
    }
    markers(
        sheet,
        &kept,
        Dots::new(marker, line_marker_size(line), colour),
    );
}

fn line_marker_size(line: &Line) -> f64 {
    4.0 + line.stroke.width
}

fn draw_scatter(sheet: &mut Sheet, placed: &Placed, scatter: &Scatter, colour: Rgb) {
    let all = places(&placed.frame, &scatter.x, &scatter.y);
    let dots = Dots {
        opacity: scatter.opacity,
        ..Dots::new(scatter.marker, scatter.size, colour)
    };
    let (Some(values), Some(range)) = (&scatter.values, &placed.colour_range) else {
        let points: Vec<Point> = all.map(|(_, place)| place).collect();
        return markers(sheet, &points, dots);
    };
    let map = placed.panel.colour.map;
    let coloured: Vec<(Rgb, Point)> = all
        .map(|(i, place)| (shade(values[i], range, map), place))
        .collect();
    for run in coloured.chunk_by(|a, b| a.0 == b.0) {
        let points: Vec<Point> = run.iter().map(|(_, place)| *place).collect();
        let colour = run[0].0;
        markers(sheet, &points, Dots { colour, ..dots });
    }
}

fn shade(value: f64, range: &Range, map: Map) -> Rgb {
    map.at(range.part(value).unwrap_or(f64::NAN))
}

fn draw_stem(sheet: &mut Sheet, frame: &Frame, stem: &Stem, colour: Rgb) {
    let base = super::Rule::new(super::Side::Y, stem.base);
    let thin = Stroke {
        width: 0.8,
        ..Stroke::default()
    };
    let ground = across(frame, &base).map(Vec::from);
    sheet.stroke(ground.as_slice(), colour::FAINT, &thin);
    let stalk = |(x, y): (&f64, &f64)| curve(frame, &[*x, *x], &[stem.base, *y]);
    let stalks: Vec<Vec<Point>> = stem.x.iter().zip(&stem.y).flat_map(stalk).collect();
    let stroke = Stroke {
        width: 1.1,
        ..Stroke::default()
    };
    sheet.stroke(&stalks, colour, &stroke);
    let heads: Vec<Point> = places(frame, &stem.x, &stem.y).map(|(_, p)| p).collect();
    markers(sheet, &heads, Dots::new(Marker::Dot, stem.size, colour));
}

fn draw_bars(sheet: &mut Sheet, frame: &Frame, bars: &Bars, colour: Rgb) {
    let foot = frame.down(0.0).unwrap_or(frame.bottom());
    let within = |y: f64| y.clamp(frame.top - 10.0, frame.bottom() + 10.0);
    for (edges, height) in bars.edges.windows(2).zip(&bars.heights) {
        let sides = (frame.across(edges[0]), frame.across(edges[1]));
        let ((Some(a), Some(b)), Some(y)) = (sides, frame.down(*height)) else {
            continue;
        };
        if (y - foot).abs() < 1e-9 {
            continue;
        }
        let gap = ((b - a).abs() * 0.06).min(0.5) * (b - a).signum();
        let (a, b, y, foot) = (a + gap, b - gap, within(y), within(foot));
        sheet.fill(&[[a, foot], [a, y], [b, y], [b, foot]], colour, BAR_OPACITY);
    }
}

fn draw_ribbon(sheet: &mut Sheet, frame: &Frame, ribbon: &Ribbon, colour: Rgb) {
    let whole = |i: &usize| {
        let place = |y: &[f64]| frame.place(ribbon.x[*i], y[*i]);
        place(&ribbon.low).is_some() && place(&ribbon.high).is_some()
    };
    let all: Vec<usize> = (0..ribbon.x.len()).collect();
    for run in all.split(|i| !whole(i)) {
        let pick = |from: &[f64]| run.iter().map(|i| from[*i]).collect::<Vec<_>>();
        let side = |y: &[f64]| curve(frame, &pick(&ribbon.x), &pick(y)).concat();
        let mut shape = side(&ribbon.high);
        shape.extend(side(&ribbon.low).into_iter().rev());
        if shape.len() > 2 {
            sheet.fill(&shape, colour, RIBBON_OPACITY);
        }
    }
}

fn draw_cells(sheet: &mut Sheet, placed: &Placed, cells: &Cells) {
    let frame = &placed.frame;
    let corners = (
        frame.place(cells.x[0], cells.y[0]),
        frame.place(cells.x[1], cells.y[1]),
    );
    let ((Some(a), Some(b)), Some(range)) = (corners, &placed.colour_range) else {
        return;
    };
    let low = [a[0].min(b[0]), a[1].min(b[1])];
    let size = [(a[0] - b[0]).abs(), (a[1] - b[1]).abs()];
    let flip = [a[0] > b[0], a[1] > b[1]];
    let map = placed.panel.colour.map;
    sheet.picture(low, size, &raster::cells(cells, size, flip, range, map));
}

fn draw_note(sheet: &mut Sheet, frame: &Frame, note: &Note, colour: Rgb) {
    if let Some(place) = frame.place(note.at[0], note.at[1]) {
        sheet.text(place, Anchor::Start, NOTE, colour, &note.text);
    }
}

/// The places inside the axes, with their index.
fn places<'a>(
    frame: &'a Frame,
    x: &'a [f64],
    y: &'a [f64],
) -> impl Iterator<Item = (usize, Point)> + 'a {
    let all = x.iter().zip(y).map(|(x, y)| frame.place(*x, *y));
    all.enumerate()
        .filter_map(|(i, place)| Some((i, place.filter(|p| frame.holds(*p))?)))
}

/// Draws a marker at each place.
pub fn markers(sheet: &mut Sheet, places: &[Point], dots: Dots) {
    if places.is_empty() {
        return;
    }
    let (colour, marker, r) = (dots.colour, dots.marker, dots.size / 2.0);
    let opacity = number(dots.opacity);
    let rim = if dots.rim {
        " stroke=\"#ffffff\" stroke-width=\"0.6\""
    } else {
        ""
    };
    if marker.is_filled() {
        sheet.group(format_args!(
            "fill=\"{colour}\" fill-opacity=\"{opacity}\"{rim}"
        ));
    } else {
        sheet.group(format_args!(
            "fill=\"none\" stroke=\"{colour}\" stroke-width=\"1.1\" stroke-opacity=\"{opacity}\""
        ));
    }
    for place in apart(places) {
        match marker {
            Marker::Dot | Marker::Ring => sheet.disc(place, r),
            other => sheet.shape(&shape(other, place, r)),
        }
    }
    sheet.end();
}

/// `places`, without those that would fall on another where there are many.
fn apart(places: &[Point]) -> Vec<Point> {
    let crowd = CROWDS.iter().find(|(most, _)| places.len() > *most);
    let Some((_, side)) = crowd else {
        return places.to_vec();
    };
    let mut seen = std::collections::HashSet::new();
    let cell = |p: &Point| ((p[0] / side) as i32, (p[1] / side) as i32);
    let fresh = |p: &&Point| seen.insert(cell(p));
    places.iter().filter(fresh).copied().collect()
}

fn shape(marker: Marker, [x, y]: Point, r: f64) -> String {
    let at = |[dx, dy]: &[f64; 2]| format!("{} {}", number(x + dx * r), number(y + dy * r));
    let through = |corners: &[[f64; 2]]| {
        let corners: Vec<String> = corners.iter().map(at).collect();
        format!("M{}", corners.join("L"))
    };
    match marker.strokes() {
        [] => format!("{}Z", through(marker.corners())),
        strokes => strokes.iter().map(|stroke| through(stroke)).collect(),
    }
}
