//! Drawing of the box of a three-dimensional panel: far faces, grid, edges, ticks and labels.

use super::axes_box::AxesBox;
use super::box_layout::{BoxLabel, BoxLayout};
use crate::figure::axis_metrics::{CAP_HEIGHT, TICK_LENGTH};
use crate::figure::colour::INK;
use crate::figure::polyline::Point;
use crate::figure::svg_writer::SvgWriter;
use crate::figure::text::Font;

const LINE_WIDTH: f64 = 0.9;

/// Draws the box. `corner` is the upper left corner of the panel.
pub fn draw(writer: &mut SvgWriter, layout: &BoxLayout, corner: Point, font: &Font) {
    let to_page = |[x, y]: Point| [corner[0] + x, corner[1] + y];
    let project = |position| to_page(layout.projection.project(position).position);
    let axes_box = &layout.axes_box;
    let view = axes_box.view(layout.projection.towards_eye());
    let faces = axes_box.far_faces(view);
    for face in faces {
        writer.polygon(&face.corners.map(project), AxesBox::FACE_COLOUR, 1.0);
    }
    for (k, face) in faces.into_iter().enumerate() {
        for line in axes_box.grid(view, k).chain(face.border()) {
            writer.line(&line.map(project), AxesBox::GRID_COLOUR, LINE_WIDTH);
        }
    }
    for k in 0..3 {
        let Some(edge) = layout.labelled_edge(k) else {
            continue;
        };
        writer.line(&edge.ends.map(to_page), INK, LINE_WIDTH);
        for start in layout.tick_positions(&edge) {
            let tick = [start, edge.beside(start, TICK_LENGTH)];
            writer.line(&tick.map(to_page), INK, LINE_WIDTH);
        }
        for label in layout.labels(k, font) {
            write(writer, &label, to_page(label.middle));
        }
    }
}

fn write(writer: &mut SvgWriter, label: &BoxLabel, middle: Point) {
    // SVG positions text by its baseline; its centre is half a capital above that.
    let (offset, angle) = (label.size * CAP_HEIGHT / 2.0, label.angle.to_radians());
    let position = [
        middle[0] - offset * angle.sin(),
        middle[1] + offset * angle.cos(),
    ];
    writer.rotated_text(position, label.angle, label.size, INK, &label.text);
}
