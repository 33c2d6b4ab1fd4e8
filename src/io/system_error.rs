//! Errors of the operating system.

use std::io;
use std::path::Path;

use crate::base::Error;
use crate::base::error::FileError;

/// An error of the operating system during `action` on `path`.
pub fn system_error(path: &Path, action: &'static str, source: io::Error) -> Error {
    let fact = match source.kind() {
        io::ErrorKind::NotFound if action == "reading" => FileError::Missing,
        io::ErrorKind::IsADirectory => FileError::Folder,
        _ => FileError::System { action, source },
    };
    Error::file(path, fact)
}
