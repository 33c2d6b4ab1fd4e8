//! Three-dimensional panels: their layers, as seen by a camera.
//!
//! These panels are drawn from back to front ([`draw_layers`]): near elements cover far ones, and
//! curves and arrows of a single colour fade with distance. The axes lie at the edges of a box
//! whose three far faces show the grid ([`axes_box`]).

mod axes_box;
pub(super) mod box_layout;
pub(super) mod draw_box;
pub(super) mod draw_layers;
pub(super) mod outline;
mod projection;
pub mod scene;

use super::{Marker, Rgb, Stroke};

/// A position in data units.
pub type Point3 = [f64; 3];

/// The viewpoint of a panel. Units: degrees.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Camera {
    /// Rotation around the vertical axis, from x towards y.
    pub azimuth: f64,
    /// Angle above the horizontal plane; negative values look from below.
    pub elevation: f64,
}

/// Curves through points. Shapes: at `[p]`, values `[p]`.
#[derive(Debug, Clone, Default)]
pub struct Paths {
    /// The points of all curves, concatenated.
    pub at: Vec<Point3>,
    /// The end index of each curve in `at`, ascending; the last one equals the length of `at`.
    pub ends: Vec<usize>,
    /// Values that set the colours of the curves by the colour axis of the panel.
    pub values: Option<Vec<f64>>,
    pub stroke: Stroke,
    pub label: Option<String>,
}

/// Points. Shapes: at `[p]`, values `[p]`, sizes `[p]`.
#[derive(Debug, Clone)]
pub struct Points {
    pub at: Vec<Point3>,
    /// Values that set the colours of the points by the colour axis of the panel.
    pub values: Option<Vec<f64>>,
    pub marker: Marker,
    /// Diameter in pixels; `sizes` overrides it for each point.
    pub size: f64,
    pub sizes: Option<Vec<f64>>,
    pub colour: Option<Rgb>,
    pub opacity: f64,
    pub label: Option<String>,
}

/// Arrows or straight lines. Shapes: from `[p]`, to `[p]`, values `[p]`.
#[derive(Debug, Clone, Default)]
pub struct Arrows {
    pub from: Vec<Point3>,
    pub to: Vec<Point3>,
    /// Values that set the colours of the arrows by the colour axis of the panel.
    pub values: Option<Vec<f64>>,
    /// Whether each line has an arrowhead.
    pub head: bool,
    pub stroke: Stroke,
    pub label: Option<String>,
}

/// Text beside points. Shapes: at `[p]`, texts `[p]`.
#[derive(Debug, Clone, Default)]
pub struct Labels {
    pub at: Vec<Point3>,
    pub texts: Vec<String>,
    pub colour: Option<Rgb>,
}

impl Default for Camera {
    fn default() -> Camera {
        Camera {
            azimuth: -60.0,
            elevation: 22.0,
        }
    }
}

impl Paths {
    /// The curves, each with the index of its first point.
    pub fn each(&self) -> impl Iterator<Item = (usize, &[Point3])> {
        let starts = std::iter::once(0).chain(self.ends.iter().copied());
        starts
            .zip(&self.ends)
            .map(|(start, end)| (start, &self.at[start..*end]))
    }
}

impl Points {
    pub fn new(at: Vec<Point3>) -> Points {
        Points {
            at,
            values: None,
            marker: Marker::Dot,
            size: 7.0,
            sizes: None,
            colour: None,
            opacity: 1.0,
            label: None,
        }
    }
}
