//! Layers of a panel: each consists of arrays and a style, in data units. A missing colour is taken
//! from the palette, in the order of the layers. A value that is not finite leaves a gap.

use super::{Arrows, Labels, Marker, Paths, Point3, Points, Rgb, Stroke};
use crate::tensor::sort::bin_counts;

/// One layer of a panel, drawn over the previous ones.
#[derive(Debug, Clone)]
pub enum Layer {
    Line(Line),
    Scatter(Scatter),
    Stem(Stem),
    Bars(Bars),
    Band(Band),
    Heatmap(Heatmap),
    ReferenceLine(ReferenceLine),
    Circle(Circle),
    Annotation(Annotation),
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
    /// Values that set the colours of the points by the colour axis of the panel.
    pub values: Option<Vec<f64>>,
    pub marker: Marker,
    /// Diameter in pixels.
    pub size: f64,
    pub colour: Option<Rgb>,
    pub opacity: f64,
    pub label: Option<String>,
}

/// Points on stems that start at `base`. Shapes: x `[p]`, y `[p]`.
#[derive(Debug, Clone)]
pub struct Stem {
    pub x: Vec<f64>,
    pub y: Vec<f64>,
    pub base: f64,
    /// Diameter of the marker in pixels.
    pub size: f64,
    pub colour: Option<Rgb>,
    pub label: Option<String>,
}

/// Bars that start at zero. Shapes: edges `[p + 1]`, heights `[p]`.
#[derive(Debug, Clone, Default)]
pub struct Bars {
    pub edges: Vec<f64>,
    pub heights: Vec<f64>,
    pub colour: Option<Rgb>,
    pub label: Option<String>,
}

/// The area between two curves. Shapes: x `[p]`, low `[p]`, high `[p]`.
#[derive(Debug, Clone, Default)]
pub struct Band {
    pub x: Vec<f64>,
    pub low: Vec<f64>,
    pub high: Vec<f64>,
    pub colour: Option<Rgb>,
    pub label: Option<String>,
}

/// A matrix shown as colours. Shapes: values `[rows * columns]`, row-major; row 0 is at `y[0]`.
#[derive(Debug, Clone)]
pub struct Heatmap {
    pub values: Vec<f64>,
    pub rows: usize,
    pub columns: usize,
    /// Outer edges of the first and the last column.
    pub x: [f64; 2],
    /// Outer edges of the first and the last row.
    pub y: [f64; 2],
}

/// A line across the whole panel at a constant x or y.
#[derive(Debug, Clone)]
pub struct ReferenceLine {
    pub side: Side,
    pub at: f64,
    pub stroke: Stroke,
    pub label: Option<String>,
}

/// A circle in data units.
#[derive(Debug, Clone)]
pub struct Circle {
    pub centre: [f64; 2],
    pub radius: f64,
    pub stroke: Stroke,
}

/// Text that starts at a point.
#[derive(Debug, Clone)]
pub struct Annotation {
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

impl Heatmap {
    /// A matrix whose cell `[row, column]` is centred at `x = column`, `y = row`.
    pub fn new(values: Vec<f64>, rows: usize, columns: usize) -> Heatmap {
        Heatmap {
            values,
            rows,
            columns,
            x: [-0.5, columns as f64 - 0.5],
            y: [-0.5, rows as f64 - 0.5],
        }
    }
}

impl ReferenceLine {
    /// A faint line at `at` across the panel: vertical for `Side::X`, horizontal for `Side::Y`.
    pub fn new(side: Side, at: f64) -> ReferenceLine {
        ReferenceLine {
            side,
            at,
            stroke: Stroke::reference(),
            label: None,
        }
    }
}

impl Bars {
    /// A histogram of `data` with `bins` equal bins; `None` chooses the number of bins by the rule
    /// of Freedman and Diaconis. Values that are not finite are ignored. Bins are closed on the
    /// left, the last one on both sides.
    pub fn histogram(data: &[f64], bins: Option<usize>) -> Bars {
        let mut sorted: Vec<f64> = data.iter().copied().filter(|v| v.is_finite()).collect();
        sorted.sort_by(f64::total_cmp);
        let (Some(&first), Some(&last)) = (sorted.first(), sorted.last()) else {
            return Bars {
                edges: vec![0.0],
                ..Bars::default()
            };
        };
        let padding = if first == last {
            0.5f64.max(first.abs() * 0.05)
        } else {
            0.0
        };
        let (low, high) = (first - padding, last + padding);
        let bins = bins.unwrap_or_else(|| freedman_diaconis(&sorted)).max(1);
        let (counts, edges) = bin_counts(&sorted, bins, [low, high]);
        Bars {
            edges,
            heights: counts.into_iter().map(|n| n as f64).collect(),
            ..Bars::default()
        }
    }
}

impl Layer {
    /// The label in the legend.
    pub fn label(&self) -> Option<&str> {
        match self {
            Layer::Line(l) => l.label.as_deref(),
            Layer::Scatter(l) => l.label.as_deref(),
            Layer::Stem(l) => l.label.as_deref(),
            Layer::Bars(l) => l.label.as_deref(),
            Layer::Band(l) => l.label.as_deref(),
            Layer::ReferenceLine(l) => l.label.as_deref(),
            Layer::Paths(l) => l.label.as_deref(),
            Layer::Points(l) => l.label.as_deref(),
            Layer::Arrows(l) => l.label.as_deref(),
            Layer::Heatmap(_) | Layer::Circle(_) | Layer::Annotation(_) | Layer::Labels(_) => None,
        }
    }

    /// Mutable access to the legend label; `None` for layers that cannot have one.
    pub fn label_mut(&mut self) -> Option<&mut Option<String>> {
        match self {
            Layer::Line(l) => Some(&mut l.label),
            Layer::Scatter(l) => Some(&mut l.label),
            Layer::Stem(l) => Some(&mut l.label),
            Layer::Bars(l) => Some(&mut l.label),
            Layer::Band(l) => Some(&mut l.label),
            Layer::ReferenceLine(l) => Some(&mut l.label),
            Layer::Paths(l) => Some(&mut l.label),
            Layer::Points(l) => Some(&mut l.label),
            Layer::Arrows(l) => Some(&mut l.label),
            Layer::Heatmap(_) | Layer::Circle(_) | Layer::Annotation(_) | Layer::Labels(_) => None,
        }
    }

    /// Whether the layer belongs in a three-dimensional panel.
    pub fn is_3d(&self) -> bool {
        use Layer::{Arrows, Labels, Paths, Points};
        matches!(self, Paths(_) | Points(_) | Arrows(_) | Labels(_))
    }

    /// The positions of a three-dimensional layer; empty for a flat layer.
    pub(super) fn positions(&self) -> impl Iterator<Item = &Point3> {
        let (first, second): (&[Point3], &[Point3]) = match self {
            Layer::Paths(l) => (&l.at, &[]),
            Layer::Points(l) => (&l.at, &[]),
            Layer::Arrows(l) => (&l.from, &l.to),
            Layer::Labels(l) => (&l.at, &[]),
            _ => (&[], &[]),
        };
        first.iter().chain(second)
    }

    /// The values that the colour axis shows.
    pub fn values(&self) -> Option<&[f64]> {
        match self {
            Layer::Heatmap(cells) => Some(&cells.values),
            Layer::Scatter(scatter) => scatter.values.as_deref(),
            Layer::Paths(paths) => paths.values.as_deref(),
            Layer::Points(points) => points.values.as_deref(),
            Layer::Arrows(arrows) => arrows.values.as_deref(),
            _ => None,
        }
    }

    /// The colour of the layer itself; `None` if it is taken from the palette.
    pub(super) fn own_colour(&self) -> Option<Rgb> {
        match self {
            Layer::Line(l) => l.stroke.colour,
            Layer::Scatter(l) => l.colour,
            Layer::Stem(l) => l.colour,
            Layer::Bars(l) => l.colour,
            Layer::Band(l) => l.colour,
            Layer::ReferenceLine(l) => Some(l.stroke.colour.unwrap_or(super::colour::FAINT)),
            Layer::Circle(l) => Some(l.stroke.colour.unwrap_or(super::colour::FAINT)),
            Layer::Annotation(l) => Some(l.colour.unwrap_or(super::colour::INK)),
            Layer::Heatmap(_) => Some(super::colour::INK),
            Layer::Paths(l) => l.stroke.colour,
            Layer::Points(l) => l.colour,
            Layer::Arrows(l) => l.stroke.colour,
            Layer::Labels(l) => Some(l.colour.unwrap_or(super::colour::INK)),
        }
    }
}

/// Bins of width 2 IQR / n^(1/3). Source: Freedman and Diaconis, 1981.
fn freedman_diaconis(sorted: &[f64]) -> usize {
    /// More bars than this would be too thin to see.
    const MAX_BINS: f64 = 100.0;
    let n = sorted.len();
    let range = sorted[n - 1] - sorted[0];
    let iqr = sorted[(3 * n / 4).min(n - 1)] - sorted[n / 4];
    let width = 2.0 * iqr / (n as f64).cbrt();
    let sturges = (n as f64).log2().ceil() + 1.0;
    let bins = if width > 0.0 { range / width } else { sturges };
    bins.ceil().clamp(1.0, MAX_BINS) as usize
}
