//! The PyTorch format before version 1.6 (`_use_new_zipfile_serialization=False`): five pickles
//! (magic number, version, system information, value, storage names), followed by each storage as
//! its length and its bytes.

use std::collections::HashMap;
use std::ops::Range;

use super::pickle::{Item, Pickle};
use super::state_dict;
use crate::base::error::FileError;

/// Number of bytes of the length of a storage.
const LENGTH: usize = 8;

/// Number of bytes per element, by storage class.
const WIDTHS: [(&str, usize); 14] = [
    ("torch.FloatStorage", 4),
    ("torch.DoubleStorage", 8),
    ("torch.HalfStorage", 2),
    ("torch.BFloat16Storage", 2),
    ("torch.LongStorage", 8),
    ("torch.IntStorage", 4),
    ("torch.ShortStorage", 2),
    ("torch.ByteStorage", 1),
    ("torch.CharStorage", 1),
    ("torch.BoolStorage", 1),
    ("torch.ComplexFloatStorage", 8),
    ("torch.ComplexDoubleStorage", 16),
    ("torch.UntypedStorage", 1),
    ("torch.storage.UntypedStorage", 1),
];

/// A file of this format.
pub struct Legacy<'a> {
    pub pickle: Pickle,
    bytes: &'a [u8],
    storages: HashMap<String, Range<usize>>,
}

impl<'a> Legacy<'a> {
    /// Errors: `Damaged` if a pickle or a storage is truncated
    pub fn open(bytes: &'a [u8]) -> Result<Legacy<'a>, FileError> {
        let mut rest = bytes;
        let mut next = || {
            let (pickle, remaining) = Pickle::parse_first(rest).map_err(damaged)?;
            rest = remaining;
            Ok(pickle)
        };
        for _ in ["magic number", "version", "system information"] {
            next()?;
        }
        let (pickle, names) = (next()?, next()?);
        let storages = storages(bytes, rest, &pickle, &names)?;
        Ok(Legacy {
            pickle,
            bytes,
            storages,
        })
    }

    /// The bytes of one storage.
    pub fn storage(&self, name: &str) -> Result<Vec<u8>, FileError> {
        let range = self.storages.get(name);
        let range = range.ok_or_else(|| damaged(&format!("the storage `{name}` is missing")))?;
        Ok(self.bytes[range.clone()].to_vec())
    }
}

/// The byte range of each storage in the file; `rest` is the part after the pickles.
fn storages(
    bytes: &[u8],
    rest: &[u8],
    pickle: &Pickle,
    names: &Pickle,
) -> Result<HashMap<String, Range<usize>>, FileError> {
    let Item::List(names_in_order) = names.item(names.root()) else {
        return Err(damaged("the list of storage names is missing"));
    };
    let widths = widths(pickle);
    let mut position = bytes.len() - rest.len();
    let mut ranges = HashMap::new();
    for name in names_in_order {
        let name = state_dict::text(names, *name).unwrap_or_default();
        let truncated = || damaged(&format!("the storage `{name}` is truncated"));
        let length = bytes
            .get(position..position + LENGTH)
            .ok_or_else(truncated)?;
        let length = length.iter().rev();
        let count = length.fold(0u64, |sum, byte| sum << 8 | u64::from(*byte));
        let width = widths.get(name).copied().unwrap_or(1);
        let start = position + LENGTH;
        let end = usize::try_from(count)
            .ok()
            .and_then(|count| start.checked_add(count.checked_mul(width)?))
            .filter(|end| *end <= bytes.len());
        position = end.ok_or_else(truncated)?;
        ranges.insert(name.to_string(), start..position);
    }
    Ok(ranges)
}

/// Number of bytes per element of each storage that the pickle refers to.
fn widths(pickle: &Pickle) -> HashMap<&str, usize> {
    let storages = (0..pickle.len()).filter_map(|index| state_dict::storage(pickle, index));
    let width = |class: &str| WIDTHS.iter().find(|(known, _)| *known == class);
    storages
        .filter_map(|(class, name)| Some((name, width(class)?.1)))
        .collect()
}

fn damaged(found: &str) -> FileError {
    let found = found.to_string();
    FileError::Damaged { found }
}
