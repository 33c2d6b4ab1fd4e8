//! What a file must hold, looked up in its tree: faults say the file, the entry and what was found.

use std::path::Path;

use super::tree::Tree;
use crate::base::error::FileFault;
use crate::base::{Error, Result};
use crate::tensor::Tensor;

/// The tree of the file at a path.
#[derive(Debug, Clone, Copy)]
pub struct Entries<'a> {
    pub path: &'a Path,
    pub tree: &'a Tree,
}

impl<'a> Entries<'a> {
    /// Errors: `File` if there is no such tensor
    pub fn tensor(&self, key: &str) -> Result<&'a Tensor> {
        self.tree.tensor(key).ok_or_else(|| self.missing(key))
    }

    /// Errors: `File` if there is no such tensor, or it is of another shape
    pub fn shaped(&self, key: &str, shape: &[usize]) -> Result<&'a Tensor> {
        let tensor = self.tensor(key)?;
        self.fits(key, tensor, shape).map(|()| tensor)
    }

    /// Errors: `File` if the tensor at `key` is of another shape
    pub fn fits(&self, key: &str, found: &Tensor, shape: &[usize]) -> Result<()> {
        match found.dims() == shape {
            true => Ok(()),
            false => Err(self.misshapen(key, format!("{shape:?}"), found)),
        }
    }

    /// The sizes of all axes.
    ///
    /// Errors: `File` if there is no such tensor, or it has another number of axes
    pub fn sizes<const N: usize>(&self, key: &str) -> Result<[usize; N]> {
        let tensor = self.tensor(key)?;
        let found = <[usize; N]>::try_from(tensor.dims());
        found.map_err(|_| self.misshapen(key, format!("of {N} axes"), tensor))
    }

    /// The fault of an entry that is not there, or of another kind.
    pub fn missing(&self, key: &str) -> Error {
        let (key, found) = (key.into(), self.tree.paths());
        Error::file(self.path, FileFault::Entry { key, found })
    }

    fn misshapen(&self, key: &str, expected: String, found: &Tensor) -> Error {
        let (key, found) = (key.into(), found.dims().to_vec());
        let fact = FileFault::EntryShape {
            key,
            expected,
            found,
        };
        Error::file(self.path, fact)
    }
}
