//! From a file to a tree.

use std::ops::Range;
use std::path::Path;

use ::hdf5::{Group, LocationType};

use super::reader::Reader;
use super::{Content, ReadOptions, fault};
use crate::base::error::FileFault;
use crate::base::{Error, Result};
use crate::io::tree::{Map, Tree, parts};

/// The tree in the file at `path`, without the entries that cannot be read.
///
/// Errors: as [`read_content`]
pub fn read(path: impl AsRef<Path>) -> Result<Tree> {
    read_with_attributes(path).map(|content| content.tree)
}

/// The tree in the file at `path`, and what is said about the file and its entries.
///
/// Errors: as [`read_content`]
pub fn read_with_attributes(path: impl AsRef<Path>) -> Result<Content> {
    read_content(path, "", &ReadOptions::default())
}

/// One entry of the file at `path`: a group gives a map. `entry` is a path such as `group/name`.
///
/// Errors: as [`read_content`]
pub fn read_entry(path: impl AsRef<Path>, entry: &str) -> Result<Tree> {
    read_content(path, entry, &ReadOptions::default()).map(|content| content.tree)
}

/// One entry of the file at `path`, or all of it for an empty `entry`, with attributes. Entries
/// of a group that are sound but cannot be read (dead links, types without a counterpart, filters
/// that are not built in) are left out and listed. Attributes of such types are passed over.
///
/// Errors: `File` if the file or an entry is damaged, if there is no such entry, or if the very
/// entry cannot be read; `Memory` if the values take more than the options allow
pub fn read_content(path: impl AsRef<Path>, entry: &str, options: &ReadOptions) -> Result<Content> {
    let mut reader = Reader::open(path.as_ref(), options.max_bytes)?;
    let tree = reader.find(entry, None)?;
    Ok(Content {
        tree,
        attributes: reader.attributes,
        unreadable: reader.unreadable,
    })
}

/// The rows `rows` of one dataset, that is indices along its first axis, without reading the rest.
///
/// Errors: as [`read_content`], and if the dataset has no such rows
pub fn read_rows(
    path: impl AsRef<Path>,
    entry: &str,
    rows: Range<usize>,
    options: &ReadOptions,
) -> Result<Tree> {
    Reader::open(path.as_ref(), options.max_bytes)?.find(entry, Some(rows))
}

/// What is said about the file at `path`, or about one of its entries; empty `entry` for the file.
///
/// Errors: as [`read_content`]
pub fn attributes(path: impl AsRef<Path>, entry: &str) -> Result<Map> {
    let mut reader = Reader::open(path.as_ref(), ReadOptions::default().max_bytes)?;
    let Some((folder, name)) = reader.folder_of(entry)? else {
        let file = reader.file().clone();
        return reader.read_attributes(&file, "");
    };
    match reader.kind_of(&folder, &name, entry)? {
        LocationType::Dataset => {
            let dataset = reader.dataset(&folder, &name, entry)?;
            reader.read_attributes(&dataset, entry)
        }
        _ => {
            let group = folder.group(&name).map_err(|f| reader.fault(entry, f))?;
            reader.read_attributes(&group, entry)
        }
    }
}

impl Reader<'_> {
    /// The group that contains `entry`, and its name there; none for the file itself.
    fn folder_of(&self, entry: &str) -> Result<Option<(Group, String)>> {
        let names: Vec<&str> = parts(entry).collect();
        let Some((last, folders)) = names.split_last() else {
            return Ok(None);
        };
        let mut group = self.file().group("/").map_err(|f| self.fault("", f))?;
        for name in folders {
            if self.kind_of(&group, name, entry)? != LocationType::Group {
                return Err(fault::kind(self.path(), name, "an array, expected a group"));
            }
            group = group.group(name).map_err(|f| self.fault(entry, f))?;
        }
        Ok(Some((group, last.to_string())))
    }

    fn kind_of(&self, group: &Group, name: &str, entry: &str) -> Result<LocationType> {
        // The library takes `.` for the group itself.
        if name != "." && group.link_exists(name) {
            return self.location(group, name, entry);
        }
        let key = name.to_string();
        let names = self.names(group, entry)?;
        let found = names.into_iter().map(|(name, _)| name).collect();
        Err(Error::file(self.path(), FileFault::Entry { key, found }))
    }

    fn find(&mut self, entry: &str, rows: Option<Range<usize>>) -> Result<Tree> {
        let Some((folder, name)) = self.folder_of(entry)? else {
            let file = self.file().clone();
            return self.group(&file, "");
        };
        match (self.kind_of(&folder, &name, entry)?, rows) {
            (LocationType::Dataset, rows) => {
                let dataset = self.dataset(&folder, &name, entry)?;
                self.values(&dataset, entry, rows)
            }
            (LocationType::Group, None) => {
                let group = folder.group(&name).map_err(|f| self.fault(entry, f))?;
                self.group(&group, entry)
            }
            _ => {
                let found = "a group, expected an array";
                Err(fault::kind(self.path(), entry, found))
            }
        }
    }
}
