//! Safetensors: a JSON header of names, dtypes and shapes, followed by raw data.
//!
//! Source: github.com/huggingface/safetensors

use std::collections::HashMap;
use std::path::Path;

use ::safetensors::tensor::{SafeTensorError, SafeTensors, TensorView, serialize};

use super::atomic::atomic_write;
use super::magic_bytes::{self, describe};
use super::weight_file::{self, Entry, NamedTensors, Unreadable, WeightFile};
use crate::base::error::FileError;
use crate::base::{Error, Result};
use crate::tensor::{DType, Tensor};

/// Number of bytes of the header length, which precedes the header.
const LENGTH_BYTES: usize = 8;
/// Maximum header length, as in the format specification.
const MAX_HEADER: u64 = 100_000_000;

/// The supported dtypes.
const DTYPES: [DType; 9] = [
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

/// Whether these bytes can be the start of a safetensors file.
pub fn has_magic(head: &[u8]) -> bool {
    let Some((length, rest)) = head.split_first_chunk::<LENGTH_BYTES>() else {
        return false;
    };
    rest.first() == Some(&b'{') && u64::from_le_bytes(*length) <= MAX_HEADER
}

/// The tensors in the file at `path`, in the order of their data. Half precision becomes f32.
///
/// Errors: `File` if the file is missing, damaged or of another format
pub fn read(path: impl AsRef<Path>) -> Result<NamedTensors> {
    let path = path.as_ref();
    parse(path, &magic_bytes::read_bytes(path)?)
}

/// Same as [`read`], for a file in memory.
pub fn parse(path: &Path, bytes: &[u8]) -> Result<NamedTensors> {
    parse_entries(path, bytes)?.into_tensors(path)
}

/// Same as [`parse`], but lists the unreadable entries instead of failing.
///
/// Errors: `File` if the file is damaged or of another format
pub fn parse_entries(path: &Path, bytes: &[u8]) -> Result<WeightFile> {
    if !has_magic(bytes) {
        let (expected, found) = ("a safetensors file", describe(bytes));
        return Err(Error::file(path, FileError::Format { expected, found }));
    }
    deserialize(bytes).map_err(|error| Error::file(path, error))
}

/// The metadata key of the nonlinearity, "relu" or "tanh", which the weights do not determine.
pub const NONLINEARITY: &str = "nonlinearity";
/// The metadata of PyTorch files.
pub const PYTORCH_FORMAT: (&str, &str) = ("format", "pt");

/// Writes tensors to the file at `path` atomically, with one metadata entry. (Several entries would
/// be written in random order, so that equal tensors would not produce equal files.)
///
/// Errors: `File` if the folder is missing or writing fails
pub fn write(
    path: impl AsRef<Path>,
    named: &NamedTensors,
    (key, value): (&str, &str),
) -> Result<()> {
    let path = path.as_ref();
    let tensors = named.iter().map(|(name, tensor)| (name.as_str(), tensor));
    let metadata = HashMap::from([(key.to_string(), value.to_string())]);
    let bytes = serialize(tensors, Some(metadata)).map_err(|error| {
        let found = describe_error(&error);
        let key = named
            .first()
            .map(|(name, _)| name.clone())
            .unwrap_or_default();
        Error::file(path, FileError::EntryUnwritable { key, found })
    })?;
    atomic_write(path, &bytes)
}

fn deserialize(bytes: &[u8]) -> Result<WeightFile, FileError> {
    let damaged = |error: SafeTensorError| FileError::Damaged {
        found: describe_error(&error),
    };
    let file = SafeTensors::deserialize(bytes).map_err(damaged)?;
    let (_, metadata) = SafeTensors::read_metadata(bytes).map_err(damaged)?;
    let properties = metadata.metadata().as_ref();
    let mut views = file.tensors();
    // The order in the header is that of a hash table.
    let address = |view: &TensorView| view.data().as_ptr() as usize;
    views.sort_by(|(a, left), (b, right)| (address(left), a).cmp(&(address(right), b)));
    let entries = views.into_iter().map(|(name, view)| Entry {
        name,
        shape: view.shape().to_vec(),
        tensor: tensor(&view),
    });
    Ok(WeightFile {
        entries: entries.collect(),
        // The package sorts tensors by dtype and name.
        ordered: false,
        nonlinearity: properties.and_then(|properties| properties.get(NONLINEARITY).cloned()),
    })
}

fn tensor(view: &TensorView) -> Result<Tensor, Unreadable> {
    let known = DType::try_from(view.dtype()).ok();
    match known.filter(|dtype| DTYPES.contains(dtype)) {
        Some(dtype) => Ok(weight_file::tensor(view.data(), dtype, view.shape())?),
        None => Err(Unreadable::Dtype(view.dtype().to_string())),
    }
}

/// Describes an error of the safetensors library without its terms.
fn describe_error(error: &SafeTensorError) -> String {
    match error {
        SafeTensorError::HeaderTooLarge
        | SafeTensorError::HeaderTooSmall
        | SafeTensorError::InvalidHeaderLength => {
            "the length of the header exceeds the file or the maximum of the format".into()
        }
        SafeTensorError::InvalidHeader(_) => "the header is not valid UTF-8".into(),
        SafeTensorError::InvalidHeaderDeserialization(source)
        | SafeTensorError::JsonError(source) => {
            format!("the header is not valid JSON at byte {}", source.column())
        }
        SafeTensorError::InvalidOffset(name) => {
            format!("the position of tensor `{name}` contradicts the other tensors")
        }
        SafeTensorError::TensorNotFound(name) => format!("tensor `{name}` is missing"),
        SafeTensorError::TensorInvalidInfo | SafeTensorError::ValidationOverflow => {
            "the shape of a tensor contradicts its position".into()
        }
        SafeTensorError::InvalidTensorView(_, shape, bytes) => {
            format!("{bytes} bytes for a tensor of shape {shape:?}")
        }
        SafeTensorError::MetadataIncompleteBuffer => {
            "the tensors do not fill the file exactly".into()
        }
        SafeTensorError::MisalignedSlice => "a tensor that does not start at a byte".into(),
        SafeTensorError::IoError(source) => source.to_string(),
    }
}
