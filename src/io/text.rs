//! Text files.

use std::fs;
use std::io::Read;
use std::path::Path;

use super::special;
use super::system_error::system_error;
use crate::base::error::FileError;
use crate::base::{Error, Result};

/// The size of a file in bytes.
///
/// Errors: `File`
pub fn size(path: &Path) -> Result<u64> {
    let metadata = fs::metadata(path).map_err(|source| system_error(path, "reading", source))?;
    Ok(metadata.len())
}

/// The kind of a file that is not a regular file, for error messages.
pub fn describe_special(path: &Path) -> Option<&'static str> {
    let metadata = fs::metadata(path).ok()?;
    (!metadata.is_file()).then(|| special::describe(&metadata))
}

/// The text of a file of at most `max` bytes. A FIFO with a writer or a character device is read to
/// its end; its reported size is 0.
///
/// Errors: `File`, also for bytes that are not valid UTF-8, for a longer device, and for the files
/// that [`special::open_for_reading`] rejects; `Memory` for a longer file
pub fn read(op: &str, path: &Path, max: u64) -> Result<String> {
    let size = size(path)?.min(max);
    let mut bytes = Vec::with_capacity(size as usize);
    let file = special::open_for_reading(path)?;
    file.take(max.saturating_add(1))
        .read_to_end(&mut bytes)
        .map_err(|source| system_error(path, "reading", source))?;
    let special = describe_special(path);
    if bytes.len() as u64 > max {
        return Err(too_long(op, path, bytes.len(), max, special));
    }
    String::from_utf8(bytes).map_err(|_| {
        let from = special.map_or(String::new(), |kind| format!(" from {kind}"));
        let (expected, found) = ("text in UTF-8", format!("other bytes{from}"));
        Error::file(path, FileError::Format { expected, found })
    })
}

fn too_long(op: &str, path: &Path, bytes: usize, max: u64, special: Option<&str>) -> Error {
    if let Some(kind) = special {
        let (expected, found) = (
            "text that fits into the memory limit",
            format!("more than {max} bytes from {kind}"),
        );
        return Error::file(path, FileError::Format { expected, found });
    }
    Error::Memory {
        op: op.into(),
        shape: vec![bytes],
        bytes: bytes as u128,
        limit: max,
    }
}
