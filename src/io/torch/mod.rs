//! PyTorch state dicts: the zip archives that `torch.save` has written since version 1.6, which
//! contain a pickle with the tensor metadata and one record of raw data per storage, and the format
//! before that (`legacy`).
//!
//! Unreadable entries (complex or 8-bit dtypes, damaged records) are listed with the reason.
//! Nothing in the pickle is executed, and no allocation exceeds the data in the file.

mod archive;
mod cursor;
mod hyper_params;
mod legacy;
mod pickle;
mod state_dict;

use std::collections::HashMap;
use std::path::Path;

use super::magic_bytes::{self, LEGACY_TORCH, ZIP, describe};
use super::weight_file::{self, Entry, NamedTensors, Unreadable, WeightFile};
use crate::base::error::FileError;
use crate::base::{Error, Result};
use crate::tensor::Tensor;
use archive::Archive;
use legacy::Legacy;
use pickle::Pickle;
use state_dict::TensorView;

/// Maximum size of the pickle: the metadata of a thousand tensors takes 200 kB.
const PICKLE_BYTES: usize = 16 << 20;
/// Maximum ratio of the tensor data to the file size: tied weights and expanded tensors share
/// storage.
const MAX_SHARING: usize = 8;
/// Offset and magic bytes of a tar archive, the oldest PyTorch format.
const TAR: (usize, &[u8]) = (257, b"ustar");

/// The tensors of the state dict in the file at `path`, in file order. In a checkpoint, the state
/// dict is the entry `state_dict` or `model_state_dict`. Half precision becomes f32.
///
/// Errors: `File` if the file is missing, damaged or of another format, or if a tensor cannot be
/// read
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
    let content = match is_legacy(bytes) {
        true => read_legacy(bytes),
        false => validate_format(bytes).and_then(|()| read_archive(bytes)),
    };
    content.map_err(|error| Error::file(path, error))
}

/// Whether the file starts with the magic number of the legacy format, pickled with any protocol.
fn is_legacy(bytes: &[u8]) -> bool {
    /// Bytes of the protocol opcode.
    const PROTOCOL: usize = 2;
    /// Bytes of the frame that encloses a value from protocol 4 on.
    const FRAME: usize = 9;
    let magic = &LEGACY_TORCH[PROTOCOL..];
    let has_magic = |at: usize| bytes.get(at..).is_some_and(|rest| rest.starts_with(magic));
    bytes.starts_with(&LEGACY_TORCH[..1]) && (has_magic(PROTOCOL) || has_magic(PROTOCOL + FRAME))
}

/// Errors: `Format` or `StateDict` if the file is not a zip archive
fn validate_format(bytes: &[u8]) -> Result<(), FileError> {
    if bytes.starts_with(ZIP) {
        return Ok(());
    }
    let (offset, magic) = TAR;
    let tar = bytes
        .get(offset..)
        .is_some_and(|rest| rest.starts_with(magic));
    if tar {
        let found = "a tar archive, the format before version 0.2".into();
        return Err(FileError::StateDict { found });
    }
    let (expected, found) = ("a PyTorch file", describe(bytes));
    Err(FileError::Format { expected, found })
}

fn read_archive(bytes: &[u8]) -> Result<WeightFile, FileError> {
    let mut archive = Archive::open(bytes)?;
    let pickle = Pickle::parse(&archive.pickle(PICKLE_BYTES)?);
    let pickle = pickle.map_err(|found| FileError::Damaged {
        found: found.into(),
    })?;
    read_entries(&pickle, bytes.len(), |name| archive.storage(name))
}

fn read_legacy(bytes: &[u8]) -> Result<WeightFile, FileError> {
    let file = Legacy::open(bytes)?;
    read_entries(&file.pickle, bytes.len(), |name| file.storage(name))
}

/// The entries of a file of `bytes` bytes; `read` returns the bytes of a storage.
fn read_entries(
    pickle: &Pickle,
    bytes: usize,
    mut read: impl FnMut(&str) -> Result<Vec<u8>, FileError>,
) -> Result<WeightFile, FileError> {
    let mut remaining = bytes.saturating_mul(MAX_SHARING);
    let mut storages = HashMap::new();
    let mut entries = Vec::new();
    for (name, found) in state_dict::tensors(pickle)? {
        let (shape, tensor) = match found {
            Ok(view) => {
                let tensor = entry(&view, &mut storages, &mut read, &mut remaining);
                (view.shape, tensor)
            }
            Err((shape, why)) => (shape, Err(why)),
        };
        entries.push(Entry {
            name,
            shape,
            tensor,
        });
    }
    Ok(WeightFile {
        entries,
        ordered: true,
        nonlinearity: hyper_params::nonlinearity(pickle).map(String::from),
    })
}

/// A tensor; its storage is read once and cached.
fn entry(
    view: &TensorView,
    storages: &mut HashMap<String, Result<Vec<u8>, Unreadable>>,
    read: &mut impl FnMut(&str) -> Result<Vec<u8>, FileError>,
    remaining: &mut usize,
) -> Result<Tensor, Unreadable> {
    // Several tensors may share a storage: cuDNN stores all weights of a network in one.
    let storage = storages
        .entry(view.record.clone())
        .or_insert_with(|| read(&view.record).map_err(Unreadable::from));
    let storage = storage.as_ref().map_err(Unreadable::clone)?;
    tensor(view, storage, remaining)
}

/// A tensor from its storage; decreases `remaining`, the number of bytes that may still be copied.
fn tensor(view: &TensorView, storage: &[u8], remaining: &mut usize) -> Result<Tensor, Unreadable> {
    let width = view.dtype.size_in_bytes();
    let size = element_count(view, storage.len() / width)
        .and_then(|count| Some((count, count.checked_mul(width)?)))
        .filter(|(_, bytes)| bytes <= remaining);
    let Some((count, bytes)) = size else {
        let shape = &view.shape;
        let found = format!("its shape {shape:?} exceeds the stored data");
        return Err(Unreadable::Damaged(found));
    };
    *remaining -= bytes;
    let start = view.offset * width;
    if count == 0 || is_contiguous(view) {
        let bytes = &storage[start..][..bytes];
        return Ok(weight_file::tensor(bytes, view.dtype, &view.shape)?);
    }
    let mut values = Vec::with_capacity(bytes);
    for index in 0..count {
        let at = start + offset_of(view, index) * width;
        values.extend_from_slice(&storage[at..at + width]);
    }
    Ok(weight_file::tensor(&values, view.dtype, &view.shape)?)
}

/// The number of elements of the tensor, if all of them lie within a storage of `available`
/// elements.
fn element_count(view: &TensorView, available: usize) -> Option<usize> {
    let TensorView {
        shape,
        strides,
        offset,
        ..
    } = view;
    if shape.len() != strides.len() {
        return None;
    }
    if shape.contains(&0) {
        return (*offset <= available).then_some(0);
    }
    let count = shape
        .iter()
        .try_fold(1usize, |count, size| count.checked_mul(*size))?;
    let last = shape
        .iter()
        .zip(strides)
        .try_fold(*offset, |last, (size, stride)| {
            last.checked_add((size - 1).checked_mul(*stride)?)
        })?;
    (last < available).then_some(count)
}

/// Whether the elements are contiguous in row-major order.
fn is_contiguous(view: &TensorView) -> bool {
    let mut expected = 1;
    for (size, stride) in view.shape.iter().zip(&view.strides).rev() {
        if *size > 1 && *stride != expected {
            return false;
        }
        expected *= size;
    }
    true
}

/// The offset of the element with this row-major index, relative to the first element.
fn offset_of(view: &TensorView, mut index: usize) -> usize {
    let mut offset = 0;
    for (size, stride) in view.shape.iter().zip(&view.strides).rev() {
        offset += index % size * stride;
        index /= size;
    }
    offset
}
