//! Data elements: a type, a size and bytes, padded to a multiple of 8 bytes.

use std::io::Read;
use std::path::Path;

use flate2::read::ZlibDecoder;

use crate::base::error::FileError;
use crate::base::{Error, Result};
use crate::io::budget::Budget;
use crate::io::elements::Number;

/// The type of arrays.
pub const MATRIX: u32 = 14;
/// The type of a compressed element.
pub const COMPRESSED: u32 = 15;
/// Size of the type and the size of an element in bytes, and the alignment of elements.
const TAG: usize = 8;
/// Maximum ratio of the inflated to the deflated size in the deflate format.
const MAX_INFLATION: usize = 1032;

/// An element of the file, or a part of an array.
#[derive(Debug, Clone, Copy)]
pub struct Element<'a> {
    pub kind: u32,
    pub data: &'a [u8],
}

impl<'a> Element<'a> {
    /// The type of the numbers.
    ///
    /// Errors: `Damaged` for another type
    pub fn number(&self) -> Result<Number, FileError> {
        Ok(match self.kind {
            1 => Number::Signed(1),
            2 => Number::Unsigned(1),
            3 => Number::Signed(2),
            4 => Number::Unsigned(2),
            5 => Number::Signed(4),
            6 => Number::Unsigned(4),
            7 => Number::Float(4),
            9 => Number::Float(8),
            12 => Number::Signed(8),
            13 => Number::Unsigned(8),
            other => return Err(damaged(format!("an array of the type {other}"))),
        })
    }

    /// The values as integers of 4 bytes.
    ///
    /// Errors: `Damaged` for other values
    pub fn integers(&self, is_big_endian: bool) -> Result<Vec<i32>, FileError> {
        let (chunks, rest) = self.data.as_chunks::<4>();
        if !matches!(self.kind, 5 | 6) || !rest.is_empty() {
            return Err(damaged("sizes or indices that are not integers"));
        }
        Ok(chunks
            .iter()
            .map(|chunk| integer(*chunk, is_big_endian) as i32)
            .collect())
    }

    /// The bytes of a name.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(self.data)
            .trim_end_matches('\0')
            .into()
    }
}

/// Reads consecutive elements.
#[derive(Debug, Clone)]
pub struct Cursor<'a> {
    rest: &'a [u8],
    is_big_endian: bool,
}

impl<'a> Cursor<'a> {
    /// The elements in `bytes`.
    pub fn new(bytes: &'a [u8], is_big_endian: bool) -> Cursor<'a> {
        Cursor {
            rest: bytes,
            is_big_endian,
        }
    }

    /// The next element; `None` at the end.
    ///
    /// Errors: `Damaged` if it exceeds the bytes
    pub fn next(&mut self) -> Result<Option<Element<'a>>, FileError> {
        if self.rest.is_empty() {
            return Ok(None);
        }
        let Some((tag, data)) = self.rest.split_first_chunk::<TAG>() else {
            return Err(damaged("an element ends too early"));
        };
        let [a, b, c, d, small @ ..] = *tag;
        let first = integer([a, b, c, d], self.is_big_endian);
        // Up to 4 bytes are stored within the tag.
        if first >> 16 != 0 {
            let (size, kind) = ((first >> 16) as usize, first & 0xffff);
            if size > small.len() {
                return Err(damaged(format!("a short element of {size} bytes")));
            }
            let data = &self.rest[TAG - small.len()..][..size];
            self.rest = &self.rest[TAG..];
            return Ok(Some(Element { kind, data }));
        }
        let size = integer(small, self.is_big_endian) as usize;
        if size > data.len() {
            let found = format!("an element of {size} bytes, {} remain", data.len());
            return Err(damaged(found));
        }
        let padded = match first {
            COMPRESSED => size,
            _ => size.next_multiple_of(TAG).min(data.len()),
        };
        self.rest = &data[padded..];
        let data = &data[..size];
        Ok(Some(Element { kind: first, data }))
    }

    /// The next element of an array.
    ///
    /// Errors: `Damaged` if it is missing or exceeds the bytes
    pub fn require(&mut self) -> Result<Element<'a>, FileError> {
        self.next()?
            .ok_or_else(|| damaged("a part of an array is missing"))
    }

    /// Number of bytes that follow.
    pub fn remaining(&self) -> usize {
        self.rest.len()
    }
}

/// The content of a compressed array; `None` for another compressed element.
///
/// Errors: `File` if it cannot be inflated; `Memory` beyond the budget
pub fn inflate(
    path: &Path,
    data: &[u8],
    is_big_endian: bool,
    budget: &mut Budget,
) -> Result<Option<Vec<u8>>> {
    let failure = || Error::file(path, damaged("a compressed element cannot be inflated"));
    let mut decoder = ZlibDecoder::new(data);
    let mut tag = [0; TAG];
    decoder.read_exact(&mut tag).map_err(|_| failure())?;
    let [a, b, c, d, size @ ..] = tag;
    let size = integer(size, is_big_endian) as usize;
    if integer([a, b, c, d], is_big_endian) != MATRIX {
        return Ok(None);
    }
    if size > data.len().saturating_mul(MAX_INFLATION) {
        let count = data.len();
        let found = format!("{count} compressed bytes cannot contain {size} bytes");
        return Err(Error::file(path, damaged(found)));
    }
    budget.reserve(path, "mat::read", &[size], 1)?;
    let mut bytes = vec![0; size];
    decoder.read_exact(&mut bytes).map_err(|_| failure())?;
    // The checksum is compared at the end.
    let mut rest = [0; TAG];
    decoder.read(&mut rest).map_err(|_| failure())?;
    Ok(Some(bytes))
}

/// An inconsistent file.
pub fn damaged(found: impl Into<String>) -> FileError {
    let found = found.into();
    FileError::Damaged { found }
}

fn integer(bytes: [u8; 4], is_big_endian: bool) -> u32 {
    match is_big_endian {
        true => u32::from_be_bytes(bytes),
        false => u32::from_le_bytes(bytes),
    }
}
