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

/// The tensors of a file, with those that cannot be read.
#[derive(Debug, Clone, Default)]
pub struct Content {
    pub entries: Vec<Entry>,
    /// Whether the entries stand in the order in which the network's modules were made.
    pub ordered: bool,
    /// "relu" or "tanh", if the file says so.
    pub nonlinearity: Option<String>,
}

/// One tensor of a file.
#[derive(Debug, Clone)]
pub struct Entry {
    pub name: String,
    /// Empty also where it is not known.
    pub shape: Vec<usize>,
    pub tensor: Result<Tensor, Unreadable>,
}

/// Why a tensor cannot be read.
#[derive(Debug, Clone)]
pub enum Unreadable {
    /// Its kind of number, which is not computed with here.
    Kind(String),
    /// What is wrong with its description or its numbers.
    Damaged(String),
}

impl Unreadable {
    /// The error of the entry called `key`, where it is needed.
    pub fn fault(&self, key: &str) -> FileFault {
        let key = key.to_string();
        match self {
            Unreadable::Kind(found) => FileFault::EntryKind {
                key,
                found: found.clone(),
            },
            Unreadable::Damaged(found) => FileFault::Damaged {
                found: format!("`{key}`: {found}"),
            },
        }
    }

    /// Whether the numbers are real and of a kind that weights are stored in.
    pub fn is_weight(&self) -> bool {
        let Unreadable::Kind(kind) = self else {
            return false;
        };
        ["float8", "F8", "F6", "F4"]
            .iter()
            .any(|word| kind.contains(word))
    }
}

impl From<FileFault> for Unreadable {
    fn from(fault: FileFault) -> Unreadable {
        match fault {
            FileFault::Damaged { found } => Unreadable::Damaged(found),
            FileFault::EntryKind { found, .. } => Unreadable::Kind(found),
            other => Unreadable::Damaged(other.to_string()),
        }
    }
}

impl Content {
    /// All tensors.
    ///
    /// Errors: `File` if one of them cannot be read
    pub fn all(self, path: &Path) -> Result<Named> {
        let tensors = self.entries.into_iter().map(|entry| match entry.tensor {
            Ok(tensor) => Ok((entry.name, tensor)),
            Err(why) => Err(Error::file(path, why.fault(&entry.name))),
        });
        tensors.collect()
    }
}

impl From<Named> for Content {
    fn from(named: Named) -> Content {
        let entries = named.into_iter().map(|(name, tensor)| Entry {
            name,
            shape: tensor.dims().to_vec(),
            tensor: Ok(tensor),
        });
        Content {
            entries: entries.collect(),
            ordered: true,
            nonlinearity: None,
        }
    }
}

/// The kinds of file that hold them.
#[derive(Debug, Clone, Copy)]
enum Kind {
    Hdf5,
    Safetensors,
    Torch,
}

/// How the names of files end that are taken for one kind if their first bytes say nothing, so
/// that a damaged file is called damaged.
const ENDINGS: [(&str, Kind); 6] = [
    ("h5", Kind::Hdf5),
    ("hdf5", Kind::Hdf5),
    ("safetensors", Kind::Safetensors),
    ("pt", Kind::Torch),
    ("pth", Kind::Torch),
    ("ckpt", Kind::Torch),
];

/// The tensors in the file at `path`: a state dict of PyTorch, safetensors, or HDF5. Which of them
/// it is, its first bytes say, else the end of its name.
///
/// Errors: `File` if the file is missing, damaged, or of another kind, or if one of its tensors
/// cannot be read
pub fn read(path: impl AsRef<Path>) -> Result<Named> {
    let path = path.as_ref();
    content(path)?.all(path)
}

/// As [`read`], with the entries that cannot be read among the others.
///
/// Errors: `File` if the file is missing, damaged, or of another kind
pub fn content(path: &Path) -> Result<Content> {
    let head = format::head(path)?;
    match of_content(&head).or_else(|| of_name(path)) {
        Some(Kind::Hdf5) => of_hdf5(path),
        Some(Kind::Safetensors) => safetensors::content(path, &format::bytes(path)?),
        Some(Kind::Torch) => torch::content(path, &format::bytes(path)?),
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

/// The tensors of an HDF5 file; where one cannot be read, each is read by itself.
fn of_hdf5(path: &Path) -> Result<Content> {
    let whole = match hdf5::read(path) {
        Ok(tree) => return Ok(unordered(flat(&tree))),
        Err(fault) => fault,
    };
    let Ok(listed) = hdf5::list(path) else {
        return Err(whole);
    };
    let mut entries = Vec::new();
    for hdf5::Entry {
        path: name,
        shape,
        kind,
    } in listed
    {
        let tensor = match hdf5::read_entry(path, &name) {
            Ok(Tree::Tensor(tensor)) => Ok(tensor),
            Ok(_) => continue,
            Err(_) => Err(Unreadable::Kind(kind)),
        };
        entries.push(Entry {
            name,
            shape,
            tensor,
        });
    }
    Ok(Content {
        entries,
        ..Content::default()
    })
}

fn unordered(named: Named) -> Content {
    Content {
        ordered: false,
        ..Content::from(named)
    }
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
