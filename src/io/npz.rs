//! NumPy archives (`.npz`): zip archives with one `.npy` file per array.

use std::fs::File;
use std::io::{BufReader, Cursor, Read, Write};
use std::path::Path;

use zip::read::ZipFile;
use zip::result::ZipError;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipArchive, ZipWriter};

use super::atomic::atomic_write;
use super::budget::Budget;
use super::hdf5::Unreadable;
use super::magic_bytes::{self, ZIP, describe};
use super::npy::{self, Source};
use super::system_error::system_error;
use super::tree::{Map, Tree, join, parts};
use super::zip_error::damaged;
use crate::base::error::FileError;
use crate::base::{Error, Result};

/// The extension of the files in an archive.
const EXTENSION: &str = ".npy";
/// Maximum ratio of the inflated to the deflated size in the deflate format.
const MAX_INFLATION: u64 = 1032;
/// Inflated size in bytes of a file that may exceed this ratio because of rounding.
const SMALL: u64 = 4096;
/// Maximum number of nested maps in the name of an array.
const MAX_DEPTH: usize = 32;
/// Size in bytes from which an entry needs the zip64 format.
const LARGE: usize = u32::MAX as usize;

/// The arrays of an archive.
#[derive(Debug)]
pub struct Arrays {
    pub tree: Tree,
    /// The skipped entries, in the order of the file.
    pub unreadable: Vec<Unreadable>,
}

/// The arrays in the file at `path`, which may take `max_bytes` bytes. A `/` in a name separates
/// nested maps. Valid entries of unsupported types are skipped and listed.
///
/// Errors: `File` if the file or an entry is damaged; `Memory` beyond the limit
pub fn read(path: impl AsRef<Path>, max_bytes: u64) -> Result<Arrays> {
    let path = path.as_ref();
    let mut archive = open(path)?;
    let mut budget = Budget::new(max_bytes);
    let (mut map, mut unreadable) = (Map::new(), Vec::new());
    for index in 0..archive.len() {
        budget.entry(path)?;
        let (key, value) = read_entry(path, &mut archive, index, &mut budget)?;
        match value {
            Ok(value) => drop(map.insert(key, value)),
            Err(error) if is_unsupported(&error) => unreadable.push(Unreadable { key, error }),
            Err(error) => return Err(error),
        }
    }
    Ok(Arrays {
        tree: Tree::Map(nest(map)),
        unreadable,
    })
}

/// The array `key` in the file at `path`.
///
/// Errors: as [`read`], and if the entry is missing or of an unsupported type
pub fn read_array(path: impl AsRef<Path>, key: &str, max_bytes: u64) -> Result<Tree> {
    let path = path.as_ref();
    let mut archive = open(path)?;
    let names = archive.file_names().collect::<Result<Vec<_>, ZipError>>();
    let names: Vec<String> = names
        .map_err(|error| Error::file(path, damaged(error)))?
        .iter()
        .map(|name| array_name(name).to_string())
        .collect();
    let Some(index) = names.iter().position(|name| name == key) else {
        let (key, found) = (key.to_string(), names);
        return Err(Error::file(path, FileError::Entry { key, found }));
    };
    read_entry(path, &mut archive, index, &mut Budget::new(max_bytes))?.1
}

/// Writes arrays to the file at `path` atomically. Nested maps become names with `/`.
///
/// Errors: `File` if writing fails, or for a value that is not an array
pub fn write(path: impl AsRef<Path>, map: &Map, compress: bool) -> Result<()> {
    let path = path.as_ref();
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    write_map(path, &mut writer, "", map, compress)?;
    let bytes = writer.finish().map_err(|error| zip_error(path, error))?;
    atomic_write(path, &bytes.into_inner())
}

type Archive = ZipArchive<BufReader<File>>;

fn open(path: &Path) -> Result<Archive> {
    let head = magic_bytes::read_head(path)?;
    // An archive without entries consists of its index.
    if !head.starts_with(ZIP) && !head.starts_with(b"PK\x05\x06") {
        let (expected, found) = ("a NumPy archive (.npz)", describe(&head));
        return Err(Error::file(path, FileError::Format { expected, found }));
    }
    let file = File::open(path).map_err(|source| system_error(path, "reading", source))?;
    ZipArchive::new(BufReader::new(file)).map_err(|error| Error::file(path, damaged(error)))
}

/// The name and the value of an entry.
///
/// Errors: as [`read`]; the inner error concerns only this entry
fn read_entry(
    path: &Path,
    archive: &mut Archive,
    index: usize,
    budget: &mut Budget,
) -> Result<(String, Result<Tree>)> {
    let raw = archive.by_index_raw(index);
    let raw = raw.map_err(|error| Error::file(path, damaged(error)))?;
    let name = raw
        .name()
        .map_err(|error| Error::file(path, damaged(error)))?
        .to_string();
    let key = array_name(&name).to_string();
    let source = Source {
        path,
        key: Some(&key),
        length: raw.size(),
    };
    let rejected = check_entry(&raw, &name)
        .map_err(|fact| source.error(fact))
        .err();
    drop(raw);
    if let Some(error) = rejected {
        return Ok((key, Err(error)));
    }
    let value = match archive.by_index(index) {
        Ok(mut file) => source.read(&mut file, budget).and_then(|value| {
            // The checksum is compared at the end of the entry.
            match file.read(&mut [0]) {
                Ok(0) => Ok(value),
                Ok(_) => Err(source.error(extra_bytes())),
                Err(error) => Err(source.error(damaged(error.into()))),
            }
        }),
        Err(error) => Err(source.error(damaged(error))),
    };
    Ok((key, value))
}

fn extra_bytes() -> FileError {
    let found = "more bytes than its shape needs".into();
    FileError::Damaged { found }
}

/// Checks the properties of an entry in the index of the archive.
///
/// Errors: `Format` for an entry that is not an array, or is encrypted or compressed with an
/// unsupported method; `Damaged` for an impossible size
fn check_entry<R: Read>(raw: &ZipFile<'_, R>, name: &str) -> Result<(), FileError> {
    let format_error = |found: String| FileError::Format {
        expected: "an array",
        found,
    };
    if !name.ends_with(EXTENSION) {
        return Err(format_error("a file that is not an array".into()));
    }
    if raw.encrypted() {
        return Err(format_error("an encrypted array".into()));
    }
    let (size, stored) = (raw.size(), raw.compressed_size());
    let max = match raw.compression() {
        CompressionMethod::Stored => stored,
        CompressionMethod::Deflated => stored.saturating_mul(MAX_INFLATION).max(SMALL),
        other => return Err(format_error(format!("an array compressed with {other}"))),
    };
    match size <= max {
        true => Ok(()),
        false => Err(FileError::Damaged {
            found: format!("{stored} compressed bytes cannot contain {size} bytes"),
        }),
    }
}

fn is_unsupported(error: &Error) -> bool {
    match error {
        Error::File { fact, .. } => matches!(fact, FileError::EntryKind { .. }),
        Error::Memory { .. } => true,
        _ => false,
    }
}

/// The name of an array without the extension of its file.
fn array_name(name: &str) -> &str {
    name.strip_suffix(EXTENSION).unwrap_or(name)
}

/// Nested maps of the arrays, whose names are paths. If an array has the name of a map, or a path
/// is too long, all names remain as they are.
fn nest(arrays: Map) -> Map {
    let contains_map = |name: &str| {
        let folder = format!("{name}/");
        let next = arrays.range(folder.clone()..).next();
        next.is_some_and(|(other, _)| other.starts_with(&folder))
    };
    let is_regular = |name: &String| {
        let names: Vec<&str> = parts(name).collect();
        names.join("/") == *name && names.len() <= MAX_DEPTH && !contains_map(name)
    };
    if !arrays.keys().all(is_regular) {
        return arrays;
    }
    let mut map = Map::new();
    for (name, value) in arrays {
        insert(&mut map, &name, value);
    }
    map
}

fn insert(map: &mut Map, path: &str, value: Tree) {
    let Some((folder, rest)) = path.split_once('/') else {
        map.insert(path.into(), value);
        return;
    };
    if let Tree::Map(inner) = map.entry(folder.into()).or_insert_with(Tree::map) {
        insert(inner, rest, value);
    }
}

fn write_map(
    path: &Path,
    writer: &mut ZipWriter<Cursor<Vec<u8>>>,
    folder: &str,
    map: &Map,
    compress: bool,
) -> Result<()> {
    for (name, value) in map {
        let key = join(folder, name);
        if let Tree::Map(inner) = value {
            write_map(path, writer, &key, inner, compress)?;
            continue;
        }
        let bytes = npy::serialize(value).map_err(|found| {
            let (key, found) = (key.clone(), format!("{found} is not an array"));
            Error::file(path, FileError::EntryUnwritable { key, found })
        })?;
        let method = match compress {
            true => CompressionMethod::Deflated,
            false => CompressionMethod::Stored,
        };
        let options = SimpleFileOptions::default()
            .compression_method(method)
            .large_file(bytes.len() >= LARGE);
        writer
            .start_file(format!("{key}{EXTENSION}"), options)
            .and_then(|()| Ok(writer.write_all(&bytes)?))
            .map_err(|error| zip_error(path, error))?;
    }
    Ok(())
}

/// An error of the zip library while it writes to memory, such as a duplicate name.
fn zip_error(path: &Path, error: ZipError) -> Error {
    let source = std::io::Error::other(error.to_string());
    system_error(path, "writing", source)
}
