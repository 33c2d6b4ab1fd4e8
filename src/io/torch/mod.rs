//! State dicts of PyTorch: the zip archives that `torch.save` has written since version 1.6, of a
//! pickle that names tensors and of one record of plain numbers for each of their storages; and the
//! format before that (`legacy`).
//!
//! Entries that cannot be read (complex or 8-bit numbers, damaged records) are listed with the
//! reason. Nothing in the pickle is ever called, and nothing is allocated that the file does not
//! hold.

mod archive;
mod bytes;
mod hyper;
mod legacy;
mod pickle;
mod state;

use std::collections::HashMap;
use std::path::Path;

use super::format::{self, OLD_TORCH, ZIP, describe};
use super::named::{self, Content, Entry, Named, Unreadable};
use crate::base::error::FileFault;
use crate::base::{Error, Result};
use crate::tensor::Tensor;
use archive::Archive;
use legacy::Legacy;
use pickle::Pickle;
use state::Stored;

/// A description of tensors larger than this is none: a thousand of them take 200 kB.
const PICKLE_BYTES: usize = 16 << 20;
/// How often the numbers of a file may come up in its tensors (tied weights, spread ones).
const SHARED: usize = 8;
/// Where a tar archive, the oldest of PyTorch's formats, says that it is one.
const TAR: (usize, &[u8]) = (257, b"ustar");

/// The tensors of the state dict in the file at `path`, in its order. It may stand in a checkpoint
/// under the name `state_dict` or `model_state_dict`. Half precision becomes f32.
///
/// Errors: `File` if the file is missing, damaged, or holds something else, or if one of the
/// tensors cannot be read
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
/// Errors: `File` if the file is damaged or holds something else
pub fn content(path: &Path, bytes: &[u8]) -> Result<Content> {
    let content = match is_legacy(bytes) {
        true => legacy(bytes),
        false => check(bytes).and_then(|()| zipped(bytes)),
    };
    content.map_err(|fault| Error::file(path, fault))
}

/// Whether it begins with the magic number of the older format, pickled in any protocol.
fn is_legacy(bytes: &[u8]) -> bool {
    /// Bytes that say the protocol.
    const PROTOCOL: usize = 2;
    /// Bytes of the frame that protocols from 4 on put around a value.
    const FRAME: usize = 9;
    let magic = &OLD_TORCH[PROTOCOL..];
    let begins = |at: usize| bytes.get(at..).is_some_and(|rest| rest.starts_with(magic));
    bytes.starts_with(&OLD_TORCH[..1]) && (begins(PROTOCOL) || begins(PROTOCOL + FRAME))
}

/// Whether it is a zip archive, and if not, what else.
fn check(bytes: &[u8]) -> Result<(), FileFault> {
    if bytes.starts_with(ZIP) {
        return Ok(());
    }
    let (place, word) = TAR;
    let tar = bytes
        .get(place..)
        .is_some_and(|rest| rest.starts_with(word));
    if tar {
        let found = "a tar archive, the format before version 0.2".into();
        return Err(FileFault::StateDict { found });
    }
    let (expected, found) = ("a PyTorch file", describe(bytes));
    Err(FileFault::Format { expected, found })
}

fn zipped(bytes: &[u8]) -> Result<Content, FileFault> {
    let mut archive = Archive::open(bytes)?;
    let pickle = Pickle::parse(&archive.pickle(PICKLE_BYTES)?);
    let pickle = pickle.map_err(|found| FileFault::Damaged {
        found: found.into(),
    })?;
    gather(&pickle, bytes.len(), |name| archive.storage(name))
}

fn legacy(bytes: &[u8]) -> Result<Content, FileFault> {
    let file = Legacy::open(bytes)?;
    gather(&file.pickle, bytes.len(), |name| file.storage(name))
}

/// The entries of a file of so many bytes, whose storages `read` reads.
fn gather(
    pickle: &Pickle,
    bytes: usize,
    mut read: impl FnMut(&str) -> Result<Vec<u8>, FileFault>,
) -> Result<Content, FileFault> {
    let mut left = bytes.saturating_mul(SHARED);
    let mut storages = HashMap::new();
    let mut entries = Vec::new();
    for (name, found) in state::tensors(pickle)? {
        let (shape, tensor) = match found {
            Ok(stored) => {
                let tensor = entry(&stored, &mut storages, &mut read, &mut left);
                (stored.shape, tensor)
            }
            Err((shape, why)) => (shape, Err(why)),
        };
        entries.push(Entry {
            name,
            shape,
            tensor,
        });
    }
    Ok(Content {
        entries,
        ordered: true,
        nonlinearity: hyper::nonlinearity(pickle).map(String::from),
    })
}

/// A tensor, from its storage among those that were read before.
fn entry(
    stored: &Stored,
    storages: &mut HashMap<String, Result<Vec<u8>, Unreadable>>,
    read: &mut impl FnMut(&str) -> Result<Vec<u8>, FileFault>,
    left: &mut usize,
) -> Result<Tensor, Unreadable> {
    // One storage may serve many tensors: a network from a GPU has all its weights in one.
    let storage = storages
        .entry(stored.record.clone())
        .or_insert_with(|| read(&stored.record).map_err(Unreadable::from));
    let storage = storage.as_ref().map_err(Unreadable::clone)?;
    tensor(stored, storage, left)
}

/// A tensor from its storage, of which `left` bytes may still be taken.
fn tensor(stored: &Stored, storage: &[u8], left: &mut usize) -> Result<Tensor, Unreadable> {
    let width = stored.dtype.size_in_bytes();
    let size = fitting(stored, storage.len() / width)
        .and_then(|count| Some((count, count.checked_mul(width)?)))
        .filter(|(_, bytes)| bytes <= left);
    let Some((count, bytes)) = size else {
        let shape = &stored.shape;
        let found = format!("its shape {shape:?} is larger than what is stored for it");
        return Err(Unreadable::Damaged(found));
    };
    *left -= bytes;
    let start = stored.offset * width;
    if count == 0 || in_order(stored) {
        let bytes = &storage[start..][..bytes];
        return Ok(named::tensor(bytes, stored.dtype, &stored.shape)?);
    }
    let mut gathered = Vec::with_capacity(bytes);
    for index in 0..count {
        let at = start + place(stored, index) * width;
        gathered.extend_from_slice(&storage[at..at + width]);
    }
    Ok(named::tensor(&gathered, stored.dtype, &stored.shape)?)
}

/// How many numbers the tensor has, if all of them lie in a storage of `held` numbers.
fn fitting(stored: &Stored, held: usize) -> Option<usize> {
    let Stored {
        shape,
        strides,
        offset,
        ..
    } = stored;
    if shape.len() != strides.len() {
        return None;
    }
    if shape.contains(&0) {
        return (*offset <= held).then_some(0);
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
    (last < held).then_some(count)
}

/// Whether the numbers lie row by row without gaps.
fn in_order(stored: &Stored) -> bool {
    let mut expected = 1;
    for (size, stride) in stored.shape.iter().zip(&stored.strides).rev() {
        if *size > 1 && *stride != expected {
            return false;
        }
        expected *= size;
    }
    true
}

/// Where the number of this index, counted row by row, lies behind the first one.
fn place(stored: &Stored, mut index: usize) -> usize {
    let mut place = 0;
    for (size, stride) in stored.shape.iter().zip(&stored.strides).rev() {
        place += index % size * stride;
        index /= size;
    }
    place
}
