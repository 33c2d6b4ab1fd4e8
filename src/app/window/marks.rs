//! Markers and dashes as straight strokes: the one mark that the library draws at any size (its
//! points are squares, and its balls cost a second a frame without a graphics card).

use kiss3d::prelude::{Vec2, Vec3};

use crate::figure::Marker;

/// Strokes of a disc, and of another shape that is filled: the least and the most.
const DISC: [f32; 2] = [6.0, 24.0];
const BARS: [f32; 2] = [6.0, 64.0];
/// Dots of the screen for each of those strokes.
const DOTS: f32 = 1.6;
/// Sides of a ring.
const RING: usize = 16;
/// The width of a stroke of markers that are not filled. Units: pixels.
const PEN: f32 = 1.7;
/// Dashes of one straight piece, at most.
const DASHES: f32 = 400.0;

/// A stroke of a marker: its ends from the middle, y upwards, and its width.
pub type Stroke = ([Vec2; 2], f32);

/// A marker of size 2, so that places are in halves of its size.
pub struct Shape {
    pub marker: Marker,
    strokes: Vec<Stroke>,
}

impl Shape {
    /// A marker with as many strokes as it needs where it is so many dots of the screen wide.
    pub fn new(marker: Marker, dots: f32) -> Shape {
        let place = |[x, y]: [f64; 2]| Vec2::new(x as f32, -y as f32);
        let strokes = match marker {
            Marker::Dot => disc(dots),
            Marker::Ring => {
                let corner = |k: usize| turned(k as f32 / RING as f32);
                let side = |k| ([corner(k), corner(k + 1)], 0.0);
                (0..RING).map(side).collect()
            }
            Marker::Cross | Marker::Plus => {
                let ends = marker.strokes().iter();
                ends.map(|ends| (ends.map(place), 0.0)).collect()
            }
            Marker::Square | Marker::Triangle | Marker::Diamond => {
                let corners: Vec<Vec2> = marker.corners().iter().copied().map(place).collect();
                filled(&corners, dots)
            }
        };
        Shape { marker, strokes }
    }

    /// The strokes of the marker at this size in pixels.
    pub fn at(&self, size: f32) -> impl Iterator<Item = Stroke> {
        let (half, solid) = (size / 2.0, self.marker.is_filled());
        self.strokes.iter().map(move |(ends, width)| {
            let width = if solid { width * half } else { PEN };
            (ends.map(|end| end * half), width)
        })
    }
}

/// The head of an arrow from its tip; `back` goes to the middle of its base.
pub fn head(back: Vec2) -> [Stroke; 5] {
    const COUNT: usize = 5;
    let half = Vec2::new(-back.y, back.x) * 0.45;
    let width = 2.0 * half.length() / COUNT as f32;
    std::array::from_fn(|k| {
        let part = (2 * k + 1) as f32 / COUNT as f32 - 1.0;
        ([Vec2::ZERO, back + half * part], width)
    })
}

/// The direction after this part of a full turn.
fn turned(part: f32) -> Vec2 {
    let (y, x) = (std::f32::consts::TAU * part).sin_cos();
    Vec2::new(x, y)
}

/// As many strokes as a size in dots needs.
fn needed(dots: f32, [least, most]: [f32; 2]) -> usize {
    (dots / DOTS).clamp(least, most) as usize
}

/// A regular polygon, each stroke from one side to the opposite one.
fn disc(dots: f32) -> Vec<Stroke> {
    let count = needed(dots, DISC);
    let (sin, cos) = (std::f32::consts::PI / (2 * count) as f32).sin_cos();
    let stroke = |k: usize| {
        let arm = turned(k as f32 / (2 * count) as f32) * cos;
        ([-arm, arm], 2.0 * sin)
    };
    (0..count).map(stroke).collect()
}

/// A convex polygon in horizontal bars.
fn filled(corners: &[Vec2], dots: f32) -> Vec<Stroke> {
    let count = needed(dots, BARS);
    let heights = || corners.iter().map(|corner| corner.y);
    let low = heights().fold(f32::INFINITY, f32::min);
    let high = heights().fold(f32::NEG_INFINITY, f32::max);
    let tall = (high - low) / count as f32;
    let bar = |k: usize| {
        let y = low + (k as f32 + 0.5) * tall;
        let (mut left, mut right) = (f32::INFINITY, f32::NEG_INFINITY);
        for (i, a) in corners.iter().enumerate() {
            let b = corners[(i + 1) % corners.len()];
            if (a.y > y) != (b.y > y) {
                let x = a.x + (b.x - a.x) * (y - a.y) / (b.y - a.y);
                (left, right) = (left.min(x), right.max(x));
            }
        }
        // A little wider, so that no light comes through.
        ([Vec2::new(left, y), Vec2::new(right, y)], 1.1 * tall)
    };
    (0..count).map(bar).collect()
}

/// The parts of a straight piece that are inked. The piece begins `start` along its curve; there
/// are so many pixels in a unit.
pub fn inked(
    [a, b]: [Vec3; 2],
    start: f32,
    [ink, gap]: [f32; 2],
    pixels: f32,
) -> impl Iterator<Item = [Vec3; 2]> {
    let long = (b - a).length();
    let period = ((ink + gap) / pixels).max(long / DASHES);
    let ink = period * ink / (ink + gap);
    let first = (start / period).floor();
    let count = ((start + long) / period).ceil() - first;
    (0..count as usize).filter_map(move |k| {
        let from = (first + k as f32) * period - start;
        let (from, to) = (from.max(0.0), (from + ink).min(long));
        (from < to).then(|| [from, to].map(|at| a + (b - a) * (at / long)))
    })
}
