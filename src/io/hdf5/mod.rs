//! HDF5 files as trees: groups are maps, datasets are tensors, numbers or text. The files are
//! compatible with h5py.
//!
//! The underlying C library is not thread-safe: every call takes the lock of the `hdf5` crate,
//! which wraps most of them; `library` wraps the others. The library can crash or allocate without
//! bound on damaged files, so `validate` checks the superblock, the chunks to be read, the sources
//! of virtual datasets and all sizes first, and heaps are read without the library.

mod access;
mod decode;
mod element_type;
mod error;
mod library;
mod list;
mod matlab;
mod names;
mod open_file;
mod read;
mod reader;
mod target;
mod validate;
mod value;
mod write;

use std::collections::BTreeMap;
use std::path::Path;

use super::magic_bytes;
use super::tree::{Map, Tree, parts};
use crate::base::{Error, Result};

pub use access::FileFilter;
pub use list::{Entry, list, list_with};
pub use read::{
    attributes, attributes_with, read, read_content, read_entry, read_rows, read_with_attributes,
};
pub use write::{WriteOptions, write, write_while};

/// The attribute that distinguishes a list group from a map group.
const LIST_MARK: &str = "attractor_kind";
/// The value of [`LIST_MARK`] on a list.
const LIST: &str = "list";
/// Maximum nesting depth of groups, well within the stack of a thread.
const DEPTH: usize = 128;

/// The tree of a file with the attributes of its entries.
#[derive(Debug)]
pub struct Content {
    pub tree: Tree,
    pub attributes: Attributes,
    /// The skipped entries, in the order of their paths.
    pub unreadable: Vec<Unreadable>,
}

/// A valid entry that cannot be read.
#[derive(Debug)]
pub struct Unreadable {
    pub key: String,
    pub error: Error,
}

/// Options for reading a file.
#[derive(Debug, Clone)]
pub struct ReadOptions {
    /// Maximum size of all values in memory, in bytes.
    pub max_bytes: u64,
    /// The other files that may be opened; all without a filter.
    pub filter: Option<FileFilter>,
}

impl Default for ReadOptions {
    fn default() -> ReadOptions {
        ReadOptions {
            max_bytes: 8 << 30,
            filter: None,
        }
    }
}

/// Attributes of a file and its entries: maps of plain values by path; the empty path is the file
/// itself.
#[derive(Debug, Clone, Default)]
pub struct Attributes(BTreeMap<String, Map>);

impl Attributes {
    /// Attributes of the file itself.
    pub fn of_file(map: Map) -> Attributes {
        Attributes::default().with("", map)
    }

    /// The same attributes with `map` added for the entry at `path`.
    pub fn with(mut self, path: &str, map: Map) -> Attributes {
        self.0.insert(clean(path), map);
        self
    }

    /// The attributes of the entry at `path`; those of the file for an empty path.
    pub fn get(&self, path: &str) -> Option<&Map> {
        self.0.get(&clean(path))
    }

    /// All paths with their attributes.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Map)> {
        self.0.iter().map(|(path, map)| (path.as_str(), map))
    }
}

/// Whether the file at `path` starts with the HDF5 signature.
///
/// Errors: `File` if it is missing or cannot be read
pub fn has_signature(path: &Path) -> Result<bool> {
    Ok(magic_bytes::read_head(path)?.starts_with(magic_bytes::HDF5))
}

fn clean(path: &str) -> String {
    parts(path).collect::<Vec<_>>().join("/")
}
