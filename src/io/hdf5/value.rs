//! The value of one dataset or attribute. Numbers keep their dtype where candle has it; the
//! others widen without loss: int8, int16, int32 to i64, uint16 to u32, float16 to f32, bool to u8.
//! Long doubles are rounded to f64.

use std::ops::Range;
use std::path::Path;

use ::hdf5::{Container, Datatype};

use super::decode::{Decoder, View, array, signed};
use super::fault;
use super::kind::Kind;
use super::library::data::{self, Number};
use crate::base::error::FileFault;
use crate::base::{Error, Result};
use crate::io::tree::Tree;

/// One dataset or attribute that is read.
pub struct Source<'a> {
    pub path: &'a Path,
    pub key: &'a str,
    pub from: &'a Container,
    /// Some rows (indices along the first axis), or all.
    pub rows: Option<Range<usize>>,
    pub kind: Kind,
}

impl Source<'_> {
    /// The type of `from`.
    ///
    /// Errors: `File` if it cannot be read
    pub fn kind(path: &Path, key: &str, from: &Container) -> Result<Kind> {
        let kind = from.dtype().and_then(|dtype| Kind::of(&dtype));
        let kind = kind.map_err(|f| fault::entry(path, key, f))?;
        match kind.unreadable() {
            Some(what) => Err(fault::kind(path, key, what)),
            None => Ok(kind),
        }
    }

    /// The shape of what is read; none for the empty dataspace.
    ///
    /// Errors: `File` if there are no such rows
    pub fn shape(&self) -> Result<Option<Vec<usize>>> {
        let space = self.from.space().map_err(|f| self.fault(f))?;
        if space.is_null() {
            return Ok(None);
        }
        let mut shape = space.shape();
        if let Some(rows) = &self.rows {
            self.check_rows(&shape, rows)?;
            shape[0] = rows.len();
        }
        Ok(Some(shape))
    }

    /// The value: a number or text for a scalar, else a tensor, a list, or a map of fields.
    ///
    /// Errors: `File` if the bytes are damaged; `Memory` if they are too many
    pub fn value(&self, shape: &[usize], decoder: &mut Decoder) -> Result<Tree> {
        decoder
            .budget
            .array(self.path, self.key, shape, self.cost())?;
        let memory = self.kind.memory().map_err(|f| self.fault(f))?;
        let count = shape.iter().product();
        let int = |n: i64| Tree::Int(n);
        match &self.kind {
            Kind::Signed(_) | Kind::Enum(_) | Kind::Time { .. } => {
                array(self.read::<i64>(&memory, count)?, shape, int)
            }
            Kind::Unsigned(1) => array(self.read::<u8>(&memory, count)?, shape, |n| int(n.into())),
            // Not read as Rust's bool: a damaged byte of 7 would be no bool at all.
            Kind::Bool => array(self.read::<u8>(&memory, count)?, shape, |byte| {
                Tree::Bool(byte != 0)
            }),
            Kind::Unsigned(0..=4) => {
                array(self.read::<u32>(&memory, count)?, shape, |n| int(n.into()))
            }
            Kind::Unsigned(_) => {
                let large = self.read::<u64>(&memory, count)?.into_iter();
                let numbers = large.map(|n| signed(self.path, self.key, n));
                array(numbers.collect::<Result<Vec<i64>>>()?, shape, int)
            }
            Kind::Float(0..=4) => array(self.read::<f32>(&memory, count)?, shape, |x| {
                Tree::Float(x.into())
            }),
            Kind::Float(_) => array(self.read::<f64>(&memory, count)?, shape, Tree::Float),
            kind => {
                let size = kind.size();
                let bytes = self.read::<u8>(&memory, count * size)?;
                decoder.value(kind, &View::of(&bytes, count, size), shape)
            }
        }
    }

    /// Bytes in memory of one element: numbers are read in place, other values from a copy.
    fn cost(&self) -> usize {
        let size = self.kind.size();
        match self.kind {
            Kind::Signed(_) | Kind::Unsigned(_) | Kind::Float(_) | Kind::Bool => size,
            Kind::Enum(_) | Kind::Time { .. } => size,
            _ => size.saturating_mul(2).saturating_add(size_of::<Tree>()),
        }
    }

    fn read<T: Number>(&self, memory: &Datatype, count: usize) -> Result<Vec<T>> {
        data::read(self.from, memory, self.rows.as_ref(), count).map_err(|f| self.fault(f))
    }

    fn check_rows(&self, shape: &[usize], rows: &Range<usize>) -> Result<()> {
        if shape
            .first()
            .is_some_and(|&size| rows.start <= rows.end && rows.end <= size)
        {
            return Ok(());
        }
        let expected = format!("[{} or more, ...]", rows.end.max(1));
        let (key, found) = (self.key.to_string(), shape.to_vec());
        let fact = FileFault::EntryShape {
            key,
            expected,
            found,
        };
        Err(Error::file(self.path, fact))
    }

    fn fault(&self, fault: ::hdf5::Error) -> Error {
        fault::entry(self.path, self.key, fault)
    }
}
