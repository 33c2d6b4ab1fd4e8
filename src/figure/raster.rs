//! A matrix as a small picture: cells finer than the page can show are averaged.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use resvg::tiny_skia::{IntSize, Pixmap};

use super::extent::Range;
use super::{Cells, Map};

/// Cells per pixel of the page that are kept.
const DENSITY: f64 = 3.0;
/// Steps of a colour bar.
const STEPS: usize = 256;

/// The cells as a PNG in base 64, `flip` telling whether columns run leftwards and rows upwards.
pub fn cells(cells: &Cells, size: [f64; 2], flip: [bool; 2], range: &Range, map: Map) -> String {
    let fit = |count: usize, length: f64| count.min((length * DENSITY).ceil().max(1.0) as usize);
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
            let v = mean(cells, across_rows.clone(), across_columns);
            let colour = map.at(range.part(v).unwrap_or(f64::NAN));
            rgba.extend([colour.0, colour.1, colour.2, 255]);
        }
    }
    encode(rgba, columns, rows)
}

/// A colour bar, the largest number on top, as a PNG in base 64.
pub fn bar(map: Map) -> String {
    let colour = |i| map.at(1.0 - i as f64 / (STEPS - 1) as f64);
    let rgba = (0..STEPS).map(colour).flat_map(|c| [c.0, c.1, c.2, 255]);
    encode(rgba.collect(), 1, STEPS)
}

/// The mean of the finite numbers, NaN where there is none.
fn mean(cells: &Cells, rows: std::ops::Range<usize>, columns: std::ops::Range<usize>) -> f64 {
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
