//! NumPy arrays (`.npy`). Object arrays, which contain a pickle, are rejected: nothing in a file is
//! executed. All sizes are compared with the length of the file before memory is allocated.

mod header;
mod literal;
mod write;

use std::fs::File;
use std::io::{BufReader, Read};
use std::path::Path;

use crate::base::error::{FileError, READING_ENTRY};
use crate::base::{Error, Result};
use crate::io::budget::Budget;
use crate::io::elements::{self, Number, read_error, scalar, tensor_error};
use crate::io::magic_bytes::require_regular_file;
use crate::io::nest::nest;
use crate::io::system_error::system_error;
use crate::io::tree::Tree;
use crate::tensor::Tensor;
use header::{Dtype, Header};

pub use header::MAGIC;
pub use write::{serialize, write};

/// Maximum number of axes, as in NumPy.
const MAX_AXES: usize = 64;
/// Maximum number of elements, without axes of length 0.
const MAX_ELEMENTS: u128 = 1 << 62;

/// The array in the file at `path`, which may take `max_bytes` bytes: a tensor, a nested list of
/// texts, or, without axes, a single value. Complex numbers are a map of `re` and `im`.
///
/// Errors: `File` if the file is missing, damaged or of another format, or if its dtype is not
/// supported; `Memory` beyond the limit
pub fn read(path: impl AsRef<Path>, max_bytes: u64) -> Result<Tree> {
    let path = path.as_ref();
    require_regular_file(path)?;
    let open = |path: &Path| {
        let file = File::open(path)?;
        let length = file.metadata()?.len();
        Ok((file, length))
    };
    let (file, length) = open(path).map_err(|source| system_error(path, "reading", source))?;
    let source = Source {
        path,
        key: None,
        length,
    };
    source.read(&mut BufReader::new(file), &mut Budget::new(max_bytes))
}

/// The location of an array: a file, or an entry of an archive.
#[derive(Debug, Clone, Copy)]
pub struct Source<'a> {
    pub path: &'a Path,
    /// The name of the entry of an archive.
    pub key: Option<&'a str>,
    /// Number of bytes of the header and the values.
    pub length: u64,
}

impl Source<'_> {
    /// Reads the header and the values.
    ///
    /// Errors: as [`read`]
    pub fn read(&self, bytes: &mut dyn Read, budget: &mut Budget) -> Result<Tree> {
        let header = header::read(bytes).map_err(|fact| self.error(fact))?;
        self.check_length(&header)
            .map_err(|fact| self.error(fact))?;
        let op = match self.key {
            Some(key) => format!("{READING_ENTRY} `{key}`"),
            None => "npy::read".into(),
        };
        budget.reserve(self.path, &op, &header.shape, memory_cost(&header))?;
        values(bytes, &header).map_err(|fact| self.error(fact))
    }

    /// The error for this array.
    pub fn error(&self, fact: FileError) -> Error {
        let fact = match (self.key, fact) {
            (Some(key), FileError::Format { found, .. }) => FileError::EntryKind {
                key: key.into(),
                found,
            },
            (Some(key), FileError::Damaged { found }) => FileError::Damaged {
                found: format!("`{key}`: {found}"),
            },
            (_, fact) => fact,
        };
        Error::file(self.path, fact)
    }

    fn check_length(&self, header: &Header) -> Result<(), FileError> {
        let available = u128::from(self.length.saturating_sub(header.length));
        let product = |start: usize, min: usize| {
            let sizes = header.shape.iter().map(|size| (*size).max(min) as u128);
            sizes.fold(start as u128, u128::saturating_mul)
        };
        let bytes = product(header.dtype.size(), 0);
        // Texts of 0 bytes would make any number of them fit.
        let count = product(1, 0);
        let is_too_long = bytes > available || (header.dtype.size() == 0 && count > available);
        // The number of elements without the axes of length 0 must also be valid.
        if is_too_long || header.shape.len() > MAX_AXES || product(1, 1) > MAX_ELEMENTS {
            let shape = &header.shape;
            let found = format!("shape {shape:?} needs {bytes} bytes, found {available}");
            return Err(FileError::Damaged { found });
        }
        Ok(())
    }
}

/// Bytes in memory of one element.
fn memory_cost(header: &Header) -> usize {
    let copies = 1 + usize::from(header.is_fortran && header.shape.len() > 1);
    match header.dtype {
        Dtype::Number(number) => copies * number.dtype().size_in_bytes(),
        // Both parts are read together, then copied.
        Dtype::Complex(part) => (copies + 1) * 2 * part.size(),
        Dtype::Bytes(size) | Dtype::Unicode(size) => {
            size.saturating_mul(8).saturating_add(2 * size_of::<Tree>())
        }
    }
}

fn values(bytes: &mut dyn Read, header: &Header) -> Result<Tree, FileError> {
    // In Fortran order, the file contains the transposed array.
    let mut stored = header.shape.clone();
    if header.is_fortran {
        stored.reverse();
    }
    let read = |bytes: &mut dyn Read, number, shape: &[usize]| {
        elements::read(bytes, number, header.is_big_endian, shape)
    };
    match header.dtype {
        Dtype::Number(number) => {
            let tensor = transpose(read(bytes, number, &stored)?, header.is_fortran)?;
            finish(tensor, number == Number::Bool)
        }
        Dtype::Complex(part) => {
            let axis = stored.len();
            stored.push(2);
            let pairs = read(bytes, part, &stored)?;
            let part = |index: usize| -> Result<Tree, FileError> {
                let part = pairs
                    .narrow(axis, index, 1)
                    .and_then(|part| part.squeeze(axis));
                let part = part
                    .and_then(|part| part.contiguous())
                    .map_err(tensor_error)?;
                finish(transpose(part, header.is_fortran)?, false)
            };
            Ok(Tree::from([("re", part(0)?), ("im", part(1)?)]))
        }
        Dtype::Bytes(_) | Dtype::Unicode(_) => texts(bytes, header, &stored),
    }
}

/// The tensor with its axes in reverse order if `is_fortran`.
fn transpose(tensor: Tensor, is_fortran: bool) -> Result<Tensor, FileError> {
    if !is_fortran || tensor.rank() < 2 {
        return Ok(tensor);
    }
    let axes: Vec<usize> = (0..tensor.rank()).rev().collect();
    let transposed = tensor.permute(axes).and_then(|tensor| tensor.contiguous());
    transposed.map_err(tensor_error)
}

fn finish(tensor: Tensor, is_bool: bool) -> Result<Tree, FileError> {
    match tensor.rank() {
        0 => scalar(&tensor, is_bool),
        _ => Ok(Tree::Tensor(tensor)),
    }
}

/// Nested lists of strings.
fn texts(bytes: &mut dyn Read, header: &Header, stored: &[usize]) -> Result<Tree, FileError> {
    if header.is_fortran && stored.len() > 1 {
        return Err(FileError::Format {
            expected: "strings in row-major order",
            found: "strings in Fortran order".into(),
        });
    }
    if stored.contains(&0) {
        return Ok(Tree::List(Vec::new()));
    }
    let mut item = vec![0; header.dtype.size()];
    let mut next = || -> Result<Tree, FileError> {
        bytes.read_exact(&mut item).map_err(read_error)?;
        Ok(Tree::Text(match header.dtype {
            Dtype::Unicode(_) => unicode(&item, header.is_big_endian),
            _ => {
                let end = item
                    .iter()
                    .rposition(|byte| *byte != 0)
                    .map_or(0, |last| last + 1);
                String::from_utf8_lossy(&item[..end]).into_owned()
            }
        }))
    };
    nest(&mut std::iter::from_fn(|| Some(next())), stored)
}

/// The text of code points of 4 bytes, without the zeros at the end.
fn unicode(bytes: &[u8], is_big_endian: bool) -> String {
    let (chunks, _) = bytes.as_chunks::<4>();
    let codes = chunks.iter().map(|chunk| match is_big_endian {
        true => u32::from_be_bytes(*chunk),
        false => u32::from_le_bytes(*chunk),
    });
    let text: String = codes
        .map(|code| char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER))
        .collect();
    text.trim_end_matches('\0').into()
}
