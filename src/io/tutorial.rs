//! The parameter files of the *computation-thru-dynamics* notebooks: one flat dataset per
//! parameter of a vanilla RNN, weights as [out, in].

use std::path::Path;

use super::hdf5;
use super::tree::Tree;
use crate::base::error::FileFault;
use crate::base::{Error, Result};
use crate::tensor::Tensor;

/// The parameters of h' = tanh(wI x + wR h + bR), output wO h + bO.
///
/// Shapes: h0 [n], wI [n, i], wR [n, n], wO [o, n], bR [n], bO [o]
#[derive(Debug, Clone)]
pub struct Parameters {
    pub h0: Tensor,
    pub w_in: Tensor,
    pub w_rec: Tensor,
    pub w_out: Tensor,
    pub b_rec: Tensor,
    pub b_out: Tensor,
}

impl Parameters {
    /// The parameters in the file at `path`.
    ///
    /// Errors: `File` if it cannot be read, an entry is missing, or a shape does not fit
    pub fn read(path: impl AsRef<Path>) -> Result<Parameters> {
        let path = path.as_ref();
        Parameters::from_tree(path, &hdf5::read(path)?)
    }

    /// The parameters in a tree that came from `path`; entries of other names are passed over.
    ///
    /// Errors: `File` if an entry is missing, or a shape does not fit
    pub fn from_tree(path: &Path, tree: &Tree) -> Result<Parameters> {
        let entry = Entries { path, tree };
        let w_in = entry.of_rank("wI", 2, "[n, i]")?;
        let w_out = entry.of_rank("wO", 2, "[o, n]")?;
        let (n, o) = (w_in.dims()[0], w_out.dims()[0]);
        Ok(Parameters {
            h0: entry.of_shape("h0", &[n])?,
            w_rec: entry.of_shape("wR", &[n, n])?,
            w_out: entry.of_shape("wO", &[o, n])?,
            b_rec: entry.of_shape("bR", &[n])?,
            b_out: entry.of_shape("bO", &[o])?,
            w_in,
        })
    }

    /// The tree that the notebooks would save.
    pub fn tree(&self) -> Tree {
        Tree::from([
            ("h0", self.h0.clone().into()),
            ("wI", self.w_in.clone().into()),
            ("wR", self.w_rec.clone().into()),
            ("wO", self.w_out.clone().into()),
            ("bR", self.b_rec.clone().into()),
            ("bO", self.b_out.clone().into()),
        ])
    }

    /// The number of units, n.
    pub fn units(&self) -> usize {
        self.w_in.dims()[0]
    }

    /// The number of inputs, i.
    pub fn inputs(&self) -> usize {
        self.w_in.dims()[1]
    }

    /// The number of outputs, o.
    pub fn outputs(&self) -> usize {
        self.w_out.dims()[0]
    }
}

struct Entries<'a> {
    path: &'a Path,
    tree: &'a Tree,
}

impl Entries<'_> {
    fn tensor(&self, key: &str) -> Result<Tensor> {
        match self.tree.at(key) {
            Some(Tree::Tensor(tensor)) if tensor.dtype().is_float() => Ok(tensor.clone()),
            Some(Tree::Tensor(tensor)) => {
                let found = format!("{}, expected f32 or f64", tensor.dtype().as_str());
                Err(self.kind(key, found))
            }
            Some(other) => Err(self.kind(key, format!("{}, expected an array", other.kind()))),
            None => {
                let found = self.tree.paths();
                let key = key.to_string();
                Err(Error::file(self.path, FileFault::Entry { key, found }))
            }
        }
    }

    fn of_rank(&self, key: &str, rank: usize, expected: &str) -> Result<Tensor> {
        let tensor = self.tensor(key)?;
        match tensor.rank() == rank {
            true => Ok(tensor),
            false => Err(self.shape(key, expected.to_string(), &tensor)),
        }
    }

    fn of_shape(&self, key: &str, shape: &[usize]) -> Result<Tensor> {
        let tensor = self.tensor(key)?;
        match tensor.dims() == shape {
            true => Ok(tensor),
            false => Err(self.shape(key, format!("{shape:?}"), &tensor)),
        }
    }

    fn shape(&self, key: &str, expected: String, tensor: &Tensor) -> Error {
        let (key, found) = (key.to_string(), tensor.dims().to_vec());
        Error::file(
            self.path,
            FileFault::EntryShape {
                key,
                expected,
                found,
            },
        )
    }

    fn kind(&self, key: &str, found: String) -> Error {
        let key = key.to_string();
        Error::file(self.path, FileFault::EntryKind { key, found })
    }
}
