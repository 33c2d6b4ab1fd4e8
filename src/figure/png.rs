//! Rasterization of a figure.

use std::sync::Arc;

use resvg::tiny_skia::{Pixmap, Transform};
use resvg::usvg;

use super::{Figure, svg, text};
use crate::base::{Error, Result};

/// Largest size of an image in bytes (256 MB).
const MAX_BYTES: u64 = 256 << 20;

/// The bytes of a PNG file of `figure`, with `scale` pixels per pixel of 1/96 inch.
///
/// Errors: those of [`svg`]; `Range` if the scale is outside 0.1 to 20; `Memory` if the image is
/// too large.
pub fn png(figure: &Figure, scale: f64) -> Result<Vec<u8>> {
    Ok(pixels(figure, scale)?
        .encode_png()
        .expect("writing into memory does not fail"))
}

/// The rasterized figure.
///
/// Errors: those of [`png`]
pub fn pixels(figure: &Figure, scale: f64) -> Result<Pixmap> {
    if !(0.1..=20.0).contains(&scale) {
        return Err(Error::Range {
            of: "figure".into(),
            name: "scale".into(),
            expected: "from 0.1 to 20".into(),
            found: scale.to_string(),
        });
    }
    let drawing = svg(figure)?;
    let tree =
        usvg::Tree::from_str(&drawing, &parse_options()).expect("our own drawing is valid SVG");
    let pixel_count = |length: f32| (length as f64 * scale).round().max(1.0) as u64;
    let (width, height) = (
        pixel_count(tree.size().width()),
        pixel_count(tree.size().height()),
    );
    let too_large = || Error::Memory {
        op: "figure".into(),
        shape: vec![height as usize, width as usize],
        bytes: width as u128 * height as u128 * 4,
        limit: MAX_BYTES,
    };
    if width.saturating_mul(height).saturating_mul(4) > MAX_BYTES {
        return Err(too_large());
    }
    let mut pixels = Pixmap::new(width as u32, height as u32).ok_or_else(too_large)?;
    let transform = Transform::from_scale(scale as f32, scale as f32);
    resvg::render(&tree, transform, &mut pixels.as_mut());
    Ok(pixels)
}

/// Parser options with the embedded font only; fonts of the machine are ignored.
fn parse_options() -> usvg::Options<'static> {
    let mut fonts = usvg::fontdb::Database::new();
    fonts.load_font_data(text::FONT.to_vec());
    usvg::Options {
        font_family: "Arimo".into(),
        fontdb: Arc::new(fonts),
        ..usvg::Options::default()
    }
}
