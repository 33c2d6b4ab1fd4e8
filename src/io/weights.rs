//! Reading of the weight files of other programs, in any supported format.

use std::path::Path;

use super::hdf5::ReadOptions;
use super::magic_bytes::{self, HDF5, LEGACY_TORCH, ZIP, describe};
use super::tree::Tree;
use super::weight_file::{Entry, NamedTensors, Unreadable, WeightFile};
use super::{hdf5, safetensors, torch};
use crate::base::error::FileError;
use crate::base::{Error, Result};

/// The supported file formats.
#[derive(Debug, Clone, Copy)]
enum Format {
    Hdf5,
    Safetensors,
    Torch,
}

/// File name extensions that select the format if the magic bytes are unknown, so that a damaged
/// file is reported as damaged.
const EXTENSIONS: [(&str, Format); 6] = [
    ("h5", Format::Hdf5),
    ("hdf5", Format::Hdf5),
    ("safetensors", Format::Safetensors),
    ("pt", Format::Torch),
    ("pth", Format::Torch),
    ("ckpt", Format::Torch),
];

/// The tensors in the file at `path`: a PyTorch state dict, safetensors, or HDF5. The format is
/// determined by the magic bytes, else by the file name extension.
///
/// Errors: `File` if the file is missing, damaged or of another format, or if a tensor cannot be
/// read
pub fn read(path: impl AsRef<Path>) -> Result<NamedTensors> {
    let path = path.as_ref();
    read_entries(path, &ReadOptions::default())?.into_tensors(path)
}

/// Same as [`read`], but lists the unreadable entries instead of failing. `options` apply to HDF5.
///
/// Errors: `File` if the file is missing, damaged or of another format
pub fn read_entries(path: &Path, options: &ReadOptions) -> Result<WeightFile> {
    let head = magic_bytes::read_head(path)?;
    match format_of_bytes(&head).or_else(|| format_of_name(path)) {
        Some(Format::Hdf5) => read_hdf5(path, options),
        Some(Format::Safetensors) => {
            safetensors::parse_entries(path, &magic_bytes::read_bytes(path)?)
        }
        Some(Format::Torch) => torch::parse_entries(path, &magic_bytes::read_bytes(path)?),
        None => {
            let expected = "weights of a network (.pt, .safetensors or .h5)";
            let found = describe(&head);
            Err(Error::file(path, FileError::Format { expected, found }))
        }
    }
}

fn format_of_bytes(head: &[u8]) -> Option<Format> {
    if head.starts_with(HDF5) {
        return Some(Format::Hdf5);
    }
    if head.starts_with(ZIP) || head.starts_with(LEGACY_TORCH) {
        return Some(Format::Torch);
    }
    safetensors::has_magic(head).then_some(Format::Safetensors)
}

fn format_of_name(path: &Path) -> Option<Format> {
    let extension = path.extension()?.to_string_lossy().to_lowercase();
    let known = EXTENSIONS.iter().find(|(known, _)| *known == extension);
    known.map(|(_, kind)| *kind)
}

/// The tensors of an HDF5 file; if reading the file fails, each entry is read separately.
fn read_hdf5(path: &Path, options: &ReadOptions) -> Result<WeightFile> {
    let error = match hdf5::read_content(path, "", options) {
        Ok(content) => {
            let mut file = unordered(flatten(&content.tree));
            let skipped = content.unreadable.into_iter();
            file.entries.extend(skipped.filter_map(unreadable_entry));
            return Ok(file);
        }
        Err(error) => error,
    };
    let Ok(listing) = hdf5::list_with(path, options) else {
        return Err(error);
    };
    let mut entries = Vec::new();
    for entry in listing {
        let tensor = match hdf5::read_content(path, &entry.path, options).map(|found| found.tree) {
            Ok(Tree::Tensor(tensor)) => Ok(tensor),
            Ok(_) => continue,
            Err(_) => Err(Unreadable::Dtype(entry.kind)),
        };
        entries.push(Entry {
            name: entry.path,
            shape: entry.shape,
            tensor,
        });
    }
    Ok(WeightFile {
        entries,
        ..WeightFile::default()
    })
}

/// The entry of a dataset that cannot be read; None for a dead link, which is no dataset.
fn unreadable_entry(skipped: hdf5::Unreadable) -> Option<Entry> {
    let (shape, reason) = match &skipped.error {
        Error::File { fact, .. } => match fact {
            FileError::EntryKind { .. } | FileError::Filter { .. } => {
                (Vec::new(), fact.entry_reason()?)
            }
            _ => return None,
        },
        Error::Memory { shape, .. } => (shape.clone(), skipped.error.to_string()),
        _ => return None,
    };
    Some(Entry {
        name: skipped.key,
        shape,
        tensor: Err(Unreadable::Dtype(reason)),
    })
}

fn unordered(named: NamedTensors) -> WeightFile {
    WeightFile {
        ordered: false,
        ..WeightFile::from(named)
    }
}

/// The tensors of a tree, named by their paths.
fn flatten(tree: &Tree) -> NamedTensors {
    let paths = tree.paths().into_iter();
    paths
        .filter_map(|path| Some((path.clone(), tree.tensor(&path)?.clone())))
        .collect()
}
