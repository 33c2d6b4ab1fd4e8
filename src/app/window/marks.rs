//! Markers and dashes as straight strokes: the one mark that the library draws at any size (its
//! points are squares, and its balls cost a second a frame without a graphics card).

use kiss3d::prelude::{Vec2, Vec3};

use crate::figure::Marker;

/// Strokes of a disc, and of another shape that is filled.
const DISC: usize = 6;
const BARS: usize = 10;
/// Sides of a ring.
const RING: usize = 16;
/// The width of a stroke of markers that are not filled. Units: pixels.
const PEN: f32 = 1.7;
/// Dashes of one straight piece, at most.
const DASHES: f32 = 400.0;

/// A marker of size 2, so that places are in halves of its size; y upwards.
pub struct Shape {
    strokes: Vec<Stroke>,
    /// Whether it is filled, and has a white rim.
    pub solid: bool,
}

struct Stroke {
    ends: [Vec2; 2],
    width: f32,
}

impl Shape {
    pub fn new(marker: Marker) -> Shape {
        let turned = |part: f32| {
            let (y, x) = (std::f32::consts::TAU * part).sin_cos();
            Vec2::new(x, y)
        };
        let place = |[x, y]: [f64; 2]| Vec2::new(x as f32, -y as f32);
        let thin = |ends| Stroke { ends, width: 0.0 };
        let (strokes, solid): (Vec<Stroke>, bool) = match marker {
            Marker::Dot => {
                // A regular polygon, each stroke from one side to the opposite one.
                let (sin, cos) = (std::f32::consts::PI / (2 * DISC) as f32).sin_cos();
                let stroke = |k: usize| {
                    let arm = turned(k as f32 / (2 * DISC) as f32) * cos;
                    let (ends, width) = ([-arm, arm], 2.0 * sin);
                    Stroke { ends, width }
                };
                ((0..DISC).map(stroke).collect(), true)
            }
            Marker::Ring => {
                let corner = |k: usize| turned(k as f32 / RING as f32);
                let side = |k| thin([corner(k), corner(k + 1)]);
                ((0..RING).map(side).collect(), false)
            }
            Marker::Cross | Marker::Plus => {
                let strokes = marker.strokes().iter();
                (strokes.map(|ends| thin(ends.map(place))).collect(), false)
            }
            Marker::Square | Marker::Triangle | Marker::Diamond => {
                let corners: Vec<Vec2> = marker.corners().iter().copied().map(place).collect();
                (filled(&corners), true)
            }
        };
        Shape { strokes, solid }
    }

    /// The strokes of the marker at this size in pixels: ends from its middle, and widths.
    pub fn at(&self, size: f32) -> impl Iterator<Item = ([Vec2; 2], f32)> {
        let half = size / 2.0;
        self.strokes.iter().map(move |stroke| {
            let width = if self.solid { stroke.width * half } else { PEN };
            (stroke.ends.map(|end| end * half), width)
        })
    }
}

/// A convex polygon in horizontal bars.
fn filled(corners: &[Vec2]) -> Vec<Stroke> {
    let heights = || corners.iter().map(|corner| corner.y);
    let low = heights().fold(f32::INFINITY, f32::min);
    let high = heights().fold(f32::NEG_INFINITY, f32::max);
    let tall = (high - low) / BARS as f32;
    let bar = |k: usize| {
        let y = low + (k as f32 + 0.5) * tall;
        let (mut left, mut right) = (f32::INFINITY, f32::NEG_INFINITY);
        for (i, a) in corners.iter().enumerate() {
            let b = corners[(i + 1) % corners.len()];
            if (a.y - y) * (b.y - y) < 0.0 {
                let x = a.x + (b.x - a.x) * (y - a.y) / (b.y - a.y);
                (left, right) = (left.min(x), right.max(x));
            }
        }
        // A little wider, so that no light comes through.
        let (ends, width) = ([Vec2::new(left, y), Vec2::new(right, y)], 1.1 * tall);
        Stroke { ends, width }
    };
    (0..BARS).map(bar).collect()
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
