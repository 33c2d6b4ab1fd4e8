//! Listing the entries of a file without reading the arrays.

use std::path::Path;

use ::hdf5::{Group, LocationType};

use super::ReadOptions;
use super::element_type::ElementType;
use super::library::names::open_group;
use super::reader::Reader;
use crate::base::{Error, Result};
use crate::io::tree::join;

/// An entry of a file that is not a group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The path, separated by `/`.
    pub path: String,
    pub shape: Vec<usize>,
    /// The element type in the file, as in `float32`; for an entry that cannot be opened, the
    /// reason.
    pub kind: String,
    /// The names of the values of an enumeration.
    pub names: Vec<(String, i64)>,
}

/// The datasets of the file at `path`, in the order of their paths. The list includes entries that
/// cannot be read, so that it shows all contents of a file.
///
/// Errors: `File` if the file itself cannot be read
pub fn list(path: impl AsRef<Path>) -> Result<Vec<Entry>> {
    list_with(path, &ReadOptions::default())
}

/// Same as [`list`], with options.
///
/// Errors: as [`list`]
pub fn list_with(path: impl AsRef<Path>, options: &ReadOptions) -> Result<Vec<Entry>> {
    let mut reader = Reader::open(path.as_ref(), options)?;
    let mut entries = Vec::new();
    let file = reader.file().clone();
    walk(&mut reader, &file, "", &mut entries)?;
    Ok(entries)
}

fn walk(reader: &mut Reader, group: &Group, key: &str, entries: &mut Vec<Entry>) -> Result<()> {
    reader.for_each(group, key, |reader, name, _| {
        let path = join(key, name);
        if let Err(error) = list_one(reader, group, name, &path, entries) {
            let kind = reason(error)?;
            let (shape, names) = (Vec::new(), Vec::new());
            entries.push(Entry {
                path,
                shape,
                kind,
                names,
            });
        }
        Ok(())
    })
}

fn list_one(
    reader: &mut Reader,
    group: &Group,
    name: &str,
    path: &str,
    entries: &mut Vec<Entry>,
) -> Result<()> {
    match reader.location(group, name, path)? {
        LocationType::Group => {
            let inner = open_group(group, name).map_err(|f| reader.error(path, f))?;
            walk(reader, &inner, path, entries)
        }
        LocationType::Dataset => {
            let dataset = reader.dataset(group, name, path)?;
            let kind = dataset.dtype().and_then(|dtype| ElementType::new(&dtype));
            let kind = kind.map_err(|f| reader.error(path, f))?;
            entries.push(Entry {
                path: path.into(),
                shape: dataset.shape(),
                kind: kind.to_string(),
                names: kind.members().to_vec(),
            });
            Ok(())
        }
        _ => Ok(()),
    }
}

/// The reason why an entry cannot be opened; an error of the whole file is returned as an error.
fn reason(error: Error) -> Result<String> {
    match &error {
        Error::File { fact, .. } => match fact.entry_reason() {
            Some(reason) => Ok(reason),
            None => Err(error),
        },
        _ => Err(error),
    }
}
