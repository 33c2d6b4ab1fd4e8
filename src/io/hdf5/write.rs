//! Writing: converts a tree to a file.

use std::ops::ControlFlow;
use std::path::Path;
use std::str::FromStr;

use ::hdf5::plist::FileAccess;
use ::hdf5::types::VarLenUnicode;
use ::hdf5::{File, Group, H5Type, Location};
use ndarray::{Array1, ArrayViewD};

use super::target::{AttributeTarget, DatasetTarget, Storage, Target};
use super::{Attributes, DEPTH, LIST, LIST_MARK, error, library};
use crate::base::error::FileError;
use crate::base::{Error, Result};
use crate::io::atomic::TempFile;
use crate::io::tree::{Map, Tree, join, parts};
use crate::tensor::{DType, Tensor};

/// Operation name in error messages.
const OP: &str = "h5::write";
/// The highest gzip level.
const MAX_COMPRESSION: usize = 9;

/// Options for writing a file.
#[derive(Debug, Clone, Default)]
pub struct WriteOptions {
    /// gzip compression level, 0 to 9; 0 disables compression. Compressed arrays also use the
    /// shuffle filter.
    pub compress: usize,
    /// Attributes of the file and its entries.
    pub attributes: Attributes,
}

/// Writes a map to `path` atomically. Maps become groups, tensors datasets of the same dtype,
/// numbers and text scalar datasets. A list of numbers becomes a dataset, any other list a group
/// marked as a list.
///
/// Errors: `Kind` if the tree is not a map; `Range` for `compress`; `File` if HDF5 cannot represent
/// a name or a value, or writing fails
pub fn write(path: impl AsRef<Path>, tree: &Tree, options: &WriteOptions) -> Result<()> {
    write_while(path, tree, options, &|| ControlFlow::Continue(()))
}

/// Same as [`write`]; `proceed` is called before each block of a large array and can end the write.
/// The previous file is then unchanged, and nothing else remains.
///
/// Errors: `Interrupted` if `proceed` ends the write, or as [`write`]
pub fn write_while(
    path: impl AsRef<Path>,
    tree: &Tree,
    options: &WriteOptions,
    proceed: &dyn Fn() -> ControlFlow<()>,
) -> Result<()> {
    let path = path.as_ref();
    if options.compress > MAX_COMPRESSION {
        return Err(Error::Range {
            of: OP.into(),
            name: "compress".into(),
            expected: format!("from 0 to {MAX_COMPRESSION}"),
            found: options.compress.to_string(),
        });
    }
    let Tree::Map(map) = tree else {
        return Err(Error::Kind {
            of: OP.into(),
            expected: "a map".into(),
            found: tree.kind().into(),
        });
    };
    let temporary = TempFile::new(path)?;
    temporary.reserve(estimate_size(tree, options), proceed)?;
    let writer = Writer {
        path,
        storage: Storage {
            level: options.compress as u8,
            proceed,
        },
    };
    let file = create(temporary.path()).map_err(|f| writer.error(f))?;
    writer.map(&file, "", map, 0)?;
    for (entry, attributes) in options.attributes.iter() {
        writer.write_entry_attributes(&file, entry, attributes)?;
    }
    file.flush().map_err(|f| writer.error(f))?;
    file.close().map_err(|f| writer.error(f))?;
    temporary.commit()
}

/// An upper estimate of the file size. The library aborts the process if the disk becomes full
/// while it writes metadata, so the space is reserved first. Compressed arrays are not counted,
/// because their size is unknown.
fn estimate_size(tree: &Tree, options: &WriteOptions) -> u64 {
    /// Library metadata of the file and of each entry.
    const FILE: u64 = 1 << 14;
    const ENTRY: u64 = 1 << 10;
    let attributes = options.attributes.iter();
    let attributes = attributes.flat_map(|(_, map)| map.values());
    let attributes: u64 = attributes
        .map(|value| value.bytes() + ENTRY * value.count())
        .sum();
    let arrays = if options.compress == 0 {
        tree.bytes()
    } else {
        0
    };
    FILE + attributes + arrays + ENTRY * tree.count()
}

/// The format of HDF5 1.8 and later: older formats have no metadata checksums.
fn create(path: &Path) -> ::hdf5::Result<File> {
    let access = FileAccess::build().libver_v18().finish()?;
    library::create(path, &access)
}

struct Writer<'a> {
    path: &'a Path,
    storage: Storage<'a>,
}

impl Writer<'_> {
    fn map(&self, group: &Group, key: &str, map: &Map, depth: usize) -> Result<()> {
        for (name, value) in map {
            let key = join(key, name);
            self.validate_name(&key, name)?;
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
            return Err(self.unwritable(key, &format!("more than {DEPTH} nested maps")));
        }
        let target = DatasetTarget { group, name };
        match value {
            Tree::Map(map) => {
                let inner = group.create_group(name).map_err(|f| self.error(f))?;
                self.map(&inner, key, map, depth + 1)
            }
            Tree::List(items) => match array_of(items) {
                Some(array) => self.tensor(target, key, &array?),
                None if items.iter().all(|item| matches!(item, Tree::Text(_))) => {
                    self.texts(target, key, items)
                }
                None => self.list(group, name, key, items, depth),
            },
            Tree::Tensor(tensor) => self.tensor(target, key, tensor),
            scalar => self.scalar(target, key, scalar),
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
        let inner = group.create_group(name).map_err(|f| self.error(f))?;
        let mark = Map::from([(LIST_MARK.to_string(), Tree::from(LIST))]);
        self.write_attributes(&inner, key, &mark)?;
        for (index, item) in items.iter().enumerate() {
            let name = index.to_string();
            self.value(&inner, &name, &join(key, &name), item, depth + 1)?;
        }
        Ok(())
    }

    fn write_entry_attributes(&self, file: &File, entry: &str, attributes: &Map) -> Result<()> {
        if parts(entry).next().is_none() {
            return self.write_attributes(file, "", attributes);
        }
        match (file.dataset(entry), file.group(entry)) {
            (Ok(dataset), _) => self.write_attributes(&dataset, entry, attributes),
            (_, Ok(group)) => self.write_attributes(&group, entry, attributes),
            _ => Err(self.unwritable(entry, "attributes for a missing entry")),
        }
    }

    /// Writes attributes; entries of a nested map get dotted names such as `options.batch`.
    fn write_attributes(&self, of: &Location, key: &str, attributes: &Map) -> Result<()> {
        for (name, value) in attributes {
            if name.is_empty() || name.contains('\0') {
                return Err(self.unwritable(key, "an attribute name is empty or contains NUL"));
            }
            let target = AttributeTarget { of, name };
            let key = join(key, name);
            match value {
                Tree::Map(inner) => {
                    let inner = inner.iter();
                    let dotted =
                        inner.map(|(last, value)| (format!("{name}.{last}"), value.clone()));
                    self.write_attributes(of, &key, &dotted.collect())?;
                }
                Tree::List(items) => match array_of(items) {
                    Some(array) => self.tensor(target, &key, &array?)?,
                    None => self.texts(target, &key, items)?,
                },
                Tree::Tensor(tensor) => self.tensor(target, &key, tensor)?,
                scalar => self.scalar(target, &key, scalar)?,
            }
        }
        Ok(())
    }

    fn scalar(&self, target: impl Target, key: &str, value: &Tree) -> Result<()> {
        match value {
            Tree::Bool(value) => self.put(target, ndarray::arr0(*value).view().into_dyn()),
            Tree::Int(value) => self.put(target, ndarray::arr0(*value).view().into_dyn()),
            Tree::Float(value) => self.put(target, ndarray::arr0(*value).view().into_dyn()),
            Tree::Text(text) => {
                let text = self.text(key, text)?;
                self.put(target, ndarray::arr0(text).view().into_dyn())
            }
            _ => target.put_null().map_err(|f| self.error(f)),
        }
    }

    fn texts(&self, target: impl Target, key: &str, items: &[Tree]) -> Result<()> {
        let texts = items.iter().map(|item| match item {
            Tree::Text(text) => self.text(key, text),
            other => Err(self.unwritable(key, &format!("a list that contains {}", other.kind()))),
        });
        let texts = texts.collect::<Result<Array1<VarLenUnicode>>>()?;
        self.put(target, texts.view().into_dyn())
    }

    fn put<T: H5Type>(&self, target: impl Target, array: ArrayViewD<T>) -> Result<()> {
        match target.put(array, &self.storage) {
            Ok(ControlFlow::Continue(())) => Ok(()),
            Ok(ControlFlow::Break(())) => Err(Error::Interrupted),
            Err(error) => Err(self.error(error)),
        }
    }

    fn text(&self, key: &str, text: &str) -> Result<VarLenUnicode> {
        VarLenUnicode::from_str(text).map_err(|_| self.unwritable(key, "text that contains NUL"))
    }

    fn tensor(&self, target: impl Target, key: &str, tensor: &Tensor) -> Result<()> {
        match tensor.dtype() {
            DType::F64 => self.array::<f64>(target, tensor),
            DType::I64 => self.array::<i64>(target, tensor),
            DType::U32 => self.array::<u32>(target, tensor),
            DType::U8 => self.array::<u8>(target, tensor),
            DType::I16 => self.array::<i16>(target, tensor),
            DType::I32 => self.array::<i32>(target, tensor),
            DType::F32 => self.array::<f32>(target, tensor),
            DType::F16 | DType::BF16 => self.array::<f32>(target, &tensor.to_dtype(DType::F32)?),
            other => Err(self.unwritable(key, &format!("a tensor of {}", other.as_str()))),
        }
    }

    fn array<T>(&self, target: impl Target, tensor: &Tensor) -> Result<()>
    where
        T: H5Type + candle_core::WithDType,
    {
        let values = tensor.flatten_all()?.to_vec1::<T>()?;
        let view = ArrayViewD::from_shape(tensor.dims(), &values)
            .expect("a tensor has as many values as its shape says");
        self.put(target, view)
    }

    fn validate_name(&self, key: &str, name: &str) -> Result<()> {
        if name.is_empty() || name == "." || name.contains(['/', '\0']) {
            let found = "a name must not be empty or `.`, or contain `/` or NUL";
            return Err(self.unwritable(key, found));
        }
        Ok(())
    }

    fn unwritable(&self, key: &str, found: &str) -> Error {
        let (key, found) = (key.to_string(), found.to_string());
        Error::file(self.path, FileError::EntryUnwritable { key, found })
    }

    fn error(&self, error: ::hdf5::Error) -> Error {
        error::writing(self.path, error)
    }
}

/// A list of numbers as an array: integers as i64, mixed numbers as f64; None for other lists.
fn array_of(items: &[Tree]) -> Option<Result<Tensor>> {
    let as_int = |item: &Tree| match item {
        Tree::Int(n) => Some(*n),
        _ => None,
    };
    let as_float = |item: &Tree| match item {
        Tree::Int(n) => Some(*n as f64),
        Tree::Float(x) => Some(*x),
        _ => None,
    };
    if items.is_empty() {
        return None;
    }
    let device = crate::tensor::Device::Cpu;
    let tensor = match items.iter().map(as_int).collect::<Option<Vec<i64>>>() {
        Some(values) => Tensor::from_vec(values, items.len(), &device),
        None => {
            let values = items.iter().map(as_float).collect::<Option<Vec<f64>>>()?;
            Tensor::from_vec(values, items.len(), &device)
        }
    };
    Some(tensor.map_err(Error::from))
}
