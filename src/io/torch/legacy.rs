//! The format of PyTorch before version 1.6 (`_use_new_zipfile_serialization=False`): five pickles
//! (a magic number, a version, facts about the machine, the value, the names of its storages), then
//! each storage as its length and its bytes.

use std::collections::HashMap;
use std::ops::Range;

use super::pickle::{Item, Pickle};
use super::state;
use crate::base::error::FileFault;

/// Bytes of a storage's length.
const LENGTH: usize = 8;

/// Bytes of a number by the class of its storage.
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
    /// Errors: `Damaged` if a pickle or a storage is cut short
    pub fn open(bytes: &'a [u8]) -> Result<Legacy<'a>, FileFault> {
        let mut rest = bytes;
        let mut next = || {
            let (pickle, behind) = Pickle::parse_first(rest).map_err(damaged)?;
            rest = behind;
            Ok(pickle)
        };
        for _ in ["magic number", "version", "machine"] {
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
    pub fn storage(&self, name: &str) -> Result<Vec<u8>, FileFault> {
        let range = self.storages.get(name);
        let range = range.ok_or_else(|| damaged(&format!("the storage `{name}` is missing")))?;
        Ok(self.bytes[range.clone()].to_vec())
    }
}

/// Where each storage lies in the file, of which `rest` is what comes behind the pickles.
fn storages(
    bytes: &[u8],
    rest: &[u8],
    pickle: &Pickle,
    names: &Pickle,
) -> Result<HashMap<String, Range<usize>>, FileFault> {
    let Item::List(names_in_order) = names.item(names.root()) else {
        return Err(damaged("the names of the storages are missing"));
    };
    let widths = widths(pickle);
    let mut place = bytes.len() - rest.len();
    let mut found = HashMap::new();
    for name in names_in_order {
        let name = state::text(names, *name).unwrap_or_default();
        let short = || damaged(&format!("the storage `{name}` is cut short"));
        let length = bytes.get(place..place + LENGTH).ok_or_else(short)?;
        let length = length.iter().rev();
        let count = length.fold(0u64, |sum, byte| sum << 8 | u64::from(*byte));
        let width = widths.get(name).copied().unwrap_or(1);
        let start = place + LENGTH;
        let end = usize::try_from(count)
            .ok()
            .and_then(|count| start.checked_add(count.checked_mul(width)?))
            .filter(|end| *end <= bytes.len());
        place = end.ok_or_else(short)?;
        found.insert(name.to_string(), start..place);
    }
    Ok(found)
}

/// Bytes of a number of each storage that the pickle speaks of.
fn widths(pickle: &Pickle) -> HashMap<&str, usize> {
    let storages = (0..pickle.len()).filter_map(|place| state::storage(pickle, place));
    let width = |class: &str| WIDTHS.iter().find(|(known, _)| *known == class);
    storages
        .filter_map(|(class, name)| Some((name, width(class)?.1)))
        .collect()
}

fn damaged(found: &str) -> FileFault {
    let found = found.to_string();
    FileFault::Damaged { found }
}
