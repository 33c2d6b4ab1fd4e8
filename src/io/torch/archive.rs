//! The zip archive that contains a state dict.

use std::io::{Cursor, Read};

use zip::read::ZipReadOptions;
use zip::{CompressionMethod, ZipArchive};

use crate::base::error::FileError;
use crate::io::zip_error::damaged;

/// The record with the pickle, in a folder with an arbitrary name.
const PICKLE: &str = "data.pkl";
/// Maximum ratio of the inflated records to the file size, which prevents decompression bombs;
/// small files may inflate to `SMALL`.
const MAX_INFLATION: usize = 16;
const SMALL: usize = 64 << 20;

/// A PyTorch archive in memory.
pub struct Archive<'a> {
    zip: ZipArchive<Cursor<&'a [u8]>>,
    /// The folder of all records, with its slash; empty for records at the root.
    folder: String,
    /// Number of bytes that may still be read.
    remaining: usize,
    /// Whether the file contains checksums: `torch.serialization.set_crc32_options(False)` leaves
    /// them 0.
    has_checksums: bool,
}

impl Archive<'_> {
    /// Errors: `Damaged` if the bytes are not a complete zip archive, `StateDict` if PyTorch did
    /// not write it or it contains a program, `Format` for the byte order of another processor
    pub fn open(bytes: &[u8]) -> Result<Archive<'_>, FileError> {
        let zip = ZipArchive::new(Cursor::new(bytes)).map_err(damaged)?;
        let (folder, has_byte_order) = inspect_names(&zip)?;
        let mut archive = Archive {
            zip,
            folder,
            remaining: bytes.len().saturating_mul(MAX_INFLATION).max(SMALL),
            has_checksums: true,
        };
        let pickle = archive.index(PICKLE)?;
        let pickle = archive.zip.by_index_raw(pickle).map_err(damaged)?;
        let has_checksums = pickle.crc32() != 0;
        drop(pickle);
        archive.has_checksums = has_checksums;
        if has_byte_order && archive.record("byteorder")? != b"little" {
            let (expected, found) = (
                "values in little-endian byte order",
                "big-endian values".into(),
            );
            return Err(FileError::Format { expected, found });
        }
        Ok(archive)
    }

    /// The pickle, of at most `limit` bytes.
    pub fn pickle(&mut self, limit: usize) -> Result<Vec<u8>, FileError> {
        let pickle = self.record(PICKLE)?;
        if pickle.len() > limit {
            let found = format!("a pickle of {} bytes", pickle.len());
            return Err(FileError::Damaged { found });
        }
        Ok(pickle)
    }

    /// The bytes of one storage.
    pub fn storage(&mut self, name: &str) -> Result<Vec<u8>, FileError> {
        self.record(&format!("data/{name}"))
    }

    /// One record, with its checksum verified.
    fn record(&mut self, name: &str) -> Result<Vec<u8>, FileError> {
        let index = self.index(name)?;
        let raw = self.zip.by_index_raw(index).map_err(damaged)?;
        validate_method(raw.compression())?;
        drop(raw);
        let options = ZipReadOptions::new().ignore_crc32(!self.has_checksums);
        let file = self.zip.by_index_with_options(index, options);
        let file = file.map_err(damaged)?;
        // The buffer grows with the data, so a false size cannot cause a large allocation.
        let mut bytes = Vec::new();
        let read = file.take(self.remaining as u64 + 1).read_to_end(&mut bytes);
        read.map_err(|error| damaged(error.into()))?;
        let Some(remaining) = self.remaining.checked_sub(bytes.len()) else {
            let found = format!("the record `{name}` exceeds the size limit of the file");
            return Err(FileError::Damaged { found });
        };
        self.remaining = remaining;
        Ok(bytes)
    }

    fn index(&self, name: &str) -> Result<usize, FileError> {
        let path = format!("{}{name}", self.folder);
        let index = self.zip.index_for_name(&path);
        index.ok_or_else(|| FileError::Damaged {
            found: format!("the record `{name}` is missing"),
        })
    }
}

/// The folder of the records, and whether the archive specifies the byte order.
///
/// Errors: `StateDict` if PyTorch did not write the archive, or it contains a program
fn inspect_names(zip: &ZipArchive<Cursor<&[u8]>>) -> Result<(String, bool), FileError> {
    let names = zip
        .file_names()
        .collect::<Result<Vec<_>, _>>()
        .map_err(damaged)?;
    let folder = names.iter().find_map(|name| {
        let folder = name.strip_suffix(PICKLE)?;
        (folder.is_empty() || folder.ends_with('/')).then(|| folder.to_string())
    });
    let Some(folder) = folder else {
        let found = format!("a zip archive without `{PICKLE}`");
        return Err(FileError::StateDict { found });
    };
    let code = format!("{folder}code/");
    if names.iter().any(|name| name.starts_with(&code)) {
        let found = "a program (TorchScript)".into();
        return Err(FileError::StateDict { found });
    }
    let byte_order = format!("{folder}byteorder");
    let has_byte_order = names.iter().any(|name| **name == byte_order);
    Ok((folder, has_byte_order))
}

/// Errors: `Format` for a compression method that PyTorch does not support either
fn validate_method(method: CompressionMethod) -> Result<(), FileError> {
    match method {
        CompressionMethod::Stored | CompressionMethod::Deflated => Ok(()),
        other => {
            let expected = "a PyTorch archive with stored or deflated records";
            let found = format!("records compressed with {other}");
            Err(FileError::Format { expected, found })
        }
    }
}
