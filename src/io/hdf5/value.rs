//! The value of one dataset or attribute. Numbers keep their dtype if candle supports it; the
//! others widen without loss: int8, int16, int32 to i64, uint16 to u32, float16 to f32, bool to u8.
//! Long doubles are rounded to f64.

use std::ops::Range;
use std::path::Path;

use ::hdf5::{Container, Datatype};

use super::decode::{Decoder, View, array, signed};
use super::element_type::ElementType;
use super::error;
use super::library::data::{self, Number};
use crate::base::error::FileError;
use crate::base::{Error, Result};
use crate::io::tree::Tree;

/// A dataset or attribute to read.
pub struct Source<'a> {
    pub path: &'a Path,
    pub key: &'a str,
    pub from: &'a Container,
    /// A range of rows (indices along the first axis), or all.
    pub rows: Option<Range<usize>>,
    pub kind: ElementType,
}

impl Source<'_> {
    /// The element type of `from`.
    ///
    /// Errors: `File` if the type is unsupported
    pub fn kind(path: &Path, key: &str, from: &Container) -> Result<ElementType> {
        let kind = from.dtype().and_then(|dtype| ElementType::new(&dtype));
        let kind = kind.map_err(|f| error::entry(path, key, f))?;
        match kind.unreadable() {
            Some(what) => Err(error::kind(path, key, what)),
            None => Ok(kind),
        }
    }

    /// The shape of the selection; None for the null dataspace.
    ///
    /// Errors: `File` if the rows are out of range
    pub fn shape(&self) -> Result<Option<Vec<usize>>> {
        let space = self.from.space().map_err(|f| self.error(f))?;
        if space.is_null() {
            return Ok(None);
        }
        let mut shape = space.shape();
        if let Some(rows) = &self.rows {
            self.validate_rows(&shape, rows)?;
            shape[0] = rows.len();
        }
        Ok(Some(shape))
    }

    /// The value: a number or text for a scalar, else a tensor, a list, or a map of fields.
    ///
    /// Errors: `File` if the bytes are damaged; `Memory` beyond the limit
    pub fn value(&self, shape: &[usize], decoder: &mut Decoder) -> Result<Tree> {
        decoder
            .budget
            .array(self.path, self.key, shape, self.element_cost())?;
        let memory = self.kind.memory().map_err(|f| self.error(f))?;
        let count = shape.iter().product();
        let int = |n: i64| Tree::Int(n);
        match &self.kind {
            ElementType::Signed(_) | ElementType::Enum(_) | ElementType::Time { .. } => {
                array(self.read::<i64>(&memory, count)?, shape, int)
            }
            ElementType::Unsigned(1) => {
                array(self.read::<u8>(&memory, count)?, shape, |n| int(n.into()))
            }
            // Not read as Rust's bool, for which a damaged byte such as 7 is invalid.
            ElementType::Bool => array(self.read::<u8>(&memory, count)?, shape, |byte| {
                Tree::Bool(byte != 0)
            }),
            ElementType::Unsigned(0..=4) => {
                array(self.read::<u32>(&memory, count)?, shape, |n| int(n.into()))
            }
            ElementType::Unsigned(_) => {
                let values = self.read::<u64>(&memory, count)?.into_iter();
                let integers = values.map(|n| signed(self.path, self.key, n));
                array(integers.collect::<Result<Vec<i64>>>()?, shape, int)
            }
            ElementType::Float(0..=4) => array(self.read::<f32>(&memory, count)?, shape, |x| {
                Tree::Float(x.into())
            }),
            ElementType::Float(_) => array(self.read::<f64>(&memory, count)?, shape, Tree::Float),
            kind => {
                let size = kind.size();
                let bytes = self.read::<u8>(&memory, count * size)?;
                decoder.value(kind, &View::new(&bytes, count, size), shape)
            }
        }
    }

    /// Bytes in memory of one element: numbers are read in place, other values are copied.
    fn element_cost(&self) -> usize {
        let size = self.kind.size();
        match self.kind {
            ElementType::Signed(_)
            | ElementType::Unsigned(_)
            | ElementType::Float(_)
            | ElementType::Bool => size,
            ElementType::Enum(_) | ElementType::Time { .. } => size,
            _ => size.saturating_mul(2).saturating_add(size_of::<Tree>()),
        }
    }

    fn read<T: Number>(&self, memory: &Datatype, count: usize) -> Result<Vec<T>> {
        data::read(self.from, memory, self.rows.as_ref(), count).map_err(|f| self.error(f))
    }

    fn validate_rows(&self, shape: &[usize], rows: &Range<usize>) -> Result<()> {
        if shape
            .first()
            .is_some_and(|&size| rows.start <= rows.end && rows.end <= size)
        {
            return Ok(());
        }
        let (key, rows) = (self.key.to_string(), rows.clone());
        let fact = match shape.first().copied() {
            Some(size) => FileError::Rows { key, rows, size },
            None => FileError::NoRows {
                key,
                found: "a single value",
            },
        };
        Err(Error::file(self.path, fact))
    }

    fn error(&self, error: ::hdf5::Error) -> Error {
        error::entry(self.path, self.key, error)
    }
}
