//! A single traversal of a file that converts its entries to values.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::ops::Range;
use std::path::Path;

use ::hdf5::{Container, Dataset, File, Group, LinkType, Location, LocationType};

use super::access::{Access, FileFilter};
use super::decode::Decoder;
use super::library::names::{
    attribute_names, entry_names, open_attribute, open_dataset, open_group,
};
use super::library::{self, Address};
use super::matlab::{self, MatlabEntry};
use super::validate::chunks::Chunks;
use super::validate::raw_file::RawFile;
use super::validate::{object_header, superblock};
use super::value::Source;
use super::{Attributes, DEPTH, LIST, LIST_MARK, ReadOptions, Unreadable};
use super::{error, names, open_file};
use crate::base::{Error, Result};
use crate::io::budget::Budget;
use crate::io::tree::{Map, Tree, join};

/// An open file and the state of the traversal.
pub struct Reader<'a> {
    path: &'a Path,
    file: File,
    superblock: superblock::Superblock,
    pub budget: Budget,
    pub attributes: Attributes,
    /// The skipped entries, with the reasons.
    pub unreadable: Vec<Unreadable>,
    /// The enclosing groups of the current entry: a link to one of them is a cycle.
    ancestors: Vec<Address>,
    /// The other files that may be opened.
    filter: Option<FileFilter>,
    /// Raw access to this file and to those that links refer to, by file number.
    raw_files: HashMap<u64, RawFile>,
    /// The paths of the objects of a file by their addresses.
    names: HashMap<u64, HashMap<u64, String>>,
}

impl<'a> Reader<'a> {
    /// Validates the superblock and opens the file.
    ///
    /// Errors: `File` if it cannot be opened
    pub fn open(path: &'a Path, options: &ReadOptions) -> Result<Reader<'a>> {
        let superblock = superblock::validate(path)?;
        let raw_file = RawFile::open(path, superblock.base)?;
        let file = open_file::open(path, superblock.swmr)?;
        let number = library::address(&file).map_err(|f| error::reading(path, f))?;
        Ok(Reader {
            path,
            file,
            superblock,
            budget: Budget::new(options.max_bytes),
            attributes: Attributes::default(),
            unreadable: Vec::new(),
            ancestors: Vec::new(),
            filter: options.filter.clone(),
            raw_files: HashMap::from([(number.file, raw_file)]),
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

    /// Calls `visit` for each entry of a group, after a check for cycles.
    pub fn for_each(
        &mut self,
        group: &Group,
        key: &str,
        mut visit: impl FnMut(&mut Self, &str, LinkType) -> Result<()>,
    ) -> Result<()> {
        let address = library::address(group).map_err(|f| self.error(key, f))?;
        if self.ancestors.contains(&address) {
            let found = "a link to an enclosing group";
            return Err(error::kind(self.path, key, found));
        }
        if self.ancestors.len() == DEPTH {
            let found = format!("more than {DEPTH} nested groups");
            return Err(error::kind(self.path, key, found));
        }
        self.ancestors.push(address);
        let visited = self.names(group, key).and_then(|names| {
            names.into_iter().try_for_each(|(name, link)| {
                let internal = self.superblock.matlab && matlab::is_internal(&join(key, &name));
                self.budget.entry(self.path)?;
                if internal {
                    Ok(())
                } else {
                    visit(self, &name, link)
                }
            })
        });
        self.ancestors.pop();
        visited
    }

    /// A group as a map. Entries that cannot be read are skipped and recorded.
    pub fn group(&mut self, group: &Group, key: &str) -> Result<Tree> {
        let mut attributes = self.read_attributes(group, key)?;
        let is_list = matches!(attributes.get(LIST_MARK), Some(Tree::Text(word)) if word == LIST);
        if is_list {
            attributes.remove(LIST_MARK);
        }
        self.store_attributes(key, attributes);
        let mut map = Map::new();
        self.for_each(group, key, |reader, name, _| {
            let key = join(key, name);
            match reader.entry(group, name, &key) {
                Ok(Some(value)) => {
                    map.insert(name.to_string(), value);
                }
                Ok(None) => {}
                Err(error) => reader.skip(key, error)?,
            }
            Ok(())
        })?;
        match is_list {
            true => self.list(map, key),
            false => Ok(Tree::Map(map)),
        }
    }

    /// The value of one entry; None for a named datatype, which has no value.
    pub fn entry(&mut self, group: &Group, name: &str, key: &str) -> Result<Option<Tree>> {
        match self.location(group, name, key)? {
            LocationType::Group => {
                let group = open_group(group, name).map_err(|f| self.error(key, f))?;
                self.group(&group, key).map(Some)
            }
            LocationType::Dataset => {
                let dataset = self.dataset(group, name, key)?;
                self.values(&dataset, key, None).map(Some)
            }
            _ => Ok(None),
        }
    }

    /// The object type of the target of the link `name`.
    ///
    /// Errors: `File` for a dead link, or a link to a file that may not be opened
    pub fn location(&self, group: &Group, name: &str, key: &str) -> Result<LocationType> {
        if let Some(access) = self.access(key) {
            access.check_link(group, name)?;
        }
        library::object(group, name)
            .map(|(kind, _)| kind)
            .map_err(|f| match library::target(group, name) {
                Some(target) => error::dead_link(self.path, key, Some(target)),
                None => self.error(key, f),
            })
    }

    /// Opens a dataset. The library reads the source list of a virtual dataset on opening, so its
    /// heap is validated first.
    pub fn dataset(&mut self, group: &Group, name: &str, key: &str) -> Result<Dataset> {
        let (_, address) = library::object(group, name).map_err(|f| self.error(key, f))?;
        if let Some(raw_file) = self.raw_files.get_mut(&address.file)
            && !object_header::is_valid(raw_file, address.offset)?
        {
            let found = "an inconsistent source list";
            return Err(error::damaged_entry(self.path, key, found));
        }
        let dataset = open_dataset(group, name).map_err(|f| self.error(key, f))?;
        if let Some(access) = self.access(key) {
            access.check_dataset(Path::new(&dataset.filename()), &dataset)?;
        }
        Ok(dataset)
    }

    fn access<'b>(&'b self, key: &'b str) -> Option<Access<'b>> {
        let filter = self.filter.as_ref()?;
        let path = self.path;
        Some(Access { path, key, filter })
    }

    /// The values of a dataset, all or some rows.
    pub fn values(
        &mut self,
        dataset: &Dataset,
        key: &str,
        rows: Option<Range<usize>>,
    ) -> Result<Tree> {
        let attributes = self.read_attributes(dataset, key)?;
        let path = self.path;
        if rows.is_some() {
            matlab::check_rows(path, key, &attributes)?;
        }
        let (source, file) = self.source(dataset, key, rows)?;
        let value = self.decode(&source, file)?;
        let value = match source.rows {
            None => {
                let is_matlab = self.superblock.matlab;
                let entry = MatlabEntry {
                    path,
                    key,
                    is_matlab,
                };
                let mut dereference = |path: &str| self.dereference(key, path);
                matlab::interpret(entry, &attributes, value, &mut dereference)?
            }
            Some(_) => value,
        };
        self.store_attributes(key, attributes);
        Ok(value)
    }

    /// The validated source of the values of a dataset, and the number of its file.
    fn source<'b>(
        &mut self,
        dataset: &'b Dataset,
        key: &'b str,
        rows: Option<Range<usize>>,
    ) -> Result<(Source<'b>, u64)>
    where
        'a: 'b,
    {
        let (path, from) = (self.path, dataset as &Container);
        let kind = Source::kind(path, key, from)?;
        let file = self.raw_file_of(dataset, key)?;
        if kind.uses_heap() && dataset.layout() == ::hdf5::dataset::Layout::Virtual {
            let found = format!("{kind} in a virtual dataset: read its source files instead");
            return Err(error::kind(path, key, found));
        }
        if let Some(raw_file) = self.raw_files.get_mut(&file) {
            let (kind, rows) = (&kind, rows.as_ref());
            let chunks = Chunks {
                path,
                key,
                dataset,
                kind,
                rows,
            };
            chunks.validate(raw_file, &self.budget)?;
        }
        let source = Source {
            path,
            key,
            from,
            rows,
            kind,
        };
        Ok((source, file))
    }

    /// The value of the object at `path`, to which a reference in the entry `key` points.
    ///
    /// Errors: `File` if references are nested too deeply, or as [`Self::entry`]
    pub fn dereference(&mut self, key: &str, path: &str) -> Result<Tree> {
        if path.is_empty() {
            return Ok(Tree::Null);
        }
        if self.ancestors.len() >= DEPTH {
            let found = format!("more than {DEPTH} nested references");
            return Err(error::kind(self.path, key, found));
        }
        self.budget.entry(self.path)?;
        // An address that no group has, to count the nesting depth.
        self.ancestors.push(Address {
            file: u64::MAX,
            offset: 0,
        });
        let root = self.file.group("/").map_err(|f| self.error(key, f));
        let value = root.and_then(|root| self.entry(&root, path, key));
        self.ancestors.pop();
        Ok(value?.unwrap_or(Tree::Null))
    }

    /// The attributes of an entry. Attributes of unsupported types are skipped.
    pub fn read_attributes(&mut self, of: &Location, key: &str) -> Result<Map> {
        let mut attributes = Map::new();
        let names = attribute_names(of).map_err(|f| self.error(key, f))?;
        if names.is_empty() {
            return Ok(attributes);
        }
        let file = self.raw_file_of(of, key)?;
        for name in names {
            self.budget.entry(self.path)?;
            match self.attribute(of, &name, &join(key, &name), file) {
                Ok(value) => attributes.insert(name, value),
                Err(error) if error::is_skippable(&error) => None,
                Err(error) => return Err(error),
            };
        }
        Ok(attributes)
    }

    /// The names in a group, in alphabetical order.
    pub fn names(&self, group: &Group, key: &str) -> Result<Vec<(String, LinkType)>> {
        entry_names(group).map_err(|f| self.error(key, f))
    }

    /// Converts an error of the library to an error of the entry `key`.
    pub fn error(&self, key: &str, error: ::hdf5::Error) -> Error {
        match key {
            "" => error::reading(self.path, error),
            key => error::entry(self.path, key, error),
        }
    }

    fn attribute(&mut self, of: &Location, name: &str, key: &str, file: u64) -> Result<Tree> {
        let attribute = open_attribute(of, name).map_err(|f| self.error(key, f))?;
        let from = &attribute as &Container;
        let kind = Source::kind(self.path, key, from)?;
        let (path, rows) = (self.path, None);
        self.decode(
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

    fn decode(&mut self, source: &Source, file: u64) -> Result<Tree> {
        let Some(shape) = source.shape()? else {
            return Ok(Tree::Null);
        };
        if source.kind.has_references() && !self.names.contains_key(&file) {
            let of = source.from.file().map_err(|f| self.error(source.key, f))?;
            let found = names::by_address(&of).map_err(|f| self.error(source.key, f))?;
            self.names.insert(file, found);
        }
        let empty = HashMap::new();
        let mut decoder = Decoder {
            path: self.path,
            key: source.key,
            raw_file: self
                .raw_files
                .get_mut(&file)
                .expect("the file was opened for the entry"),
            budget: &mut self.budget,
            names: self.names.get(&file).unwrap_or(&empty),
        };
        source.value(&shape, &mut decoder)
    }

    /// The number of the file that contains an object; opens the file for raw access.
    fn raw_file_of(&mut self, of: &Location, key: &str) -> Result<u64> {
        let address = library::address(of).map_err(|f| self.error(key, f))?;
        if let Some(access) = self.access(key)
            && !self.raw_files.contains_key(&address.file)
            && !access.filter.allows(Path::new(&of.filename()))
        {
            return Err(access.denied(&of.filename()));
        }
        if let Entry::Vacant(entry) = self.raw_files.entry(address.file) {
            let base = of.file().map_or(0, |file| file.userblock());
            entry.insert(RawFile::open(Path::new(&of.filename()), base)?);
        }
        Ok(address.file)
    }

    fn store_attributes(&mut self, key: &str, attributes: Map) {
        if !attributes.is_empty() {
            self.attributes = std::mem::take(&mut self.attributes).with(key, attributes);
        }
    }

    fn skip(&mut self, key: String, error: Error) -> Result<()> {
        if !error::is_skippable(&error) {
            return Err(error);
        }
        self.unreadable.push(Unreadable { key, error });
        Ok(())
    }

    fn list(&self, mut map: Map, key: &str) -> Result<Tree> {
        let items = (0..map.len()).map(|index| {
            let found = format!("a list without element {index}");
            let item = map.remove(&index.to_string());
            item.ok_or_else(|| error::damaged_entry(self.path, key, found))
        });
        items.collect::<Result<_>>().map(Tree::List)
    }
}
