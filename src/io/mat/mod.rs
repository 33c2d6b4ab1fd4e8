//! MAT-files of MATLAB: versions 5 to 7, which share one format, and 7.3, which is HDF5. Axes are
//! in the reverse of MATLAB's order in both. Sizes are compared with the file before memory is
//! allocated.
//!
//! Source: MathWorks, MAT-File Format (R2024b), level 5

mod array;
mod containers;
mod element;
mod sparse;
mod text;

use std::borrow::Cow;
use std::path::Path;

use super::budget::Budget;
use super::hdf5::{self, Content, ReadOptions};
use super::magic_bytes::{self, HDF5, describe};
use super::tree::{Map, Tree, parts};
use crate::base::error::FileError;
use crate::base::{Error, Result};
use array::Reader;
use element::{COMPRESSED, Cursor, MATRIX, inflate};

/// Size of the header in bytes: a text, the version and the byte order.
const HEADER: usize = 128;
/// Start of the text in files of version 7.3.
const VERSION_7_3: &[u8] = b"MATLAB 7.3";
/// Version and byte order of versions 5 to 7, for both byte orders.
const LITTLE_ENDIAN: &[u8] = &[0, 1, b'I', b'M'];
const BIG_ENDIAN: &[u8] = &[1, 0, b'M', b'I'];

/// Whether these are the first bytes of a MAT-file.
pub fn has_magic(head: &[u8]) -> bool {
    head.starts_with(VERSION_7_3) || byte_order(head).is_some()
}

/// The variables of the file at `path`, or one of them; `entry` is a path such as `name/field`.
/// Variables that cannot be read (objects, function handles) are skipped and listed.
///
/// Errors: `File` if the file is damaged or of another format, or if the entry is missing or
/// cannot be read; `Memory` beyond the limit
pub fn read(path: impl AsRef<Path>, entry: &str, options: &ReadOptions) -> Result<Content> {
    let path = path.as_ref();
    let head = magic_bytes::read_head(path)?;
    if head.starts_with(VERSION_7_3) || head.starts_with(HDF5) {
        return hdf5::read_content(path, entry, options);
    }
    let Some(is_big_endian) = byte_order(&head) else {
        let expected = "a MAT-file of version 5, 6, 7 or 7.3";
        let found = describe(&head);
        return Err(Error::file(path, FileError::Format { expected, found }));
    };
    let mut budget = Budget::new(options.max_bytes);
    let length = super::text::size(path)?;
    budget.reserve(path, "mat::read", &[length as usize], 1)?;
    let bytes = magic_bytes::read_bytes(path)?;
    let data = bytes.get(HEADER..).unwrap_or(&[]);
    let reader = Reader::new(path, is_big_endian, budget);
    read_variables(reader, Cursor::new(data, is_big_endian), entry)
}

/// Whether the bytes are in big-endian order; `None` for other files.
fn byte_order(head: &[u8]) -> Option<bool> {
    match head.get(HEADER - 4..HEADER)? {
        LITTLE_ENDIAN => Some(false),
        BIG_ENDIAN => Some(true),
        _ => None,
    }
}

fn read_variables(mut reader: Reader, mut file: Cursor, entry: &str) -> Result<Content> {
    let (path, is_big_endian) = (reader.path, reader.is_big_endian);
    let error = |fact| Error::file(path, fact);
    let names: Vec<&str> = parts(entry).collect();
    let (mut map, mut found) = (Map::new(), Vec::new());
    while let Some(element) = file.next().map_err(error)? {
        let data = match element.kind {
            MATRIX => Cow::Borrowed(element.data),
            COMPRESSED => match inflate(path, element.data, is_big_endian, &mut reader.budget)? {
                Some(data) => Cow::Owned(data),
                None => continue,
            },
            _ => continue,
        };
        let name = reader.name(&data).map_err(error)?;
        // A variable without a name contains the objects of the others.
        if name.is_empty() || names.first().is_some_and(|first| *first != name) {
            found.push(name);
            continue;
        }
        if let Some(value) = reader.variable(&data, &name)? {
            map.insert(name.clone(), value);
        }
        found.push(name);
    }
    select(path, Tree::Map(map), entry, found, reader)
}

/// The requested entry, or all variables.
fn select(
    path: &Path,
    tree: Tree,
    entry: &str,
    found: Vec<String>,
    reader: Reader,
) -> Result<Content> {
    let mut unreadable = reader.unreadable;
    if parts(entry).next().is_none() {
        return Ok(Content {
            tree,
            attributes: Default::default(),
            unreadable,
        });
    }
    let Some(value) = tree.at(entry) else {
        let of_entry = unreadable.iter().position(|skipped| skipped.key == entry);
        if let Some(index) = of_entry {
            return Err(unreadable.swap_remove(index).error);
        }
        let mut found: Vec<String> = found.into_iter().filter(|name| !name.is_empty()).collect();
        if let Some((folder, _)) = entry.rsplit_once('/')
            && let Some(Tree::Map(fields)) = tree.at(folder)
        {
            found = fields
                .keys()
                .map(|name| format!("{folder}/{name}"))
                .collect();
        }
        let key = entry.to_string();
        return Err(Error::file(path, FileError::Entry { key, found }));
    };
    Ok(Content {
        tree: value.clone(),
        attributes: Default::default(),
        unreadable,
    })
}
