//! Drawing of three-dimensional layers on the page, from back to front.
//!
//! Curves are split where they cross from one depth slab into the next, so that each fragment is
//! drawn behind nearer and in front of farther elements. Fragments of one colour in one slab are
//! written together.

use super::projection::Projection;
use super::{Arrows, Labels, Paths, Point3, Points};
use crate::figure::draw_layers::{MarkerStyle, TEXT_SIZE, markers};
use crate::figure::layout::PanelLayout;
use crate::figure::polyline::{Point, clip_segment};
use crate::figure::scale::Range;
use crate::figure::svg_writer::{Anchor, SvgWriter};
use crate::figure::{ColourMap, Dash, Layer, Rgb, Stroke};

/// Number of depth slabs.
const DEPTH_SLABS: f64 = 64.0;
/// Fraction of its colour that a curve of a single colour loses at the far end.
const FADE: f64 = 0.45;
/// Number of colours of curves that are coloured by values.
const COLOUR_STEPS: f64 = 64.0;
/// A point of a curve closer than this to the previous one is omitted. Units: pixels.
const MIN_SEGMENT: f64 = 0.3;
/// Length and half width of an arrowhead in pixels, for a line of width 1.
const HEAD_SIZE: [f64; 2] = [6.0, 2.4];

/// A part of a layer at one depth.
struct Fragment<'a> {
    depth: f64,
    layer: usize,
    colour: Rgb,
    shape: Shape<'a>,
}

enum Shape<'a> {
    Polyline(Vec<Point>),
    ArrowHead([Point; 3]),
    Marker(Point, f64),
    Text(Point, &'a str),
}

/// Colours of a layer: mapped from its values, or a single colour.
struct LayerColour<'a> {
    plain: Rgb,
    by_value: Option<(&'a [f64], Range, ColourMap)>,
}

/// The fragments of a panel.
struct Fragments<'a> {
    projection: &'a Projection,
    layer: usize,
    fragments: Vec<Fragment<'a>>,
}

/// Draws every layer of a three-dimensional panel.
pub fn draw(writer: &mut SvgWriter, layout: &PanelLayout, projection: &Projection) {
    let mut list = Fragments {
        projection,
        layer: 0,
        fragments: Vec::new(),
    };
    for (at, (layer, colour)) in layout.panel.layers.iter().zip(&layout.colours).enumerate() {
        list.layer = at;
        let colours = LayerColour::new(layout, layer, *colour);
        match layer {
            Layer::Paths(paths) => list.paths(paths, &colours),
            Layer::Points(points) => list.points(points, &colours),
            Layer::Arrows(arrows) => list.arrows(arrows, &colours),
            Layer::Labels(labels) => list.labels(labels, *colour),
            _ => unreachable!("validation rejects flat layers in a three-dimensional panel"),
        }
    }
    let mut fragments = list.fragments;
    fragments.sort_by(|a, b| a.key().cmp(&b.key()).then(a.depth.total_cmp(&b.depth)));
    let corner = [layout.frame.left, layout.frame.top];
    for group in fragments.chunk_by(|a, b| a.key() == b.key() && a.style() == b.style()) {
        write(writer, group, &layout.panel.layers[group[0].layer], corner);
    }
}

impl<'a> LayerColour<'a> {
    fn new(layout: &'a PanelLayout, layer: &'a Layer, plain: Rgb) -> LayerColour<'a> {
        let by_value = layer.values().zip(layout.colour_range);
        LayerColour {
            plain,
            by_value: by_value.map(|(values, range)| (values, range, layout.panel.colour.map)),
        }
    }

    fn colour(&self, i: usize) -> Rgb {
        let Some((values, range, map)) = &self.by_value else {
            return self.plain;
        };
        let part = range.fraction(values[i]).unwrap_or(f64::NAN);
        map.at((part * COLOUR_STEPS).round() / COLOUR_STEPS)
    }

    /// The colour of a line at this depth; a line of a single colour fades with distance.
    fn with_depth(&self, i: usize, depth: f64) -> Rgb {
        match self.by_value {
            Some(_) => self.colour(i),
            None => self
                .plain
                .mix_with_white(FADE * (1.0 - slab(depth) as f64 / (DEPTH_SLABS - 1.0))),
        }
    }
}

impl<'a> Fragments<'a> {
    fn push(&mut self, depth: f64, colour: Rgb, shape: Shape<'a>) {
        self.fragments.push(Fragment {
            depth,
            layer: self.layer,
            colour,
            shape,
        });
    }

    fn points(&mut self, points: &'a Points, colours: &LayerColour) {
        for (i, point) in points.at.iter().enumerate() {
            let Some(coordinates) = self.projection.box_coordinates(point).filter(in_box) else {
                continue;
            };
            let size = points.sizes.as_ref().map_or(points.size, |sizes| sizes[i]);
            let projected = self.projection.project(coordinates);
            self.push(
                projected.depth,
                colours.colour(i),
                Shape::Marker(projected.position, size * projected.magnification),
            );
        }
    }

    fn labels(&mut self, labels: &'a Labels, colour: Rgb) {
        for (point, text) in labels.at.iter().zip(&labels.texts) {
            if let Some(coordinates) = self.projection.box_coordinates(point).filter(in_box) {
                let projected = self.projection.project(coordinates);
                self.push(
                    projected.depth,
                    colour,
                    Shape::Text(projected.position, text),
                );
            }
        }
    }

    fn paths(&mut self, paths: &Paths, colours: &LayerColour) {
        let unsplit = paths.stroke.dash != Dash::Solid;
        for (start, curve) in paths.each() {
            let mut line = PolylineBuilder::new(unsplit);
            for (i, ends) in curve.windows(2).enumerate() {
                let coordinates = [0, 1].map(|end| self.projection.box_coordinates(&ends[end]));
                match coordinates {
                    [Some(a), Some(b)] => line.segment(self, a, b, colours, start + i),
                    _ => line.finish(self),
                }
            }
            line.finish(self);
        }
    }

    fn arrows(&mut self, arrows: &Arrows, colours: &LayerColour) {
        for (i, (from, to)) in arrows.from.iter().zip(&arrows.to).enumerate() {
            let (Some(a), Some(b)) = (
                self.projection.box_coordinates(from),
                self.projection.box_coordinates(to),
            ) else {
                continue;
            };
            let mut line = PolylineBuilder::new(arrows.stroke.dash != Dash::Solid);
            line.segment(self, a, b, colours, i);
            line.finish(self);
            if arrows.head && in_box(&b) {
                self.arrow_head(a, b, arrows.stroke.width, colours, i);
            }
        }
    }

    fn arrow_head(
        &mut self,
        from: Point3,
        to: Point3,
        width: f64,
        colours: &LayerColour,
        i: usize,
    ) {
        let (tail, tip) = (self.projection.project(from), self.projection.project(to));
        let [dx, dy] = [0, 1].map(|k| tip.position[k] - tail.position[k]);
        let span = dx.hypot(dy);
        if span < MIN_SEGMENT {
            return;
        }
        let [x, y] = [dx / span, dy / span];
        let [length, half_width] = HEAD_SIZE.map(|side| (side * width.sqrt()).min(0.6 * span));
        let base = [tip.position[0] - length * x, tip.position[1] - length * y];
        let corners = [
            tip.position,
            [base[0] - half_width * y, base[1] + half_width * x],
            [base[0] + half_width * y, base[1] - half_width * x],
        ];
        let colour = colours.with_depth(i, tip.depth);
        self.push(tip.depth, colour, Shape::ArrowHead(corners));
    }
}

/// A fragment of a curve under construction; it ends when the depth slab or the colour changes.
struct PolylineBuilder {
    /// Whether the curve must stay in one fragment, as a dashed line does.
    unsplit: bool,
    points: Vec<Point>,
    depth: f64,
    colour: Rgb,
    /// The current end of the curve; it can lie beyond the last stored point if that is too close.
    end: Option<Point3>,
}

impl PolylineBuilder {
    fn new(unsplit: bool) -> PolylineBuilder {
        PolylineBuilder {
            unsplit,
            points: Vec::new(),
            depth: 0.0,
            colour: Rgb(0, 0, 0),
            end: None,
        }
    }

    /// Appends the part of the segment from `a` to `b` that lies inside the box.
    fn segment(
        &mut self,
        list: &mut Fragments,
        a: Point3,
        b: Point3,
        colours: &LayerColour,
        i: usize,
    ) {
        let Some([a, b]) = clip_segment(a, b, [0.0; 3], [1.0; 3]) else {
            return self.finish(list);
        };
        if self.end != Some(a) {
            self.finish(list);
        }
        let projection = list.projection;
        let depths = [a, b].map(|coordinates| projection.project(coordinates).depth);
        let crossings = slab(depths[0]).abs_diff(slab(depths[1]));
        let pieces = if self.unsplit { 1 } else { crossings + 1 };
        for piece in 0..pieces {
            let point = |step: usize| {
                let part = step as f64 / pieces as f64;
                [0, 1, 2].map(|k| a[k] + (b[k] - a[k]) * part)
            };
            let (from, to) = (
                projection.project(point(piece)),
                projection.project(point(piece + 1)),
            );
            let depth = (from.depth + to.depth) / 2.0;
            self.extend(
                list,
                [from.position, to.position],
                depth,
                colours.with_depth(i, depth),
            );
        }
        self.end = Some(b);
    }

    fn extend(&mut self, list: &mut Fragments, [from, to]: [Point; 2], depth: f64, colour: Rgb) {
        let differs = colour != self.colour || slab(depth) != slab(self.depth);
        let restart = !self.unsplit && differs;
        if restart || self.points.is_empty() {
            self.flush(list);
            self.points.push(from);
            (self.depth, self.colour) = (depth, colour);
        }
        let last = self.points[self.points.len() - 1];
        if self.points.len() == 1 || (to[0] - last[0]).hypot(to[1] - last[1]) >= MIN_SEGMENT {
            self.points.push(to);
        }
    }

    fn finish(&mut self, list: &mut Fragments) {
        self.flush(list);
        self.end = None;
    }

    fn flush(&mut self, list: &mut Fragments) {
        if self.points.len() > 1 {
            let points = std::mem::take(&mut self.points);
            list.push(self.depth, self.colour, Shape::Polyline(points));
        }
        self.points.clear();
    }
}

impl Fragment<'_> {
    /// Sort key in drawing order: by slab, and within a slab lines, then points, then text. Lines
    /// of one slab are grouped by layer and colour; points stay in the order of their depth.
    fn key(&self) -> (usize, u8, usize, u32) {
        let Rgb(r, g, b) = self.colour;
        let style = (self.layer, u32::from_be_bytes([0, r, g, b]));
        let (rank, (layer, colour)) = match self.shape {
            Shape::Polyline(_) => (0, style),
            Shape::ArrowHead(_) => (1, style),
            Shape::Marker(..) => (2, (0, 0)),
            Shape::Text(..) => (3, (0, 0)),
        };
        (slab(self.depth), rank, layer, colour)
    }

    fn style(&self) -> (usize, Rgb, f64) {
        let size = match self.shape {
            Shape::Marker(_, size) => size,
            _ => 0.0,
        };
        (self.layer, self.colour, size)
    }
}

/// Writes fragments of one style.
fn write(writer: &mut SvgWriter, group: &[Fragment], layer: &Layer, corner: Point) {
    let to_page = |[x, y]: &Point| [corner[0] + x, corner[1] + y];
    let colour = group[0].colour;
    let mut lines = Vec::new();
    let mut centres = Vec::new();
    for fragment in group {
        match &fragment.shape {
            Shape::Polyline(points) => lines.push(points.iter().map(to_page).collect()),
            Shape::ArrowHead(corners) => {
                writer.polygon(
                    &corners.each_ref().map(to_page),
                    colour,
                    stroke(layer).opacity,
                );
            }
            Shape::Marker(at, _) => centres.push(to_page(at)),
            Shape::Text(at, text) => {
                let position = to_page(&[at[0] + 5.0, at[1] - 4.0]);
                writer.text(position, Anchor::Start, TEXT_SIZE, colour, text);
            }
        }
    }
    writer.polylines(&lines, colour, &stroke(layer));
    if let (Layer::Points(points), Shape::Marker(_, size)) = (layer, &group[0].shape) {
        let style = MarkerStyle {
            marker: points.marker,
            size: *size,
            colour,
            opacity: points.opacity,
            outline: true,
        };
        markers(writer, &centres, style);
    }
}

fn stroke(layer: &Layer) -> Stroke {
    match layer {
        Layer::Paths(paths) => paths.stroke,
        Layer::Arrows(arrows) => arrows.stroke,
        _ => Stroke::default(),
    }
}

fn slab(depth: f64) -> usize {
    ((depth * DEPTH_SLABS) as usize).min(DEPTH_SLABS as usize - 1)
}

/// Whether a position lies inside the box.
fn in_box(coordinates: &Point3) -> bool {
    let slack = 1e-9;
    coordinates
        .iter()
        .all(|part| (-slack..=1.0 + slack).contains(part))
}
