//! The value of one dataset or attribute. Numbers keep their dtype where candle has it; the
//! others widen without loss: int8, int16, int32 to i64, uint16 to u32, float16 to f32, bool to u8.

use std::ops::Range;
use std::path::Path;

use ::hdf5::types::{FixedAscii, FixedUnicode, FloatSize, IntSize, TypeDescriptor};
use ::hdf5::types::{VarLenAscii, VarLenUnicode};
use ::hdf5::{Container, H5Type, Hyperslab, SliceOrIndex};
use ndarray::IxDyn;

use super::budget::Budget;
use super::fault;
use crate::base::Error;
use crate::base::Result;
use crate::base::error::FileFault;
use crate::io::tree::Tree;
use crate::tensor::{Device, Tensor};

/// One dataset or attribute on its way in.
pub struct Source<'a> {
    pub path: &'a Path,
    pub key: &'a str,
    pub from: &'a Container,
    /// Some rows (indices along the first axis), or all.
    pub rows: Option<Range<usize>>,
}

impl Source<'_> {
    /// The value: a number or text for a scalar, else a tensor or a list of texts.
    ///
    /// Errors: `File` if the kind has no counterpart, the sizes are absurd, or the bytes damaged
    pub fn value(&self, budget: &mut Budget) -> Result<Tree> {
        let space = self
            .from
            .space()
            .map_err(|f| fault::reading(self.path, f))?;
        if space.is_null() {
            return Ok(Tree::Nothing);
        }
        let mut shape = space.shape();
        if let Some(rows) = &self.rows {
            self.check_rows(&shape, rows)?;
            shape[0] = rows.len();
        }
        let kind = self.kind()?;
        budget.array(self.path, self.key, &shape, element_bytes(&kind))?;
        self.of_kind(kind, shape)
    }

    fn check_rows(&self, shape: &[usize], rows: &Range<usize>) -> Result<()> {
        if shape
            .first()
            .is_some_and(|&size| rows.start <= rows.end && rows.end <= size)
        {
            return Ok(());
        }
        let expected = format!("[{} or more, ...]", rows.end.max(1));
        let (key, found) = (self.key.to_string(), shape.to_vec());
        let fact = FileFault::EntryShape {
            key,
            expected,
            found,
        };
        Err(Error::file(self.path, fact))
    }

    /// The type in the file. The crate has no name for a float of two bytes, so that one is known
    /// by its size and by a way to f32.
    fn kind(&self) -> Result<TypeDescriptor> {
        let dtype = self
            .from
            .dtype()
            .map_err(|f| fault::reading(self.path, f))?;
        match dtype.to_descriptor() {
            Ok(kind) => Ok(kind),
            Err(_) if dtype.size() == 2 && dtype.conv_to::<f32>().is_some() => {
                Ok(TypeDescriptor::Float(FloatSize::U4))
            }
            Err(why) => {
                let found = format!("{} bytes each, {why}", dtype.size()).to_lowercase();
                Err(fault::kind(self.path, self.key, found))
            }
        }
    }

    fn of_kind(&self, kind: TypeDescriptor, shape: Vec<usize>) -> Result<Tree> {
        use TypeDescriptor as Kind;
        match kind {
            Kind::Integer(_) | Kind::Enum(_) => self.numbers::<i64>(shape, Tree::Int),
            Kind::Unsigned(IntSize::U1) => self.numbers::<u8>(shape, |n| Tree::Int(n.into())),
            Kind::Unsigned(IntSize::U8) => self.large(shape),
            Kind::Unsigned(_) => self.numbers::<u32>(shape, |n| Tree::Int(n.into())),
            Kind::Float(FloatSize::U4) => self.numbers::<f32>(shape, |x| Tree::Float(x.into())),
            Kind::Float(_) => self.numbers::<f64>(shape, Tree::Float),
            // Not read as Rust's bool: a damaged byte of 7 would be no bool at all.
            Kind::Boolean => self.numbers::<u8>(shape, |byte| Tree::Bool(byte != 0)),
            Kind::VarLenUnicode => self.texts(&shape, VarLenUnicode::as_bytes),
            Kind::VarLenAscii => self.texts(&shape, VarLenAscii::as_bytes),
            Kind::FixedAscii(size) => self.ascii(size, &shape),
            Kind::FixedUnicode(size) => self.unicode(size, &shape),
            other => Err(fault::kind(self.path, self.key, other.to_string())),
        }
    }

    fn numbers<T>(&self, shape: Vec<usize>, scalar: impl Fn(T) -> Tree) -> Result<Tree>
    where
        T: H5Type + candle_core::WithDType,
    {
        let numbers = self.raw::<T>()?;
        match (shape.is_empty(), numbers.first()) {
            (true, Some(&number)) => Ok(scalar(number)),
            _ => Ok(Tree::Tensor(Tensor::from_vec(
                numbers,
                shape,
                &Device::Cpu,
            )?)),
        }
    }

    /// 64-bit numbers without a sign, as i64 where they fit.
    fn large(&self, shape: Vec<usize>) -> Result<Tree> {
        let numbers = self.raw::<u64>()?;
        let signed = |&number: &u64| {
            i64::try_from(number).map_err(|_| {
                fault::kind(self.path, self.key, format!("uint64 {number}, above 2^63"))
            })
        };
        let numbers = numbers.iter().map(signed).collect::<Result<Vec<i64>>>()?;
        match (shape.is_empty(), numbers.first()) {
            (true, Some(&number)) => Ok(Tree::Int(number)),
            _ => Ok(Tree::Tensor(Tensor::from_vec(
                numbers,
                shape,
                &Device::Cpu,
            )?)),
        }
    }

    fn ascii(&self, size: usize, shape: &[usize]) -> Result<Tree> {
        match size {
            0..=32 => self.texts(shape, FixedAscii::<32>::as_bytes),
            33..=256 => self.texts(shape, FixedAscii::<256>::as_bytes),
            257..=4_096 => self.texts(shape, FixedAscii::<4_096>::as_bytes),
            4_097..=TEXT_BYTES => self.texts(shape, FixedAscii::<TEXT_BYTES>::as_bytes),
            _ => Err(self.long_text(size)),
        }
    }

    fn unicode(&self, size: usize, shape: &[usize]) -> Result<Tree> {
        match size {
            0..=32 => self.texts(shape, FixedUnicode::<32>::as_bytes),
            33..=256 => self.texts(shape, FixedUnicode::<256>::as_bytes),
            257..=4_096 => self.texts(shape, FixedUnicode::<4_096>::as_bytes),
            4_097..=TEXT_BYTES => self.texts(shape, FixedUnicode::<TEXT_BYTES>::as_bytes),
            _ => Err(self.long_text(size)),
        }
    }

    fn long_text(&self, size: usize) -> Error {
        let found = format!("texts of {size} bytes each, above {TEXT_BYTES}");
        fault::kind(self.path, self.key, found)
    }

    /// Texts; bytes that are not UTF-8 become the replacement sign.
    fn texts<T: H5Type>(&self, shape: &[usize], bytes: impl Fn(&T) -> &[u8]) -> Result<Tree> {
        let texts = self.raw::<T>()?;
        let text = |raw: &T| Tree::Text(String::from_utf8_lossy(bytes(raw)).into_owned());
        let mut texts = texts.iter().map(text);
        match (shape.is_empty(), texts.next()) {
            (true, Some(text)) => Ok(text),
            (_, first) => Ok(nest(&mut first.into_iter().chain(texts), shape)),
        }
    }

    fn raw<T: H5Type>(&self) -> Result<Vec<T>> {
        let read = match &self.rows {
            None => self.from.read_raw::<T>(),
            Some(rows) => {
                let mut axes = vec![SliceOrIndex::from(..); self.from.ndim()];
                axes[0] = SliceOrIndex::from(rows.clone());
                let part = self.from.read_slice::<T, _, IxDyn>(Hyperslab::from(axes));
                part.map(|array| array.into_raw_vec_and_offset().0)
            }
        };
        read.map_err(|f| fault::reading(self.path, f))
    }
}

/// The longest texts of fixed length that are read.
const TEXT_BYTES: usize = 65_536;

/// Lists within lists for texts of more than one axis.
fn nest(texts: &mut dyn Iterator<Item = Tree>, shape: &[usize]) -> Tree {
    match shape {
        [] => texts.next().unwrap_or(Tree::Nothing),
        [size] => Tree::List(texts.take(*size).collect()),
        [size, inner @ ..] => Tree::List((0..*size).map(|_| nest(texts, inner)).collect()),
    }
}

/// Bytes in memory of one element, at most.
fn element_bytes(kind: &TypeDescriptor) -> usize {
    /// A text is at least this many bytes in memory, however short.
    const TEXT: usize = 32;
    match kind {
        TypeDescriptor::Float(FloatSize::U4) => 4,
        TypeDescriptor::Boolean | TypeDescriptor::Unsigned(IntSize::U1) => 1,
        TypeDescriptor::Unsigned(IntSize::U2 | IntSize::U4) => 4,
        TypeDescriptor::Integer(_) | TypeDescriptor::Float(_) => 8,
        other => other.size().max(TEXT),
    }
}
