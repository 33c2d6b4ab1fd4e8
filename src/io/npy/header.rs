//! The header of an array file: magic bytes, version, and a dict with dtype, order and shape.
//!
//! Source: numpy.lib.format

use std::io::Read;

use super::literal::{Literal, parse_dict};
use crate::base::error::FileError;
use crate::io::elements::{Number, read_error};
use crate::io::magic_bytes::describe;

/// Magic bytes of an array file.
pub const MAGIC: &[u8] = b"\x93NUMPY";
/// Maximum length of the dict: NumPy reads 10 000 characters.
const MAX_DICT: usize = 1 << 16;
/// The header is padded to a multiple of this size.
const ALIGNMENT: usize = 64;

/// The type of the elements.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dtype {
    Number(Number),
    /// Complex numbers, with the type of their two parts.
    Complex(Number),
    /// Texts of this number of bytes, padded with zeros.
    Bytes(usize),
    /// Texts of this number of code points of 4 bytes, padded with zeros.
    Unicode(usize),
}

impl Dtype {
    /// Bytes per element.
    pub fn size(self) -> usize {
        match self {
            Dtype::Number(number) => number.size(),
            Dtype::Complex(part) => 2 * part.size(),
            Dtype::Bytes(size) => size,
            Dtype::Unicode(count) => 4 * count,
        }
    }
}

/// The header of an array file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Header {
    pub dtype: Dtype,
    pub is_big_endian: bool,
    /// Whether the first axis varies fastest (Fortran order).
    pub is_fortran: bool,
    pub shape: Vec<usize>,
    /// Number of bytes before the values.
    pub length: u64,
}

/// Reads the header.
///
/// Errors: `Format` for other files and unsupported dtypes; `Damaged` for an invalid header
pub fn read(source: &mut dyn Read) -> Result<Header, FileError> {
    let mut start = Vec::new();
    let bytes = source.take(8).read_to_end(&mut start);
    bytes.map_err(read_error)?;
    if !start.starts_with(MAGIC) {
        let (expected, found) = ("a NumPy array (.npy)", describe(&start));
        return Err(FileError::Format { expected, found });
    }
    let width = match start.get(6) {
        Some(1) => 2,
        Some(2 | 3) => 4,
        Some(version) => {
            let (expected, found) = ("version 1, 2 or 3 of .npy", format!("version {version}"));
            return Err(FileError::Format { expected, found });
        }
        None => return Err(damaged("the header ends too early")),
    };
    let mut bytes = [0; 4];
    source.read_exact(&mut bytes[..width]).map_err(read_error)?;
    let size = u32::from_le_bytes(bytes) as usize;
    if size > MAX_DICT {
        return Err(damaged(format!("a header of {size} bytes")));
    }
    let mut dict = vec![0; size];
    source.read_exact(&mut dict).map_err(read_error)?;
    // Version 1 and 2 use Latin-1: only names of fields differ from ASCII.
    let dict = String::from_utf8_lossy(&dict);
    let mut header = parse(&dict)?;
    header.length = (8 + width + size) as u64;
    Ok(header)
}

/// The header for elements of the dtype `descr`, in row-major and little-endian order.
pub fn write(descr: &str, shape: &[usize]) -> Vec<u8> {
    let sizes: Vec<String> = shape.iter().map(usize::to_string).collect();
    // A tuple of one element ends with a comma.
    let comma = if shape.len() == 1 { "," } else { "" };
    let sizes = sizes.join(", ");
    let dict =
        format!("{{'descr': '{descr}', 'fortran_order': False, 'shape': ({sizes}{comma}), }}");
    let fixed = MAGIC.len() + 4;
    let total = (fixed + dict.len() + 1).next_multiple_of(ALIGNMENT);
    let padding = total - fixed - dict.len() - 1;
    let length = u16::try_from(total - fixed).unwrap_or(u16::MAX);
    let mut header = MAGIC.to_vec();
    header.extend([1, 0]);
    header.extend(length.to_le_bytes());
    header.extend(dict.bytes());
    header.extend(std::iter::repeat_n(b' ', padding));
    header.push(b'\n');
    header
}

fn damaged(found: impl Into<String>) -> FileError {
    let found = found.into();
    FileError::Damaged { found }
}

fn parse(dict: &str) -> Result<Header, FileError> {
    let invalid = |expected: &str| damaged(format!("the header is invalid: expected {expected}"));
    let (mut descr, mut is_fortran, mut shape) = (None, None, None);
    for (key, value) in parse_dict(dict).map_err(invalid)? {
        match (key.as_str(), value) {
            ("descr", Literal::Text(text)) => descr = Some(text),
            ("descr", Literal::Fields) => return Err(unsupported("a structured array")),
            ("fortran_order", Literal::Bool(value)) => is_fortran = Some(value),
            ("shape", Literal::Integers(sizes)) => shape = Some(sizes),
            _ => return Err(invalid("the entries descr, fortran_order and shape")),
        }
    }
    let (Some(descr), Some(is_fortran), Some(shape)) = (descr, is_fortran, shape) else {
        return Err(invalid("the entries descr, fortran_order and shape"));
    };
    let sizes = shape.iter().map(|size| usize::try_from(*size));
    let shape = sizes.collect::<Result<Vec<usize>, _>>();
    let (dtype, is_big_endian) = parse_dtype(&descr)?;
    Ok(Header {
        dtype,
        is_big_endian,
        is_fortran,
        shape: shape.map_err(|_| invalid("sizes that fit into the memory"))?,
        length: 0,
    })
}

/// The dtype of a description such as `<f8`, and whether it is big-endian.
fn parse_dtype(descr: &str) -> Result<(Dtype, bool), FileError> {
    let order = descr.chars().next().filter(|char| "<>|=".contains(*char));
    let kind = &descr[order.map_or(0, char::len_utf8)..];
    let is_big_endian = order == Some('>');
    let mut chars = kind.chars();
    let letter = chars.next().unwrap_or(' ');
    let size = chars.as_str().parse::<usize>().ok();
    let dtype = match (letter, size) {
        ('b', Some(1)) | ('?', _) => Dtype::Number(Number::Bool),
        ('i', Some(size @ (1 | 2 | 4 | 8))) => Dtype::Number(Number::Signed(size)),
        ('u', Some(size @ (1 | 2 | 4 | 8))) => Dtype::Number(Number::Unsigned(size)),
        ('f', Some(size @ (2 | 4 | 8))) => Dtype::Number(Number::Float(size)),
        ('c', Some(size @ (8 | 16))) => Dtype::Complex(Number::Float(size / 2)),
        ('S', Some(size)) => Dtype::Bytes(size),
        ('U', Some(count)) if count < usize::MAX / 4 => Dtype::Unicode(count),
        ('O', _) => {
            return Err(unsupported(
                "Python objects (dtype `object`), which are stored as a pickle and not read",
            ));
        }
        ('M' | 'm', _) => {
            return Err(unsupported(format!(
                "dates or durations (dtype `{descr}`); in NumPy, `astype(\"i8\")` converts them"
            )));
        }
        ('V', _) => return Err(unsupported(format!("raw records (dtype `{descr}`)"))),
        _ => return Err(unsupported(format!("dtype `{descr}`"))),
    };
    Ok((dtype, is_big_endian))
}

fn unsupported(found: impl Into<String>) -> FileError {
    FileError::Format {
        expected: "an array of numbers, booleans or text",
        found: found.into(),
    }
}
