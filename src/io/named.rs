//! Named tensors in files of other programs, whichever kind of file it is.

use std::path::Path;

use super::format::{self, HDF5, OLD_TORCH, ZIP, describe};
use super::tree::Tree;
use super::{hdf5, safetensors, torch};
use crate::base::error::FileFault;
use crate::base::{Error, Result};
use crate::tensor::{DType, Device, Tensor};

/// Tensors by name, in the order of the file.
pub type Named = Vec<(String, Tensor)>;

/// The kinds of file that hold them.
#[derive(Debug, Clone, Copy)]
enum Kind {
    Hdf5,
    Safetensors,
    Torch,
}

/// How the names of files end that are taken for one kind if their first bytes say nothing, so
/// that a damaged file is called damaged.
const ENDINGS: [(&str, Kind); 5] = [
    ("h5", Kind::Hdf5),
    ("hdf5", Kind::Hdf5),
    ("safetensors", Kind::Safetensors),
    ("pt", Kind::Torch),
    ("pth", Kind::Torch),
];

/// The tensors in the file at `path`: a state dict of PyTorch, safetensors, or HDF5. Which of them
/// it is, its first bytes say, else the end of its name.
///
/// Errors: `File` if the file is missing, damaged, or of another kind
pub fn read(path: impl AsRef<Path>) -> Result<Named> {
    let path = path.as_ref();
    let head = format::head(path)?;
    match of_content(&head).or_else(|| of_name(path)) {
        Some(Kind::Hdf5) => Ok(flat(&hdf5::read(path)?)),
        Some(Kind::Safetensors) => safetensors::read(path),
        Some(Kind::Torch) => torch::read(path),
        None => {
            let expected = "weights of a network (.pt, .safetensors or .h5)";
            let found = describe(&head);
            Err(Error::file(path, FileFault::Format { expected, found }))
        }
    }
}

fn of_content(head: &[u8]) -> Option<Kind> {
    if head.starts_with(HDF5) {
        return Some(Kind::Hdf5);
    }
    if head.starts_with(ZIP) || head.starts_with(OLD_TORCH) {
        return Some(Kind::Torch);
    }
    safetensors::begins(head).then_some(Kind::Safetensors)
}

fn of_name(path: &Path) -> Option<Kind> {
    let end = path.extension()?.to_string_lossy().to_lowercase();
    let known = ENDINGS.iter().find(|(known, _)| *known == end);
    known.map(|(_, kind)| *kind)
}

/// The tensors of a tree, named by their paths.
fn flat(tree: &Tree) -> Named {
    let paths = tree.paths().into_iter();
    paths
        .filter_map(|path| Some((path.clone(), tree.tensor(&path)?.clone())))
        .collect()
}

/// The tensor of these bytes, in a kind of number that is computed with here: half precision
/// becomes f32, and whole numbers of two and four bytes i64.
pub fn tensor(bytes: &[u8], dtype: DType, shape: &[usize]) -> Result<Tensor, FileFault> {
    let into = match dtype {
        DType::F16 | DType::BF16 => DType::F32,
        DType::I16 | DType::I32 => DType::I64,
        same => same,
    };
    let raw = Tensor::from_raw_buffer(bytes, dtype, shape, &Device::Cpu);
    raw.and_then(|raw| raw.to_dtype(into))
        .map_err(|fault| FileFault::Damaged {
            found: Error::from(fault).to_string(),
        })
}
