//! The box around a three-dimensional panel: faces with their grid, edges with their ticks, and the
//! labels of the axes.
//!
//! The image, the window and the page read the same box. Its geometry uses box coordinates, 0 to 1
//! along each side, and does not depend on the camera. The visible part depends only on which end
//! of each side is nearer to the eye, so the box lists the faces and edges of all eight
//! [views](BoxView).

use super::Point3;
use crate::figure::polyline::Point;
use crate::figure::scale::Range;
use crate::figure::text::to_unicode;
use crate::figure::ticks::of_axis;
use crate::figure::{Axis, Panel, Rgb};

/// The box of a panel.
#[derive(Debug, Clone)]
pub struct AxesBox {
    pub axes: [BoxAxis; 3],
    /// The faces at the start and at the end of side 0, then of sides 1 and 2.
    pub faces: [Face; 6],
    /// The four edges parallel to side 0, then those parallel to sides 1 and 2.
    pub edges: [Edge; 12],
    /// The views; bit `k` of the index states whether the end of side `k` is near to the eye.
    pub views: [BoxView; 8],
}

/// The labels and the range of one axis.
#[derive(Debug, Clone)]
pub struct BoxAxis {
    pub label: String,
    /// Position (0 to 1 along the side) and label of each tick.
    pub ticks: Vec<(f64, String)>,
    pub range: Range,
}

/// A face of the box.
#[derive(Debug, Clone, PartialEq)]
pub struct Face {
    pub corners: [Point3; 4],
    /// Lines across the face of side `k` at the ticks of axes `k + 1` and `k + 2` (modulo 3).
    pub grid: [Vec<[Point3; 2]>; 2],
}

/// An edge of the box.
#[derive(Debug, Clone, PartialEq)]
pub struct Edge {
    /// Start and end of the axis.
    pub ends: [Point3; 2],
    /// The positions of the ticks of the axis.
    pub ticks: Vec<Point3>,
}

/// The faces and edges of the box that are drawn from some directions, as indices.
#[derive(Debug, Clone, PartialEq)]
pub struct BoxView {
    /// The far face perpendicular to each side.
    pub faces: [usize; 3],
    /// For each axis, the edges of the outline where it can be labelled: below the box for the
    /// horizontal axes; for the vertical axis both edges, of which the left one is used.
    pub edges: [Vec<usize>; 3],
}

impl AxesBox {
    pub const FACE_COLOUR: Rgb = Rgb(0xf6, 0xf6, 0xf8);
    pub const GRID_COLOUR: Rgb = Rgb(0xdc, 0xdc, 0xe2);
    /// An edge that is drawn shorter than this has no labels. Units: pixels.
    pub const MIN_EDGE: f64 = 40.0;
    /// Cosine of the viewing angle above which interactive views do not label an edge, because it
    /// is nearly parallel to the line of sight.
    pub const MAX_COSINE: f64 = 0.97;
    /// Tolerance for the direction of the eye, which the window computes in single precision.
    pub const ROUNDING: f64 = 1e-6;

    /// The box of `panel`, with the requested ticks or at most `max_counts` automatic ones on each
    /// axis.
    pub fn new(panel: &Panel, ranges: &[Range; 3], max_counts: [usize; 3]) -> AxesBox {
        let axes = [0, 1, 2].map(|k| BoxAxis::new(axis(panel, k), ranges[k], max_counts[k]));
        AxesBox {
            faces: std::array::from_fn(|i| Face::new(&axes, i / 2, (i % 2) as f64)),
            edges: std::array::from_fn(|i| Edge::new(&axes, i / 4, i % 4)),
            views: std::array::from_fn(BoxView::new),
            axes,
        }
    }

    /// The box with Unicode characters instead of the markup for superscripts and subscripts.
    pub fn with_unicode_labels(mut self) -> AxesBox {
        for axis in &mut self.axes {
            axis.label = to_unicode(&axis.label);
            for (_, label) in &mut axis.ticks {
                *label = to_unicode(label);
            }
        }
        self
    }

    /// The view from a direction, given as a vector towards the eye.
    pub fn view(&self, towards_eye: Point3) -> &BoxView {
        let bit = |k: usize| usize::from(towards_eye[k] >= -AxesBox::ROUNDING) << k;
        &self.views[bit(0) | bit(1) | bit(2)]
    }

    /// The far faces of a view.
    pub fn far_faces(&self, view: &BoxView) -> [&Face; 3] {
        view.faces.map(|i| &self.faces[i])
    }

    /// The grid lines at the ticks of axis `k` on the two far faces parallel to it.
    pub fn grid(&self, view: &BoxView, k: usize) -> impl Iterator<Item = [Point3; 2]> {
        let faces = self.far_faces(view);
        let next = faces[(k + 1) % 3].grid[1].iter();
        next.chain(&faces[(k + 2) % 3].grid[0]).copied()
    }

    /// The edges of a view where axis `k` can be labelled.
    pub fn label_edges(&self, view: &BoxView, k: usize) -> impl Iterator<Item = &Edge> {
        view.edges[k].iter().map(|i| &self.edges[*i])
    }
}

impl BoxAxis {
    fn new(axis: &Axis, range: Range, max_count: usize) -> BoxAxis {
        let ticks = of_axis(axis, &range, max_count, 0.0);
        BoxAxis {
            label: ticks.label_with_exponent(&axis.label),
            ticks: ticks.fractions(&range),
            range,
        }
    }

    /// The value at a fraction of the side. Fractions have single precision, so a value below that
    /// precision is returned as zero.
    pub fn value(&self, fraction: f32) -> f64 {
        let value = self.range.value(f64::from(fraction));
        let zero_threshold = 1e-7 * self.range.span().abs();
        if !self.range.log && value.abs() < zero_threshold {
            return 0.0;
        }
        value
    }
}

impl Face {
    pub fn border(&self) -> impl Iterator<Item = [Point3; 2]> {
        (0..4).map(|i| [self.corners[i], self.corners[(i + 1) % 4]])
    }

    /// The face perpendicular to `side` at its start (0) or end (1).
    fn new(axes: &[BoxAxis; 3], side: usize, end: f64) -> Face {
        let (a, b) = ((side + 1) % 3, (side + 2) % 3);
        let point = |at_a: f64, at_b: f64| point([(side, end), (a, at_a), (b, at_b)]);
        let lines = |k: usize, line: &dyn Fn(f64) -> [Point3; 2]| {
            axes[k].ticks.iter().map(|(at, _)| line(*at)).collect()
        };
        Face {
            corners: [
                point(0.0, 0.0),
                point(1.0, 0.0),
                point(1.0, 1.0),
                point(0.0, 1.0),
            ],
            grid: [
                lines(a, &|at| [point(at, 0.0), point(at, 1.0)]),
                lines(b, &|at| [point(0.0, at), point(1.0, at)]),
            ],
        }
    }
}

impl Edge {
    /// The edge parallel to side `k` at the ends of the other two sides that the bits of `ends`
    /// select.
    fn new(axes: &[BoxAxis; 3], k: usize, ends: usize) -> Edge {
        let [a, b] = other_sides(k);
        let (at_a, at_b) = ((ends & 1) as f64, (ends >> 1) as f64);
        let point = |at: f64| point([(k, at), (a, at_a), (b, at_b)]);
        Edge {
            ends: [point(0.0), point(1.0)],
            ticks: axes[k].ticks.iter().map(|(at, _)| point(*at)).collect(),
        }
    }
}

impl BoxView {
    /// The view in which the ends of the sides selected by the bits of `near` are near to the eye.
    fn new(near: usize) -> BoxView {
        let near = |k: usize| near >> k & 1;
        let far = |k: usize| 1 - near(k);
        let edge = |k: usize, [at_a, at_b]: [usize; 2]| 4 * k + at_a + 2 * at_b;
        BoxView {
            faces: [0, 1, 2].map(|k| 2 * k + far(k)),
            edges: [
                vec![edge(0, [near(1), far(2)])],
                vec![edge(1, [near(0), far(2)])],
                vec![edge(2, [near(0), far(1)]), edge(2, [far(0), near(1)])],
            ],
        }
    }
}

/// The unit vector perpendicular to a projected edge that points away from the centre of the box.
pub fn outward([from, to]: [Point; 2], centre: Point) -> Point {
    let length = (to[0] - from[0]).hypot(to[1] - from[1]);
    let middle = [(from[0] + to[0]) / 2.0, (from[1] + to[1]) / 2.0];
    let along = [(to[0] - from[0]) / length, (to[1] - from[1]) / length];
    let across = [-along[1], along[0]];
    let away = across[0] * (middle[0] - centre[0]) + across[1] * (middle[1] - centre[1]);
    across.map(|x| x * if away < 0.0 { -1.0 } else { 1.0 })
}

/// The axis along side `k` of the box.
fn axis(panel: &Panel, k: usize) -> &Axis {
    [&panel.x, &panel.y, &panel.z][k]
}

fn other_sides(k: usize) -> [usize; 2] {
    [[1, 2], [0, 2], [0, 1]][k]
}

/// The position with these coordinates along the given sides.
fn point(coordinates: [(usize, f64); 3]) -> Point3 {
    let mut point = [0.0; 3];
    for (side, at) in coordinates {
        point[side] = at;
    }
    point
}
