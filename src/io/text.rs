//! Files of text.

use std::fs;
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

/// The text of a file.
///
/// Errors: `File`, also for bytes that are no text in UTF-8
pub fn read(path: &Path) -> Result<String> {
    let bytes = fs::read(path).map_err(|source| system(path, "reading", source))?;
    String::from_utf8(bytes).map_err(|_| {
        let (expected, found) = ("text in UTF-8", "other bytes".into());
        Error::file(path, FileFault::Format { expected, found })
    })
}
