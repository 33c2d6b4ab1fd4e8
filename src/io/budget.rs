//! The memory limit of a read. A damaged header can declare 10^18 elements; an allocation of that
//! size would abort the process.

use std::io;
use std::path::Path;

use crate::base::error::{FileError, READING_ENTRY};
use crate::base::{Error, Result};

/// Maximum number of entries of one file; a group linked twice from each of 40 nested groups would
/// have 10^12.
const MAX_ENTRIES: usize = 1_000_000;

/// The remaining budget of a read.
#[derive(Debug)]
pub struct Budget {
    used: u64,
    limit: u64,
    entries: usize,
}

impl Budget {
    /// The budget of a read that may take `limit` bytes.
    pub fn new(limit: u64) -> Budget {
        Budget {
            used: 0,
            limit,
            entries: MAX_ENTRIES,
        }
    }

    /// Counts an entry.
    ///
    /// Errors: `File` beyond the maximum number of entries
    pub fn entry(&mut self, path: &Path) -> Result<()> {
        if self.entries == 0 {
            let found = format!("more than {MAX_ENTRIES} entries");
            return Err(Error::file(path, FileError::Damaged { found }));
        }
        self.entries -= 1;
        Ok(())
    }

    /// Counts an array of `shape` with `element` bytes per value, and checks that the memory is
    /// available.
    ///
    /// Errors: `Memory` beyond the limit; `File` if the allocation fails
    pub fn array(&mut self, path: &Path, key: &str, shape: &[usize], element: usize) -> Result<()> {
        self.reserve(path, &format!("{READING_ENTRY} `{key}`"), shape, element)
    }

    /// Same as [`Budget::array`]; `op` names the operation in errors.
    ///
    /// Errors: `Memory` beyond the limit; `File` if the allocation fails
    pub fn reserve(
        &mut self,
        path: &Path,
        op: &str,
        shape: &[usize],
        element: usize,
    ) -> Result<()> {
        self.used = self.total(op, shape, element)?;
        let bytes = shape
            .iter()
            .fold(element, |bytes, size| bytes.saturating_mul(*size));
        // A test allocation: a failure here is an error, later it would abort the process.
        let allocation = Vec::<u8>::new().try_reserve_exact(bytes);
        allocation.map_err(|_| {
            let source = io::ErrorKind::OutOfMemory.into();
            crate::io::system_error::system_error(path, "reading", source)
        })
    }

    /// The bytes in use including an array of `shape`, which is not counted.
    ///
    /// Errors: `Memory` beyond the limit
    pub fn check(&self, key: &str, shape: &[usize], element: usize) -> Result<u64> {
        self.total(&format!("{READING_ENTRY} `{key}`"), shape, element)
    }

    fn total(&self, op: &str, shape: &[usize], element: usize) -> Result<u64> {
        let bytes = shape.iter().fold(element as u128, |bytes, size| {
            bytes.saturating_mul(*size as u128)
        });
        let bytes = bytes.saturating_add(self.used.into());
        match u64::try_from(bytes) {
            Ok(used) if used <= self.limit => Ok(used),
            _ => Err(Error::Memory {
                op: op.into(),
                shape: shape.to_vec(),
                bytes,
                limit: self.limit,
            }),
        }
    }
}
