//! The paths of all objects of a file by address, for references.

use std::collections::{HashMap, VecDeque};

use ::hdf5::{File, LinkType, LocationType, Result};

use super::library;
use super::library::names::{entry_names, open_group};
use crate::io::tree::join;

/// The shortest path of each object of a file, by its address. Soft and external links are not
/// followed, because their targets have paths of their own.
pub fn by_address(file: &File) -> Result<HashMap<u64, String>> {
    let root = file.group("/")?;
    let mut names = HashMap::from([(library::address(&root)?.offset, "/".to_string())]);
    let mut groups = VecDeque::from([(root, String::new())]);
    while let Some((group, folder)) = groups.pop_front() {
        for (name, link) in entry_names(&group)? {
            if link != LinkType::Hard {
                continue;
            }
            let (kind, address) = library::object(&group, &name)?;
            let path = join(&folder, &name);
            if names.contains_key(&address.offset) {
                continue;
            }
            names.insert(address.offset, path.clone());
            if kind == LocationType::Group {
                groups.push_back((open_group(&group, &name)?, path));
            }
        }
    }
    Ok(names)
}
