//! Legends: what stands in them, and a place where they hide no data.

use super::extent::Frame;
use super::marks::sample;
use super::sheet::{Anchor, Sheet};
use super::text::Font;
use super::trace::{Point, cut};
use super::{Layer, Legend, Panel, Rgb, colour};

const TEXT: f64 = 10.5;
const ROW: f64 = 15.0;
const SAMPLE: f64 = 20.0;
const GAP: f64 = 6.0;
/// Room between the entries and the edge of the legend.
const PAD: f64 = 4.0;
/// Distance of a legend from the axes around it.
const INSET: f64 = 5.0;

/// A legend with its place, relative to the upper left corner of the axes.
pub struct Placed {
    low: Point,
    pub size: Point,
    pub outside: bool,
}

/// The legend of `panel`; `None` where nothing has a label or none is wanted. `beside` is how far
/// to the right of the axes an outer legend stands; `drawn` is what it must not hide.
pub fn place(
    panel: &Panel,
    frame: &Frame,
    drawn: impl Fn() -> Vec<Vec<Point>>,
    font: &Font,
    beside: f64,
) -> Option<Placed> {
    let labels: Vec<&str> = panel.layers.iter().filter_map(Layer::label).collect();
    if labels.is_empty() || panel.legend == Legend::Hidden {
        return None;
    }
    let widest = labels.iter().map(|label| font.width(label, TEXT));
    let width = widest.fold(0.0, f64::max) + SAMPLE + GAP + 2.0 * PAD;
    let size = [width, labels.len() as f64 * ROW + 2.0 * PAD - 2.0];
    let inner = (panel.legend == Legend::Auto).then(|| corner(frame, size, &drawn()));
    Some(match inner.flatten() {
        Some(low) => Placed {
            low,
            size,
            outside: false,
        },
        None => Placed {
            low: [frame.width + beside, 0.0],
            size,
            outside: true,
        },
    })
}

pub fn draw(sheet: &mut Sheet, panel: &Panel, frame: &Frame, placed: &Placed, colours: &[Rgb]) {
    let [x, y] = [
        frame.left + placed.low[0] + PAD,
        frame.top + placed.low[1] + PAD + ROW / 2.0 - 1.0,
    ];
    let named = panel.layers.iter().zip(colours);
    let named = named.filter_map(|(layer, colour)| Some((layer, colour, layer.label()?)));
    for (i, (layer, colour, label)) in named.enumerate() {
        let middle = y + i as f64 * ROW;
        sample(sheet, layer, *colour, [x, middle], SAMPLE);
        let place = [x + SAMPLE + GAP, middle + TEXT * 0.35];
        sheet.text(place, Anchor::Start, TEXT, colour::INK, label);
    }
}

/// The first of the corners and middles that holds no data.
fn corner(frame: &Frame, size: Point, drawn: &[Vec<Point>]) -> Option<Point> {
    let (far_x, far_y) = (
        frame.width - size[0] - INSET,
        frame.height - size[1] - INSET,
    );
    if far_x < INSET || far_y < INSET {
        return None;
    }
    let (mid_x, mid_y) = (
        (frame.width - size[0]) / 2.0,
        (frame.height - size[1]) / 2.0,
    );
    let places = [
        [far_x, INSET],
        [INSET, INSET],
        [far_x, far_y],
        [INSET, far_y],
        [mid_x, INSET],
        [mid_x, far_y],
        [far_x, mid_y],
        [INSET, mid_y],
    ];
    places.into_iter().find(|low| {
        let first = [frame.left + low[0] - 2.0, frame.top + low[1] - 2.0];
        let last = [first[0] + size[0] + 4.0, first[1] + size[1] + 4.0];
        !drawn.iter().any(|points| meets(points, first, last))
    })
}

fn meets(points: &[Point], low: Point, high: Point) -> bool {
    let lone = points.len() == 1 && cut(points[0], points[0], low, high).is_some();
    lone || points
        .windows(2)
        .any(|ends| cut(ends[0], ends[1], low, high).is_some())
}
