//! Sizes of axis text and ticks, and the space that they take.

use super::Panel;
use super::text::Font;
use super::ticks::Ticks;

pub const TICK_TEXT: f64 = 10.5;
pub const LABEL_TEXT: f64 = 12.0;
pub const TITLE_TEXT: f64 = 13.0;
/// Length of labelled ticks.
pub const TICK_LENGTH: f64 = 4.0;
/// Gap between a tick and its label.
pub const TICK_GAP: f64 = 3.5;
/// Gap between tick labels and the axis label.
pub const LABEL_GAP: f64 = 7.0;
/// Height of capital letters, relative to the text size.
pub const CAP_HEIGHT: f64 = 0.72;
pub const BAR_GAP: f64 = 12.0;
pub const BAR_WIDTH: f64 = 11.0;

/// Distance of the title above axes of this width; larger if the title would overlap the power of
/// ten.
pub fn title_lift(panel: &Panel, width: f64, y_ticks: &Ticks, font: &Font) -> f64 {
    let (low, high) = (8.0, 20.0);
    let power = y_ticks
        .exponent_label()
        .map_or(0.0, |text| font.width(&text, TICK_TEXT) + LABEL_GAP);
    let free_width = (width - font.width(&panel.title, TITLE_TEXT)) / 2.0;
    if power > free_width.max(0.0) {
        high
    } else {
        low
    }
}

/// The width of the widest label.
pub fn widest(ticks: &Ticks, font: &Font) -> f64 {
    let widths = ticks.major.iter().map(|t| font.width(&t.label, TICK_TEXT));
    widths.fold(0.0, f64::max)
}
