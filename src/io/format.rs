//! What kind of file the first bytes speak of, and the bytes of a file that is read in one piece.

use std::fs::{self, File};
use std::io::Read;
use std::path::Path;

use super::atomic::system;
use super::special;
use crate::base::error::FileFault;
use crate::base::{Error, Result};

/// The first bytes of an HDF5 file.
pub const HDF5: &[u8] = b"\x89HDF\r\n\x1a\n";
/// The first bytes of a zip archive, and so of what PyTorch writes.
pub const ZIP: &[u8] = b"PK\x03\x04";
/// The first bytes of what PyTorch wrote before it wrote zip archives: a pickled magic number.
pub const OLD_TORCH: &[u8] = b"\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19";
/// How much [`describe`] looks at.
const HEAD: usize = 128;
/// What stands at the beginning of files that people try to read.
const KNOWN: &[(&[u8], &str)] = &[
    (HDF5, "an HDF5 file"),
    (b"\x93NUMPY", "a NumPy array (.npy)"),
    (ZIP, "a zip archive (.npz or .pt)"),
    (OLD_TORCH, "a PyTorch file in the format before 1.6"),
    (b"\x80\x02", "a Python pickle"),
    (b"\x80\x03", "a Python pickle"),
    (b"\x80\x04", "a Python pickle"),
    (b"\x80\x05", "a Python pickle"),
    (b"MATLAB 5.0", "a MATLAB 5 file"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"CDF", "a classic netCDF file"),
];

/// The kind of file that begins with these bytes, as a user would say it.
pub fn describe(bytes: &[u8]) -> String {
    let head = &bytes[..bytes.len().min(HEAD)];
    if head.is_empty() {
        return "an empty file".into();
    }
    if let Some((_, name)) = KNOWN.iter().find(|(start, _)| head.starts_with(start)) {
        return (*name).into();
    }
    let printable = |byte: &u8| byte.is_ascii_graphic() || byte.is_ascii_whitespace();
    if head.iter().all(printable) {
        return "text".into();
    }
    "bytes of no known kind".into()
}

/// All bytes of the file at `path`.
///
/// Errors: `File` if it is missing, a folder, unreadable, or nothing that has an end
pub fn bytes(path: &Path) -> Result<Vec<u8>> {
    first(path, u64::MAX)
}

/// The first bytes of the file at `path`, enough for [`describe`].
///
/// Errors: as [`bytes`]
pub fn head(path: &Path) -> Result<Vec<u8>> {
    first(path, HEAD as u64)
}

/// Whether a plain file is at `path`: to open a FIFO would wait for a writer, possibly for ever.
///
/// Errors: `File` if it is missing, a folder, a device or a FIFO
pub fn check_plain(path: &Path) -> Result<()> {
    let facts = fs::metadata(path).map_err(|source| system(path, "reading", source))?;
    if facts.is_dir() {
        return Err(Error::file(path, FileFault::Folder));
    }
    if !facts.is_file() {
        let (expected, found) = ("a file", special::kind(&facts).into());
        return Err(Error::file(path, FileFault::Format { expected, found }));
    }
    Ok(())
}

fn first(path: &Path, count: u64) -> Result<Vec<u8>> {
    check_plain(path)?;
    let mut bytes = Vec::new();
    let read = File::open(path).and_then(|file| file.take(count).read_to_end(&mut bytes));
    read.map_err(|source| system(path, "reading", source))?;
    Ok(bytes)
}
