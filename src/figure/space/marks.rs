//! Layers in three dimensions on the page, from back to front.
//!
//! Curves are cut where they pass from one slab of depth into the next, so that each piece stands
//! behind what is nearer and before what is further; pieces of one colour in one slab are written
//! together.

use super::view::Space;
use super::{Arrows, Labels, Paths, Place, Points};
use crate::figure::extent::Range;
use crate::figure::layout::Placed;
use crate::figure::marks::{Dots, NOTE, markers};
use crate::figure::sheet::{Anchor, Sheet};
use crate::figure::trace::{Point, cut};
use crate::figure::{Dash, Layer, Map, Rgb, Stroke};

/// Slabs of equal depth.
const SLABS: f64 = 64.0;
/// How much of its colour a plain curve loses at the far end.
const FADE: f64 = 0.45;
/// Curves of numbers have so many colours.
const SHADES: f64 = 64.0;
/// A point of a curve nearer than this to the one before is left out. Units: pixels.
const FINEST: f64 = 0.3;
/// Length of an arrow's head and half of its width, in pixels, for a line of width 1.
const HEAD: [f64; 2] = [6.0, 2.4];

/// A part of a layer at one depth.
struct Piece<'a> {
    depth: f64,
    layer: usize,
    colour: Rgb,
    what: What<'a>,
}

enum What<'a> {
    Strand(Vec<Point>),
    Head([Point; 3]),
    Dot(Point, f64),
    Word(Point, &'a str),
}

/// How numbers become colours in a layer; plain where it has none.
struct Shade<'a> {
    plain: Rgb,
    by: Option<(&'a [f64], Range, Map)>,
}

/// All pieces of a panel so far.
struct Heap<'a> {
    space: &'a Space,
    layer: usize,
    pieces: Vec<Piece<'a>>,
}

/// Draws every layer of a panel in three dimensions.
pub fn draw(sheet: &mut Sheet, placed: &Placed, space: &Space) {
    let mut heap = Heap {
        space,
        layer: 0,
        pieces: Vec::new(),
    };
    for (at, (layer, colour)) in placed.panel.layers.iter().zip(&placed.colours).enumerate() {
        heap.layer = at;
        let shade = Shade::new(placed, layer, *colour);
        match layer {
            Layer::Paths(paths) => heap.paths(paths, &shade),
            Layer::Points(points) => heap.points(points, &shade),
            Layer::Arrows(arrows) => heap.arrows(arrows, &shade),
            Layer::Labels(labels) => heap.labels(labels, *colour),
            _ => unreachable!("a panel in three dimensions is checked to hold nothing flat"),
        }
    }
    let mut pieces = heap.pieces;
    pieces.sort_by(|a, b| a.key().cmp(&b.key()).then(a.depth.total_cmp(&b.depth)));
    let corner = [placed.frame.left, placed.frame.top];
    for run in pieces.chunk_by(|a, b| a.key() == b.key() && a.style() == b.style()) {
        write(sheet, run, &placed.panel.layers[run[0].layer], corner);
    }
}

/// Everything `layer` draws as lines and points.
pub fn outline(space: &Space, layer: &Layer) -> Vec<Vec<Point>> {
    let spot = |place: &Place| Some(space.spot(space.parts(place)?).at);
    match layer {
        Layer::Paths(paths) => {
            let curve = |(_, at): (usize, &[Place])| at.iter().filter_map(spot).collect();
            paths.each().map(curve).collect()
        }
        Layer::Arrows(arrows) => {
            let ends = arrows.from.iter().zip(&arrows.to);
            ends.filter_map(|(a, b)| Some(vec![spot(a)?, spot(b)?]))
                .collect()
        }
        other => other
            .places()
            .filter_map(|at| Some(vec![spot(at)?]))
            .collect(),
    }
}

impl<'a> Shade<'a> {
    fn new(placed: &'a Placed, layer: &'a Layer, plain: Rgb) -> Shade<'a> {
        let by = layer.values().zip(placed.colour_range);
        Shade {
            plain,
            by: by.map(|(values, range)| (values, range, placed.panel.colour.map)),
        }
    }

    fn at(&self, i: usize) -> Rgb {
        let Some((values, range, map)) = &self.by else {
            return self.plain;
        };
        let part = range.part(values[i]).unwrap_or(f64::NAN);
        map.at((part * SHADES).round() / SHADES)
    }

    /// The colour of a line at this depth: a plain one grows paler with distance.
    fn faded(&self, i: usize, depth: f64) -> Rgb {
        match self.by {
            Some(_) => self.at(i),
            None => self
                .plain
                .towards_white(FADE * (1.0 - slab(depth) as f64 / (SLABS - 1.0))),
        }
    }
}

impl<'a> Heap<'a> {
    fn push(&mut self, depth: f64, colour: Rgb, what: What<'a>) {
        self.pieces.push(Piece {
            depth,
            layer: self.layer,
            colour,
            what,
        });
    }

    fn points(&mut self, points: &'a Points, shade: &Shade) {
        for (i, place) in points.at.iter().enumerate() {
            let Some(parts) = self.space.parts(place).filter(holds) else {
                continue;
            };
            let size = points.sizes.as_ref().map_or(points.size, |sizes| sizes[i]);
            let spot = self.space.spot(parts);
            self.push(
                spot.depth,
                shade.at(i),
                What::Dot(spot.at, size * spot.zoom),
            );
        }
    }

    fn labels(&mut self, labels: &'a Labels, colour: Rgb) {
        for (place, text) in labels.at.iter().zip(&labels.texts) {
            if let Some(parts) = self.space.parts(place).filter(holds) {
                let spot = self.space.spot(parts);
                self.push(spot.depth, colour, What::Word(spot.at, text));
            }
        }
    }

    fn paths(&mut self, paths: &Paths, shade: &Shade) {
        let whole = paths.stroke.dash != Dash::Solid;
        for (start, curve) in paths.each() {
            let mut strand = Strand::new(whole);
            for (i, ends) in curve.windows(2).enumerate() {
                let parts = [0, 1].map(|end| self.space.parts(&ends[end]));
                match parts {
                    [Some(a), Some(b)] => strand.line(self, a, b, shade, start + i),
                    _ => strand.close(self),
                }
            }
            strand.close(self);
        }
    }

    fn arrows(&mut self, arrows: &Arrows, shade: &Shade) {
        for (i, (from, to)) in arrows.from.iter().zip(&arrows.to).enumerate() {
            let (Some(a), Some(b)) = (self.space.parts(from), self.space.parts(to)) else {
                continue;
            };
            let mut strand = Strand::new(arrows.stroke.dash != Dash::Solid);
            strand.line(self, a, b, shade, i);
            strand.close(self);
            if arrows.head && holds(&b) {
                self.head(a, b, arrows.stroke.width, shade, i);
            }
        }
    }

    fn head(&mut self, from: Place, to: Place, width: f64, shade: &Shade, i: usize) {
        let (tail, tip) = (self.space.spot(from), self.space.spot(to));
        let [dx, dy] = [tip.at[0] - tail.at[0], tip.at[1] - tail.at[1]];
        let long = dx.hypot(dy);
        if long < FINEST {
            return;
        }
        let [x, y] = [dx / long, dy / long];
        let [back, aside] = HEAD.map(|side| (side * width.sqrt()).min(0.6 * long));
        let foot = [tip.at[0] - back * x, tip.at[1] - back * y];
        let corners = [
            tip.at,
            [foot[0] - aside * y, foot[1] + aside * x],
            [foot[0] + aside * y, foot[1] - aside * x],
        ];
        let colour = shade.faded(i, tip.depth);
        self.push(tip.depth, colour, What::Head(corners));
    }
}

/// A piece of a curve that grows until its slab or its colour changes.
struct Strand {
    /// Whether the whole curve is one piece, as broken lines are.
    whole: bool,
    points: Vec<Point>,
    depth: f64,
    colour: Rgb,
    /// Where the curve has come to; further than the last point where that is too near.
    here: Option<Place>,
}

impl Strand {
    fn new(whole: bool) -> Strand {
        Strand {
            whole,
            points: Vec::new(),
            depth: 0.0,
            colour: Rgb(0, 0, 0),
            here: None,
        }
    }

    /// Goes on from `a` to `b`, as far as they lie in the box.
    fn line(&mut self, heap: &mut Heap, a: Place, b: Place, shade: &Shade, i: usize) {
        let Some([a, b]) = cut(a, b, [0.0; 3], [1.0; 3]) else {
            return self.close(heap);
        };
        if self.here != Some(a) {
            self.close(heap);
        }
        let space = heap.space;
        let depths = [a, b].map(|parts| space.spot(parts).depth);
        let crossed = slab(depths[0]).abs_diff(slab(depths[1]));
        let pieces = if self.whole { 1 } else { crossed + 1 };
        for piece in 0..pieces {
            let between = |step: usize| {
                let part = step as f64 / pieces as f64;
                [0, 1, 2].map(|k| a[k] + (b[k] - a[k]) * part)
            };
            let (from, to) = (space.spot(between(piece)), space.spot(between(piece + 1)));
            let depth = (from.depth + to.depth) / 2.0;
            self.extend(heap, [from.at, to.at], depth, shade.faded(i, depth));
        }
        self.here = Some(b);
    }

    fn extend(&mut self, heap: &mut Heap, [from, to]: [Point; 2], depth: f64, colour: Rgb) {
        let differs = colour != self.colour || slab(depth) != slab(self.depth);
        let other = !self.whole && differs;
        if other || self.points.is_empty() {
            self.flush(heap);
            self.points.push(from);
            (self.depth, self.colour) = (depth, colour);
        }
        let last = self.points[self.points.len() - 1];
        if self.points.len() == 1 || (to[0] - last[0]).hypot(to[1] - last[1]) >= FINEST {
            self.points.push(to);
        }
    }

    fn close(&mut self, heap: &mut Heap) {
        self.flush(heap);
        self.here = None;
    }

    fn flush(&mut self, heap: &mut Heap) {
        if self.points.len() > 1 {
            let points = std::mem::take(&mut self.points);
            heap.push(self.depth, self.colour, What::Strand(points));
        }
        self.points.clear();
    }
}

impl Piece<'_> {
    /// What is drawn first has the smaller key: within a slab lines, then points, then words. Lines
    /// of one slab are put together by layer and colour, points stay in the order of their depth.
    fn key(&self) -> (usize, u8, usize, u32) {
        let Rgb(r, g, b) = self.colour;
        let style = (self.layer, u32::from_be_bytes([0, r, g, b]));
        let (rank, (layer, colour)) = match self.what {
            What::Strand(_) => (0, style),
            What::Head(_) => (1, style),
            What::Dot(..) => (2, (0, 0)),
            What::Word(..) => (3, (0, 0)),
        };
        (slab(self.depth), rank, layer, colour)
    }

    fn style(&self) -> (usize, Rgb, f64) {
        let size = match self.what {
            What::Dot(_, size) => size,
            _ => 0.0,
        };
        (self.layer, self.colour, size)
    }
}

/// Writes pieces of one style.
fn write(sheet: &mut Sheet, run: &[Piece], layer: &Layer, corner: Point) {
    let moved = |[x, y]: &Point| [corner[0] + x, corner[1] + y];
    let colour = run[0].colour;
    let mut strands = Vec::new();
    let mut dots = Vec::new();
    for piece in run {
        match &piece.what {
            What::Strand(points) => strands.push(points.iter().map(moved).collect()),
            What::Head(corners) => {
                sheet.fill(
                    &corners.each_ref().map(moved),
                    colour,
                    stroke(layer).opacity,
                );
            }
            What::Dot(at, _) => dots.push(moved(at)),
            What::Word(at, text) => {
                let place = moved(&[at[0] + 5.0, at[1] - 4.0]);
                sheet.text(place, Anchor::Start, NOTE, colour, text);
            }
        }
    }
    sheet.stroke(&strands, colour, &stroke(layer));
    if let (Layer::Points(points), What::Dot(_, size)) = (layer, &run[0].what) {
        let dot = Dots {
            marker: points.marker,
            size: *size,
            colour,
            opacity: points.opacity,
            rim: true,
        };
        markers(sheet, &dots, dot);
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
    ((depth * SLABS) as usize).min(SLABS as usize - 1)
}

/// Whether a place lies in the box.
fn holds(parts: &Place) -> bool {
    let slack = 1e-9;
    parts
        .iter()
        .all(|part| (-slack..=1.0 + slack).contains(part))
}
