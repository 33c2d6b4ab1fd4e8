//! Files of text.

use std::fs::{self, File};
use std::io::Read;
use std::path::Path;

use super::atomic::system;
use crate::base::error::FileFault;
use crate::base::{Error, Result};

/// The number of bytes of a file.
///
/// Errors: `File`
pub fn size(path: &Path) -> Result<u64> {
    let known = fs::metadata(path).map_err(|source| system(path, "reading", source))?;
    Ok(known.len())
}

/// The text of a file of at most `most` bytes. A file may be longer than it says: pipes and
/// devices say 0.
///
/// Errors: `File`, also for bytes that are no text in UTF-8; `Memory` for a longer file
pub fn read(op: &str, path: &Path, most: u64) -> Result<String> {
    let size = size(path)?.min(most);
    let mut bytes = Vec::with_capacity(size as usize);
    let read = |file: File| file.take(most.saturating_add(1)).read_to_end(&mut bytes);
    File::open(path)
        .and_then(read)
        .map_err(|source| system(path, "reading", source))?;
    if bytes.len() as u64 > most {
        return Err(Error::Memory {
            op: op.into(),
            shape: vec![bytes.len()],
            bytes: bytes.len() as u128,
            limit: most,
        });
    }
    String::from_utf8(bytes).map_err(|_| {
        let (expected, found) = ("text in UTF-8", "other bytes".into());
        Error::file(path, FileFault::Format { expected, found })
    })
}
