//! The zip archive around a state dict.

use std::io::{Cursor, Read};

use zip::read::ZipReadOptions;
use zip::result::ZipError;
use zip::{CompressionMethod, ZipArchive};

use crate::base::error::FileFault;

/// The record with the pickle, in a folder of any name.
const PICKLE: &str = "data.pkl";
/// How many times the size of the file its records may have when they are inflated; a small file
/// may have more.
const INFLATED: usize = 16;
const SMALL: usize = 64 << 20;

/// A PyTorch archive whose bytes are in memory.
pub struct Archive<'a> {
    zip: ZipArchive<Cursor<&'a [u8]>>,
    /// The folder of all records, with its slash; empty if they are at the root.
    folder: String,
    /// Bytes that may still be read.
    left: usize,
    /// Whether checksums were written: `torch.serialization.set_crc32_options(False)` leaves them
    /// 0.
    checked: bool,
}

impl Archive<'_> {
    /// Errors: `Damaged` if it is no whole zip archive, `StateDict` if PyTorch did not write it or
    /// wrote a program, `Format` for numbers in the order of another processor.
    pub fn open(bytes: &[u8]) -> Result<Archive<'_>, FileFault> {
        let zip = ZipArchive::new(Cursor::new(bytes)).map_err(damaged)?;
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
            return Err(FileFault::StateDict { found });
        };
        let code = format!("{folder}code/");
        if names.iter().any(|name| name.starts_with(&code)) {
            let found = "a program (TorchScript)".into();
            return Err(FileFault::StateDict { found });
        }
        let ordered = names
            .iter()
            .any(|name| **name == format!("{folder}byteorder"));
        let mut archive = Archive {
            zip,
            folder,
            left: bytes.len().saturating_mul(INFLATED).max(SMALL),
            checked: true,
        };
        let pickle = archive.index(PICKLE)?;
        let pickle = archive.zip.by_index_raw(pickle).map_err(damaged)?;
        let checked = pickle.crc32() != 0;
        drop(pickle);
        archive.checked = checked;
        if ordered && archive.record("byteorder")? != b"little" {
            let (expected, found) = ("numbers in little-endian order", "another order".into());
            return Err(FileFault::Format { expected, found });
        }
        Ok(archive)
    }

    /// The pickle, of at most `limit` bytes.
    pub fn pickle(&mut self, limit: usize) -> Result<Vec<u8>, FileFault> {
        let pickle = self.record(PICKLE)?;
        if pickle.len() > limit {
            let found = format!("a description of tensors of {} bytes", pickle.len());
            return Err(FileFault::Damaged { found });
        }
        Ok(pickle)
    }

    /// The bytes of one storage.
    pub fn storage(&mut self, name: &str) -> Result<Vec<u8>, FileFault> {
        self.record(&format!("data/{name}"))
    }

    /// One record. Its checksum is compared with what is read.
    fn record(&mut self, name: &str) -> Result<Vec<u8>, FileFault> {
        let index = self.index(name)?;
        let raw = self.zip.by_index_raw(index).map_err(damaged)?;
        check_method(raw.compression())?;
        drop(raw);
        let options = ZipReadOptions::new().ignore_crc32(!self.checked);
        let file = self.zip.by_index_with_options(index, options);
        let file = file.map_err(damaged)?;
        // Nothing is allocated that the file does not hold, or inflate to.
        let mut bytes = Vec::new();
        let read = file.take(self.left as u64 + 1).read_to_end(&mut bytes);
        read.map_err(|fault| damaged(fault.into()))?;
        let Some(left) = self.left.checked_sub(bytes.len()) else {
            let found = format!("the record `{name}` is larger than the file allows");
            return Err(FileFault::Damaged { found });
        };
        self.left = left;
        Ok(bytes)
    }

    fn index(&self, name: &str) -> Result<usize, FileFault> {
        let path = format!("{}{name}", self.folder);
        let index = self.zip.index_for_name(&path);
        index.ok_or_else(|| FileFault::Damaged {
            found: format!("the record `{name}` is missing"),
        })
    }
}

fn damaged(fault: ZipError) -> FileFault {
    let found = fault.to_string();
    FileFault::Damaged { found }
}

/// Errors: `Format` for a method of compression that PyTorch does not read either
fn check_method(method: CompressionMethod) -> Result<(), FileFault> {
    match method {
        CompressionMethod::Stored | CompressionMethod::Deflated => Ok(()),
        other => {
            let expected = "a PyTorch archive that is stored or deflated";
            let found = format!("records that were compressed by another method ({other})");
            Err(FileFault::Format { expected, found })
        }
    }
}
