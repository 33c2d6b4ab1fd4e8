//! Drawing of the layers of flat panels.

use super::layout::PanelLayout;
use super::polyline::{Point, circle_polygon, curve, reference_line};
use super::scale::{Frame, Range};
use super::svg_writer::{Anchor, SvgWriter, format_number};
use super::{
    Annotation, Band, Bars, ColourMap, Heatmap, Layer, Line, Marker, Rgb, Scatter, Stem, Stroke,
    colour, raster,
};

/// Thinning of markers: above this number of points of one colour, only one point per square cell
/// of this side is drawn. Units: pixels.
const THINNING: [(usize, f64); 2] = [(20_000, 1.0), (2_000, 1.0 / 3.0)];
/// Minimum distance between the markers of a line, in pixels; denser markers would hide it.
const MARKER_GAP: f64 = 6.0;
pub const TEXT_SIZE: f64 = 10.5;
pub const BAND_OPACITY: f64 = 0.22;
pub const BAR_OPACITY: f64 = 0.85;

/// Appearance of markers.
#[derive(Debug, Clone, Copy)]
pub struct MarkerStyle {
    pub marker: Marker,
    /// Diameter in pixels.
    pub size: f64,
    pub colour: Rgb,
    pub opacity: f64,
    /// Whether each marker has a white outline, which separates it from the background.
    pub outline: bool,
}

/// Draws every layer of a panel, clipped to its axes.
pub fn draw(writer: &mut SvgWriter, layout: &PanelLayout) {
    let frame = &layout.frame;
    for (layer, colour) in layout.panel.layers.iter().zip(&layout.colours) {
        match layer {
            Layer::Line(line) => draw_line(writer, frame, line, *colour),
            Layer::Scatter(scatter) => draw_scatter(writer, layout, scatter, *colour),
            Layer::Stem(stem) => draw_stem(writer, frame, stem, *colour),
            Layer::Bars(bars) => draw_bars(writer, frame, bars, *colour),
            Layer::Band(band) => draw_band(writer, frame, band, *colour),
            Layer::Heatmap(heatmap) => draw_heatmap(writer, layout, heatmap),
            Layer::ReferenceLine(rule) => {
                let ends = reference_line(frame, rule).map(Vec::from);
                writer.polylines(ends.as_slice(), *colour, &rule.stroke);
            }
            Layer::Circle(circle) => {
                writer.polylines(&circle_polygon(frame, circle), *colour, &circle.stroke);
            }
            Layer::Annotation(annotation) => draw_annotation(writer, frame, annotation, *colour),
            Layer::Paths(_) | Layer::Points(_) | Layer::Arrows(_) | Layer::Labels(_) => {
                unreachable!("validation rejects three-dimensional layers in a flat panel")
            }
        }
    }
}

impl MarkerStyle {
    pub fn new(marker: Marker, size: f64, colour: Rgb) -> MarkerStyle {
        MarkerStyle {
            marker,
            size,
            colour,
            opacity: 1.0,
            outline: false,
        }
    }
}

fn draw_line(writer: &mut SvgWriter, frame: &Frame, line: &Line, colour: Rgb) {
    let (isolated, curves): (Vec<_>, Vec<_>) = curve(frame, &line.x, &line.y)
        .into_iter()
        .partition(|points| points.len() == 1);
    writer.polylines(&curves, colour, &line.stroke);
    let isolated: Vec<Point> = isolated.concat();
    let size = line.stroke.width.max(1.4) * 2.0;
    let style = MarkerStyle {
        opacity: line.stroke.opacity,
        ..MarkerStyle::new(Marker::Dot, size, colour)
    };
    markers(writer, &isolated, style);
    let Some(marker) = line.marker else { return };
    let mut spaced: Vec<Point> = Vec::new();
    for position in visible_points(frame, &line.x, &line.y).map(|(_, position)| position) {
        let apart =
            |last: &Point| (last[0] - position[0]).hypot(last[1] - position[1]) >= MARKER_GAP;
        if spaced.last().is_none_or(apart) {
            spaced.push(position);
        }
    }
    markers(
        writer,
        &spaced,
        MarkerStyle::new(marker, line_marker_size(line), colour),
    );
}

pub fn line_marker_size(line: &Line) -> f64 {
    4.0 + line.stroke.width
}

fn draw_scatter(writer: &mut SvgWriter, layout: &PanelLayout, scatter: &Scatter, colour: Rgb) {
    let all = visible_points(&layout.frame, &scatter.x, &scatter.y);
    let style = MarkerStyle {
        opacity: scatter.opacity,
        ..MarkerStyle::new(scatter.marker, scatter.size, colour)
    };
    let (Some(values), Some(range)) = (&scatter.values, &layout.colour_range) else {
        let points: Vec<Point> = all.map(|(_, position)| position).collect();
        return markers(writer, &points, style);
    };
    let map = layout.panel.colour.map;
    let coloured: Vec<(Rgb, Point)> = all
        .map(|(i, position)| (mapped_colour(values[i], range, map), position))
        .collect();
    for run in coloured.chunk_by(|a, b| a.0 == b.0) {
        let points: Vec<Point> = run.iter().map(|(_, position)| *position).collect();
        let colour = run[0].0;
        markers(writer, &points, MarkerStyle { colour, ..style });
    }
}

fn mapped_colour(value: f64, range: &Range, map: ColourMap) -> Rgb {
    map.at(range.fraction(value).unwrap_or(f64::NAN))
}

fn draw_stem(writer: &mut SvgWriter, frame: &Frame, stem: &Stem, colour: Rgb) {
    let base = super::ReferenceLine::new(super::Side::Y, stem.base);
    let thin = Stroke {
        width: 0.8,
        ..Stroke::default()
    };
    let base_line = reference_line(frame, &base).map(Vec::from);
    writer.polylines(base_line.as_slice(), colour::FAINT, &thin);
    let stem_line = |(x, y): (&f64, &f64)| curve(frame, &[*x, *x], &[stem.base, *y]);
    let stems: Vec<Vec<Point>> = stem.x.iter().zip(&stem.y).flat_map(stem_line).collect();
    let stroke = Stroke {
        width: 1.1,
        ..Stroke::default()
    };
    writer.polylines(&stems, colour, &stroke);
    let heads: Vec<Point> = visible_points(frame, &stem.x, &stem.y)
        .map(|(_, p)| p)
        .collect();
    markers(
        writer,
        &heads,
        MarkerStyle::new(Marker::Dot, stem.size, colour),
    );
}

fn draw_bars(writer: &mut SvgWriter, frame: &Frame, bars: &Bars, colour: Rgb) {
    let base = frame.y_pixel(0.0).unwrap_or(frame.bottom());
    let clamp = |y: f64| y.clamp(frame.top - 10.0, frame.bottom() + 10.0);
    for (edges, height) in bars.edges.windows(2).zip(&bars.heights) {
        let sides = (frame.x_pixel(edges[0]), frame.x_pixel(edges[1]));
        let ((Some(a), Some(b)), Some(y)) = (sides, frame.y_pixel(*height)) else {
            continue;
        };
        if (y - base).abs() < 1e-9 {
            continue;
        }
        let gap = ((b - a).abs() * 0.06).min(0.5) * (b - a).signum();
        let (a, b, y, base) = (a + gap, b - gap, clamp(y), clamp(base));
        writer.polygon(&[[a, base], [a, y], [b, y], [b, base]], colour, BAR_OPACITY);
    }
}

fn draw_band(writer: &mut SvgWriter, frame: &Frame, band: &Band, colour: Rgb) {
    let is_finite = |i: &usize| {
        let position = |y: &[f64]| frame.pixel(band.x[*i], y[*i]);
        position(&band.low).is_some() && position(&band.high).is_some()
    };
    let all: Vec<usize> = (0..band.x.len()).collect();
    for run in all.split(|i| !is_finite(i)) {
        let select = |from: &[f64]| run.iter().map(|i| from[*i]).collect::<Vec<_>>();
        let side = |y: &[f64]| curve(frame, &select(&band.x), &select(y)).concat();
        let mut shape = side(&band.high);
        shape.extend(side(&band.low).into_iter().rev());
        if shape.len() > 2 {
            writer.polygon(&shape, colour, BAND_OPACITY);
        }
    }
}

fn draw_heatmap(writer: &mut SvgWriter, layout: &PanelLayout, heatmap: &Heatmap) {
    let frame = &layout.frame;
    let corners = (
        frame.pixel(heatmap.x[0], heatmap.y[0]),
        frame.pixel(heatmap.x[1], heatmap.y[1]),
    );
    let ((Some(a), Some(b)), Some(range)) = (corners, &layout.colour_range) else {
        return;
    };
    let low = [a[0].min(b[0]), a[1].min(b[1])];
    let size = [(a[0] - b[0]).abs(), (a[1] - b[1]).abs()];
    let flip = [a[0] > b[0], a[1] > b[1]];
    let map = layout.panel.colour.map;
    writer.image(low, size, &raster::heatmap(heatmap, size, flip, range, map));
}

fn draw_annotation(writer: &mut SvgWriter, frame: &Frame, annotation: &Annotation, colour: Rgb) {
    if let Some(position) = frame.pixel(annotation.at[0], annotation.at[1]) {
        writer.text(position, Anchor::Start, TEXT_SIZE, colour, &annotation.text);
    }
}

/// The points inside the axes, with their indices.
fn visible_points<'a>(
    frame: &'a Frame,
    x: &'a [f64],
    y: &'a [f64],
) -> impl Iterator<Item = (usize, Point)> + 'a {
    let all = x.iter().zip(y).map(|(x, y)| frame.pixel(*x, *y));
    all.enumerate()
        .filter_map(|(i, position)| Some((i, position.filter(|p| frame.contains(*p))?)))
}

/// Draws a marker at each position.
pub fn markers(writer: &mut SvgWriter, positions: &[Point], style: MarkerStyle) {
    if positions.is_empty() {
        return;
    }
    let (colour, marker, r) = (style.colour, style.marker, style.size / 2.0);
    let opacity = format_number(style.opacity);
    let outline = if style.outline {
        " stroke=\"#ffffff\" stroke-width=\"0.6\""
    } else {
        ""
    };
    if marker.is_filled() {
        writer.begin_group(format_args!(
            "fill=\"{colour}\" fill-opacity=\"{opacity}\"{outline}"
        ));
    } else {
        writer.begin_group(format_args!(
            "fill=\"none\" stroke=\"{colour}\" stroke-width=\"1.1\" stroke-opacity=\"{opacity}\""
        ));
    }
    for position in thin_out(positions) {
        match marker {
            Marker::Dot | Marker::Ring => writer.circle(position, r),
            other => writer.path(&marker_path(other, position, r)),
        }
    }
    writer.end_group();
}

/// `positions` without those that coincide with another one, if there are many.
fn thin_out(positions: &[Point]) -> Vec<Point> {
    let thinning = THINNING.iter().find(|(most, _)| positions.len() > *most);
    let Some((_, side)) = thinning else {
        return positions.to_vec();
    };
    let mut occupied = std::collections::HashSet::new();
    let cell = |p: &Point| ((p[0] / side) as i32, (p[1] / side) as i32);
    let is_new = |p: &&Point| occupied.insert(cell(p));
    positions.iter().filter(is_new).copied().collect()
}

fn marker_path(marker: Marker, [x, y]: Point, r: f64) -> String {
    let at = |[dx, dy]: &[f64; 2]| {
        format!(
            "{} {}",
            format_number(x + dx * r),
            format_number(y + dy * r)
        )
    };
    let polyline = |corners: &[[f64; 2]]| {
        let corners: Vec<String> = corners.iter().map(at).collect();
        format!("M{}", corners.join("L"))
    };
    match marker.strokes() {
        [] => format!("{}Z", polyline(marker.corners())),
        strokes => strokes.iter().map(|stroke| polyline(stroke)).collect(),
    }
}
