//! From a file to a tree.

use std::ops::Range;
use std::path::Path;
use std::time::Duration;

use ::hdf5::{Container, File, Group, LinkType, Location, LocationToken, LocationType};

use super::budget::Budget;
use super::value::Source;
use super::{Attributes, Content, DEPTH, LIST, LIST_MARK, chunks, fault, header, heap};
use crate::base::error::FileFault;
use crate::base::{Error, Result};
use crate::io::tree::{Map, Tree, join, parts};

/// The tree in the file at `path`.
///
/// Errors: `File` for whatever is wrong with the file or one of its entries
pub fn read(path: impl AsRef<Path>) -> Result<Tree> {
    read_with_attributes(path).map(|content| content.tree)
}

/// The tree in the file at `path`, and what is said about the file and its entries. Attributes
/// of a kind that has no counterpart here (references, compounds) are passed over.
///
/// Errors: as [`read`]
pub fn read_with_attributes(path: impl AsRef<Path>) -> Result<Content> {
    let (mut reader, file) = Reader::open(path.as_ref())?;
    let tree = reader.group(&file, "")?;
    let attributes = reader.attributes;
    Ok(Content { tree, attributes })
}

/// One entry of the file at `path`: a group gives a map. `entry` is a path such as `group/name`.
///
/// Errors: as [`read`], and if there is no such entry
pub fn read_entry(path: impl AsRef<Path>, entry: &str) -> Result<Tree> {
    let (mut reader, file) = Reader::open(path.as_ref())?;
    reader.find(&file, entry, None)
}

/// The rows `rows` of one dataset, that is indices along its first axis, without reading the rest.
///
/// Errors: as [`read_entry`], and if the dataset has no such rows
pub fn read_rows(path: impl AsRef<Path>, entry: &str, rows: Range<usize>) -> Result<Tree> {
    let (mut reader, file) = Reader::open(path.as_ref())?;
    reader.find(&file, entry, Some(rows))
}

/// What is said about the file at `path`, or about one of its entries; empty `entry` for the file.
///
/// Errors: as [`read_entry`]
pub fn attributes(path: impl AsRef<Path>, entry: &str) -> Result<Map> {
    let (mut reader, file) = Reader::open(path.as_ref())?;
    let Some((folder, name)) = reader.folder_of(&file, entry)? else {
        return reader.said_of(&file, "");
    };
    match reader.kind_of(&folder, &name, entry)? {
        LocationType::Dataset => {
            let dataset = folder.dataset(&name).map_err(|f| reader.fault(f))?;
            reader.said_of(&dataset, entry)
        }
        _ => {
            let group = folder.group(&name).map_err(|f| reader.fault(f))?;
            reader.said_of(&group, entry)
        }
    }
}

/// Opens a file, waiting a little for another program that is about to close it.
fn open(path: &Path) -> Result<File> {
    /// One second in all: longer than a lock lasts that nobody holds on purpose.
    const TRIES: u32 = 20;
    const PAUSE: Duration = Duration::from_millis(50);
    let held = |error: &Error| {
        let Error::File {
            fact: FileFault::System { source, .. },
            ..
        } = error
        else {
            return false;
        };
        source.kind() == std::io::ErrorKind::WouldBlock
    };
    let mut tries = 1;
    loop {
        match File::open(path).map_err(|f| fault::reading(path, f)) {
            Err(error) if held(&error) && tries < TRIES => tries += 1,
            outcome => return outcome,
        }
        std::thread::sleep(PAUSE);
    }
}

/// One walk through one file.
pub struct Reader<'a> {
    path: &'a Path,
    budget: Budget,
    attributes: Attributes,
    /// The groups that the walk is inside of: a link to one of them would never end.
    inside: Vec<(u64, LocationToken)>,
}

impl<'a> Reader<'a> {
    /// Opens the file after a look at its header.
    pub fn open(path: &'a Path) -> Result<(Reader<'a>, File)> {
        let bytes = header::check(path)?;
        heap::check(path)?;
        let file = open(path)?;
        let reader = Reader {
            path,
            budget: Budget::of(bytes),
            attributes: Attributes::default(),
            inside: Vec::new(),
        };
        Ok((reader, file))
    }

    /// Calls `visit` for each entry of a group, between a check that the walk ends and a note
    /// that the group is left.
    pub fn each(
        &mut self,
        group: &Group,
        key: &str,
        mut visit: impl FnMut(&mut Self, &str, LinkType) -> Result<()>,
    ) -> Result<()> {
        let place = group.loc_info().map_err(|f| self.fault(f))?;
        let place = (place.fileno, place.token);
        if self.inside.contains(&place) {
            return Err(fault::kind(
                self.path,
                key,
                "a link to a group that it is in",
            ));
        }
        if self.inside.len() == DEPTH {
            return Err(fault::kind(
                self.path,
                key,
                format!("more than {DEPTH} groups deep"),
            ));
        }
        self.inside.push(place);
        for (name, link) in self.names(group)? {
            self.budget.entry(self.path)?;
            visit(self, &name, link)?;
        }
        self.inside.pop();
        Ok(())
    }

    fn group(&mut self, group: &Group, key: &str) -> Result<Tree> {
        let is_list = self.note(group, key)?;
        let mut map = Map::new();
        self.each(group, key, |reader, name, link| {
            let key = join(key, name);
            if let Some(value) = reader.entry(group, name, link, &key)? {
                map.insert(name.to_string(), value);
            }
            Ok(())
        })?;
        match is_list {
            true => self.list(map, key),
            false => Ok(Tree::Map(map)),
        }
    }

    /// The value of one entry; none for a type that was given a name, which is no value.
    fn entry(
        &mut self,
        in_: &Group,
        name: &str,
        link: LinkType,
        key: &str,
    ) -> Result<Option<Tree>> {
        match self.location(in_, name, link, key)? {
            LocationType::Group => {
                let group = in_.group(name).map_err(|f| self.fault(f))?;
                self.group(&group, key).map(Some)
            }
            LocationType::Dataset => {
                let dataset = in_.dataset(name).map_err(|f| self.fault(f))?;
                self.note(&dataset, key)?;
                self.dataset(&dataset, key, None).map(Some)
            }
            _ => Ok(None),
        }
    }

    /// What a link leads to.
    pub fn location(
        &self,
        group: &Group,
        name: &str,
        link: LinkType,
        key: &str,
    ) -> Result<LocationType> {
        match (group.loc_type_by_name(name), link) {
            (Ok(kind), _) => Ok(kind),
            (Err(f), LinkType::Hard) => Err(self.fault(f)),
            (Err(_), _) => Err(fault::kind(self.path, key, "a link that leads nowhere")),
        }
    }

    fn dataset(
        &mut self,
        dataset: &::hdf5::Dataset,
        key: &str,
        rows: Option<Range<usize>>,
    ) -> Result<Tree> {
        chunks::check(self.path, key, dataset, self.budget.file_bytes())?;
        let (path, from) = (self.path, dataset as &Container);
        let source = Source {
            path,
            key,
            from,
            rows,
        };
        source.value(&mut self.budget)
    }

    /// The group that holds `entry`, and its name there; none for the file itself.
    fn folder_of(&self, file: &File, entry: &str) -> Result<Option<(Group, String)>> {
        let names: Vec<&str> = parts(entry).collect();
        let Some((last, folders)) = names.split_last() else {
            return Ok(None);
        };
        let mut group = file.group("/").map_err(|f| self.fault(f))?;
        for name in folders {
            if self.kind_of(&group, name, entry)? != LocationType::Group {
                return Err(fault::kind(self.path, name, "an array, expected a group"));
            }
            group = group.group(name).map_err(|f| self.fault(f))?;
        }
        Ok(Some((group, last.to_string())))
    }

    fn kind_of(&self, group: &Group, name: &str, entry: &str) -> Result<LocationType> {
        let names = self.names(group)?;
        match names.iter().find(|(other, _)| other == name) {
            Some((_, link)) => self.location(group, name, *link, entry),
            None => {
                let key = name.to_string();
                let found = names.into_iter().map(|(name, _)| name).collect();
                Err(Error::file(self.path, FileFault::Entry { key, found }))
            }
        }
    }

    fn find(&mut self, file: &File, entry: &str, rows: Option<Range<usize>>) -> Result<Tree> {
        let Some((folder, name)) = self.folder_of(file, entry)? else {
            return self.group(file, "");
        };
        match (self.kind_of(&folder, &name, entry)?, rows) {
            (LocationType::Dataset, rows) => {
                let dataset = folder.dataset(&name).map_err(|f| self.fault(f))?;
                self.dataset(&dataset, entry, rows)
            }
            (LocationType::Group, None) => {
                let group = folder.group(&name).map_err(|f| self.fault(f))?;
                self.group(&group, entry)
            }
            _ => Err(fault::kind(self.path, entry, "a group, expected an array")),
        }
    }

    /// Notes what is said about an entry; true if that is that it is a list.
    fn note(&mut self, of: &Location, key: &str) -> Result<bool> {
        let mut said = self.said_of(of, key)?;
        let is_list = matches!(said.get(LIST_MARK), Some(Tree::Text(word)) if word == LIST);
        if is_list {
            said.remove(LIST_MARK);
        }
        if !said.is_empty() {
            self.attributes = std::mem::take(&mut self.attributes).with(key, said);
        }
        Ok(is_list)
    }

    fn said_of(&mut self, of: &Location, key: &str) -> Result<Map> {
        let mut said = Map::new();
        for name in of.attr_names().map_err(|f| self.fault(f))? {
            // The crate does not look whether the bytes are UTF-8.
            let Ok(name) = String::from_utf8(name.into_bytes()) else {
                return Err(fault::damaged(
                    self.path,
                    "the name of an attribute is not text",
                ));
            };
            self.budget.entry(self.path)?;
            let attribute = of.attr(&name).map_err(|f| self.fault(f))?;
            let (path, key) = (self.path, join(key, &name));
            let from = &attribute as &Container;
            let source = Source {
                path,
                key: &key,
                from,
                rows: None,
            };
            match source.value(&mut self.budget) {
                Ok(value) => said.insert(name, value),
                Err(Error::File {
                    fact: FileFault::EntryKind { .. },
                    ..
                }) => None,
                Err(fault) => return Err(fault),
            };
        }
        Ok(said)
    }

    fn list(&self, mut map: Map, key: &str) -> Result<Tree> {
        let items = (0..map.len()).map(|index| {
            let found = format!("entry `{key}` is a list without number {index}");
            let item = map.remove(&index.to_string());
            item.ok_or_else(|| fault::damaged(self.path, found))
        });
        items.collect::<Result<_>>().map(Tree::List)
    }

    fn names(&self, group: &Group) -> Result<Vec<(String, LinkType)>> {
        let mut names = group
            .iter_visit_default(Vec::new(), |_, name, link, names| {
                names.push((name.to_string(), link.link_type));
                true
            })
            .map_err(|f| self.fault(f))?;
        names.sort_by(|a: &(String, LinkType), b| a.0.cmp(&b.0));
        Ok(names)
    }

    /// A fault of the library, as a fault of this file.
    pub fn fault(&self, fault: ::hdf5::Error) -> Error {
        fault::reading(self.path, fault)
    }
}
