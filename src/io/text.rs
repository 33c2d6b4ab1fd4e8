//! Text files.

use std::fs::{self, File};
use std::io::Read;
use std::path::Path;

use super::atomic::system_error;
use crate::base::error::FileError;
use crate::base::{Error, Result};

/// The size of a file in bytes.
///
/// Errors: `File`
pub fn size(path: &Path) -> Result<u64> {
    let metadata = fs::metadata(path).map_err(|source| system_error(path, "reading", source))?;
    Ok(metadata.len())
}

/// The text of a file of at most `max` bytes. The reported size is not trusted: for pipes and
/// devices it is 0.
///
/// Errors: `File`, also for bytes that are not valid UTF-8; `Memory` for a longer file
pub fn read(op: &str, path: &Path, max: u64) -> Result<String> {
    let size = size(path)?.min(max);
    let mut bytes = Vec::with_capacity(size as usize);
    let read = |file: File| file.take(max.saturating_add(1)).read_to_end(&mut bytes);
    File::open(path)
        .and_then(read)
        .map_err(|source| system_error(path, "reading", source))?;
    if bytes.len() as u64 > max {
        return Err(Error::Memory {
            op: op.into(),
            shape: vec![bytes.len()],
            bytes: bytes.len() as u128,
            limit: max,
        });
    }
    String::from_utf8(bytes).map_err(|_| {
        let (expected, found) = ("text in UTF-8", "other bytes".into());
        Error::file(path, FileError::Format { expected, found })
    })
}
