//! Conversion of a figure to SVG.

use super::layout::{FIGURE_TITLE, page};
use super::svg_writer::{Anchor, SvgWriter};
use super::text::Font;
use super::{Figure, axes, colour, draw_layers, draw_legend, three_d};
use crate::base::Result;

/// The text of an SVG file of `figure`. Units: pixels of 1/96 inch.
///
/// Errors: `Shapes` and `Shape` for arrays of different lengths; `Range` for invalid limits and
/// sizes; `Kind` for a heatmap on a log axis.
pub fn svg(figure: &Figure) -> Result<String> {
    figure.validate()?;
    let font = Font::embedded();
    let page = page(figure, &font)?;
    let mut writer = SvgWriter::new(page.width, page.height);
    let title = [page.width / 2.0, FIGURE_TITLE + 7.0];
    writer.text(
        title,
        Anchor::Middle,
        FIGURE_TITLE,
        colour::INK,
        &figure.title,
    );
    for (i, layout) in page.panels.iter().enumerate() {
        let frame = &layout.frame;
        let corner = [frame.left, frame.top];
        if let Some(axes_box) = &layout.axes_box {
            three_d::draw_box::draw(&mut writer, axes_box, corner, &font);
        }
        writer.begin_clip(i, corner, [frame.width, frame.height]);
        match &layout.axes_box {
            Some(axes_box) => {
                three_d::draw_layers::draw(&mut writer, layout, &axes_box.projection);
            }
            None => draw_layers::draw(&mut writer, layout),
        }
        writer.end_group();
        axes::draw(&mut writer, layout, &font);
        if let Some(at) = &layout.legend {
            draw_legend::draw(&mut writer, layout.panel, frame, at, &layout.colours);
        }
    }
    Ok(writer.finish())
}
