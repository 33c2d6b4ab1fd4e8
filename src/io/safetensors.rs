//! Safetensors: a JSON header of names, kinds and shapes, then plain numbers.
//! Source: github.com/huggingface/safetensors

use std::collections::HashMap;
use std::path::Path;

use ::safetensors::tensor::{SafeTensorError, SafeTensors, TensorView, serialize};

use super::atomic::atomic_write;
use super::format::{self, describe};
use super::named::{self, Content, Entry, Named, Unreadable};
use crate::base::error::FileFault;
use crate::base::{Error, Result};
use crate::tensor::{DType, Tensor};

/// Bytes of the length of the header, which come before it.
const LENGTH: usize = 8;
/// A header longer than this is none; the format has the same limit.
const HEADER: u64 = 100_000_000;

/// The kinds of number that are read.
const KINDS: [DType; 9] = [
    DType::F16,
    DType::BF16,
    DType::F32,
    DType::F64,
    DType::I16,
    DType::I32,
    DType::I64,
    DType::U32,
    DType::U8,
];

/// Whether a file that begins with these bytes can be one.
pub fn begins(head: &[u8]) -> bool {
    let Some((length, rest)) = head.split_first_chunk::<LENGTH>() else {
        return false;
    };
    rest.first() == Some(&b'{') && u64::from_le_bytes(*length) <= HEADER
}

/// The tensors in the file at `path`, in the order of their numbers. Half precision becomes f32.
///
/// Errors: `File` if the file is missing, damaged, or of another kind
pub fn read(path: impl AsRef<Path>) -> Result<Named> {
    let path = path.as_ref();
    parse(path, &format::bytes(path)?)
}

/// As [`read`], of a file that was read before.
pub fn parse(path: &Path, bytes: &[u8]) -> Result<Named> {
    content(path, bytes)?.all(path)
}

/// As [`parse`], with the entries that cannot be read among the others.
///
/// Errors: `File` if the file is damaged or of another kind
pub fn content(path: &Path, bytes: &[u8]) -> Result<Content> {
    if !begins(bytes) {
        let (expected, found) = ("a safetensors file", describe(bytes));
        return Err(Error::file(path, FileFault::Format { expected, found }));
    }
    entries(bytes).map_err(|fault| Error::file(path, fault))
}

/// Under which name a file says "relu" or "tanh", which no weight tells apart.
pub const NONLINEARITY: &str = "nonlinearity";
/// What a file of PyTorch's says of itself.
pub const PLAIN: (&str, &str) = ("format", "pt");

/// Writes tensors to the file at `path`, whole or not at all, with one word about them under a
/// name. (Several would come in no fixed order, and the same tensors would not make the same file.)
///
/// Errors: `File` if the folder is missing or the disk refuses
pub fn write(path: impl AsRef<Path>, named: &Named, (name, word): (&str, &str)) -> Result<()> {
    let path = path.as_ref();
    let tensors = named.iter().map(|(name, tensor)| (name.as_str(), tensor));
    let about = HashMap::from([(name.to_string(), word.to_string())]);
    let bytes = serialize(tensors, Some(about)).map_err(|fault| {
        let found = fault.to_string();
        let key = named
            .first()
            .map(|(name, _)| name.clone())
            .unwrap_or_default();
        Error::file(path, FileFault::EntryUnwritable { key, found })
    })?;
    atomic_write(path, &bytes)
}

fn entries(bytes: &[u8]) -> Result<Content, FileFault> {
    let damaged = |fault: SafeTensorError| FileFault::Damaged {
        found: fault.to_string(),
    };
    let file = SafeTensors::deserialize(bytes).map_err(damaged)?;
    let (_, about) = SafeTensors::read_metadata(bytes).map_err(damaged)?;
    let words = about.metadata().as_ref();
    let mut views = file.tensors();
    // Their order in the header is that of a table with no order.
    let place = |view: &TensorView| view.data().as_ptr() as usize;
    views.sort_by(|(a, left), (b, right)| (place(left), a).cmp(&(place(right), b)));
    let entries = views.into_iter().map(|(name, view)| Entry {
        name,
        shape: view.shape().to_vec(),
        tensor: tensor(&view),
    });
    Ok(Content {
        entries: entries.collect(),
        // The package sorts tensors by kind and name.
        ordered: false,
        nonlinearity: words.and_then(|words| words.get(NONLINEARITY).cloned()),
    })
}

fn tensor(view: &TensorView) -> Result<Tensor, Unreadable> {
    let known = DType::try_from(view.dtype()).ok();
    match known.filter(|dtype| KINDS.contains(dtype)) {
        Some(dtype) => Ok(named::tensor(view.data(), dtype, view.shape())?),
        None => Err(Unreadable::Kind(view.dtype().to_string())),
    }
}
