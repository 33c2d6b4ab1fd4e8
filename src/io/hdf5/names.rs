//! Names in a file: the entries of a group, and the paths of all objects by address, for
//! references.

use std::collections::{HashMap, VecDeque};

use ::hdf5::{File, Group, LinkType, LocationType, Result};

use super::library;
use crate::io::tree::join;

/// The names in a group with their link types, in alphabetical order.
pub fn entry_names(group: &Group) -> Result<Vec<(String, LinkType)>> {
    let mut names = group.iter_visit_default(Vec::new(), |_, name, link, names| {
        names.push((name.to_string(), link.link_type));
        true
    })?;
    names.sort_by(|a: &(String, LinkType), b| a.0.cmp(&b.0));
    Ok(names)
}

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
                groups.push_back((group.group(&name)?, path));
            }
        }
    }
    Ok(names)
}
