//! Lookup of required entries in the tree of a file: errors contain the file, the entry and the
//! actual contents.

use std::path::Path;

use super::tree::Tree;
use crate::base::error::FileError;
use crate::base::{Error, Result};
use crate::tensor::Tensor;

/// The tree of the file at a path.
#[derive(Debug, Clone, Copy)]
pub struct Lookup<'a> {
    pub path: &'a Path,
    pub tree: &'a Tree,
}

impl<'a> Lookup<'a> {
    /// Errors: `File` if the tensor is missing
    pub fn tensor(&self, key: &str) -> Result<&'a Tensor> {
        self.tree.tensor(key).ok_or_else(|| self.missing_error(key))
    }

    /// Errors: `File` if the tensor is missing or has a different shape
    pub fn tensor_of_shape(&self, key: &str, shape: &[usize]) -> Result<&'a Tensor> {
        let tensor = self.tensor(key)?;
        self.check_shape(key, tensor, shape).map(|()| tensor)
    }

    /// Errors: `File` if the tensor at `key` has a different shape
    pub fn check_shape(&self, key: &str, found: &Tensor, shape: &[usize]) -> Result<()> {
        match found.dims() == shape {
            true => Ok(()),
            false => Err(self.shape_error(key, format!("{shape:?}"), found)),
        }
    }

    /// The sizes of all axes.
    ///
    /// Errors: `File` if the tensor is missing or has a different number of axes
    pub fn shape<const N: usize>(&self, key: &str) -> Result<[usize; N]> {
        let tensor = self.tensor(key)?;
        let found = <[usize; N]>::try_from(tensor.dims());
        found.map_err(|_| self.shape_error(key, format!("of {N} axes"), tensor))
    }

    /// The error for an entry that is missing or has a different type.
    pub fn missing_error(&self, key: &str) -> Error {
        let (key, found) = (key.into(), self.tree.paths());
        Error::file(self.path, FileError::Entry { key, found })
    }

    fn shape_error(&self, key: &str, expected: String, found: &Tensor) -> Error {
        let (key, found) = (key.into(), found.dims().to_vec());
        let fact = FileError::EntryShape {
            key,
            expected,
            found,
        };
        Error::file(self.path, fact)
    }
}
