//! Axes, ticks, labels and the colour bar of a panel.

use super::axis_metrics::{
    BAR_GAP, BAR_WIDTH, CAP_HEIGHT, LABEL_GAP, LABEL_TEXT, TICK_GAP, TICK_LENGTH, TICK_TEXT,
    TITLE_TEXT, title_lift, widest,
};
use super::colour::INK;
use super::layout::PanelLayout;
use super::polyline::Point;
use super::scale::{Frame, Range};
use super::svg_writer::{Anchor, SvgWriter};
use super::text::Font;
use super::ticks::Ticks;
use super::{Layer, Panel, raster};

/// Length of unlabelled ticks.
const MINOR_TICK_LENGTH: f64 = 2.2;
const LINE_WIDTH: f64 = 0.9;

/// Draws the axes and labels of a flat panel, and the title and colour bar of any panel.
pub fn draw(writer: &mut SvgWriter, layout: &PanelLayout, font: &Font) {
    let frame = &layout.frame;
    if layout.axes_box.is_none() {
        axis_lines(writer, layout.panel, frame);
        x_axis(writer, layout);
        y_axis(writer, layout, font);
    }
    let title = [
        frame.left + frame.width / 2.0,
        frame.top - title_lift(layout.panel, frame.width, &layout.y_ticks, font),
    ];
    writer.text(title, Anchor::Middle, TITLE_TEXT, INK, &layout.panel.title);
    if let (Some(range), Some(ticks)) = (&layout.colour_range, &layout.bar_ticks) {
        colour_bar(writer, layout, range, ticks, font);
    }
}

fn axis_lines(writer: &mut SvgWriter, panel: &Panel, frame: &Frame) {
    let (left, right, top, bottom) = (frame.left, frame.right(), frame.top, frame.bottom());
    if panel.layers.iter().any(|l| matches!(l, Layer::Heatmap(_))) {
        let outline = [
            [left, top],
            [right, top],
            [right, bottom],
            [left, bottom],
            [left, top],
        ];
        return writer.line(&outline, INK, LINE_WIDTH);
    }
    writer.line(
        &[[left, top], [left, bottom], [right, bottom]],
        INK,
        LINE_WIDTH,
    );
}

fn x_axis(writer: &mut SvgWriter, layout: &PanelLayout) {
    let (frame, ticks) = (&layout.frame, &layout.x_ticks);
    let bottom = frame.bottom();
    let visible = |v: f64| frame.x_pixel(v).filter(|x| frame.contains([*x, bottom]));
    for x in ticks.minor.iter().filter_map(|v| visible(*v)) {
        writer.line(
            &[[x, bottom], [x, bottom + MINOR_TICK_LENGTH]],
            INK,
            LINE_WIDTH * 0.8,
        );
    }
    let text = bottom + TICK_LENGTH + TICK_GAP + TICK_TEXT * CAP_HEIGHT;
    for tick in &ticks.major {
        let Some(x) = visible(tick.at) else { continue };
        writer.line(&[[x, bottom], [x, bottom + TICK_LENGTH]], INK, LINE_WIDTH);
        let lower = if tick.label.contains("^{") { 2.0 } else { 0.0 };
        writer.text(
            [x, text + lower],
            Anchor::Middle,
            TICK_TEXT,
            INK,
            &tick.label,
        );
    }
    let line = text + LABEL_GAP + LABEL_TEXT * CAP_HEIGHT;
    if let Some(power) = ticks.exponent_label() {
        writer.text([frame.right(), line], Anchor::End, TICK_TEXT, INK, &power);
    }
    let middle = [frame.left + frame.width / 2.0, line];
    writer.text(
        middle,
        Anchor::Middle,
        LABEL_TEXT,
        INK,
        &layout.panel.x.label,
    );
}

fn y_axis(writer: &mut SvgWriter, layout: &PanelLayout, font: &Font) {
    let (frame, ticks) = (&layout.frame, &layout.y_ticks);
    let left = frame.left;
    let visible = |v: f64| frame.y_pixel(v).filter(|y| frame.contains([left, *y]));
    for y in ticks.minor.iter().filter_map(|v| visible(*v)) {
        writer.line(
            &[[left - MINOR_TICK_LENGTH, y], [left, y]],
            INK,
            LINE_WIDTH * 0.8,
        );
    }
    for tick in &ticks.major {
        let Some(y) = visible(tick.at) else { continue };
        writer.line(&[[left - TICK_LENGTH, y], [left, y]], INK, LINE_WIDTH);
        let position = [
            left - TICK_LENGTH - TICK_GAP,
            y + TICK_TEXT * CAP_HEIGHT / 2.0,
        ];
        writer.text(position, Anchor::End, TICK_TEXT, INK, &tick.label);
    }
    if let Some(power) = ticks.exponent_label() {
        writer.text(
            [left - TICK_LENGTH, frame.top - 6.0],
            Anchor::Start,
            TICK_TEXT,
            INK,
            &power,
        );
    }
    let distance = TICK_LENGTH + TICK_GAP + widest(ticks, font) + LABEL_GAP;
    let middle = [left - distance, frame.top + frame.height / 2.0];
    writer.vertical_text(middle, LABEL_TEXT, INK, &layout.panel.y.label);
}

fn colour_bar(
    writer: &mut SvgWriter,
    layout: &PanelLayout,
    range: &Range,
    ticks: &Ticks,
    font: &Font,
) {
    let frame = &layout.frame;
    let (left, top, bottom) = (frame.right() + BAR_GAP, frame.top, frame.bottom());
    let right = left + BAR_WIDTH;
    let map = layout.panel.colour.map;
    writer.image(
        [left, top],
        [BAR_WIDTH, frame.height],
        &raster::colour_bar(map),
    );
    let outline: [Point; 5] = [
        [left, top],
        [right, top],
        [right, bottom],
        [left, bottom],
        [left, top],
    ];
    writer.line(&outline, INK, LINE_WIDTH * 0.8);
    for tick in &ticks.major {
        if let Some(part) = range.fraction(tick.at) {
            let y = bottom - part * frame.height;
            colour_bar_tick(writer, [right, y], &tick.label);
        }
    }
    if let Some(power) = ticks.exponent_label() {
        writer.text([left, top - 6.0], Anchor::Start, TICK_TEXT, INK, &power);
    }
    let distance =
        TICK_LENGTH + TICK_GAP + widest(ticks, font) + LABEL_GAP + LABEL_TEXT * CAP_HEIGHT;
    let middle = [right + distance, top + frame.height / 2.0];
    writer.vertical_text(middle, LABEL_TEXT, INK, &layout.panel.colour.label);
}

/// Draws a tick of the colour bar, and its label to the right.
fn colour_bar_tick(writer: &mut SvgWriter, [x, y]: Point, label: &str) {
    writer.line(&[[x, y], [x + TICK_LENGTH, y]], INK, LINE_WIDTH);
    let position = [x + TICK_LENGTH + TICK_GAP, y + TICK_TEXT * CAP_HEIGHT / 2.0];
    writer.text(position, Anchor::Start, TICK_TEXT, INK, label);
}
