//! How lines and points are drawn.

use super::Rgb;
use crate::choices;

choices! {
    /// How a line is broken up.
    pub enum Dash {
        #[default]
        Solid = "solid",
        Dashed = "dashed",
        Dotted = "dotted",
    }
}

choices! {
    /// The shape that stands for one point.
    pub enum Marker {
        #[default]
        Dot = "dot",
        Square = "square",
        Triangle = "triangle",
        Diamond = "diamond",
        Cross = "cross",
        Plus = "plus",
        /// A circle that is not filled.
        Ring = "ring",
    }
}

impl Dash {
    /// Lengths of ink and of what is left out in a line of this width; `None` for a whole line.
    /// Where ends are not `round`, the ink of a dot is as long as it is wide.
    pub fn pattern(self, width: f64, round: bool) -> Option<[f64; 2]> {
        let [ink, gap]: [f64; 2] = match self {
            Dash::Solid => return None,
            Dash::Dashed => [4.0, 2.5],
            Dash::Dotted if round => [0.01, 2.2],
            Dash::Dotted => [1.0, 1.2],
        };
        let width = width.max(0.8);
        Some([ink * width, gap * width])
    }
}

impl Marker {
    /// The corners of a marker that is filled and no disc, in halves of its size; y downwards.
    pub fn corners(self) -> &'static [[f64; 2]] {
        match self {
            Marker::Square => &[[-0.9, -0.9], [0.9, -0.9], [0.9, 0.9], [-0.9, 0.9]],
            Marker::Triangle => &[[0.0, -1.2], [1.1, 0.8], [-1.1, 0.8]],
            Marker::Diamond => &[[0.0, -1.3], [1.1, 0.0], [0.0, 1.3], [-1.1, 0.0]],
            Marker::Dot | Marker::Ring | Marker::Cross | Marker::Plus => &[],
        }
    }

    /// Whether ink fills the marker; others are lines.
    pub fn is_filled(self) -> bool {
        !matches!(self, Marker::Cross | Marker::Plus | Marker::Ring)
    }

    /// The two strokes of a marker that is nothing else, from end to end.
    pub fn strokes(self) -> &'static [[[f64; 2]; 2]] {
        match self {
            Marker::Plus => &[[[-1.0, 0.0], [1.0, 0.0]], [[0.0, -1.0], [0.0, 1.0]]],
            Marker::Cross => &[[[-0.9, -0.9], [0.9, 0.9]], [[-0.9, 0.9], [0.9, -0.9]]],
            _ => &[],
        }
    }
}

/// How a line is drawn. Units: pixels of 1/96 inch.
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
    /// A thin dashed line that stays behind the data.
    pub fn reference() -> Stroke {
        Stroke {
            colour: Some(super::colour::FAINT),
            width: 0.9,
            dash: Dash::Dashed,
            opacity: 1.0,
        }
    }
}
