//! From numbers to places: the range an axis shows, and where in it a number lies.

use super::{Axis, ColourAxis, Layer, Panel, Side};
use crate::base::{Error, Result};

/// Room around the data, as a part of their span.
const ROOM: f64 = 0.05;
/// The same along x for curves, which may well begin at the axis.
const ROOM_ALONG: f64 = 0.02;
/// A span smaller than this part of the numbers themselves is rounding, not data.
const ALIKE: f64 = 1e-12;

/// The numbers an axis shows.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Range {
    pub low: f64,
    pub high: f64,
    pub log: bool,
    pub reversed: bool,
}

/// The place of a panel's axes on the page, in pixels, y downwards.
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
    /// Where `v` lies, 0 at the start of the axis and 1 at its end; `None` for what has no place.
    pub fn part(&self, v: f64) -> Option<f64> {
        let (low, high, v) = if self.log {
            (self.low.ln(), self.high.ln(), v.ln())
        } else {
            (self.low, self.high, v)
        };
        let part = (v - low) / (high - low);
        part.is_finite()
            .then_some(if self.reversed { 1.0 - part } else { part })
    }

    /// The number at a part of the axis: what [`Range::part`] undoes.
    pub fn number(&self, part: f64) -> f64 {
        let part = if self.reversed { 1.0 - part } else { part };
        if self.log {
            (self.low.ln() + (self.high.ln() - self.low.ln()) * part).exp()
        } else {
            self.low + (self.high - self.low) * part
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

    pub fn across(&self, x: f64) -> Option<f64> {
        Some(self.left + self.width * self.x.part(x)?)
    }

    pub fn down(&self, y: f64) -> Option<f64> {
        Some(self.bottom() - self.height * self.y.part(y)?)
    }

    pub fn place(&self, x: f64, y: f64) -> Option<[f64; 2]> {
        Some([self.across(x)?, self.down(y)?])
    }

    /// Whether a place lies on the axes or inside them.
    pub fn holds(&self, [x, y]: [f64; 2]) -> bool {
        let slack = 0.01;
        (self.left - slack..=self.right() + slack).contains(&x)
            && (self.top - slack..=self.bottom() + slack).contains(&y)
    }
}

/// The range of one axis of `panel`.
///
/// Errors: `Range` where the span of the numbers is itself not a number.
pub fn of_axis(panel: &Panel, side: Side) -> Result<Range> {
    let axis: &Axis = match side {
        Side::X => &panel.x,
        Side::Y => &panel.y,
    };
    let numbers = panel.layers.iter().flat_map(|layer| along(layer, side));
    of_numbers(axis, numbers, |low, high| room(panel, side, low, high))
}

/// The range of an axis that shows `numbers`. `room` says for the least and the largest of them how
/// much is added below and above, as parts of their span.
///
/// Errors: `Range` where the span of the numbers is itself not a number.
pub fn of_numbers(
    axis: &Axis,
    numbers: impl Iterator<Item = f64>,
    room: impl Fn(f64, f64) -> (f64, f64),
) -> Result<Range> {
    if let Some([first, last]) = axis.limits {
        return Ok(Range {
            low: first.min(last),
            high: first.max(last),
            log: axis.log,
            reversed: axis.reversed != (first > last),
        });
    }
    let (low, high) = spread(numbers.filter(|v| !axis.log || *v > 0.0));
    let (low, high) = apart(low, high, axis.log)?;
    let (below, above) = room(low, high);
    Ok(widened(low, high, axis, below, above))
}

/// The range of the panel's colours; `None` where nothing is coloured by a number.
pub fn of_colour(panel: &Panel) -> Result<Option<Range>> {
    let axis: &ColourAxis = &panel.colour;
    let mut coloured = panel.layers.iter().filter_map(Layer::values).peekable();
    if coloured.peek().is_none() {
        return Ok(None);
    }
    let (low, high) = match axis.limits {
        Some([first, last]) => (first.min(last), first.max(last)),
        None => {
            let (low, high) = spread(coloured.flatten().copied());
            let most = low.abs().max(high.abs());
            if axis.symmetric && most > 0.0 && most.is_finite() {
                (-most, most)
            } else {
                (low, high)
            }
        }
    };
    let (low, high) = apart(low, high, false)?;
    Ok(Some(Range {
        low,
        high,
        log: false,
        reversed: false,
    }))
}

fn spread(numbers: impl Iterator<Item = f64>) -> (f64, f64) {
    numbers
        .filter(|v| v.is_finite())
        .fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), v| {
            (low.min(v), high.max(v))
        })
}

/// Limits that differ: no data gives 0 to 1 (1 to 10 on a log axis), equal data a little on each
/// side.
fn apart(low: f64, high: f64, log: bool) -> Result<(f64, f64)> {
    let size = low.abs().max(high.abs());
    let (low, high) = match (low > high, log) {
        (true, true) => (1.0, 10.0),
        (true, false) => (0.0, 1.0),
        (false, true) if high <= low * (1.0 + ALIKE) => (low / 2.0, high * 2.0),
        (false, false) if size < f64::MIN_POSITIVE / ALIKE => (-0.5, 0.5),
        (false, false) if high - low <= size * ALIKE => (low - size * 0.1, high + size * 0.1),
        _ => (low, high),
    };
    if (high - low).is_finite() && high.abs() < f64::MAX / 10.0 {
        return Ok((low, high));
    }
    Err(Error::Range {
        of: "figure".into(),
        name: "data".into(),
        expected: "of a span that is a number".into(),
        found: format!("{low:e} to {high:e}"),
    })
}

fn room(panel: &Panel, side: Side, low: f64, high: f64) -> (f64, f64) {
    let any = |is: fn(&Layer) -> bool| panel.layers.iter().any(is);
    if any(|layer| matches!(layer, Layer::Cells(_))) {
        return (0.0, 0.0);
    }
    let dots = any(|layer| matches!(layer, Layer::Scatter(_) | Layer::Stem(_) | Layer::Circle(_)));
    let room = if side == Side::X && !dots {
        ROOM_ALONG
    } else {
        ROOM
    };
    let bars = side == Side::Y && any(|layer| matches!(layer, Layer::Bars(_)));
    let stands = |edge: f64| if bars && edge == 0.0 { 0.0 } else { room };
    (stands(low), stands(high))
}

fn widened(low: f64, high: f64, axis: &Axis, below: f64, above: f64) -> Range {
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

/// The numbers of `layer` that one axis has to show.
fn along(layer: &Layer, side: Side) -> Box<dyn Iterator<Item = f64> + '_> {
    match (layer, side) {
        (Layer::Line(l), Side::X) => numbers(&l.x),
        (Layer::Line(l), Side::Y) => numbers(&l.y),
        (Layer::Scatter(l), Side::X) => numbers(&l.x),
        (Layer::Scatter(l), Side::Y) => numbers(&l.y),
        (Layer::Stem(l), Side::X) => numbers(&l.x),
        (Layer::Stem(l), Side::Y) => Box::new(numbers(&l.y).chain([l.base])),
        (Layer::Bars(l), Side::X) => numbers(&l.edges),
        (Layer::Bars(l), Side::Y) => Box::new(numbers(&l.heights).chain([0.0])),
        (Layer::Ribbon(l), Side::X) => numbers(&l.x),
        (Layer::Ribbon(l), Side::Y) => Box::new(numbers(&l.low).chain(numbers(&l.high))),
        (Layer::Cells(l), Side::X) => numbers(&l.x),
        (Layer::Cells(l), Side::Y) => numbers(&l.y),
        (Layer::Rule(l), side) if l.side == side => Box::new([l.at].into_iter()),
        (Layer::Circle(l), side) => {
            let centre = l.centre[(side == Side::Y) as usize];
            Box::new([centre - l.radius, centre + l.radius].into_iter())
        }
        (Layer::Note(l), side) => Box::new([l.at[(side == Side::Y) as usize]].into_iter()),
        (Layer::Rule(_), _)
        | (Layer::Paths(_) | Layer::Points(_) | Layer::Arrows(_) | Layer::Labels(_), _) => {
            Box::new(std::iter::empty())
        }
    }
}

fn numbers(values: &[f64]) -> Box<dyn Iterator<Item = f64> + '_> {
    Box::new(values.iter().copied())
}
