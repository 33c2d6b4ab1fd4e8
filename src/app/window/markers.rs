//! Markers and dashes composed of straight strokes, the only primitive that the library draws at
//! any size: its points are squares, and its spheres take a second per frame without a GPU.

use kiss3d::prelude::{Vec2, Vec3};

use crate::figure::Marker;

/// Minimum and maximum number of strokes of a disc and of a filled polygon.
const DISC_STROKES: [f32; 2] = [6.0, 24.0];
const POLYGON_STROKES: [f32; 2] = [6.0, 64.0];
/// Screen pixels per stroke.
const PIXELS_PER_STROKE: f32 = 1.6;
/// Number of sides of a ring.
const RING_SIDES: usize = 16;
/// Stroke width of unfilled markers. Units: pixels.
const PEN_WIDTH: f32 = 1.7;
/// Maximum number of dashes of one segment.
const MAX_DASHES: f32 = 400.0;

/// A stroke of a marker: its end points relative to the centre, with y upwards, and its width.
pub type Stroke = ([Vec2; 2], f32);

/// A marker of size 2, so that coordinates are in units of half its size.
pub struct MarkerShape {
    pub marker: Marker,
    strokes: Vec<Stroke>,
}

impl MarkerShape {
    /// The strokes of a marker at this size in screen pixels.
    pub fn new(marker: Marker, pixels: f32) -> MarkerShape {
        let point = |[x, y]: [f64; 2]| Vec2::new(x as f32, -y as f32);
        let strokes = match marker {
            Marker::Dot => disc(pixels),
            Marker::Ring => {
                let corner = |k: usize| direction(k as f32 / RING_SIDES as f32);
                let side = |k| ([corner(k), corner(k + 1)], 0.0);
                (0..RING_SIDES).map(side).collect()
            }
            Marker::Cross | Marker::Plus => {
                let ends = marker.strokes().iter();
                ends.map(|ends| (ends.map(point), 0.0)).collect()
            }
            Marker::Square | Marker::Triangle | Marker::Diamond => {
                let corners: Vec<Vec2> = marker.corners().iter().copied().map(point).collect();
                polygon(&corners, pixels)
            }
        };
        MarkerShape { marker, strokes }
    }

    /// The strokes of the marker at this size in pixels.
    pub fn strokes(&self, size: f32) -> impl Iterator<Item = Stroke> {
        let (half, solid) = (size / 2.0, self.marker.is_filled());
        self.strokes.iter().map(move |(ends, width)| {
            let width = if solid { width * half } else { PEN_WIDTH };
            (ends.map(|end| end * half), width)
        })
    }
}

/// The strokes of an arrowhead relative to its tip; `back` is the centre of its base.
pub fn arrow_head(back: Vec2) -> [Stroke; 5] {
    const COUNT: usize = 5;
    let half = Vec2::new(-back.y, back.x) * 0.45;
    let width = 2.0 * half.length() / COUNT as f32;
    std::array::from_fn(|k| {
        let part = (2 * k + 1) as f32 / COUNT as f32 - 1.0;
        ([Vec2::ZERO, back + half * part], width)
    })
}

/// The unit vector at this fraction of a full turn.
fn direction(part: f32) -> Vec2 {
    let (y, x) = (std::f32::consts::TAU * part).sin_cos();
    Vec2::new(x, y)
}

/// The number of strokes for this size in screen pixels.
fn stroke_count(pixels: f32, [least, most]: [f32; 2]) -> usize {
    (pixels / PIXELS_PER_STROKE).clamp(least, most) as usize
}

/// A disc as a regular polygon; each stroke connects two opposite sides.
fn disc(pixels: f32) -> Vec<Stroke> {
    let count = stroke_count(pixels, DISC_STROKES);
    let (sin, cos) = (std::f32::consts::PI / (2 * count) as f32).sin_cos();
    let stroke = |k: usize| {
        let arm = direction(k as f32 / (2 * count) as f32) * cos;
        ([-arm, arm], 2.0 * sin)
    };
    (0..count).map(stroke).collect()
}

/// A convex polygon composed of horizontal strokes.
fn polygon(corners: &[Vec2], pixels: f32) -> Vec<Stroke> {
    let count = stroke_count(pixels, POLYGON_STROKES);
    let heights = || corners.iter().map(|corner| corner.y);
    let low = heights().fold(f32::INFINITY, f32::min);
    let high = heights().fold(f32::NEG_INFINITY, f32::max);
    let height = (high - low) / count as f32;
    let bar = |k: usize| {
        let y = low + (k as f32 + 0.5) * height;
        let (mut left, mut right) = (f32::INFINITY, f32::NEG_INFINITY);
        for (i, a) in corners.iter().enumerate() {
            let b = corners[(i + 1) % corners.len()];
            if (a.y > y) != (b.y > y) {
                let x = a.x + (b.x - a.x) * (y - a.y) / (b.y - a.y);
                (left, right) = (left.min(x), right.max(x));
            }
        }
        // The strokes overlap slightly to avoid gaps.
        ([Vec2::new(left, y), Vec2::new(right, y)], 1.1 * height)
    };
    (0..count).map(bar).collect()
}

/// The dashes of a segment that starts at arc length `start` of its curve; `pixels` is the number
/// of pixels per unit length.
pub fn dashes(
    [a, b]: [Vec3; 2],
    start: f32,
    [dash, gap]: [f32; 2],
    pixels: f32,
) -> impl Iterator<Item = [Vec3; 2]> {
    let long = (b - a).length();
    let period = ((dash + gap) / pixels).max(long / MAX_DASHES);
    let dash = period * dash / (dash + gap);
    let first = (start / period).floor();
    let count = ((start + long) / period).ceil() - first;
    (0..count as usize).filter_map(move |k| {
        let from = (first + k as f32) * period - start;
        let (from, to) = (from.max(0.0), (from + dash).min(long));
        (from < to).then(|| [from, to].map(|at| a + (b - a) * (at / long)))
    })
}
