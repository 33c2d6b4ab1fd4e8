//! Layout of legends: the size, and a position that hides no data.

use super::polyline::{Point, clip_segment};
use super::scale::Frame;
use super::text::Font;
use super::{Layer, Legend, Panel};

pub const TEXT_SIZE: f64 = 10.5;
pub const ROW_HEIGHT: f64 = 15.0;
pub const SAMPLE_WIDTH: f64 = 20.0;
/// Gap between a sample and its label.
pub const GAP: f64 = 6.0;
/// Padding between the entries and the edge of the legend.
pub const PADDING: f64 = 4.0;
/// Distance between a legend and the axes around it.
const INSET: f64 = 5.0;

/// Position and size of a legend, relative to the upper left corner of the axes.
pub struct LegendLayout {
    pub low: Point,
    pub size: Point,
    pub outside: bool,
}

/// The legend of `panel`; `None` if no layer has a label or the legend is hidden. `offset` is the
/// distance of an outside legend from the right edge of the axes; `obstacles` are the lines and
/// points that it must not hide.
pub fn layout(
    panel: &Panel,
    frame: &Frame,
    obstacles: impl Fn() -> Vec<Vec<Point>>,
    font: &Font,
    offset: f64,
) -> Option<LegendLayout> {
    let labels: Vec<&str> = panel.layers.iter().filter_map(Layer::label).collect();
    if labels.is_empty() || panel.legend == Legend::Hidden {
        return None;
    }
    let widest = labels.iter().map(|label| font.width(label, TEXT_SIZE));
    let width = widest.fold(0.0, f64::max) + SAMPLE_WIDTH + GAP + 2.0 * PADDING;
    let size = [
        width,
        labels.len() as f64 * ROW_HEIGHT + 2.0 * PADDING - 2.0,
    ];
    let inside = (panel.legend == Legend::Auto).then(|| free_corner(frame, size, &obstacles()));
    Some(match inside.flatten() {
        Some(low) => LegendLayout {
            low,
            size,
            outside: false,
        },
        None => LegendLayout {
            low: [frame.width + offset, 0.0],
            size,
            outside: true,
        },
    })
}

/// The first of the corners and edge midpoints where the legend hides no data.
fn free_corner(frame: &Frame, size: Point, obstacles: &[Vec<Point>]) -> Option<Point> {
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
    let candidates = [
        [far_x, INSET],
        [INSET, INSET],
        [far_x, far_y],
        [INSET, far_y],
        [mid_x, INSET],
        [mid_x, far_y],
        [far_x, mid_y],
        [INSET, mid_y],
    ];
    candidates.into_iter().find(|low| {
        let first = [frame.left + low[0] - 2.0, frame.top + low[1] - 2.0];
        let last = [first[0] + size[0] + 4.0, first[1] + size[1] + 4.0];
        !obstacles
            .iter()
            .any(|points| intersects(points, first, last))
    })
}

fn intersects(points: &[Point], low: Point, high: Point) -> bool {
    let is_point = points.len() == 1 && clip_segment(points[0], points[0], low, high).is_some();
    is_point
        || points
            .windows(2)
            .any(|ends| clip_segment(ends[0], ends[1], low, high).is_some())
}
