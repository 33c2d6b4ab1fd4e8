//! Drawing of legends.

use super::colour::INK;
use super::draw_layers::{BAND_OPACITY, BAR_OPACITY, MarkerStyle, line_marker_size, markers};
use super::legend::{GAP, LegendLayout, PADDING, ROW_HEIGHT, SAMPLE_WIDTH, TEXT_SIZE};
use super::polyline::Point;
use super::scale::Frame;
use super::svg_writer::{Anchor, SvgWriter};
use super::{Layer, Marker, Panel, Rgb, Stroke};

/// Height of the block that represents a filled area.
const BLOCK_HEIGHT: f64 = 8.0;

/// Draws a legend with one entry per labelled layer.
pub fn draw(
    writer: &mut SvgWriter,
    panel: &Panel,
    frame: &Frame,
    layout: &LegendLayout,
    colours: &[Rgb],
) {
    let [x, y] = [
        frame.left + layout.low[0] + PADDING,
        frame.top + layout.low[1] + PADDING + ROW_HEIGHT / 2.0 - 1.0,
    ];
    let labelled = panel.layers.iter().zip(colours);
    let labelled = labelled.filter_map(|(layer, colour)| Some((layer, colour, layer.label()?)));
    for (i, (layer, colour, label)) in labelled.enumerate() {
        let middle = y + i as f64 * ROW_HEIGHT;
        draw_sample(writer, layer, *colour, [x, middle], SAMPLE_WIDTH);
        let position = [x + SAMPLE_WIDTH + GAP, middle + TEXT_SIZE * 0.35];
        writer.text(position, Anchor::Start, TEXT_SIZE, INK, label);
    }
}

/// Draws the sample of `layer`, `width` wide, starting at a position.
fn draw_sample(writer: &mut SvgWriter, layer: &Layer, colour: Rgb, [x, y]: Point, width: f64) {
    let middle = [x + width / 2.0, y];
    let across = [vec![[x, y], [x + width, y]]];
    if let Some(stroke) = stroke(layer) {
        writer.polylines(&across, colour, stroke);
    }
    if let Some(style) = marker_style(layer, colour) {
        markers(writer, &[middle], style);
    }
    if let Some(opacity) = fill_opacity(layer) {
        let (left, right) = (x + 2.0, x + width - 2.0);
        let (top, bottom) = (y - BLOCK_HEIGHT / 2.0, y + BLOCK_HEIGHT / 2.0);
        let block = [[left, top], [right, top], [right, bottom], [left, bottom]];
        writer.polygon(&block, colour, opacity);
    }
}

/// The stroke of the line in the sample, if the sample has a line.
fn stroke(layer: &Layer) -> Option<&Stroke> {
    match layer {
        Layer::Line(line) => Some(&line.stroke),
        Layer::ReferenceLine(line) => Some(&line.stroke),
        Layer::Paths(paths) => Some(&paths.stroke),
        Layer::Arrows(arrows) => Some(&arrows.stroke),
        _ => None,
    }
}

/// The style of the marker in the sample, if the sample has a marker.
fn marker_style(layer: &Layer, colour: Rgb) -> Option<MarkerStyle> {
    let (marker, size) = match layer {
        Layer::Line(line) => (line.marker?, line_marker_size(line)),
        Layer::Scatter(scatter) => (scatter.marker, scatter.size),
        Layer::Stem(stem) => (Marker::Dot, stem.size),
        Layer::Points(points) => (points.marker, points.size),
        _ => return None,
    };
    Some(MarkerStyle::new(marker, size, colour))
}

/// The opacity of the filled block in the sample, if the sample has a block.
fn fill_opacity(layer: &Layer) -> Option<f64> {
    match layer {
        Layer::Bars(_) => Some(BAR_OPACITY),
        Layer::Band(_) => Some(BAND_OPACITY),
        _ => None,
    }
}
