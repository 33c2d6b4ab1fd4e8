//! From bytes in memory to values: records, texts, lists, references.

use std::collections::HashMap;
use std::path::Path;

use ::hdf5::Datatype;

use super::budget::Budget;
use super::disk::{Disk, Item};
use super::fault;
use super::kind::Kind;
use super::library::data;
use super::library::types::{HEAP_ID, Padding, REFERENCE};
use crate::base::Result;
use crate::io::tree::{Map, Tree};
use crate::tensor::{Device, Tensor};

/// What the values of one entry are decoded with.
pub struct Decoder<'a> {
    pub path: &'a Path,
    pub key: &'a str,
    /// The file that the entry is in.
    pub disk: &'a mut Disk,
    pub budget: &'a mut Budget,
    /// The paths of objects by their addresses; empty where there are no references.
    pub names: &'a HashMap<u64, String>,
}

/// Elements of one kind among bytes: nested levels of a count and a distance.
#[derive(Debug, Clone)]
pub struct View<'a> {
    bytes: &'a [u8],
    start: usize,
    levels: Vec<(usize, usize)>,
}

impl<'a> View<'a> {
    /// `count` elements of `size` bytes, side by side.
    pub fn of(bytes: &'a [u8], count: usize, size: usize) -> View<'a> {
        let levels = vec![(count, size)];
        let start = 0;
        View {
            bytes,
            start,
            levels,
        }
    }

    /// The elements of a field that begins `offset` bytes into each element.
    fn field(&self, offset: usize) -> View<'a> {
        let mut field = self.clone();
        field.start += offset;
        field
    }

    /// The `count` parts of `size` bytes in each element.
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
    /// The values of `view` as an array of `shape`; a single value for no axes.
    ///
    /// Errors: `File` if a heap contradicts itself or a number is too large; `Memory`
    pub fn value(&mut self, kind: &Kind, view: &View, shape: &[usize]) -> Result<Tree> {
        match kind {
            Kind::Signed(_) | Kind::Enum(_) | Kind::Time { .. } => {
                numbers(view, shape, i64::from_ne_bytes, Tree::Int)
            }
            Kind::Bool => numbers(view, shape, u8::from_ne_bytes, |byte| Tree::Bool(byte != 0)),
            Kind::Unsigned(_) | Kind::Bits(_) => self.unsigned(kind.size(), view, shape),
            Kind::Float(0..=4) => {
                numbers(view, shape, f32::from_ne_bytes, |x| Tree::Float(x.into()))
            }
            Kind::Float(_) => numbers(view, shape, f64::from_ne_bytes, Tree::Float),
            Kind::Text { bytes, padding, .. } => {
                let texts = view.elements(*bytes).map(|bytes| Ok(text(bytes, *padding)));
                nest(&mut texts.into_iter(), shape)
            }
            Kind::LongText => {
                let mut texts = view.elements(HEAP_ID).map(|id| self.long_text(id));
                nest(&mut texts, shape)
            }
            Kind::List(item, dtype) => {
                let mut lists = view.elements(HEAP_ID).map(|id| self.list(item, dtype, id));
                nest(&mut lists, shape)
            }
            Kind::Reference => {
                let mut names = view.elements(REFERENCE).map(|id| Ok(self.name(id)));
                nest(&mut names, shape)
            }
            Kind::Opaque { bytes, .. } => {
                let inner = [shape, &[*bytes]].concat();
                numbers(&view.parts(*bytes, 1), &inner, u8::from_ne_bytes, |byte| {
                    Tree::Int(byte.into())
                })
            }
            Kind::Array(item, sizes) => self.array(item, sizes, view, shape),
            Kind::Compound(fields) => self.record(kind, fields, view, shape),
            Kind::Other(what) => Err(fault::kind(self.path, self.key, what.as_str())),
        }
    }

    fn unsigned(&mut self, size: usize, view: &View, shape: &[usize]) -> Result<Tree> {
        match size {
            1 => numbers(view, shape, u8::from_ne_bytes, |n| Tree::Int(n.into())),
            2 => {
                let wide = |bytes| u32::from(u16::from_ne_bytes(bytes));
                numbers(view, shape, wide, |n| Tree::Int(n.into()))
            }
            4 => numbers(view, shape, u32::from_ne_bytes, |n| Tree::Int(n.into())),
            _ => {
                let large = view.elements(8).map(super::disk::word);
                let large = large.map(|n| signed(self.path, self.key, n));
                array(large.collect::<Result<Vec<i64>>>()?, shape, Tree::Int)
            }
        }
    }

    fn array(
        &mut self,
        item: &Kind,
        sizes: &[usize],
        view: &View,
        shape: &[usize],
    ) -> Result<Tree> {
        let count = sizes.iter().product();
        let shape = [shape, sizes].concat();
        self.value(item, &view.parts(count, item.size()), &shape)
    }

    /// A map of fields, each with the values of all elements. Complex numbers are a map of `re`
    /// and `im`, whatever the file calls them.
    fn record(
        &mut self,
        kind: &Kind,
        fields: &[(String, Kind)],
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

    fn long_text(&mut self, id: &[u8]) -> Result<Tree> {
        match self.disk.item(id, 1)? {
            Item::Bytes(bytes) => {
                self.budget.array(self.path, self.key, &[bytes.len()], 1)?;
                Ok(text(bytes, Padding::Terminated))
            }
            Item::Broken => Err(self.broken()),
        }
    }

    fn list(&mut self, item: &Kind, dtype: &Datatype, id: &[u8]) -> Result<Tree> {
        let stored = match item {
            Kind::LongText | Kind::List(..) => HEAP_ID,
            Kind::Reference => REFERENCE,
            _ => dtype.size(),
        };
        let Item::Bytes(bytes) = self.disk.item(id, stored)? else {
            return Err(self.broken());
        };
        let mut bytes = bytes.to_vec();
        let count = bytes.len() / stored.max(1);
        let (most, converted) = (stored.max(item.size()), stored == dtype.size());
        self.budget.array(self.path, self.key, &[count], most)?;
        let direct = matches!(item, Kind::LongText | Kind::List(..) | Kind::Reference);
        if !direct && converted && count > 0 {
            bytes.resize(count * most, 0);
            let memory = item.memory();
            memory
                .and_then(|memory| data::convert(dtype, &memory, count, &mut bytes))
                .map_err(|f| fault::entry(self.path, self.key, f))?;
        }
        self.value(item, &View::of(&bytes, count, item.size()), &[count])
    }

    /// The path of the object that a reference leads to; empty if there is none.
    fn name(&self, id: &[u8]) -> Tree {
        let name = self.names.get(&super::disk::word(id));
        Tree::Text(name.cloned().unwrap_or_default())
    }

    fn broken(&self) -> crate::base::Error {
        let found = "a text or list that lies outside its heap";
        fault::damaged_entry(self.path, self.key, found)
    }
}

/// Numbers as an array of `shape`, or as one value for no axes.
pub fn array<T: candle_core::WithDType>(
    numbers: Vec<T>,
    shape: &[usize],
    scalar: impl Fn(T) -> Tree,
) -> Result<Tree> {
    match (shape.is_empty(), numbers.first()) {
        (true, Some(&number)) => Ok(scalar(number)),
        _ => Ok(Tree::Tensor(Tensor::from_vec(
            numbers,
            shape,
            &Device::Cpu,
        )?)),
    }
}

/// A 64-bit number without a sign as i64.
///
/// Errors: `File` if it is too large
pub fn signed(path: &Path, key: &str, number: u64) -> Result<i64> {
    let large = || fault::kind(path, key, format!("uint64 {number}, above 2^63"));
    i64::try_from(number).map_err(|_| large())
}

fn numbers<const N: usize, T: candle_core::WithDType>(
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

/// A text without its padding; bytes that are not UTF-8 become the replacement sign.
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

/// Lists within lists, one for each axis; the first value for no axes.
pub fn nest(values: &mut dyn Iterator<Item = Result<Tree>>, shape: &[usize]) -> Result<Tree> {
    match shape {
        [] => values.next().unwrap_or(Ok(Tree::Nothing)),
        [size] => values.take(*size).collect::<Result<_>>().map(Tree::List),
        [size, inner @ ..] => {
            let rows = (0..*size).map(|_| nest(values, inner));
            rows.collect::<Result<_>>().map(Tree::List)
        }
    }
}
