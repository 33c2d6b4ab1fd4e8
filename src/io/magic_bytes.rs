//! File format detection by magic bytes, and reading of complete files.

use std::fs::{self, File};
use std::io::Read;
use std::path::Path;

use super::special;
use super::system_error::system_error;
use crate::base::error::FileError;
use crate::base::{Error, Result};

/// Magic bytes of an HDF5 file.
pub const HDF5: &[u8] = b"\x89HDF\r\n\x1a\n";
/// Magic bytes of a zip archive, and therefore of current PyTorch files.
pub const ZIP: &[u8] = b"PK\x03\x04";
/// Magic bytes of a legacy PyTorch file: a pickled magic number.
pub const LEGACY_TORCH: &[u8] = b"\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19";
/// Number of bytes that [`describe`] needs.
const HEAD_BYTES: usize = 128;
/// Magic bytes of common file formats.
const FORMATS: &[(&[u8], &str)] = &[
    (HDF5, "an HDF5 file"),
    (b"\x93NUMPY", "a NumPy array (.npy)"),
    (ZIP, "a zip archive (.npz or .pt)"),
    (LEGACY_TORCH, "a PyTorch file in the format before 1.6"),
    (b"\x80\x02", "a Python pickle"),
    (b"\x80\x03", "a Python pickle"),
    (b"\x80\x04", "a Python pickle"),
    (b"\x80\x05", "a Python pickle"),
    (b"MATLAB 5.0", "a MATLAB 5 file"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"CDF", "a classic netCDF file"),
];

/// The file format that starts with these bytes, for error messages.
pub fn describe(bytes: &[u8]) -> String {
    let head = &bytes[..bytes.len().min(HEAD_BYTES)];
    if head.is_empty() {
        return "an empty file".into();
    }
    if let Some((_, name)) = FORMATS.iter().find(|(start, _)| head.starts_with(start)) {
        return (*name).into();
    }
    let printable = |byte: &u8| byte.is_ascii_graphic() || byte.is_ascii_whitespace();
    if head.iter().all(printable) {
        return "text".into();
    }
    "an unknown format".into()
}

/// All bytes of the file at `path`.
///
/// Errors: `File` if it is missing, unreadable, or not a regular file
pub fn read_bytes(path: &Path) -> Result<Vec<u8>> {
    read_prefix(path, u64::MAX)
}

/// The first bytes of the file at `path`, enough for [`describe`].
///
/// Errors: as [`read_bytes`]
pub fn read_head(path: &Path) -> Result<Vec<u8>> {
    read_prefix(path, HEAD_BYTES as u64)
}

/// Checks that `path` is a regular file: opening a FIFO would block until a writer appears.
///
/// Errors: `File` if it is missing, a folder, a device or a FIFO
pub fn require_regular_file(path: &Path) -> Result<()> {
    let metadata = fs::metadata(path).map_err(|source| system_error(path, "reading", source))?;
    if metadata.is_dir() {
        return Err(Error::file(path, FileError::Folder));
    }
    if !metadata.is_file() {
        let (expected, found) = ("a regular file", special::describe(&metadata).into());
        return Err(Error::file(path, FileError::Format { expected, found }));
    }
    Ok(())
}

fn read_prefix(path: &Path, count: u64) -> Result<Vec<u8>> {
    require_regular_file(path)?;
    let mut bytes = Vec::new();
    let read = File::open(path).and_then(|file| file.take(count).read_to_end(&mut bytes));
    read.map_err(|source| system_error(path, "reading", source))?;
    Ok(bytes)
}
