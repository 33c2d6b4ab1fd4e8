//! Character arrays.

use super::element::{Element, damaged};
use crate::base::error::FileError;
use crate::io::matlab;
use crate::io::tree::Tree;

/// A text for one row of characters, a list of strings for several rows; `shape` is in reverse
/// order.
///
/// Errors: `Damaged` if the number of characters differs from the shape; `Format` for more than
/// two axes
pub fn read(element: Element, is_big_endian: bool, shape: &[usize]) -> Result<Tree, FileError> {
    let &[length, rows] = shape else {
        return Err(FileError::Format {
            expected: "text with rows and columns",
            found: format!("characters of shape {shape:?}"),
        });
    };
    let codes = code_units(element, is_big_endian)?;
    // Characters outside of the basic plane are one character in UTF-8 and two units here.
    if rows == 1 {
        return Ok(matlab::text(&codes, codes.len(), 1));
    }
    match length.checked_mul(rows) == Some(codes.len()) {
        true => Ok(matlab::text(&codes, length, rows)),
        false => Err(damaged(format!(
            "{} characters for shape {shape:?}",
            codes.len()
        ))),
    }
}

/// The characters in UTF-16.
fn code_units(element: Element, is_big_endian: bool) -> Result<Vec<u16>, FileError> {
    let unit = |bytes: &[u8; 2]| match is_big_endian {
        true => u16::from_be_bytes(*bytes),
        false => u16::from_le_bytes(*bytes),
    };
    let point = |bytes: &[u8; 4]| match is_big_endian {
        true => u32::from_be_bytes(*bytes),
        false => u32::from_le_bytes(*bytes),
    };
    Ok(match element.kind {
        // int8 and uint8: Latin-1.
        1 | 2 => element.data.iter().map(|byte| u16::from(*byte)).collect(),
        // uint16 and UTF-16.
        3 | 4 | 17 => element.data.as_chunks::<2>().0.iter().map(unit).collect(),
        16 => String::from_utf8_lossy(element.data)
            .encode_utf16()
            .collect(),
        18 => {
            let points = element.data.as_chunks::<4>().0.iter().map(point);
            let chars = points.map(|code| char::from_u32(code).unwrap_or('\u{fffd}'));
            chars.collect::<String>().encode_utf16().collect()
        }
        other => return Err(damaged(format!("characters of the type {other}"))),
    })
}
