//! Pictures in three dimensions: the layers of a panel that a camera looks at.
//!
//! Such a panel is drawn from back to front ([`marks`]): what lies nearer covers what lies behind,
//! and plain curves and arrows grow paler with distance. Its axes stand at the edges of a box whose
//! three far sides carry the grid ([`walls`]).

pub(super) mod marks;
pub mod stage;
pub(super) mod view;
pub(super) mod walls;

use super::{Marker, Rgb, Stroke};

/// A place in the units of the three axes.
pub type Place = [f64; 3];

/// From where a panel is looked at. Units: degrees.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Camera {
    /// The turn around the upright axis, from x towards y.
    pub azimuth: f64,
    /// The height above the horizon; below 0 one looks from beneath.
    pub elevation: f64,
}

/// Curves through points. Shapes: at `[p]`, values `[p]`.
#[derive(Debug, Clone, Default)]
pub struct Paths {
    /// The points of all curves, one curve after the other.
    pub at: Vec<Place>,
    /// Where each curve ends in `at`, ascending; the last one at its end.
    pub ends: Vec<usize>,
    /// Numbers that colour the curves by the panel's colour axis.
    pub values: Option<Vec<f64>>,
    pub stroke: Stroke,
    pub label: Option<String>,
}

/// Points. Shapes: at `[p]`, values `[p]`, sizes `[p]`.
#[derive(Debug, Clone)]
pub struct Points {
    pub at: Vec<Place>,
    /// Numbers that colour the points by the panel's colour axis.
    pub values: Option<Vec<f64>>,
    pub marker: Marker,
    /// Diameter in pixels, of each point where they differ.
    pub size: f64,
    pub sizes: Option<Vec<f64>>,
    pub colour: Option<Rgb>,
    pub opacity: f64,
    pub label: Option<String>,
}

/// Straight lines. Shapes: from `[p]`, to `[p]`, values `[p]`.
#[derive(Debug, Clone, Default)]
pub struct Arrows {
    pub from: Vec<Place>,
    pub to: Vec<Place>,
    /// Numbers that colour the arrows by the panel's colour axis.
    pub values: Option<Vec<f64>>,
    /// Whether each ends in a head.
    pub head: bool,
    pub stroke: Stroke,
    pub label: Option<String>,
}

/// Words beside points. Shapes: at `[p]`, texts `[p]`.
#[derive(Debug, Clone, Default)]
pub struct Labels {
    pub at: Vec<Place>,
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
    /// Each curve by itself, with the index of its first point.
    pub fn each(&self) -> impl Iterator<Item = (usize, &[Place])> {
        let starts = std::iter::once(0).chain(self.ends.iter().copied());
        starts
            .zip(&self.ends)
            .map(|(start, end)| (start, &self.at[start..*end]))
    }
}

impl Points {
    pub fn new(at: Vec<Place>) -> Points {
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
