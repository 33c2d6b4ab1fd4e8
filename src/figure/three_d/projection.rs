//! Projection of data positions to the page.
//!
//! Each axis maps to 0 to 1 along one side of a box. The box is rotated towards the camera and
//! drawn in perspective, so that near elements are larger.

use super::{Camera, Point3};
use crate::base::Result;
use crate::figure::polyline::Point;
use crate::figure::scale::{Range, of_values};
use crate::figure::{Layer, Panel};

/// Distance between the eye and the centre of the box. Units: its longest side.
const EYE_DISTANCE: f64 = 4.0;
/// Height of the box relative to its width and depth, if the axes have different units.
const HEIGHT_RATIO: f64 = 0.85;
/// Margin around the data, as a fraction of their span.
const DATA_MARGIN: f64 = 0.04;

/// The box of a panel, as seen by its camera.
#[derive(Debug, Clone)]
pub struct Projection {
    pub ranges: [Range; 3],
    side_lengths: Point3,
    /// Unit vectors to the right, upwards and towards the eye.
    view_basis: [Point3; 3],
    scale: f64,
    middle: Point,
}

/// A projected position, relative to the upper left corner of the panel.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ProjectedPoint {
    pub position: Point,
    /// 0 at the far end of the box, 1 at the near end.
    pub depth: f64,
    /// Perspective magnification relative to the centre of the box.
    pub magnification: f64,
}

impl Projection {
    /// The projection of `panel`, in units of the longest side of the box.
    ///
    /// Errors: `Range` if the span of the values is not finite
    pub fn new(panel: &Panel, camera: Camera) -> Result<Projection> {
        let axes = [&panel.x, &panel.y, &panel.z];
        let range = |k: usize| {
            of_values(axes[k], axis_values(panel, k), |_, _| {
                (DATA_MARGIN, DATA_MARGIN)
            })
        };
        let ranges = [range(0)?, range(1)?, range(2)?];
        Ok(Projection {
            ranges,
            side_lengths: side_lengths(panel, &ranges),
            view_basis: view_basis(camera),
            scale: 1.0,
            middle: [0.0; 2],
        })
    }

    /// The side lengths of the box; the longest is 1.
    pub fn side_lengths(&self) -> Point3 {
        self.side_lengths
    }

    /// The box coordinates of a position, 0 to 1 along each side inside the box; `None` if one of
    /// them is not finite.
    pub fn box_coordinates(&self, position: &Point3) -> Option<Point3> {
        let part = |k: usize| self.ranges[k].fraction(position[k]);
        Some([part(0)?, part(1)?, part(2)?])
    }

    /// The projection of box coordinates to the panel.
    pub fn project(&self, fractions: Point3) -> ProjectedPoint {
        let [x, y, depth] = self.view_coordinates(fractions);
        let zoom = EYE_DISTANCE / (EYE_DISTANCE - depth);
        let half = self.side_lengths.iter().map(|s| s * s).sum::<f64>().sqrt() / 2.0;
        ProjectedPoint {
            position: [
                self.middle[0] + self.scale * x * zoom,
                self.middle[1] - self.scale * y * zoom,
            ],
            depth: (0.5 + depth / (2.0 * half)).clamp(0.0, 1.0),
            magnification: zoom,
        }
    }

    /// The unit vector towards the eye.
    pub fn towards_eye(&self) -> Point3 {
        self.view_basis[2]
    }

    fn view_coordinates(&self, fractions: Point3) -> Point3 {
        let along = |axis: Point3| -> f64 {
            let each = |k: usize| (fractions[k] - 0.5) * self.side_lengths[k] * axis[k];
            each(0) + each(1) + each(2)
        };
        self.view_basis.map(along)
    }

    /// Scales the box to the largest size that fits between the margins (left, right, above,
    /// below).
    pub fn scale_to_fit(&mut self, size: [f64; 2], [left, right, above, below]: [f64; 4]) {
        (self.scale, self.middle) = (1.0, [0.0; 2]);
        let (low, high) = self.outline();
        let [width, height] = [high[0] - low[0], high[1] - low[1]];
        let inner = [size[0] - left - right, size[1] - above - below];
        let scale = (inner[0] / width).min(inner[1] / height);
        self.scale = scale.max(1.0);
        self.middle = [
            left + inner[0] / 2.0 - self.scale * (low[0] + high[0]) / 2.0,
            above + inner[1] / 2.0 - self.scale * (low[1] + high[1]) / 2.0,
        ];
    }

    /// The lower and upper corner of the bounding rectangle of the box on the page.
    pub fn outline(&self) -> (Point, Point) {
        let (mut low, mut high) = ([f64::INFINITY; 2], [f64::NEG_INFINITY; 2]);
        for corner in 0..8 {
            let end = |k: usize| f64::from(corner >> k & 1);
            let [x, y] = self.project([end(0), end(1), end(2)]).position;
            low = [low[0].min(x), low[1].min(y)];
            high = [high[0].max(x), high[1].max(y)];
        }
        (low, high)
    }
}

/// The directions right, up and towards the eye; at azimuth -90, x points to the right and z
/// upwards.
fn view_basis(camera: Camera) -> [Point3; 3] {
    let (turn, rise) = (camera.azimuth.to_radians(), camera.elevation.to_radians());
    let ((s, c), (high, flat)) = (turn.sin_cos(), rise.sin_cos());
    [
        [-s, c, 0.0],
        [-high * c, -high * s, flat],
        [flat * c, flat * s, high],
    ]
}

/// The side lengths of the box; the longest is 1.
fn side_lengths(panel: &Panel, ranges: &[Range; 3]) -> Point3 {
    /// A shorter side would not be visible.
    const MIN_SIDE: f64 = 0.02;
    if !panel.equal_aspect || ranges.iter().any(|range| range.log) {
        return [1.0, 1.0, HEIGHT_RATIO];
    }
    let longest = ranges.iter().map(Range::span).fold(0.0, f64::max);
    ranges.map(|range| (range.span() / longest).max(MIN_SIDE))
}

/// The values that side `k` has to show.
fn axis_values(panel: &Panel, k: usize) -> impl Iterator<Item = f64> + '_ {
    let positions = panel.layers.iter().flat_map(Layer::positions);
    positions.map(move |position| position[k])
}
