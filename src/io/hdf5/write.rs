//! From a tree to a file.

use std::path::Path;
use std::str::FromStr;

use ::hdf5::plist::FileAccess;
use ::hdf5::types::VarLenUnicode;
use ::hdf5::{Dataset, File, Group, H5Type, Location};
use ndarray::{Array1, ArrayViewD};

use super::{Attributes, DEPTH, LIST, LIST_MARK, fault, library};
use crate::base::error::FileFault;
use crate::base::{Error, Result};
use crate::io::atomic::Beside;
use crate::io::tree::{Map, Tree, join, parts};
use crate::tensor::{DType, Tensor};

/// What faults are said to be of.
const OF: &str = "h5::write";
/// The highest level of gzip.
const MOST_COMPRESSED: usize = 9;

/// How a file is written.
#[derive(Debug, Clone, Default)]
pub struct WriteOptions {
    /// How hard to press the arrays together: 0 not at all, 9 most (gzip with shuffle).
    pub compress: usize,
    /// What is said about the file and its entries.
    pub attributes: Attributes,
}

/// Writes a map to `path`, whole or not at all. Maps become groups, tensors datasets of their
/// dtype, numbers and text scalars; a list of numbers becomes a dataset, a list of other values a
/// group that is marked as a list.
///
/// Errors: `Kind` if the tree is not a map; `Range` for `compress`; `File` if a name or a value
/// has no place in HDF5, or the disk refuses
pub fn write(path: impl AsRef<Path>, tree: &Tree, options: &WriteOptions) -> Result<()> {
    let path = path.as_ref();
    if options.compress > MOST_COMPRESSED {
        return Err(Error::Range {
            of: OF.into(),
            name: "compress".into(),
            expected: format!("from 0 to {MOST_COMPRESSED}"),
            found: options.compress.to_string(),
        });
    }
    let Tree::Map(map) = tree else {
        return Err(Error::Kind {
            of: OF.into(),
            expected: "a map".into(),
            found: tree.kind().into(),
        });
    };
    let beside = Beside::new(path)?;
    beside.reserve(room(tree, options))?;
    let writer = Writer {
        path,
        level: options.compress as u8,
    };
    let file = create(beside.path()).map_err(|f| writer.fault(f))?;
    writer.map(&file, "", map, 0)?;
    for (entry, said) in options.attributes.iter() {
        writer.say_about(&file, entry, said)?;
    }
    file.flush().map_err(|f| writer.fault(f))?;
    file.close().map_err(|f| writer.fault(f))?;
    beside.keep()
}

/// Bytes that the file will take, rather more than less. The library does not bear a disk that
/// becomes full while it writes its bookkeeping: it ends the program. Arrays that are pressed
/// together count nothing, since nobody knows what will be left of them.
fn room(tree: &Tree, options: &WriteOptions) -> u64 {
    /// Bookkeeping of the library for the file and for each entry.
    const FILE: u64 = 1 << 14;
    const ENTRY: u64 = 1 << 10;
    let said = options.attributes.iter();
    let said = said.flat_map(|(_, map)| map.values());
    let said: u64 = said
        .map(|value| value.bytes() + ENTRY * value.count())
        .sum();
    let arrays = if options.compress == 0 {
        tree.bytes()
    } else {
        0
    };
    FILE + said + arrays + ENTRY * tree.count()
}

/// The format of HDF5 1.8 and later: older ones have no checksums in their bookkeeping.
fn create(path: &Path) -> ::hdf5::Result<File> {
    let access = FileAccess::build().libver_v18().finish()?;
    library::create(path, &access)
}

struct Writer<'a> {
    path: &'a Path,
    level: u8,
}

impl Writer<'_> {
    fn map(&self, group: &Group, key: &str, map: &Map, depth: usize) -> Result<()> {
        for (name, value) in map {
            let key = join(key, name);
            self.check_name(&key, name)?;
            self.value(group, name, &key, value, depth)?;
        }
        Ok(())
    }

    fn value(
        &self,
        group: &Group,
        name: &str,
        key: &str,
        value: &Tree,
        depth: usize,
    ) -> Result<()> {
        if depth == DEPTH {
            return Err(self.unwritable(key, &format!("more than {DEPTH} maps deep")));
        }
        let place = Place { group, name };
        match value {
            Tree::Map(map) => {
                let inner = group.create_group(name).map_err(|f| self.fault(f))?;
                self.map(&inner, key, map, depth + 1)
            }
            Tree::List(items) => match array_of(items) {
                Some(array) => self.tensor(place, key, &array?),
                None if items.iter().all(|item| matches!(item, Tree::Text(_))) => {
                    self.texts(place, key, items)
                }
                None => self.list(group, name, key, items, depth),
            },
            Tree::Tensor(tensor) => self.tensor(place, key, tensor),
            plain => self.scalar(place, key, plain),
        }
    }

    /// A group of numbered entries, marked as a list.
    fn list(
        &self,
        group: &Group,
        name: &str,
        key: &str,
        items: &[Tree],
        depth: usize,
    ) -> Result<()> {
        let inner = group.create_group(name).map_err(|f| self.fault(f))?;
        let mark = Map::from([(LIST_MARK.to_string(), Tree::from(LIST))]);
        self.say(&inner, key, &mark)?;
        for (index, item) in items.iter().enumerate() {
            let name = index.to_string();
            self.value(&inner, &name, &join(key, &name), item, depth + 1)?;
        }
        Ok(())
    }

    fn say_about(&self, file: &File, entry: &str, said: &Map) -> Result<()> {
        if parts(entry).next().is_none() {
            return self.say(file, "", said);
        }
        match (file.dataset(entry), file.group(entry)) {
            (Ok(dataset), _) => self.say(&dataset, entry, said),
            (_, Ok(group)) => self.say(&group, entry, said),
            _ => Err(self.unwritable(entry, "attributes for an entry that is not there")),
        }
    }

    /// Attributes; those of a map within go by names such as `options.batch`.
    fn say(&self, of: &Location, key: &str, said: &Map) -> Result<()> {
        for (name, value) in said {
            if name.is_empty() || name.contains('\0') {
                return Err(self.unwritable(key, "an attribute's name is empty or holds NUL"));
            }
            let place = Said { of, name };
            let key = join(key, name);
            match value {
                Tree::Map(inner) => {
                    let inner = inner.iter();
                    let dotted =
                        inner.map(|(last, value)| (format!("{name}.{last}"), value.clone()));
                    self.say(of, &key, &dotted.collect())?;
                }
                Tree::List(items) => match array_of(items) {
                    Some(array) => self.tensor(place, &key, &array?)?,
                    None => self.texts(place, &key, items)?,
                },
                Tree::Tensor(tensor) => self.tensor(place, &key, tensor)?,
                plain => self.scalar(place, &key, plain)?,
            }
        }
        Ok(())
    }

    fn scalar(&self, place: impl Target, key: &str, value: &Tree) -> Result<()> {
        let done = match value {
            Tree::Bool(value) => place.put(ndarray::arr0(*value).view().into_dyn(), 0),
            Tree::Int(value) => place.put(ndarray::arr0(*value).view().into_dyn(), 0),
            Tree::Float(value) => place.put(ndarray::arr0(*value).view().into_dyn(), 0),
            Tree::Text(text) => {
                let text = self.text(key, text)?;
                place.put(ndarray::arr0(text).view().into_dyn(), 0)
            }
            _ => place.put_nothing(),
        };
        done.map_err(|f| self.fault(f))
    }

    fn texts(&self, place: impl Target, key: &str, items: &[Tree]) -> Result<()> {
        let texts = items.iter().map(|item| match item {
            Tree::Text(text) => self.text(key, text),
            other => Err(self.unwritable(key, &format!("a list with {} in it", other.kind()))),
        });
        let texts = texts.collect::<Result<Array1<VarLenUnicode>>>()?;
        place
            .put(texts.view().into_dyn(), 0)
            .map_err(|f| self.fault(f))
    }

    fn text(&self, key: &str, text: &str) -> Result<VarLenUnicode> {
        VarLenUnicode::from_str(text).map_err(|_| self.unwritable(key, "text with NUL in it"))
    }

    fn tensor(&self, place: impl Target, key: &str, tensor: &Tensor) -> Result<()> {
        match tensor.dtype() {
            DType::F64 => self.array::<f64>(place, tensor),
            DType::I64 => self.array::<i64>(place, tensor),
            DType::U32 => self.array::<u32>(place, tensor),
            DType::U8 => self.array::<u8>(place, tensor),
            DType::I16 => self.array::<i16>(place, tensor),
            DType::I32 => self.array::<i32>(place, tensor),
            DType::F32 => self.array::<f32>(place, tensor),
            DType::F16 | DType::BF16 => self.array::<f32>(place, &tensor.to_dtype(DType::F32)?),
            other => Err(self.unwritable(key, &format!("a tensor of {}", other.as_str()))),
        }
    }

    fn array<T>(&self, place: impl Target, tensor: &Tensor) -> Result<()>
    where
        T: H5Type + candle_core::WithDType,
    {
        let numbers = tensor.flatten_all()?.to_vec1::<T>()?;
        let view = ArrayViewD::from_shape(tensor.dims(), &numbers)
            .expect("a tensor has as many numbers as its shape says");
        place.put(view, self.level).map_err(|f| self.fault(f))
    }

    fn check_name(&self, key: &str, name: &str) -> Result<()> {
        if name.is_empty() || name == "." || name.contains(['/', '\0']) {
            let found = "a name must not be empty, be `.`, or hold `/` or NUL";
            return Err(self.unwritable(key, found));
        }
        Ok(())
    }

    fn unwritable(&self, key: &str, found: &str) -> Error {
        let (key, found) = (key.to_string(), found.to_string());
        Error::file(self.path, FileFault::EntryUnwritable { key, found })
    }

    fn fault(&self, fault: ::hdf5::Error) -> Error {
        fault::writing(self.path, fault)
    }
}

/// Where an array can be put: a dataset or an attribute.
trait Target {
    fn put<T: H5Type>(self, array: ArrayViewD<T>, level: u8) -> ::hdf5::Result<()>;
    /// HDF5's null dataspace.
    fn put_nothing(self) -> ::hdf5::Result<()>;
}

/// A dataset to be.
struct Place<'a> {
    group: &'a Group,
    name: &'a str,
}

/// An attribute to be.
struct Said<'a> {
    of: &'a Location,
    name: &'a str,
}

impl Target for Place<'_> {
    fn put<T: H5Type>(self, array: ArrayViewD<T>, level: u8) -> ::hdf5::Result<()> {
        let mut dataset = self.group.new_dataset_builder();
        // HDF5 has filters for chunks only, and chunks for arrays that have numbers and axes.
        if level > 0 && !array.is_empty() && array.ndim() > 0 {
            dataset = dataset.shuffle().deflate(level);
        }
        dataset
            .with_data(array)
            .create(self.name)
            .map(drop::<Dataset>)
    }
    fn put_nothing(self) -> ::hdf5::Result<()> {
        let dataset = self.group.new_dataset::<f64>().shape(::hdf5::Extents::Null);
        dataset.create(self.name).map(drop)
    }
}

impl Target for Said<'_> {
    fn put<T: H5Type>(self, array: ArrayViewD<T>, _: u8) -> ::hdf5::Result<()> {
        self.of
            .new_attr_builder()
            .with_data(array)
            .create(self.name)
            .map(drop)
    }
    fn put_nothing(self) -> ::hdf5::Result<()> {
        let attribute = self.of.new_attr::<f64>().shape(::hdf5::Extents::Null);
        attribute.create(self.name).map(drop)
    }
}

/// A list of numbers as an array: whole numbers as i64, mixed ones as f64; none for other lists.
fn array_of(items: &[Tree]) -> Option<Result<Tensor>> {
    let whole = |item: &Tree| match item {
        Tree::Int(n) => Some(*n),
        _ => None,
    };
    let real = |item: &Tree| match item {
        Tree::Int(n) => Some(*n as f64),
        Tree::Float(x) => Some(*x),
        _ => None,
    };
    if items.is_empty() {
        return None;
    }
    let device = crate::tensor::Device::Cpu;
    let tensor = match items.iter().map(whole).collect::<Option<Vec<i64>>>() {
        Some(numbers) => Tensor::from_vec(numbers, items.len(), &device),
        None => {
            let numbers = items.iter().map(real).collect::<Option<Vec<f64>>>()?;
            Tensor::from_vec(numbers, items.len(), &device)
        }
    };
    Some(tensor.map_err(Error::from))
}
