//! Validation of a file before the library opens it: existence, signature, completeness and write
//! marks. The library's own errors are less specific, and it prints some of them itself.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::Path;

use crate::base::error::FileError;
use crate::base::{Error, Result};
use crate::io::hdf5::error;
use crate::io::magic_bytes::{self, HDF5, describe};
use crate::io::system_error::system_error;

/// Enough for any superblock (96 bytes for version 0 with 8-byte addresses).
const SUPERBLOCK: usize = 128;
/// The first signature offset after 0; further ones double (the user block).
const FIRST_BLOCK: u64 = 512;
/// Start of the user block of a MAT-file of version 7.3.
const MATLAB: &[u8] = b"MATLAB 7.3";
/// The flag of a file that is written in SWMR mode.
const SWMR: u8 = 4;

/// Properties of a file from its superblock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Superblock {
    /// The offset of address 0: the size of the user block.
    pub base: u64,
    /// Whether a program is writing the file in SWMR mode, or crashed while doing so.
    pub swmr: bool,
    /// Whether MATLAB wrote the file.
    pub matlab: bool,
}

/// The superblock of the HDF5 file at `path`.
///
/// Errors: `File` if it is missing, a folder, unreadable, not HDF5, or truncated
pub fn validate(path: &Path) -> Result<Superblock> {
    magic_bytes::require_regular_file(path)?;
    let open = |path: &Path| {
        let file = File::open(path)?;
        let metadata = file.metadata()?;
        Ok((file, metadata))
    };
    let (mut file, metadata) =
        open(path).map_err(|source| system_error(path, "reading", source))?;
    let length = metadata.len();
    let head = bytes_at(&mut file, 0).map_err(|source| system_error(path, "reading", source))?;
    let mut block = head.clone();
    let mut base = 0;
    while !block.starts_with(HDF5) {
        base = (base * 2).max(FIRST_BLOCK);
        if base >= length {
            return Err(wrong_format(path, describe(&head)));
        }
        block =
            bytes_at(&mut file, base).map_err(|source| system_error(path, "reading", source))?;
    }
    validate_length(path, &block, length)?;
    Ok(Superblock {
        base,
        swmr: matches!(block.get(8), Some(3)) && block.get(11).is_some_and(|f| f & SWMR != 0),
        matlab: base > 0 && head.starts_with(MATLAB),
    })
}

fn bytes_at(file: &mut File, offset: u64) -> std::io::Result<Vec<u8>> {
    let mut block = Vec::with_capacity(SUPERBLOCK);
    file.seek(SeekFrom::Start(offset))?;
    file.take(SUPERBLOCK as u64).read_to_end(&mut block)?;
    Ok(block)
}

/// Compares the length with the end of file in the superblock.
fn validate_length(path: &Path, block: &[u8], length: u64) -> Result<()> {
    if let Some(&version) = block.get(8).filter(|version| **version > 3) {
        let found = format!("superblock version {version}");
        return Err(Error::file(path, FileError::Newer { found }));
    }
    match end_of_file(block) {
        // With a user block, the end counts from the signature; the library checks the rest.
        Some(end) if end <= length => Ok(()),
        Some(end) => Err(error::damaged(
            path,
            format!("{length} of {end} bytes are present"),
        )),
        None => Err(error::damaged(path, "the superblock is invalid")),
    }
}

/// The end of file in a superblock of version 0 to 3.
fn end_of_file(block: &[u8]) -> Option<u64> {
    let version = *block.get(8)?;
    let (offsets, lengths, addresses) = match version {
        0 => (*block.get(13)?, *block.get(14)?, 24),
        1 => (*block.get(13)?, *block.get(14)?, 28),
        _ => (*block.get(9)?, *block.get(10)?, 12),
    };
    let known = |size: u8| matches!(size, 2 | 4 | 8);
    if !known(offsets) || !known(lengths) {
        return None;
    }
    // The third address, after the base and one that depends on the version.
    let size = usize::from(offsets);
    let bytes = block.get(addresses + 2 * size..addresses + 3 * size)?;
    Some(
        bytes
            .iter()
            .rev()
            .fold(0, |sum, &byte| sum << 8 | u64::from(byte)),
    )
}

fn wrong_format(path: &Path, found: String) -> Error {
    let expected = "an HDF5 file";
    Error::file(path, FileError::Format { expected, found })
}
