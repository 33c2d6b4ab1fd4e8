//! Axis ranges, and the transformation from data to page coordinates.

use super::{Axis, ColourAxis, Layer, Panel, Side};
use crate::base::{Error, Result};

/// Margin around the data, as a fraction of their span.
const MARGIN: f64 = 0.05;
/// The same margin along x for curves, which may start close to the axis.
const CURVE_MARGIN: f64 = 0.02;
/// A span below this fraction of the values themselves is rounding error, not data.
const MIN_RELATIVE_SPAN: f64 = 1e-12;

/// The range of an axis.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Range {
    pub low: f64,
    pub high: f64,
    pub log: bool,
    pub reversed: bool,
}

/// The rectangle of a panel's axes on the page, in pixels, with y pointing downwards.
#[derive(Debug, Clone, Copy)]
pub struct Frame {
    pub left: f64,
    pub top: f64,
    pub width: f64,
    pub height: f64,
    pub x: Range,
    pub y: Range,
}

impl Range {
    /// The position of `v` as a fraction: 0 at the start of the axis and 1 at its end. `None` if it
    /// is not finite.
    pub fn fraction(&self, v: f64) -> Option<f64> {
        let (low, high, v) = if self.log {
            (self.low.ln(), self.high.ln(), v.ln())
        } else {
            (self.low, self.high, v)
        };
        let fraction = (v - low) / (high - low);
        fraction.is_finite().then_some(if self.reversed {
            1.0 - fraction
        } else {
            fraction
        })
    }

    /// The value at a fraction of the axis; the inverse of [`Range::fraction`].
    pub fn value(&self, fraction: f64) -> f64 {
        let fraction = if self.reversed {
            1.0 - fraction
        } else {
            fraction
        };
        if self.log {
            (self.low.ln() + (self.high.ln() - self.low.ln()) * fraction).exp()
        } else {
            self.low + (self.high - self.low) * fraction
        }
    }

    pub fn span(&self) -> f64 {
        self.high - self.low
    }
}

impl Frame {
    pub fn right(&self) -> f64 {
        self.left + self.width
    }

    pub fn bottom(&self) -> f64 {
        self.top + self.height
    }

    pub fn x_pixel(&self, x: f64) -> Option<f64> {
        Some(self.left + self.width * self.x.fraction(x)?)
    }

    pub fn y_pixel(&self, y: f64) -> Option<f64> {
        Some(self.bottom() - self.height * self.y.fraction(y)?)
    }

    pub fn pixel(&self, x: f64, y: f64) -> Option<[f64; 2]> {
        Some([self.x_pixel(x)?, self.y_pixel(y)?])
    }

    /// Whether a position lies inside the axes or on their edge.
    pub fn contains(&self, [x, y]: [f64; 2]) -> bool {
        let slack = 0.01;
        (self.left - slack..=self.right() + slack).contains(&x)
            && (self.top - slack..=self.bottom() + slack).contains(&y)
    }
}

/// The range of one axis of `panel`.
///
/// Errors: `Range` if the span of the values is not finite
pub fn of_axis(panel: &Panel, side: Side) -> Result<Range> {
    let axis: &Axis = match side {
        Side::X => &panel.x,
        Side::Y => &panel.y,
    };
    let values = panel
        .layers
        .iter()
        .flat_map(|layer| layer_values(layer, side));
    of_values(axis, values, |low, high| margins(panel, side, low, high))
}

/// The range of an axis that shows `values`. `margins` maps the smallest and the largest value to
/// the margins below and above, as fractions of their span.
///
/// Errors: `Range` if the span of the values is not finite
pub fn of_values(
    axis: &Axis,
    values: impl Iterator<Item = f64>,
    margins: impl Fn(f64, f64) -> (f64, f64),
) -> Result<Range> {
    if let Some([first, last]) = axis.limits {
        return Ok(Range {
            low: first.min(last),
            high: first.max(last),
            log: axis.log,
            reversed: axis.reversed != (first > last),
        });
    }
    let (low, high) = finite_range(values.filter(|v| !axis.log || *v > 0.0));
    let (low, high) = distinct_limits(low, high, axis.log)?;
    let (below, above) = margins(low, high);
    Ok(widen(low, high, axis, below, above))
}

/// The range of the panel's colour axis; `None` if no layer is coloured by values.
pub fn of_colour(panel: &Panel) -> Result<Option<Range>> {
    let axis: &ColourAxis = &panel.colour;
    let mut coloured = panel.layers.iter().filter_map(Layer::values).peekable();
    if coloured.peek().is_none() {
        return Ok(None);
    }
    let (low, high) = match axis.limits {
        Some([first, last]) => (first.min(last), first.max(last)),
        None => {
            let (low, high) = finite_range(coloured.flatten().copied());
            let largest = low.abs().max(high.abs());
            if axis.symmetric && largest > 0.0 && largest.is_finite() {
                (-largest, largest)
            } else {
                (low, high)
            }
        }
    };
    let (low, high) = distinct_limits(low, high, false)?;
    Ok(Some(Range {
        low,
        high,
        log: false,
        reversed: false,
    }))
}

fn finite_range(values: impl Iterator<Item = f64>) -> (f64, f64) {
    values
        .filter(|v| v.is_finite())
        .fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), v| {
            (low.min(v), high.max(v))
        })
}

/// Limits with a non-zero span: 0 to 1 for no data (1 to 10 on a log axis), and a margin on each
/// side of equal data.
fn distinct_limits(low: f64, high: f64, log: bool) -> Result<(f64, f64)> {
    let size = low.abs().max(high.abs());
    let (low, high) = match (low > high, log) {
        (true, true) => (1.0, 10.0),
        (true, false) => (0.0, 1.0),
        (false, true) if high <= low * (1.0 + MIN_RELATIVE_SPAN) => (low / 2.0, high * 2.0),
        (false, false) if size < f64::MIN_POSITIVE / MIN_RELATIVE_SPAN => (-0.5, 0.5),
        (false, false) if high - low <= size * MIN_RELATIVE_SPAN => {
            (low - size * 0.1, high + size * 0.1)
        }
        _ => (low, high),
    };
    if (high - low).is_finite() && high.abs() < f64::MAX / 10.0 {
        return Ok((low, high));
    }
    Err(Error::Range {
        of: "figure".into(),
        name: "data".into(),
        expected: "of a finite span".into(),
        found: format!("{low:e} to {high:e}"),
    })
}

fn margins(panel: &Panel, side: Side, low: f64, high: f64) -> (f64, f64) {
    let any = |is: fn(&Layer) -> bool| panel.layers.iter().any(is);
    if any(|layer| matches!(layer, Layer::Heatmap(_))) {
        return (0.0, 0.0);
    }
    let dots = any(|layer| matches!(layer, Layer::Scatter(_) | Layer::Stem(_) | Layer::Circle(_)));
    let margin = if side == Side::X && !dots {
        CURVE_MARGIN
    } else {
        MARGIN
    };
    let bars = side == Side::Y && any(|layer| matches!(layer, Layer::Bars(_)));
    let margin_at = |edge: f64| if bars && edge == 0.0 { 0.0 } else { margin };
    (margin_at(low), margin_at(high))
}

fn widen(low: f64, high: f64, axis: &Axis, below: f64, above: f64) -> Range {
    let (low, high) = if axis.log {
        let span = (high / low).ln();
        (low * (-span * below).exp(), high * (span * above).exp())
    } else {
        let span = high - low;
        (low - span * below, high + span * above)
    };
    Range {
        low: if axis.log {
            low.max(f64::MIN_POSITIVE)
        } else {
            low
        },
        high,
        log: axis.log,
        reversed: axis.reversed,
    }
}

/// The values of `layer` that one axis has to show.
fn layer_values(layer: &Layer, side: Side) -> Box<dyn Iterator<Item = f64> + '_> {
    match (layer, side) {
        (Layer::Line(l), Side::X) => values(&l.x),
        (Layer::Line(l), Side::Y) => values(&l.y),
        (Layer::Scatter(l), Side::X) => values(&l.x),
        (Layer::Scatter(l), Side::Y) => values(&l.y),
        (Layer::Stem(l), Side::X) => values(&l.x),
        (Layer::Stem(l), Side::Y) => Box::new(values(&l.y).chain([l.base])),
        (Layer::Bars(l), Side::X) => values(&l.edges),
        (Layer::Bars(l), Side::Y) => Box::new(values(&l.heights).chain([0.0])),
        (Layer::Band(l), Side::X) => values(&l.x),
        (Layer::Band(l), Side::Y) => Box::new(values(&l.low).chain(values(&l.high))),
        (Layer::Heatmap(l), Side::X) => values(&l.x),
        (Layer::Heatmap(l), Side::Y) => values(&l.y),
        (Layer::ReferenceLine(l), side) if l.side == side => Box::new([l.at].into_iter()),
        (Layer::Circle(l), side) => {
            let centre = l.centre[(side == Side::Y) as usize];
            Box::new([centre - l.radius, centre + l.radius].into_iter())
        }
        (Layer::Annotation(l), side) => Box::new([l.at[(side == Side::Y) as usize]].into_iter()),
        (Layer::ReferenceLine(_), _)
        | (Layer::Paths(_) | Layer::Points(_) | Layer::Arrows(_) | Layer::Labels(_), _) => {
            Box::new(std::iter::empty())
        }
    }
}

fn values(values: &[f64]) -> Box<dyn Iterator<Item = f64> + '_> {
    Box::new(values.iter().copied())
}
