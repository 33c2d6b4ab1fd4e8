//! Reading: converts a file to a tree.

use std::ops::Range;
use std::path::Path;

use ::hdf5::{Group, LocationType};

use super::library::names::{has_link, open_group};
use super::reader::Reader;
use super::{Content, ReadOptions, error};
use crate::base::error::FileError;
use crate::base::{Error, Result};
use crate::io::tree::{Map, Tree, parts};

/// The tree in the file at `path`, without the entries that cannot be read.
///
/// Errors: as [`read_content`]
pub fn read(path: impl AsRef<Path>) -> Result<Tree> {
    read_with_attributes(path).map(|content| content.tree)
}

/// The tree in the file at `path`, with the attributes of the file and its entries.
///
/// Errors: as [`read_content`]
pub fn read_with_attributes(path: impl AsRef<Path>) -> Result<Content> {
    read_content(path, "", &ReadOptions::default())
}

/// One entry of the file at `path`; a group becomes a map. `entry` is a path such as `group/name`.
///
/// Errors: as [`read_content`]
pub fn read_entry(path: impl AsRef<Path>, entry: &str) -> Result<Tree> {
    read_content(path, entry, &ReadOptions::default()).map(|content| content.tree)
}

/// One entry of the file at `path`, or the whole tree for an empty `entry`, with attributes. Valid
/// entries of a group that cannot be read (dead links, unsupported types, unavailable filters, more
/// values than the limit) are skipped and listed. Attributes of unsupported types are ignored.
///
/// Errors: `File` if the file or an entry is damaged, the entry is missing, or the requested entry
/// itself cannot be read; `Memory` if the values exceed the limit in the options
pub fn read_content(path: impl AsRef<Path>, entry: &str, options: &ReadOptions) -> Result<Content> {
    let mut reader = Reader::open(path.as_ref(), options)?;
    let tree = reader.read(entry, None)?;
    Ok(Content {
        tree,
        attributes: reader.attributes,
        unreadable: reader.unreadable,
    })
}

/// The rows `rows` of one dataset (indices along its first axis), without reading the others.
///
/// Errors: as [`read_content`], and if the rows are out of range
pub fn read_rows(
    path: impl AsRef<Path>,
    entry: &str,
    rows: Range<usize>,
    options: &ReadOptions,
) -> Result<Tree> {
    Reader::open(path.as_ref(), options)?.read(entry, Some(rows))
}

/// The attributes of the file at `path`, or of one of its entries; an empty `entry` selects the
/// file.
///
/// Errors: as [`read_content`]
pub fn attributes(path: impl AsRef<Path>, entry: &str) -> Result<Map> {
    attributes_with(path, entry, &ReadOptions::default())
}

/// Same as [`attributes`], with options.
///
/// Errors: as [`read_content`]
pub fn attributes_with(path: impl AsRef<Path>, entry: &str, options: &ReadOptions) -> Result<Map> {
    let mut reader = Reader::open(path.as_ref(), options)?;
    let Some((parent, name)) = reader.parent_of(entry)? else {
        let file = reader.file().clone();
        return reader.read_attributes(&file, "");
    };
    match reader.location_of(&parent, &name, entry)? {
        LocationType::Dataset => {
            let dataset = reader.dataset(&parent, &name, entry)?;
            reader.read_attributes(&dataset, entry)
        }
        _ => {
            let group = open_group(&parent, &name).map_err(|f| reader.error(entry, f))?;
            reader.read_attributes(&group, entry)
        }
    }
}

impl Reader<'_> {
    /// The group that contains `entry`, and its name there; None for the file itself.
    fn parent_of(&self, entry: &str) -> Result<Option<(Group, String)>> {
        let names: Vec<&str> = parts(entry).collect();
        let Some((last, parents)) = names.split_last() else {
            return Ok(None);
        };
        let mut group = self.file().group("/").map_err(|f| self.error("", f))?;
        for name in parents {
            if self.location_of(&group, name, entry)? != LocationType::Group {
                return Err(error::kind(self.path(), name, "an array, expected a group"));
            }
            group = open_group(&group, name).map_err(|f| self.error(entry, f))?;
        }
        Ok(Some((group, last.to_string())))
    }

    fn location_of(&self, group: &Group, name: &str, entry: &str) -> Result<LocationType> {
        // The library treats `.` as the group itself.
        if name != "." && has_link(group, name) {
            return self.location(group, name, entry);
        }
        let key = name.to_string();
        let names = self.names(group, entry)?;
        let found = names.into_iter().map(|(name, _)| name).collect();
        Err(Error::file(self.path(), FileError::Entry { key, found }))
    }

    fn read(&mut self, entry: &str, rows: Option<Range<usize>>) -> Result<Tree> {
        let Some((parent, name)) = self.parent_of(entry)? else {
            let file = self.file().clone();
            return self.group(&file, "");
        };
        match (self.location_of(&parent, &name, entry)?, rows) {
            (LocationType::Dataset, rows) => {
                let dataset = self.dataset(&parent, &name, entry)?;
                self.values(&dataset, entry, rows)
            }
            (LocationType::Group, None) => {
                let group = open_group(&parent, &name).map_err(|f| self.error(entry, f))?;
                self.group(&group, entry)
            }
            _ => {
                let found = "a group, expected an array";
                Err(error::kind(self.path(), entry, found))
            }
        }
    }
}
