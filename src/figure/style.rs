//! Styles of lines and points.

use super::Rgb;
use crate::choices;

choices! {
    /// Dash pattern of a line.
    pub enum Dash {
        #[default]
        Solid = "solid",
        Dashed = "dashed",
        Dotted = "dotted",
    }
}

choices! {
    /// Marker shape of a point.
    pub enum Marker {
        #[default]
        Dot = "dot",
        Square = "square",
        Triangle = "triangle",
        Diamond = "diamond",
        Cross = "cross",
        Plus = "plus",
        /// An unfilled circle.
        Ring = "ring",
    }
}

impl Dash {
    /// Lengths of dashes and gaps for a line of this width; `None` for a solid line. With butt caps
    /// (not `round`), a dot is as long as the line is wide.
    pub fn pattern(self, width: f64, round: bool) -> Option<[f64; 2]> {
        let [dash, gap]: [f64; 2] = match self {
            Dash::Solid => return None,
            Dash::Dashed => [4.0, 2.5],
            Dash::Dotted if round => [0.01, 2.2],
            Dash::Dotted => [1.0, 1.2],
        };
        let width = width.max(0.8);
        Some([dash * width, gap * width])
    }
}

impl Marker {
    /// The corners of a filled polygonal marker, in units of half its size; y points downwards.
    pub fn corners(self) -> &'static [[f64; 2]] {
        match self {
            Marker::Square => &[[-0.9, -0.9], [0.9, -0.9], [0.9, 0.9], [-0.9, 0.9]],
            Marker::Triangle => &[[0.0, -1.2], [1.1, 0.8], [-1.1, 0.8]],
            Marker::Diamond => &[[0.0, -1.3], [1.1, 0.0], [0.0, 1.3], [-1.1, 0.0]],
            Marker::Dot | Marker::Ring | Marker::Cross | Marker::Plus => &[],
        }
    }

    /// Whether the marker is filled; the other markers consist of strokes.
    pub fn is_filled(self) -> bool {
        !matches!(self, Marker::Cross | Marker::Plus | Marker::Ring)
    }

    /// The strokes of a cross or a plus, as end points; empty for other markers.
    pub fn strokes(self) -> &'static [[[f64; 2]; 2]] {
        match self {
            Marker::Plus => &[[[-1.0, 0.0], [1.0, 0.0]], [[0.0, -1.0], [0.0, 1.0]]],
            Marker::Cross => &[[[-0.9, -0.9], [0.9, 0.9]], [[-0.9, 0.9], [0.9, -0.9]]],
            _ => &[],
        }
    }
}

/// Style of a line. Units: pixels of 1/96 inch.
#[derive(Debug, Clone, Copy)]
pub struct Stroke {
    pub colour: Option<Rgb>,
    pub width: f64,
    pub dash: Dash,
    pub opacity: f64,
}

impl Default for Stroke {
    fn default() -> Stroke {
        Stroke {
            colour: None,
            width: 1.4,
            dash: Dash::Solid,
            opacity: 1.0,
        }
    }
}

impl Stroke {
    /// A thin dashed line for reference values.
    pub fn reference() -> Stroke {
        Stroke {
            colour: Some(super::colour::FAINT),
            width: 0.9,
            dash: Dash::Dashed,
            opacity: 1.0,
        }
    }
}
