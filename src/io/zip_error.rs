//! Errors of the zip library, for PyTorch and NumPy archives.

use std::io::ErrorKind;

use zip::result::ZipError;

use crate::base::error::FileError;

/// Describes an error of the zip library without its terms.
pub fn damaged(error: ZipError) -> FileError {
    let found = match &error {
        ZipError::InvalidArchive(_) => {
            "the index at the end of the zip archive is missing or inconsistent"
        }
        ZipError::UnsupportedArchive(_) => "a zip archive with an unsupported feature",
        ZipError::FileNotFound => "a record of the zip archive is missing",
        ZipError::Io(source) if source.kind() == ErrorKind::UnexpectedEof => {
            "a record of the zip archive ends too early"
        }
        ZipError::Io(_) => "a record of the zip archive has a wrong checksum or cannot be inflated",
        _ => "a record of the zip archive cannot be read",
    };
    let found = found.into();
    FileError::Damaged { found }
}
