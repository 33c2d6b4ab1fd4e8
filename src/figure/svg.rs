//! A figure as SVG.

use super::layout::{FIGURE_TITLE, page};
use super::sheet::{Anchor, Sheet};
use super::text::Font;
use super::{Figure, axes, colour, legend, marks, space};
use crate::base::Result;

/// The text of an SVG file of `figure`. Units: pixels of 1/96 inch.
///
/// Errors: `Shapes` and `Shape` for arrays that do not go together; `Range` for impossible limits
/// and sizes; `Kind` for a heatmap on a log axis.
pub fn svg(figure: &Figure) -> Result<String> {
    figure.check()?;
    let font = Font::embedded();
    let page = page(figure, &font)?;
    let mut sheet = Sheet::new(page.width, page.height);
    let title = [page.width / 2.0, FIGURE_TITLE + 7.0];
    sheet.text(
        title,
        Anchor::Middle,
        FIGURE_TITLE,
        colour::INK,
        &figure.title,
    );
    for (i, placed) in page.panels.iter().enumerate() {
        let frame = &placed.frame;
        let corner = [frame.left, frame.top];
        if let Some(box_of) = &placed.space {
            space::walls::draw(&mut sheet, box_of, placed.panel, corner, &font);
        }
        sheet.clip(i, corner, [frame.width, frame.height]);
        match &placed.space {
            Some(space) => space::marks::draw(&mut sheet, placed, space),
            None => marks::draw(&mut sheet, placed),
        }
        sheet.end();
        axes::draw(&mut sheet, placed, &font);
        if let Some(at) = &placed.legend {
            legend::draw(&mut sheet, placed.panel, frame, at, &placed.colours);
        }
    }
    Ok(sheet.finish())
}
