//! What is in a file, without reading the arrays.

use std::path::Path;

use ::hdf5::{Group, LocationType};

use super::read::Reader;
use crate::base::Result;
use crate::io::tree::join;

/// One dataset of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Its path, parted by `/`.
    pub path: String,
    pub shape: Vec<usize>,
    /// Its type in the file, as in `float32`.
    pub kind: String,
}

/// The datasets of the file at `path`, in the order of their paths. Entries that could not be
/// read are listed too: this is how to find out what a file holds.
///
/// Errors: `File` if the file itself cannot be read
pub fn list(path: impl AsRef<Path>) -> Result<Vec<Entry>> {
    let (mut reader, file) = Reader::open(path.as_ref())?;
    let mut entries = Vec::new();
    walk(&mut reader, &file, "", &mut entries)?;
    Ok(entries)
}

fn walk(reader: &mut Reader, group: &Group, key: &str, entries: &mut Vec<Entry>) -> Result<()> {
    reader.each(group, key, |reader, name, link| {
        let path = join(key, name);
        match reader.location(group, name, link, &path)? {
            LocationType::Group => {
                let inner = group.group(name).map_err(|f| reader.fault(f))?;
                walk(reader, &inner, &path, entries)?;
            }
            LocationType::Dataset => {
                let dataset = group.dataset(name).map_err(|f| reader.fault(f))?;
                let dtype = dataset.dtype().map_err(|f| reader.fault(f))?;
                entries.push(Entry {
                    path,
                    shape: dataset.shape(),
                    kind: match dtype.to_descriptor() {
                        Ok(kind) => kind.to_string(),
                        Err(_) => format!("{} bytes each", dtype.size()),
                    },
                });
            }
            _ => {}
        }
        Ok(())
    })
}
