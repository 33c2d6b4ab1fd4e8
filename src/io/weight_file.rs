//! The tensors of a weight file, including those that cannot be read.

use std::path::Path;

use crate::base::error::FileError;
use crate::base::{Error, Result};
use crate::tensor::{DType, Device, Tensor};

/// Tensors by name, in file order.
pub type NamedTensors = Vec<(String, Tensor)>;

/// The tensors of a file, including those that cannot be read.
#[derive(Debug, Clone, Default)]
pub struct WeightFile {
    pub entries: Vec<Entry>,
    /// Whether the file order is the order in which the modules of the network were created.
    pub ordered: bool,
    /// "relu" or "tanh", if the file specifies it.
    pub nonlinearity: Option<String>,
}

/// One tensor of a file.
#[derive(Debug, Clone)]
pub struct Entry {
    pub name: String,
    /// Also empty if the shape is unknown.
    pub shape: Vec<usize>,
    pub tensor: Result<Tensor, Unreadable>,
}

/// The reason why a tensor cannot be read.
#[derive(Debug, Clone)]
pub enum Unreadable {
    /// An unsupported dtype.
    Dtype(String),
    /// Damaged metadata or data.
    Damaged(String),
}

impl Unreadable {
    /// The error for a required entry `key`.
    pub fn to_error(&self, key: &str) -> FileError {
        let key = key.to_string();
        match self {
            Unreadable::Dtype(found) => FileError::EntryKind {
                key,
                found: found.clone(),
            },
            Unreadable::Damaged(found) => FileError::Damaged {
                found: format!("`{key}`: {found}"),
            },
        }
    }

    /// Whether the dtype is a real type that is used to store weights.
    pub fn is_weight(&self) -> bool {
        let Unreadable::Dtype(kind) = self else {
            return false;
        };
        ["float8", "F8", "F6", "F4"]
            .iter()
            .any(|name| kind.contains(name))
    }
}

impl From<FileError> for Unreadable {
    fn from(error: FileError) -> Unreadable {
        match error {
            FileError::Damaged { found } => Unreadable::Damaged(found),
            FileError::EntryKind { found, .. } => Unreadable::Dtype(found),
            other => Unreadable::Damaged(other.to_string()),
        }
    }
}

impl WeightFile {
    /// All tensors.
    ///
    /// Errors: `File` if one of them cannot be read
    pub fn into_tensors(self, path: &Path) -> Result<NamedTensors> {
        let tensors = self.entries.into_iter().map(|entry| match entry.tensor {
            Ok(tensor) => Ok((entry.name, tensor)),
            Err(why) => Err(Error::file(path, why.to_error(&entry.name))),
        });
        tensors.collect()
    }
}

impl From<NamedTensors> for WeightFile {
    fn from(named: NamedTensors) -> WeightFile {
        let entries = named.into_iter().map(|(name, tensor)| Entry {
            name,
            shape: tensor.dims().to_vec(),
            tensor: Ok(tensor),
        });
        WeightFile {
            entries: entries.collect(),
            ordered: true,
            nonlinearity: None,
        }
    }
}

/// The tensor of `bytes` in a supported dtype: half precision becomes f32, and 16-bit and
/// 32-bit integers become i64.
pub fn tensor(bytes: &[u8], dtype: DType, shape: &[usize]) -> Result<Tensor, FileError> {
    let target = match dtype {
        DType::F16 | DType::BF16 => DType::F32,
        DType::I16 | DType::I32 => DType::I64,
        same => same,
    };
    let raw = Tensor::from_raw_buffer(bytes, dtype, shape, &Device::Cpu);
    raw.and_then(|raw| raw.to_dtype(target))
        .map_err(|_| FileError::Damaged {
            found: format!(
                "{} bytes for shape {shape:?} of {}",
                bytes.len(),
                dtype.as_str()
            ),
        })
}
