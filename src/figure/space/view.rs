//! From places in three dimensions to places on the page.
//!
//! Each axis runs from 0 to 1 along one side of a box; the box is turned towards the camera and
//! seen from a distance, so that what is nearer is larger.

use super::{Place, walls};
use crate::base::Result;
use crate::figure::extent::{Range, of_numbers};
use crate::figure::text::Font;
use crate::figure::ticks::Ticks;
use crate::figure::trace::Point;
use crate::figure::{Axis, Camera, Layer, Panel};

/// How far the eye is from the middle of the box. Units: its longest side.
const DISTANCE: f64 = 4.0;
/// Height of the box in its width and depth, where the units of the axes differ.
const LOW: f64 = 0.85;
/// Room around the data, as a part of their span.
const ROOM: f64 = 0.04;
/// White between the words around the box and the edge of the panel.
const EDGE: f64 = 2.0;

/// The box of a panel, as the camera sees it.
#[derive(Debug, Clone)]
pub struct Space {
    pub ranges: [Range; 3],
    pub ticks: [Ticks; 3],
    sides: Place,
    /// Unit vectors to the right, upwards and towards the eye.
    turned: [Place; 3],
    scale: f64,
    middle: Point,
}

/// A place on the page, from the upper left corner of the panel on.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Spot {
    pub at: Point,
    /// 0 at the far end of the box, 1 at the near one.
    pub depth: f64,
    /// How much larger things are here than in the middle of the box.
    pub zoom: f64,
}

impl Space {
    /// The box of `panel` as large as fits into `size` with the words around it.
    ///
    /// Errors: `Range` where the span of the numbers is itself not a number
    pub fn fit(panel: &Panel, camera: Camera, size: [f64; 2], font: &Font) -> Result<Space> {
        let range = |k: usize| of_numbers(axis(panel, k), along(panel, k), |_, _| (ROOM, ROOM));
        let ranges = [range(0)?, range(1)?, range(2)?];
        let mut space = Space {
            ranges,
            ticks: Default::default(),
            sides: sides(panel, &ranges),
            turned: turned(camera),
            scale: 1.0,
            middle: [0.0; 2],
        };
        // The words need as much room as their ticks say, and these the size of the box.
        let mut margins = [36.0; 4];
        for _ in 0..3 {
            space.fill(size, margins);
            space.ticks = walls::ticks(&space, panel);
            margins = walls::margins(&space, panel, font).map(|room| room + EDGE);
        }
        space.fill(size, margins);
        Ok(space)
    }

    /// The sides of the box, the longest 1.
    pub fn sides(&self) -> Place {
        self.sides
    }

    /// Where a place lies in the box, from 0 to 1 along each side inside it; `None` for what has no
    /// place.
    pub fn parts(&self, place: &Place) -> Option<Place> {
        let part = |k: usize| self.ranges[k].part(place[k]);
        Some([part(0)?, part(1)?, part(2)?])
    }

    /// What part of the box is seen where.
    pub fn spot(&self, parts: Place) -> Spot {
        let [x, y, depth] = self.project(parts);
        let zoom = DISTANCE / (DISTANCE - depth);
        let half = self.sides.iter().map(|s| s * s).sum::<f64>().sqrt() / 2.0;
        Spot {
            at: [
                self.middle[0] + self.scale * x * zoom,
                self.middle[1] - self.scale * y * zoom,
            ],
            depth: (0.5 + depth / (2.0 * half)).clamp(0.0, 1.0),
            zoom,
        }
    }

    /// Whether the end of side `k` is the one nearer to the eye, or as near as its beginning.
    pub fn end_is_near(&self, k: usize) -> bool {
        let rounding = 1e-9;
        self.turned[2][k] >= -rounding
    }

    fn project(&self, parts: Place) -> Place {
        let along = |axis: Place| -> f64 {
            let each = |k: usize| (parts[k] - 0.5) * self.sides[k] * axis[k];
            each(0) + each(1) + each(2)
        };
        self.turned.map(along)
    }

    /// Makes the box as large as fits between the margins: left, right, above, below.
    fn fill(&mut self, size: [f64; 2], [left, right, above, below]: [f64; 4]) {
        (self.scale, self.middle) = (1.0, [0.0; 2]);
        let (low, high) = self.outline();
        let [wide, tall] = [high[0] - low[0], high[1] - low[1]];
        let inner = [size[0] - left - right, size[1] - above - below];
        let scale = (inner[0] / wide).min(inner[1] / tall);
        self.scale = scale.max(1.0);
        self.middle = [
            left + inner[0] / 2.0 - self.scale * (low[0] + high[0]) / 2.0,
            above + inner[1] / 2.0 - self.scale * (low[1] + high[1]) / 2.0,
        ];
    }

    /// The corners of the rectangle on the page that the box fills.
    pub fn outline(&self) -> (Point, Point) {
        let (mut low, mut high) = ([f64::INFINITY; 2], [f64::NEG_INFINITY; 2]);
        for corner in 0..8 {
            let end = |k: usize| f64::from(corner >> k & 1);
            let [x, y] = self.spot([end(0), end(1), end(2)]).at;
            low = [low[0].min(x), low[1].min(y)];
            high = [high[0].max(x), high[1].max(y)];
        }
        (low, high)
    }
}

/// The axis along side `k` of the box.
pub fn axis(panel: &Panel, k: usize) -> &Axis {
    [&panel.x, &panel.y, &panel.z][k]
}

/// Right, up and towards the eye, for x to the right and z upwards seen from azimuth -90.
fn turned(camera: Camera) -> [Place; 3] {
    let (turn, rise) = (camera.azimuth.to_radians(), camera.elevation.to_radians());
    let ((s, c), (high, flat)) = (turn.sin_cos(), rise.sin_cos());
    [
        [-s, c, 0.0],
        [-high * c, -high * s, flat],
        [flat * c, flat * s, high],
    ]
}

/// The sides of the box, the longest 1.
fn sides(panel: &Panel, ranges: &[Range; 3]) -> Place {
    /// A side shorter than this would show nothing.
    const LEAST: f64 = 0.02;
    if !panel.equal_aspect || ranges.iter().any(|range| range.log) {
        return [1.0, 1.0, LOW];
    }
    let longest = ranges.iter().map(Range::span).fold(0.0, f64::max);
    ranges.map(|range| (range.span() / longest).max(LEAST))
}

/// The numbers that side `k` has to show.
fn along(panel: &Panel, k: usize) -> impl Iterator<Item = f64> + '_ {
    let places = panel.layers.iter().flat_map(Layer::places);
    places.map(move |place| place[k])
}
