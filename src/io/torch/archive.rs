//! The zip archive around a state dict.

use std::io::{Cursor, Read};

use zip::ZipArchive;
use zip::result::ZipError;

use crate::base::error::FileFault;

/// The record with the pickle, in a folder of any name.
const PICKLE: &str = "data.pkl";

/// A PyTorch archive whose bytes are in memory.
pub struct Archive<'a> {
    zip: ZipArchive<Cursor<&'a [u8]>>,
    /// The folder of all records, with its slash; empty if they are at the root.
    folder: String,
    bytes: usize,
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
            bytes: bytes.len(),
        };
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
        let path = format!("{}{name}", self.folder);
        let file = self.zip.by_name(&path).map_err(|fault| match fault {
            ZipError::FileNotFound => FileFault::Damaged {
                found: format!("the record `{name}` is missing"),
            },
            other => damaged(other),
        })?;
        // Records are not compressed, so that none is larger than the file it is in.
        let mut bytes = Vec::new();
        let limit = self.bytes as u64 + 1;
        let read = file.take(limit).read_to_end(&mut bytes);
        read.map_err(|fault| damaged(fault.into()))?;
        match bytes.len() > self.bytes {
            true => Err(FileFault::Damaged {
                found: format!("the record `{name}` is larger than the file"),
            }),
            false => Ok(bytes),
        }
    }
}

fn damaged(fault: ZipError) -> FileFault {
    let found = match fault {
        ZipError::CompressionMethodNotSupported(_) => "its records are compressed".into(),
        other => other.to_string(),
    };
    FileFault::Damaged { found }
}
