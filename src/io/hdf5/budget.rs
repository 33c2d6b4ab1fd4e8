//! How much a file may claim to hold. A damaged header can speak of 10^18 numbers; asking for
//! that much memory would end the process, so sizes are checked against the file's own length.

use std::io;
use std::path::Path;

use crate::base::error::FileFault;
use crate::base::{Error, Result};

/// Deflate makes at most 1,032 bytes of one; a dataset larger than this cannot be in the file.
const EXPANSION: u64 = 1_100;
/// What any file may claim: datasets that were created and never written take no room.
const FREE_BYTES: u64 = 64 << 20;
/// Entries of one file; a group linked twice from each of 40 groups would be 10^12 of them.
const ENTRIES: usize = 1_000_000;

/// What is left for a file to claim.
#[derive(Debug)]
pub struct Budget {
    bytes: u64,
    entries: usize,
    file_bytes: u64,
}

impl Budget {
    /// The budget of a file of `file_bytes`.
    pub fn of(file_bytes: u64) -> Budget {
        Budget {
            bytes: file_bytes.saturating_mul(EXPANSION).max(FREE_BYTES),
            entries: ENTRIES,
            file_bytes,
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

    /// Counts an array of `shape` with `element` bytes for each number, and asks whether there
    /// is memory for it.
    ///
    /// Errors: `File` if the file cannot hold as much, or the memory is not there
    pub fn array(&mut self, path: &Path, key: &str, shape: &[usize], element: usize) -> Result<()> {
        let bytes = shape.iter().try_fold(element as u64, |bytes, &size| {
            bytes.checked_mul(size as u64)
        });
        let Some(bytes) = bytes.filter(|bytes| *bytes <= self.bytes) else {
            let file = self.file_bytes;
            let found = format!(
                "entry `{key}` of shape {shape:?} does not fit into a file of {file} bytes"
            );
            return Err(Error::file(path, FileFault::Damaged { found }));
        };
        self.bytes -= bytes;
        // Reserved and given back at once: a failure here is a fault, later it would be an abort.
        let room = Vec::<u8>::new().try_reserve_exact(bytes as usize);
        room.map_err(|_| {
            let source = io::ErrorKind::OutOfMemory.into();
            super::super::atomic::system(path, "reading", source)
        })
    }
}
