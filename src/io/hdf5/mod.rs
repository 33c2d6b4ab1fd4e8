//! HDF5 as a tree: groups are maps, datasets are tensors, numbers or text. Files are those that
//! h5py writes and reads.
//!
//! The C library behind it is not thread-safe: every call takes the lock of the `hdf5` crate, which
//! wraps most of them; `library` wraps the others. Of a damaged file the library is shown only what
//! it can bear: the superblock (`header`), the chunks that are read (`chunks`) and the sources of
//! virtual datasets (`object`) are checked first, heaps are read past it (`disk`), and sizes are
//! checked before anything is allocated (`budget`).

mod budget;
mod checksum;
mod chunks;
mod decode;
mod disk;
mod fault;
mod header;
mod kind;
mod library;
mod list;
mod matlab;
mod names;
mod object;
mod read;
mod reader;
mod value;
mod write;

use std::collections::BTreeMap;
use std::path::Path;

use super::format;
use super::tree::{Map, Tree, parts};
use crate::base::{Error, Result};

pub use list::{Entry, list};
pub use read::{attributes, read, read_content, read_entry, read_rows, read_with_attributes};
pub use write::{WriteOptions, write};

/// The attribute that tells a group which is a list from one which is a map.
const LIST_MARK: &str = "attractor_kind";
/// The value of [`LIST_MARK`] on a list.
const LIST: &str = "list";
/// Groups inside groups: more than anyone nests by hand, less than a thread's stack can bear.
const DEPTH: usize = 128;

/// A file's tree with what its attributes say.
#[derive(Debug)]
pub struct Content {
    pub tree: Tree,
    pub attributes: Attributes,
    /// The entries that were left out, in the order of their paths.
    pub unreadable: Vec<Unreadable>,
}

/// An entry that is sound but cannot be read.
#[derive(Debug)]
pub struct Unreadable {
    pub key: String,
    pub error: Error,
}

/// How a file is read.
#[derive(Debug, Clone)]
pub struct ReadOptions {
    /// Bytes that the values may take in memory.
    pub max_bytes: u64,
}

impl Default for ReadOptions {
    fn default() -> ReadOptions {
        ReadOptions { max_bytes: 8 << 30 }
    }
}

/// What is said about a file and its entries: maps of plain values by path, where the empty path
/// is the file itself.
#[derive(Debug, Clone, Default)]
pub struct Attributes(BTreeMap<String, Map>);

impl Attributes {
    /// What is said about the file itself.
    pub fn of_file(map: Map) -> Attributes {
        Attributes::default().with("", map)
    }

    /// The same, with what `map` says about the entry at `path`.
    pub fn with(mut self, path: &str, map: Map) -> Attributes {
        self.0.insert(clean(path), map);
        self
    }

    /// What is said about the entry at `path`; the file itself for an empty path.
    pub fn of(&self, path: &str) -> Option<&Map> {
        self.0.get(&clean(path))
    }

    /// Paths and what is said about each.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Map)> {
        self.0.iter().map(|(path, map)| (path.as_str(), map))
    }
}

/// Whether the file at `path` begins as HDF5 does.
///
/// Errors: `File` if it is missing or cannot be read
pub fn begins(path: &Path) -> Result<bool> {
    Ok(format::head(path)?.starts_with(format::HDF5))
}

fn clean(path: &str) -> String {
    parts(path).collect::<Vec<_>>().join("/")
}
