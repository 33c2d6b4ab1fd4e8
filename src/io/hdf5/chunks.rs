//! A look at where the pieces of a dataset are said to be, before the library goes there: its
//! filters trust sizes that a damaged file can make too small or too large.

use std::path::Path;

use ::hdf5::Dataset;
use ::hdf5::filters::Filter;

use super::fault;
use crate::base::Result;

/// The checksum that the Fletcher filter takes off the end of a piece.
const FLETCHER: u64 = 4;

/// Errors: `File` if a piece lies outside the file of `file_bytes`, is too small for its filter,
/// or needs a filter that is not built in
pub fn check(path: &Path, key: &str, dataset: &Dataset, file_bytes: u64) -> Result<()> {
    let filters = dataset.filters();
    if let Some(filter) = filters.iter().find(|filter| !filter.is_available()) {
        let found = format!("compressed in a way that is not built in ({filter:?})");
        return Err(fault::kind(path, key, found));
    }
    if !dataset.is_chunked() || dataset.space().is_ok_and(|space| space.size() == 0) {
        return Ok(());
    }
    let checksum = match filters
        .iter()
        .any(|filter| matches!(filter, Filter::Fletcher32))
    {
        true => FLETCHER,
        false => 0,
    };
    let mut odd = None;
    let visited = dataset.chunks_visit(|chunk| {
        let end = chunk.addr.checked_add(chunk.size);
        let inside = end.is_some_and(|end| end <= file_bytes);
        if !inside || chunk.size <= checksum {
            odd = Some(chunk.size);
        }
        // Anything but 0 ends the visit.
        i32::from(odd.is_some())
    });
    visited.map_err(|f| fault::reading(path, f))?;
    match odd {
        Some(size) => {
            let found = format!("entry `{key}` has a piece of {size} bytes that cannot be");
            Err(fault::damaged(path, found))
        }
        None => Ok(()),
    }
}
