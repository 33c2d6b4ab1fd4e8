//! What a panel shows: each layer is arrays and a style, in the units of the data.
//!
//! A colour left out is taken from the palette, in the order of the layers. A number that is not
//! finite leaves a gap.

use super::{Arrows, Labels, Marker, Paths, Place, Points, Rgb, Stroke};
use crate::tensor::order::counts;

/// One thing drawn in a panel, over the ones before it.
#[derive(Debug, Clone)]
pub enum Layer {
    Line(Line),
    Scatter(Scatter),
    Stem(Stem),
    Bars(Bars),
    Ribbon(Ribbon),
    Cells(Cells),
    Rule(Rule),
    Circle(Circle),
    Note(Note),
    Paths(Paths),
    Points(Points),
    Arrows(Arrows),
    Labels(Labels),
}

/// The direction of an axis.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    X,
    Y,
}

/// A curve through points. Shapes: x `[p]`, y `[p]`.
#[derive(Debug, Clone, Default)]
pub struct Line {
    pub x: Vec<f64>,
    pub y: Vec<f64>,
    pub stroke: Stroke,
    pub marker: Option<Marker>,
    pub label: Option<String>,
}

/// Points. Shapes: x `[p]`, y `[p]`, values `[p]`.
#[derive(Debug, Clone)]
pub struct Scatter {
    pub x: Vec<f64>,
    pub y: Vec<f64>,
    /// Numbers that colour the points by the panel's colour axis.
    pub values: Option<Vec<f64>>,
    pub marker: Marker,
    /// Diameter in pixels.
    pub size: f64,
    pub colour: Option<Rgb>,
    pub opacity: f64,
    pub label: Option<String>,
}

/// Points on stalks from `base`. Shapes: x `[p]`, y `[p]`.
#[derive(Debug, Clone)]
pub struct Stem {
    pub x: Vec<f64>,
    pub y: Vec<f64>,
    pub base: f64,
    /// Diameter of a head in pixels.
    pub size: f64,
    pub colour: Option<Rgb>,
    pub label: Option<String>,
}

/// Bars from zero. Shapes: edges `[p + 1]`, heights `[p]`.
#[derive(Debug, Clone, Default)]
pub struct Bars {
    pub edges: Vec<f64>,
    pub heights: Vec<f64>,
    pub colour: Option<Rgb>,
    pub label: Option<String>,
}

/// The area between two curves. Shapes: x `[p]`, low `[p]`, high `[p]`.
#[derive(Debug, Clone, Default)]
pub struct Ribbon {
    pub x: Vec<f64>,
    pub low: Vec<f64>,
    pub high: Vec<f64>,
    pub colour: Option<Rgb>,
    pub label: Option<String>,
}

/// A matrix in colours. Shapes: values `[rows * columns]`, row by row; row 0 lies at `y[0]`.
#[derive(Debug, Clone)]
pub struct Cells {
    pub values: Vec<f64>,
    pub rows: usize,
    pub columns: usize,
    /// Outer edges of the first and the last column.
    pub x: [f64; 2],
    /// Outer edges of the first and the last row.
    pub y: [f64; 2],
}

/// A line across the whole panel: at one x, or at one y.
#[derive(Debug, Clone)]
pub struct Rule {
    pub side: Side,
    pub at: f64,
    pub stroke: Stroke,
    pub label: Option<String>,
}

/// A circle in the units of the data.
#[derive(Debug, Clone)]
pub struct Circle {
    pub centre: [f64; 2],
    pub radius: f64,
    pub stroke: Stroke,
}

/// Words that begin at a point.
#[derive(Debug, Clone)]
pub struct Note {
    pub at: [f64; 2],
    pub text: String,
    pub colour: Option<Rgb>,
}

impl Line {
    pub fn new(x: Vec<f64>, y: Vec<f64>) -> Line {
        Line {
            x,
            y,
            ..Line::default()
        }
    }
}

impl Scatter {
    pub fn new(x: Vec<f64>, y: Vec<f64>) -> Scatter {
        Scatter {
            x,
            y,
            values: None,
            marker: Marker::Dot,
            size: 5.0,
            colour: None,
            opacity: 0.85,
            label: None,
        }
    }
}

impl Stem {
    pub fn new(x: Vec<f64>, y: Vec<f64>) -> Stem {
        Stem {
            x,
            y,
            base: 0.0,
            size: 4.5,
            colour: None,
            label: None,
        }
    }
}

impl Cells {
    /// A matrix whose cell `[row, column]` is centred on `x = column`, `y = row`.
    pub fn new(values: Vec<f64>, rows: usize, columns: usize) -> Cells {
        Cells {
            values,
            rows,
            columns,
            x: [-0.5, columns as f64 - 0.5],
            y: [-0.5, rows as f64 - 0.5],
        }
    }
}

impl Rule {
    /// A faint line at `at` across the panel: vertical for `Side::X`, horizontal for `Side::Y`.
    pub fn new(side: Side, at: f64) -> Rule {
        Rule {
            side,
            at,
            stroke: Stroke::reference(),
            label: None,
        }
    }
}

impl Bars {
    /// Counts of `data` in `bins` equal bins, or in as many as the rule of Freedman and Diaconis
    /// asks for. Numbers that are not finite are left out; bins are closed below, the last at both.
    pub fn histogram(data: &[f64], bins: Option<usize>) -> Bars {
        let mut sorted: Vec<f64> = data.iter().copied().filter(|v| v.is_finite()).collect();
        sorted.sort_by(f64::total_cmp);
        let (Some(&first), Some(&last)) = (sorted.first(), sorted.last()) else {
            return Bars {
                edges: vec![0.0],
                ..Bars::default()
            };
        };
        let widen = if first == last {
            0.5f64.max(first.abs() * 0.05)
        } else {
            0.0
        };
        let (low, high) = (first - widen, last + widen);
        let bins = bins.unwrap_or_else(|| freedman_diaconis(&sorted)).max(1);
        let (counts, edges) = counts(&sorted, bins, [low, high]);
        Bars {
            edges,
            heights: counts.into_iter().map(|n| n as f64).collect(),
            ..Bars::default()
        }
    }
}

impl Layer {
    /// The name in the legend.
    pub fn label(&self) -> Option<&str> {
        match self {
            Layer::Line(l) => l.label.as_deref(),
            Layer::Scatter(l) => l.label.as_deref(),
            Layer::Stem(l) => l.label.as_deref(),
            Layer::Bars(l) => l.label.as_deref(),
            Layer::Ribbon(l) => l.label.as_deref(),
            Layer::Rule(l) => l.label.as_deref(),
            Layer::Paths(l) => l.label.as_deref(),
            Layer::Points(l) => l.label.as_deref(),
            Layer::Arrows(l) => l.label.as_deref(),
            Layer::Cells(_) | Layer::Circle(_) | Layer::Note(_) | Layer::Labels(_) => None,
        }
    }

    /// The place of the name in the legend, for layers that can have one.
    pub fn label_mut(&mut self) -> Option<&mut Option<String>> {
        match self {
            Layer::Line(l) => Some(&mut l.label),
            Layer::Scatter(l) => Some(&mut l.label),
            Layer::Stem(l) => Some(&mut l.label),
            Layer::Bars(l) => Some(&mut l.label),
            Layer::Ribbon(l) => Some(&mut l.label),
            Layer::Rule(l) => Some(&mut l.label),
            Layer::Paths(l) => Some(&mut l.label),
            Layer::Points(l) => Some(&mut l.label),
            Layer::Arrows(l) => Some(&mut l.label),
            Layer::Cells(_) | Layer::Circle(_) | Layer::Note(_) | Layer::Labels(_) => None,
        }
    }

    /// Whether the layer stands in a panel of three dimensions.
    pub fn is_solid(&self) -> bool {
        use Layer::{Arrows, Labels, Paths, Points};
        matches!(self, Paths(_) | Points(_) | Arrows(_) | Labels(_))
    }

    /// The places of a layer in three dimensions; none of a flat one.
    pub(super) fn places(&self) -> impl Iterator<Item = &Place> {
        let (first, second): (&[Place], &[Place]) = match self {
            Layer::Paths(l) => (&l.at, &[]),
            Layer::Points(l) => (&l.at, &[]),
            Layer::Arrows(l) => (&l.from, &l.to),
            Layer::Labels(l) => (&l.at, &[]),
            _ => (&[], &[]),
        };
        first.iter().chain(second)
    }

    /// Numbers that the colour axis shows.
    pub fn values(&self) -> Option<&[f64]> {
        match self {
            Layer::Cells(cells) => Some(&cells.values),
            Layer::Scatter(scatter) => scatter.values.as_deref(),
            Layer::Paths(paths) => paths.values.as_deref(),
            Layer::Points(points) => points.values.as_deref(),
            Layer::Arrows(arrows) => arrows.values.as_deref(),
            _ => None,
        }
    }

    /// The colour asked for; `None` for one of the palette.
    pub(super) fn colour(&self) -> Option<Rgb> {
        match self {
            Layer::Line(l) => l.stroke.colour,
            Layer::Scatter(l) => l.colour,
            Layer::Stem(l) => l.colour,
            Layer::Bars(l) => l.colour,
            Layer::Ribbon(l) => l.colour,
            Layer::Rule(l) => Some(l.stroke.colour.unwrap_or(super::colour::FAINT)),
            Layer::Circle(l) => Some(l.stroke.colour.unwrap_or(super::colour::FAINT)),
            Layer::Note(l) => Some(l.colour.unwrap_or(super::colour::INK)),
            Layer::Cells(_) => Some(super::colour::INK),
            Layer::Paths(l) => l.stroke.colour,
            Layer::Points(l) => l.colour,
            Layer::Arrows(l) => l.stroke.colour,
            Layer::Labels(l) => Some(l.colour.unwrap_or(super::colour::INK)),
        }
    }
}

/// Bins of width 2 IQR / n^(1/3). Source: Freedman and Diaconis, 1981.
fn freedman_diaconis(sorted: &[f64]) -> usize {
    /// More bars than this are thinner than a reader can see.
    const MOST: f64 = 100.0;
    let n = sorted.len();
    let range = sorted[n - 1] - sorted[0];
    let spread = sorted[(3 * n / 4).min(n - 1)] - sorted[n / 4];
    let width = 2.0 * spread / (n as f64).cbrt();
    let sturges = (n as f64).log2().ceil() + 1.0;
    let bins = if width > 0.0 { range / width } else { sturges };
    bins.ceil().clamp(1.0, MOST) as usize
}
