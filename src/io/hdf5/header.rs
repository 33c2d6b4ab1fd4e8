//! A look at a file before the library opens it: is it there, is it HDF5, is all of it there, is
//! it being written. The library would say less, and some of it through its own printing.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::Path;

use super::fault;
use crate::base::error::FileFault;
use crate::base::{Error, Result};
use crate::io::atomic::system;
use crate::io::format::{self, HDF5, describe};

/// Enough for any superblock (96 bytes for version 0 with 8-byte addresses).
const SUPERBLOCK: usize = 128;
/// Where the search for a signature begins after offset 0; it doubles from there (the user block).
const FIRST_BLOCK: u64 = 512;
/// How the user block of a MAT-file of version 7.3 begins.
const MATLAB: &[u8] = b"MATLAB 7.3";
/// The flag of a file that is written while others read it.
const SWMR: u8 = 4;

/// What a file says of itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Header {
    /// Where addresses begin to count: after the user block.
    pub base: u64,
    /// Whether it is written by a program that lets others read it (SWMR), or was left so.
    pub swmr: bool,
    /// Whether MATLAB wrote it.
    pub matlab: bool,
}

/// The header of the HDF5 file at `path`.
///
/// Errors: `File` if it is missing, a folder, unreadable, not HDF5, or cut short
pub fn check(path: &Path) -> Result<Header> {
    format::check_plain(path)?;
    let open = |path: &Path| {
        let file = File::open(path)?;
        let facts = file.metadata()?;
        Ok((file, facts))
    };
    let (mut file, facts) = open(path).map_err(|source| system(path, "reading", source))?;
    let length = facts.len();
    let head = bytes_at(&mut file, 0).map_err(|source| system(path, "reading", source))?;
    let mut block = head.clone();
    let mut base = 0;
    while !block.starts_with(HDF5) {
        base = (base * 2).max(FIRST_BLOCK);
        if base >= length {
            return Err(other(path, describe(&head)));
        }
        block = bytes_at(&mut file, base).map_err(|source| system(path, "reading", source))?;
    }
    whole(path, &block, length)?;
    Ok(Header {
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

/// Checks the length against the end that the superblock gives.
fn whole(path: &Path, block: &[u8], length: u64) -> Result<()> {
    if let Some(&version) = block.get(8).filter(|version| **version > 3) {
        let found = format!("superblock version {version}");
        return Err(Error::file(path, FileFault::Newer { found }));
    }
    match end_of_file(block) {
        // With a user block the end counts from the signature: the library sees to the rest.
        Some(end) if end <= length => Ok(()),
        Some(end) => Err(fault::damaged(
            path,
            format!("{length} bytes of {end} are there"),
        )),
        None => Err(fault::damaged(path, "the superblock is not one")),
    }
}

/// The end of file that a superblock of version 0 to 3 gives.
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
    // The third address, after the base and one that differs between versions.
    let size = usize::from(offsets);
    let bytes = block.get(addresses + 2 * size..addresses + 3 * size)?;
    Some(
        bytes
            .iter()
            .rev()
            .fold(0, |sum, &byte| sum << 8 | u64::from(byte)),
    )
}

fn other(path: &Path, found: String) -> Error {
    let expected = "an HDF5 file";
    Error::file(path, FileFault::Format { expected, found })
}
