//! Heatmaps as small images: cells finer than the page can show are averaged.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use resvg::tiny_skia::{IntSize, Pixmap};

use super::scale::Range;
use super::{ColourMap, Heatmap};

/// Maximum number of image cells per pixel of the page.
const CELLS_PER_PIXEL: f64 = 2.0;
/// Number of colours of a colour bar.
const BAR_STEPS: usize = 256;

/// The heatmap as a base64 PNG. `flip` states whether columns run to the left and rows upwards.
pub fn heatmap(
    cells: &Heatmap,
    size: [f64; 2],
    flip: [bool; 2],
    range: &Range,
    map: ColourMap,
) -> String {
    let fit =
        |count: usize, length: f64| count.min((length * CELLS_PER_PIXEL).ceil().max(1.0) as usize);
    let (columns, rows) = (fit(cells.columns, size[0]), fit(cells.rows, size[1]));
    let from = |i: usize, all: usize, parts: usize, flip: bool| {
        let i = if flip { parts - 1 - i } else { i };
        let (a, b) = (i * all / parts, (i + 1) * all / parts);
        a..b.max(a + 1)
    };
    let mut rgba = Vec::with_capacity(rows * columns * 4);
    for row in 0..rows {
        let across_rows = from(row, cells.rows, rows, flip[1]);
        for column in 0..columns {
            let across_columns = from(column, cells.columns, columns, flip[0]);
            let v = block_mean(cells, across_rows.clone(), across_columns);
            let colour = map.at(range.fraction(v).unwrap_or(f64::NAN));
            rgba.extend([colour.0, colour.1, colour.2, 255]);
        }
    }
    encode(rgba, columns, rows)
}

/// A colour bar with the largest value at the top, as a base64 PNG.
pub fn colour_bar(map: ColourMap) -> String {
    let colour = |i| map.at(1.0 - i as f64 / (BAR_STEPS - 1) as f64);
    let rgba = (0..BAR_STEPS)
        .map(colour)
        .flat_map(|c| [c.0, c.1, c.2, 255]);
    encode(rgba.collect(), 1, BAR_STEPS)
}

/// The mean of the finite values of a block; NaN if there are none.
fn block_mean(
    cells: &Heatmap,
    rows: std::ops::Range<usize>,
    columns: std::ops::Range<usize>,
) -> f64 {
    let (mut sum, mut count) = (0.0, 0usize);
    for row in rows {
        for v in &cells.values[row * cells.columns..][columns.clone()] {
            if v.is_finite() {
                sum += v;
                count += 1;
            }
        }
    }
    if count > 0 {
        sum / count as f64
    } else {
        f64::NAN
    }
}

fn encode(rgba: Vec<u8>, width: usize, height: usize) -> String {
    let size = IntSize::from_wh(width as u32, height as u32).expect("a picture has cells");
    let pixels = Pixmap::from_vec(rgba, size).expect("there are four bytes to a cell");
    STANDARD.encode(
        pixels
            .encode_png()
            .expect("writing into memory does not fail"),
    )
}
