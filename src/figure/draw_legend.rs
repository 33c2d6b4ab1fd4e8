//! Drawing of legends.

use super::colour::INK;
use super::draw_layers::{BAND_OPACITY, BAR_OPACITY, MarkerStyle, line_marker_size, markers};
use super::legend::{GAP, LegendLayout, PADDING, ROW_HEIGHT, SAMPLE_WIDTH, TEXT_SIZE};
use super::polyline::Point;
use super::scale::Frame;
use super::svg_writer::{Anchor, SvgWriter};
use super::{Layer, Marker, Panel, Rgb};

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
    let block = |half: f64| {
        let (left, right) = (x + 2.0, x + width - 2.0);
        [
            [left, y - half],
            [right, y - half],
            [right, y + half],
            [left, y + half],
        ]
    };
    match layer {
        Layer::Line(line) => {
            writer.polylines(&across, colour, &line.stroke);
            if let Some(marker) = line.marker {
                markers(
                    writer,
                    &[middle],
                    MarkerStyle::new(marker, line_marker_size(line), colour),
                );
            }
        }
        Layer::ReferenceLine(rule) => writer.polylines(&across, colour, &rule.stroke),
        Layer::Scatter(scatter) => {
            markers(
                writer,
                &[middle],
                MarkerStyle::new(scatter.marker, scatter.size, colour),
            );
        }
        Layer::Stem(stem) => {
            markers(
                writer,
                &[middle],
                MarkerStyle::new(Marker::Dot, stem.size, colour),
            );
        }
        Layer::Points(points) => {
            markers(
                writer,
                &[middle],
                MarkerStyle::new(points.marker, points.size, colour),
            );
        }
        Layer::Paths(paths) => writer.polylines(&across, colour, &paths.stroke),
        Layer::Arrows(arrows) => writer.polylines(&across, colour, &arrows.stroke),
        Layer::Bars(_) => writer.polygon(&block(4.0), colour, BAR_OPACITY),
        Layer::Band(_) => writer.polygon(&block(4.0), colour, BAND_OPACITY),
        Layer::Heatmap(_) | Layer::Circle(_) | Layer::Annotation(_) | Layer::Labels(_) => {}
    }
}
