//! Decoding of records, texts, lists and references in memory.

use std::collections::HashMap;
use std::path::Path;

use ::hdf5::Datatype;

use super::element_type::ElementType;
use super::error;
use super::library::data;
use super::library::types::{HEAP_ID, Padding, REFERENCE};
use super::validate::raw_file::{Item, RawFile};
use crate::base::Result;
use crate::io::budget::Budget;
use crate::io::nest::nest;
use crate::io::tree::{Map, Tree};
use crate::tensor::{Device, Tensor};

/// The context for decoding the values of one entry.
pub struct Decoder<'a> {
    pub path: &'a Path,
    pub key: &'a str,
    /// Raw access to the file that contains the entry.
    pub raw_file: &'a mut RawFile,
    pub budget: &'a mut Budget,
    /// The paths of objects by their addresses; empty if the entry has no references.
    pub names: &'a HashMap<u64, String>,
}

/// A strided view of elements within a buffer: nested levels of a count and a stride.
#[derive(Debug, Clone)]
pub struct View<'a> {
    bytes: &'a [u8],
    start: usize,
    levels: Vec<(usize, usize)>,
}

impl<'a> View<'a> {
    /// `count` contiguous elements of `size` bytes.
    pub fn new(bytes: &'a [u8], count: usize, size: usize) -> View<'a> {
        let levels = vec![(count, size)];
        let start = 0;
        View {
            bytes,
            start,
            levels,
        }
    }

    /// The field at `offset` bytes within each element.
    fn field(&self, offset: usize) -> View<'a> {
        let mut field = self.clone();
        field.start += offset;
        field
    }

    /// The `count` parts of `size` bytes within each element.
    fn parts(&self, count: usize, size: usize) -> View<'a> {
        let mut parts = self.clone();
        parts.levels.push((count, size));
        parts
    }

    /// The bytes of each element of `size` bytes.
    fn elements(&self, size: usize) -> impl Iterator<Item = &'a [u8]> + '_ {
        type Offsets<'b> = Box<dyn Iterator<Item = usize> + 'b>;
        let first: Offsets = Box::new(std::iter::once(self.start));
        let offsets = self.levels.iter().fold(first, |outer, &(count, step)| {
            Box::new(outer.flat_map(move |start| (0..count).map(move |i| start + i * step)))
        });
        let bytes = self.bytes;
        offsets.map(move |start| &bytes[start..start + size])
    }
}

impl Decoder<'_> {
    /// The values of `view` as an array of `shape`; a single value for an empty shape.
    ///
    /// Errors: `File` if a heap is inconsistent or an integer is too large; `Memory` beyond the
    /// limit
    pub fn value(&mut self, kind: &ElementType, view: &View, shape: &[usize]) -> Result<Tree> {
        match kind {
            ElementType::Signed(_) | ElementType::Enum(_) | ElementType::Time { .. } => {
                values(view, shape, i64::from_ne_bytes, Tree::Int)
            }
            ElementType::Bool => {
                values(view, shape, u8::from_ne_bytes, |byte| Tree::Bool(byte != 0))
            }
            ElementType::Unsigned(_) | ElementType::Bits(_) => {
                self.unsigned(kind.size(), view, shape)
            }
            ElementType::Float(0..=4) => {
                values(view, shape, f32::from_ne_bytes, |x| Tree::Float(x.into()))
            }
            ElementType::Float(_) => values(view, shape, f64::from_ne_bytes, Tree::Float),
            ElementType::Text { bytes, padding, .. } => {
                let texts = view.elements(*bytes).map(|bytes| Ok(text(bytes, *padding)));
                nest(&mut texts.into_iter(), shape)
            }
            ElementType::LongText => {
                let mut texts = view.elements(HEAP_ID).map(|id| self.variable_text(id));
                nest(&mut texts, shape)
            }
            ElementType::List(item, dtype) => {
                let mut lists = view.elements(HEAP_ID).map(|id| self.list(item, dtype, id));
                nest(&mut lists, shape)
            }
            ElementType::Reference => {
                let mut names = view.elements(REFERENCE).map(|id| Ok(self.name(id)));
                nest(&mut names, shape)
            }
            ElementType::Opaque { bytes, .. } => opaque(*bytes, view, shape),
            ElementType::Array(item, sizes) => self.array(item, sizes, view, shape),
            ElementType::Compound(fields) => self.record(kind, fields, view, shape),
            ElementType::Other(what) => Err(error::kind(self.path, self.key, what.as_str())),
        }
    }

    fn unsigned(&mut self, size: usize, view: &View, shape: &[usize]) -> Result<Tree> {
        match size {
            1 => values(view, shape, u8::from_ne_bytes, |n| Tree::Int(n.into())),
            2 => {
                let wide = |bytes| u32::from(u16::from_ne_bytes(bytes));
                values(view, shape, wide, |n| Tree::Int(n.into()))
            }
            4 => values(view, shape, u32::from_ne_bytes, |n| Tree::Int(n.into())),
            _ => {
                let values = view.elements(8).map(super::validate::raw_file::read_u64);
                let values = values.map(|n| signed(self.path, self.key, n));
                array(values.collect::<Result<Vec<i64>>>()?, shape, Tree::Int)
            }
        }
    }

    fn array(
        &mut self,
        item: &ElementType,
        sizes: &[usize],
        view: &View,
        shape: &[usize],
    ) -> Result<Tree> {
        let count = sizes.iter().product();
        let shape = [shape, sizes].concat();
        self.value(item, &view.parts(count, item.size()), &shape)
    }

    /// A map of fields, each with the values of all elements. Complex numbers become a map of `re`
    /// and `im`, regardless of the names in the file.
    fn record(
        &mut self,
        kind: &ElementType,
        fields: &[(String, ElementType)],
        view: &View,
        shape: &[usize],
    ) -> Result<Tree> {
        let complex = kind.is_complex();
        let (mut map, mut offset) = (Map::new(), 0);
        for (index, (name, field)) in fields.iter().enumerate() {
            let name = match complex {
                true => ["re", "im"][index],
                false => name,
            };
            let value = self.value(field, &view.field(offset), shape)?;
            map.insert(name.to_string(), value);
            offset += field.size();
        }
        Ok(Tree::Map(map))
    }

    fn variable_text(&mut self, id: &[u8]) -> Result<Tree> {
        match self.raw_file.item(id, 1)? {
            Item::Bytes(bytes) => {
                self.budget.array(self.path, self.key, &[bytes.len()], 1)?;
                Ok(text(bytes, Padding::Terminated))
            }
            Item::Inconsistent => Err(self.heap_error()),
        }
    }

    fn list(&mut self, item: &ElementType, dtype: &Datatype, id: &[u8]) -> Result<Tree> {
        let stored = match item {
            ElementType::LongText | ElementType::List(..) => HEAP_ID,
            ElementType::Reference => REFERENCE,
            _ => dtype.size(),
        };
        let Item::Bytes(bytes) = self.raw_file.item(id, stored)? else {
            return Err(self.heap_error());
        };
        let mut bytes = bytes.to_vec();
        let count = bytes.len() / stored.max(1);
        let (width, is_convertible) = (stored.max(item.size()), stored == dtype.size());
        self.budget.array(self.path, self.key, &[count], width)?;
        let direct = matches!(
            item,
            ElementType::LongText | ElementType::List(..) | ElementType::Reference
        );
        if !direct && is_convertible && count > 0 {
            bytes.resize(count * width, 0);
            let memory = item.memory();
            memory
                .and_then(|memory| data::convert(dtype, &memory, count, &mut bytes))
                .map_err(|f| error::entry(self.path, self.key, f))?;
        }
        self.value(item, &View::new(&bytes, count, item.size()), &[count])
    }

    /// The path of the object that a reference points to; empty if it does not exist.
    fn name(&self, id: &[u8]) -> Tree {
        let name = self.names.get(&super::validate::raw_file::read_u64(id));
        Tree::Text(name.cloned().unwrap_or_default())
    }

    fn heap_error(&self) -> crate::base::Error {
        let found = "a string or list outside its heap";
        error::damaged_entry(self.path, self.key, found)
    }
}

/// Values as an array of `shape`, or as a single value for an empty shape.
pub fn array<T: candle_core::WithDType>(
    values: Vec<T>,
    shape: &[usize],
    scalar: impl Fn(T) -> Tree,
) -> Result<Tree> {
    match (shape.is_empty(), values.first()) {
        (true, Some(&number)) => Ok(scalar(number)),
        _ => Ok(Tree::Tensor(Tensor::from_vec(values, shape, &Device::Cpu)?)),
    }
}

/// An unsigned 64-bit integer as i64.
///
/// Errors: `File` if it is too large
pub fn signed(path: &Path, key: &str, number: u64) -> Result<i64> {
    let values = || error::kind(path, key, format!("uint64 {number}, above 2^63"));
    i64::try_from(number).map_err(|_| values())
}

/// Uninterpreted bytes, as integers along an additional axis.
fn opaque(bytes: usize, view: &View, shape: &[usize]) -> Result<Tree> {
    let inner = [shape, &[bytes]].concat();
    values(&view.parts(bytes, 1), &inner, u8::from_ne_bytes, |byte| {
        Tree::Int(byte.into())
    })
}

fn values<const N: usize, T: candle_core::WithDType>(
    view: &View,
    shape: &[usize],
    number: impl Fn([u8; N]) -> T,
    scalar: impl Fn(T) -> Tree,
) -> Result<Tree> {
    let bytes = |bytes: &[u8]| {
        let mut fixed = [0; N];
        fixed.copy_from_slice(bytes);
        number(fixed)
    };
    array(view.elements(N).map(bytes).collect(), shape, scalar)
}

/// A text without its padding; invalid UTF-8 becomes the replacement character.
fn text(bytes: &[u8], padding: Padding) -> Tree {
    let end = |filler: u8| {
        bytes
            .iter()
            .rposition(|byte| *byte != filler)
            .map_or(0, |i| i + 1)
    };
    let length = match padding {
        Padding::Terminated => bytes.iter().position(|byte| *byte == 0),
        Padding::Zeros => Some(end(0)),
        Padding::Spaces => Some(end(b' ')),
    };
    let bytes = &bytes[..length.unwrap_or(bytes.len())];
    Tree::Text(String::from_utf8_lossy(bytes).into_owned())
}
