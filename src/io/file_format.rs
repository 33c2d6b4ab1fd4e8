//! The format of a file, from its first bytes.

use std::fs::File;
use std::io::BufReader;
use std::path::Path;

use zip::ZipArchive;

use super::magic_bytes::{HDF5, LEGACY_TORCH, ZIP, read_head};
use super::{mat, npy, safetensors};
use crate::base::Result;

/// Magic bytes of an archive without entries.
const EMPTY_ZIP: &[u8] = b"PK\x05\x06";

/// The format of the file at `path`: `hdf5`, `mat`, `npy`, `npz`, `pytorch`, `safetensors`, `text`
/// or `unknown`.
///
/// Errors: `File` if it is missing, unreadable, or not a regular file
pub fn detect(path: &Path) -> Result<&'static str> {
    let head = read_head(path)?;
    let formats = [
        (head.starts_with(HDF5), "hdf5"),
        (mat::has_magic(&head), "mat"),
        (head.starts_with(npy::MAGIC), "npy"),
        (head.starts_with(EMPTY_ZIP), "npz"),
        (head.starts_with(ZIP) && contains_arrays(path), "npz"),
        (
            head.starts_with(ZIP) || head.starts_with(LEGACY_TORCH),
            "pytorch",
        ),
        (safetensors::has_magic(&head), "safetensors"),
        (!head.is_empty() && is_text(&head), "text"),
    ];
    let format = formats.iter().find(|(applies, _)| *applies);
    Ok(format.map_or("unknown", |(_, name)| name))
}

fn contains_arrays(path: &Path) -> bool {
    let Ok(file) = File::open(path) else {
        return false;
    };
    ZipArchive::new(BufReader::new(file)).is_ok_and(|archive| {
        let mut names = archive.file_names();
        names.any(|name| name.is_ok_and(|name| name.ends_with(".npy")))
    })
}

/// Whether the bytes are text in UTF-8 without control characters. The last character may be cut.
fn is_text(head: &[u8]) -> bool {
    let text = match std::str::from_utf8(head) {
        Ok(text) => text,
        Err(error) if error.error_len().is_none() => {
            std::str::from_utf8(&head[..error.valid_up_to()]).unwrap_or("\0")
        }
        Err(_) => return false,
    };
    text.chars()
        .all(|char| !char.is_control() || char.is_whitespace())
}
