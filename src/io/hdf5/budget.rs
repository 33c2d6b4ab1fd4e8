//! How much memory a read may take. A damaged header can speak of 10^18 numbers; asking for that
//! much memory would end the process.

use std::io;
use std::path::Path;

use crate::base::error::FileFault;
use crate::base::{Error, Result};

/// Entries of one file; a group linked twice from each of 40 groups would be 10^12 of them.
const ENTRIES: usize = 1_000_000;

/// What is left for a read to take.
#[derive(Debug)]
pub struct Budget {
    used: u64,
    limit: u64,
    entries: usize,
}

impl Budget {
    /// The budget of a read that may take `limit` bytes.
    pub fn of(limit: u64) -> Budget {
        Budget {
            used: 0,
            limit,
            entries: ENTRIES,
        }
    }

    /// Counts an entry.
    ///
    /// Errors: `File` if there were too many
    pub fn entry(&mut self, path: &Path) -> Result<()> {
        if self.entries == 0 {
            let found = format!("more than {ENTRIES} entries");
            return Err(Error::file(path, FileFault::Damaged { found }));
        }
        self.entries -= 1;
        Ok(())
    }

    /// Counts an array of `shape` with `element` bytes for each value, and asks whether there is
    /// memory for it.
    ///
    /// Errors: `Memory` if the limit is lower; `File` if the memory is not there
    pub fn array(&mut self, path: &Path, key: &str, shape: &[usize], element: usize) -> Result<()> {
        self.used = self.check(key, shape, element)?;
        let bytes = shape
            .iter()
            .fold(element, |bytes, size| bytes.saturating_mul(*size));
        // Reserved and returned at once: a failure here is an error, later it would be an abort.
        let room = Vec::<u8>::new().try_reserve_exact(bytes);
        room.map_err(|_| {
            let source = io::ErrorKind::OutOfMemory.into();
            super::super::atomic::system(path, "reading", source)
        })
    }

    /// The bytes in use with an array of `shape`, which is not counted.
    ///
    /// Errors: `Memory` if the limit is lower
    pub fn check(&self, key: &str, shape: &[usize], element: usize) -> Result<u64> {
        let bytes = shape.iter().fold(element as u128, |bytes, size| {
            bytes.saturating_mul(*size as u128)
        });
        let bytes = bytes.saturating_add(self.used.into());
        match u64::try_from(bytes) {
            Ok(used) if used <= self.limit => Ok(used),
            _ => Err(Error::Memory {
                op: format!("reading entry `{key}`"),
                shape: shape.to_vec(),
                bytes,
                limit: self.limit,
            }),
        }
    }
}
