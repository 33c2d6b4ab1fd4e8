//! One walk through one file: which entries there are, and how each becomes a value.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::ops::Range;
use std::path::Path;
use std::time::Duration;

use ::hdf5::{Container, Dataset, File, Group, LinkType, Location, LocationType};

use super::budget::Budget;
use super::chunks::Chunks;
use super::decode::Decoder;
use super::disk::Disk;
use super::library::{self, Address};
use super::value::Source;
use super::{Attributes, DEPTH, LIST, LIST_MARK, Unreadable, fault, header, matlab, names, object};
use crate::base::error::FileFault;
use crate::base::{Error, Result};
use crate::io::tree::{Map, Tree, join};

/// A file with what is known of it so far.
pub struct Reader<'a> {
    path: &'a Path,
    file: File,
    header: header::Header,
    pub budget: Budget,
    pub attributes: Attributes,
    /// The entries that were left out, with the reasons.
    pub unreadable: Vec<Unreadable>,
    /// The groups that the walk is inside of: a link to one of them would never end.
    inside: Vec<Address>,
    /// The files themselves: this one, and those that links lead to.
    disks: HashMap<u64, Disk>,
    /// The paths of the objects of a file by their addresses.
    names: HashMap<u64, HashMap<u64, String>>,
}

impl<'a> Reader<'a> {
    /// Opens the file after a look at its header; what is read may take `limit` bytes.
    ///
    /// Errors: `File` if it cannot be opened
    pub fn open(path: &'a Path, limit: u64) -> Result<Reader<'a>> {
        let header = header::check(path)?;
        let disk = Disk::open(path, header.base)?;
        let file = open(path, header.swmr)?;
        let number = library::address(&file).map_err(|f| fault::reading(path, f))?;
        Ok(Reader {
            path,
            file,
            header,
            budget: Budget::of(limit),
            attributes: Attributes::default(),
            unreadable: Vec::new(),
            inside: Vec::new(),
            disks: HashMap::from([(number.file, disk)]),
            names: HashMap::new(),
        })
    }

    /// The file.
    pub fn file(&self) -> &File {
        &self.file
    }

    /// The path of the file.
    pub fn path(&self) -> &'a Path {
        self.path
    }

    /// Whether MATLAB wrote the file.
    pub fn is_matlab(&self) -> bool {
        self.header.matlab
    }

    /// Calls `visit` for each entry of a group, after a check that the walk ends.
    pub fn each(
        &mut self,
        group: &Group,
        key: &str,
        mut visit: impl FnMut(&mut Self, &str, LinkType) -> Result<()>,
    ) -> Result<()> {
        let address = library::address(group).map_err(|f| self.fault(key, f))?;
        if self.inside.contains(&address) {
            let found = "a link to a group that it is in";
            return Err(fault::kind(self.path, key, found));
        }
        if self.inside.len() == DEPTH {
            let found = format!("more than {DEPTH} groups deep");
            return Err(fault::kind(self.path, key, found));
        }
        self.inside.push(address);
        let visited = self.names(group, key).and_then(|names| {
            names.into_iter().try_for_each(|(name, link)| {
                let internal = self.header.matlab && matlab::is_internal(&join(key, &name));
                self.budget.entry(self.path)?;
                if internal {
                    Ok(())
                } else {
                    visit(self, &name, link)
                }
            })
        });
        self.inside.pop();
        visited
    }

    /// A group as a map. Entries that cannot be read are left out and noted.
    pub fn group(&mut self, group: &Group, key: &str) -> Result<Tree> {
        let mut said = self.read_attributes(group, key)?;
        let is_list = matches!(said.get(LIST_MARK), Some(Tree::Text(word)) if word == LIST);
        if is_list {
            said.remove(LIST_MARK);
        }
        self.note(key, said);
        let mut map = Map::new();
        self.each(group, key, |reader, name, _| {
            let key = join(key, name);
            match reader.entry(group, name, &key) {
                Ok(Some(value)) => {
                    map.insert(name.to_string(), value);
                }
                Ok(None) => {}
                Err(error) => reader.leave_out(key, error)?,
            }
            Ok(())
        })?;
        match is_list {
            true => self.list(map, key),
            false => Ok(Tree::Map(map)),
        }
    }

    /// The value of one entry; none for a type that was given a name, which is no value.
    pub fn entry(&mut self, group: &Group, name: &str, key: &str) -> Result<Option<Tree>> {
        match self.location(group, name, key)? {
            LocationType::Group => {
                let group = group.group(name).map_err(|f| self.fault(key, f))?;
                self.group(&group, key).map(Some)
            }
            LocationType::Dataset => {
                let dataset = self.dataset(group, name, key)?;
                self.values(&dataset, key, None).map(Some)
            }
            _ => Ok(None),
        }
    }

    /// What the link `name` leads to.
    ///
    /// Errors: `File` if it leads nowhere
    pub fn location(&self, group: &Group, name: &str, key: &str) -> Result<LocationType> {
        library::object(group, name)
            .map(|(kind, _)| kind)
            .map_err(|f| match library::target(group, name) {
                Some(target) => fault::dead_link(self.path, key, Some(target)),
                None => self.fault(key, f),
            })
    }

    /// Opens a dataset after a look at the heap that the library reads as it opens a virtual one.
    pub fn dataset(&mut self, group: &Group, name: &str, key: &str) -> Result<Dataset> {
        let (_, address) = library::object(group, name).map_err(|f| self.fault(key, f))?;
        if let Some(disk) = self.disks.get_mut(&address.file)
            && !object::is_sound(disk, address.offset)?
        {
            let found = "a list of sources that contradicts itself";
            return Err(fault::damaged_entry(self.path, key, found));
        }
        group.dataset(name).map_err(|f| self.fault(key, f))
    }

    /// The values of a dataset, all or some rows.
    pub fn values(
        &mut self,
        dataset: &Dataset,
        key: &str,
        rows: Option<Range<usize>>,
    ) -> Result<Tree> {
        let said = match rows {
            None => self.read_attributes(dataset, key)?,
            Some(_) => Map::new(),
        };
        let (path, from) = (self.path, dataset as &Container);
        let kind = Source::kind(path, key, from)?;
        let file = self.disk_of(dataset, key)?;
        if kind.uses_heap() && dataset.layout() == ::hdf5::dataset::Layout::Virtual {
            let found = format!("{kind} in a virtual dataset: read its source files instead");
            return Err(fault::kind(path, key, found));
        }
        if let Some(disk) = self.disks.get_mut(&file) {
            let (kind, rows) = (&kind, rows.as_ref());
            let chunks = Chunks {
                path,
                key,
                dataset,
                kind,
                rows,
            };
            chunks.check(disk, &self.budget)?;
        }
        let source = Source {
            path,
            key,
            from,
            rows,
            kind,
        };
        let value = self.decoded(&source, file)?;
        let value = match source.rows {
            None => matlab::meaning(self, key, &said, value)?,
            Some(_) => value,
        };
        self.note(key, said);
        Ok(value)
    }

    /// What a reference of the entry `key` leads to.
    ///
    /// Errors: `File` if there are too many references inside each other, or as [`Self::entry`]
    pub fn referenced(&mut self, key: &str, path: &str) -> Result<Tree> {
        if path.is_empty() {
            return Ok(Tree::Nothing);
        }
        if self.inside.len() >= DEPTH {
            let found = format!("more than {DEPTH} references deep");
            return Err(fault::kind(self.path, key, found));
        }
        self.budget.entry(self.path)?;
        // A place in the walk that no group has: it counts the depth.
        self.inside.push(Address {
            file: u64::MAX,
            offset: 0,
        });
        let root = self.file.group("/").map_err(|f| self.fault(key, f));
        let value = root.and_then(|root| self.entry(&root, path, key));
        self.inside.pop();
        Ok(value?.unwrap_or(Tree::Nothing))
    }

    /// The attributes of an entry. Attributes of unsupported types are skipped.
    pub fn read_attributes(&mut self, of: &Location, key: &str) -> Result<Map> {
        let mut said = Map::new();
        let names = of.attr_names().map_err(|f| self.fault(key, f))?;
        if names.is_empty() {
            return Ok(said);
        }
        let file = self.disk_of(of, key)?;
        for name in names {
            // The crate does not look whether the bytes are UTF-8.
            let Ok(name) = String::from_utf8(name.into_bytes()) else {
                let found = "the name of an attribute is not text";
                return Err(fault::damaged_entry(self.path, key, found));
            };
            self.budget.entry(self.path)?;
            match self.attribute(of, &name, &join(key, &name), file) {
                Ok(value) => said.insert(name, value),
                Err(error) if is_left_out(&error) => None,
                Err(error) => return Err(error),
            };
        }
        Ok(said)
    }

    /// The names in a group, in the order of the alphabet.
    pub fn names(&self, group: &Group, key: &str) -> Result<Vec<(String, LinkType)>> {
        names::of(group).map_err(|f| self.fault(key, f))
    }

    /// An error of the library, as an error of the entry `key`.
    pub fn fault(&self, key: &str, fault: ::hdf5::Error) -> Error {
        match key {
            "" => fault::reading(self.path, fault),
            key => fault::entry(self.path, key, fault),
        }
    }

    fn attribute(&mut self, of: &Location, name: &str, key: &str, file: u64) -> Result<Tree> {
        let attribute = of.attr(name).map_err(|f| self.fault(key, f))?;
        let from = &attribute as &Container;
        let kind = Source::kind(self.path, key, from)?;
        let (path, rows) = (self.path, None);
        self.decoded(
            &Source {
                path,
                key,
                from,
                rows,
                kind,
            },
            file,
        )
    }

    fn decoded(&mut self, source: &Source, file: u64) -> Result<Tree> {
        let Some(shape) = source.shape()? else {
            return Ok(Tree::Nothing);
        };
        if source.kind.has_references() && !self.names.contains_key(&file) {
            let of = source.from.file().map_err(|f| self.fault(source.key, f))?;
            let found = names::by_address(&of).map_err(|f| self.fault(source.key, f))?;
            self.names.insert(file, found);
        }
        let none = HashMap::new();
        let mut decoder = Decoder {
            path: self.path,
            key: source.key,
            disk: self
                .disks
                .get_mut(&file)
                .expect("the file was opened for the entry"),
            budget: &mut self.budget,
            names: self.names.get(&file).unwrap_or(&none),
        };
        source.value(&shape, &mut decoder)
    }

    /// The number of the file that an object is in, which is open from here on.
    fn disk_of(&mut self, of: &Location, key: &str) -> Result<u64> {
        let address = library::address(of).map_err(|f| self.fault(key, f))?;
        if let Entry::Vacant(place) = self.disks.entry(address.file) {
            let base = of.file().map_or(0, |file| file.userblock());
            place.insert(Disk::open(Path::new(&of.filename()), base)?);
        }
        Ok(address.file)
    }

    fn note(&mut self, key: &str, said: Map) {
        if !said.is_empty() {
            self.attributes = std::mem::take(&mut self.attributes).with(key, said);
        }
    }

    fn leave_out(&mut self, key: String, error: Error) -> Result<()> {
        if !is_left_out(&error) {
            return Err(error);
        }
        self.unreadable.push(Unreadable { key, error });
        Ok(())
    }

    fn list(&self, mut map: Map, key: &str) -> Result<Tree> {
        let items = (0..map.len()).map(|index| {
            let found = format!("a list without number {index}");
            let item = map.remove(&index.to_string());
            item.ok_or_else(|| fault::damaged_entry(self.path, key, found))
        });
        items.collect::<Result<_>>().map(Tree::List)
    }
}

/// Whether an entry with this error is left out of the whole: it is sound, but cannot be read.
fn is_left_out(error: &Error) -> bool {
    let Error::File { fact, .. } = error else {
        return false;
    };
    matches!(
        fact,
        FileFault::EntryKind { .. }
            | FileFault::DeadLink { .. }
            | FileFault::Filter { .. }
            | FileFault::Newer { .. }
    )
}

/// Opens a file, waiting a little for another program that is about to close it.
fn open(path: &Path, swmr: bool) -> Result<File> {
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
        match library::open(path, swmr).map_err(|f| fault::reading(path, f)) {
            Err(error) if held(&error) && tries < TRIES => tries += 1,
            outcome => return outcome,
        }
        std::thread::sleep(PAUSE);
    }
}
