//! Axes, ticks, labels and the colour bar of a panel.

use super::colour::INK;
use super::extent::{Frame, Range};
use super::layout::Placed;
use super::sheet::{Anchor, Sheet};
use super::text::Font;
use super::ticks::Ticks;
use super::trace::Point;
use super::{Layer, Panel, raster};

pub const TICK_TEXT: f64 = 10.5;
pub const LABEL_TEXT: f64 = 12.0;
pub const TITLE_TEXT: f64 = 13.0;
/// Length of a tick with a label, and of one without.
pub const TICK: f64 = 4.0;
const MINOR_TICK: f64 = 2.2;
const LINE: f64 = 0.9;
/// From the end of a tick to its label.
pub const TICK_GAP: f64 = 3.5;
/// From tick labels to the axis label.
pub const LABEL_GAP: f64 = 7.0;
/// Height of capitals, relative to the size of the text.
pub const CAPITALS: f64 = 0.72;
pub const BAR_GAP: f64 = 12.0;
pub const BAR: f64 = 11.0;

/// The axes of a flat panel with everything written around them; title and colour bar of any.
pub fn draw(sheet: &mut Sheet, placed: &Placed, font: &Font) {
    let frame = &placed.frame;
    if placed.space.is_none() {
        spines(sheet, placed.panel, frame);
        x_axis(sheet, placed);
        y_axis(sheet, placed, font);
    }
    let title = [
        frame.left + frame.width / 2.0,
        frame.top - title_lift(placed.panel, frame.width, &placed.y_ticks, font),
    ];
    sheet.text(title, Anchor::Middle, TITLE_TEXT, INK, &placed.panel.title);
    if let (Some(range), Some(ticks)) = (&placed.colour_range, &placed.bar_ticks) {
        colour_bar(sheet, placed, range, ticks, font);
    }
}

/// The power of ten beside an axis, as text.
pub fn power(ticks: &Ticks) -> Option<String> {
    let k = ticks.power?;
    Some(format!("×10^{{{}}}", k.to_string().replace('-', "−")))
}

/// How far a title stands above axes of this width: higher where it would meet the power of ten.
pub fn title_lift(panel: &Panel, width: f64, y_ticks: &Ticks, font: &Font) -> f64 {
    let (low, high) = (8.0, 20.0);
    let power = power(y_ticks).map_or(0.0, |text| font.width(&text, TICK_TEXT) + LABEL_GAP);
    let before = (width - font.width(&panel.title, TITLE_TEXT)) / 2.0;
    if power > before.max(0.0) { high } else { low }
}

/// The widest label.
pub fn widest(ticks: &Ticks, font: &Font) -> f64 {
    let widths = ticks.major.iter().map(|t| font.width(&t.label, TICK_TEXT));
    widths.fold(0.0, f64::max)
}

fn spines(sheet: &mut Sheet, panel: &Panel, frame: &Frame) {
    let (left, right, top, bottom) = (frame.left, frame.right(), frame.top, frame.bottom());
    if panel.layers.iter().any(|l| matches!(l, Layer::Cells(_))) {
        let around = [
            [left, top],
            [right, top],
            [right, bottom],
            [left, bottom],
            [left, top],
        ];
        return sheet.edge(&around, INK, LINE);
    }
    sheet.edge(&[[left, top], [left, bottom], [right, bottom]], INK, LINE);
}

fn x_axis(sheet: &mut Sheet, placed: &Placed) {
    let (frame, ticks) = (&placed.frame, &placed.x_ticks);
    let bottom = frame.bottom();
    let inside = |v: f64| frame.across(v).filter(|x| frame.holds([*x, bottom]));
    for x in ticks.minor.iter().filter_map(|v| inside(*v)) {
        sheet.edge(&[[x, bottom], [x, bottom + MINOR_TICK]], INK, LINE * 0.8);
    }
    let text = bottom + TICK + TICK_GAP + TICK_TEXT * CAPITALS;
    for tick in &ticks.major {
        let Some(x) = inside(tick.at) else { continue };
        sheet.edge(&[[x, bottom], [x, bottom + TICK]], INK, LINE);
        let lower = if tick.label.contains("^{") { 2.0 } else { 0.0 };
        sheet.text(
            [x, text + lower],
            Anchor::Middle,
            TICK_TEXT,
            INK,
            &tick.label,
        );
    }
    let line = text + LABEL_GAP + LABEL_TEXT * CAPITALS;
    if let Some(power) = power(ticks) {
        sheet.text([frame.right(), line], Anchor::End, TICK_TEXT, INK, &power);
    }
    let middle = [frame.left + frame.width / 2.0, line];
    sheet.text(
        middle,
        Anchor::Middle,
        LABEL_TEXT,
        INK,
        &placed.panel.x.label,
    );
}

fn y_axis(sheet: &mut Sheet, placed: &Placed, font: &Font) {
    let (frame, ticks) = (&placed.frame, &placed.y_ticks);
    let left = frame.left;
    let inside = |v: f64| frame.down(v).filter(|y| frame.holds([left, *y]));
    for y in ticks.minor.iter().filter_map(|v| inside(*v)) {
        sheet.edge(&[[left - MINOR_TICK, y], [left, y]], INK, LINE * 0.8);
    }
    for tick in &ticks.major {
        let Some(y) = inside(tick.at) else { continue };
        sheet.edge(&[[left - TICK, y], [left, y]], INK, LINE);
        let place = [left - TICK - TICK_GAP, y + TICK_TEXT * CAPITALS / 2.0];
        sheet.text(place, Anchor::End, TICK_TEXT, INK, &tick.label);
    }
    if let Some(power) = power(ticks) {
        sheet.text(
            [left - TICK, frame.top - 6.0],
            Anchor::Start,
            TICK_TEXT,
            INK,
            &power,
        );
    }
    let out = TICK + TICK_GAP + widest(ticks, font) + LABEL_GAP;
    let middle = [left - out, frame.top + frame.height / 2.0];
    sheet.upright(middle, LABEL_TEXT, INK, &placed.panel.y.label);
}

fn colour_bar(sheet: &mut Sheet, placed: &Placed, range: &Range, ticks: &Ticks, font: &Font) {
    let frame = &placed.frame;
    let (left, top, bottom) = (frame.right() + BAR_GAP, frame.top, frame.bottom());
    let right = left + BAR;
    let map = placed.panel.colour.map;
    sheet.picture([left, top], [BAR, frame.height], &raster::bar(map));
    let around: [Point; 5] = [
        [left, top],
        [right, top],
        [right, bottom],
        [left, bottom],
        [left, top],
    ];
    sheet.edge(&around, INK, LINE * 0.8);
    for tick in &ticks.major {
        let Some(part) = range.part(tick.at) else {
            continue;
        };
        let y = bottom - part * frame.height;
        sheet.edge(&[[right, y], [right + TICK, y]], INK, LINE);
        let place = [right + TICK + TICK_GAP, y + TICK_TEXT * CAPITALS / 2.0];
        sheet.text(place, Anchor::Start, TICK_TEXT, INK, &tick.label);
    }
    if let Some(power) = power(ticks) {
        sheet.text([left, top - 6.0], Anchor::Start, TICK_TEXT, INK, &power);
    }
    let out = TICK + TICK_GAP + widest(ticks, font) + LABEL_GAP + LABEL_TEXT * CAPITALS;
    let middle = [right + out, top + frame.height / 2.0];
    sheet.upright(middle, LABEL_TEXT, INK, &placed.panel.colour.label);
}
