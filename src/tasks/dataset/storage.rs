//! Storage of the values of a data set in single or double precision. Rows are converted on access.

use std::ops::Range;

use crate::base::Result;
use crate::tensor::{DType, Real, Tensor, convert};

/// Row-major values.
#[derive(Debug, Clone)]
pub enum Storage {
    F32(Vec<f32>),
    F64(Vec<f64>),
}

impl Storage {
    /// `count` zeros, in the precision of `like`.
    pub fn zeros(count: usize, like: &Storage) -> Storage {
        match like {
            Storage::F32(_) => Storage::F32(vec![0.0; count]),
            Storage::F64(_) => Storage::F64(vec![0.0; count]),
        }
    }

    /// The values of one tensor.
    pub fn from_tensor(tensor: &Tensor) -> Result<Storage> {
        Ok(match exact_in_f32(tensor) {
            true => Storage::F32(convert::to_vec(tensor)?),
            false => Storage::F64(convert::to_vec(tensor)?),
        })
    }

    /// The values of several tensors, each padded with zeros to `width` values.
    pub fn padded(tensors: &[Tensor], width: usize) -> Result<Storage> {
        fn concatenate<T: Real>(tensors: &[Tensor], width: usize) -> Result<Vec<T>> {
            let mut all = Vec::with_capacity(tensors.len() * width);
            for (index, tensor) in tensors.iter().enumerate() {
                all.extend(convert::to_vec::<T>(tensor)?);
                all.resize((index + 1) * width, T::of(0.0));
            }
            Ok(all)
        }
        Ok(match tensors.iter().all(exact_in_f32) {
            true => Storage::F32(concatenate(tensors, width)?),
            false => Storage::F64(concatenate(tensors, width)?),
        })
    }

    /// The number of values.
    pub fn count(&self) -> usize {
        match self {
            Storage::F32(x) => x.len(),
            Storage::F64(x) => x.len(),
        }
    }

    /// The value at `index`.
    pub fn at(&self, index: usize) -> f64 {
        match self {
            Storage::F32(x) => f64::from(x[index]),
            Storage::F64(x) => x[index],
        }
    }

    /// Overwrites the value at `index`.
    pub fn set(&mut self, index: usize, value: f64) {
        match self {
            Storage::F32(x) => x[index] = value as f32,
            Storage::F64(x) => x[index] = value,
        }
    }

    /// Sets a range of values to zero.
    pub fn clear(&mut self, range: Range<usize>) {
        match self {
            Storage::F32(x) => x[range].fill(0.0),
            Storage::F64(x) => x[range].fill(0.0),
        }
    }

    /// Appends a range of values to `into`.
    pub fn append<T: Real>(&self, range: Range<usize>, into: &mut Vec<T>) {
        match self {
            Storage::F32(x) => into.extend(x[range].iter().map(|x| T::of(f64::from(*x)))),
            Storage::F64(x) => into.extend(x[range].iter().map(|x| T::of(*x))),
        }
    }
}

/// Whether single precision represents every value of the dtype exactly.
fn exact_in_f32(tensor: &Tensor) -> bool {
    use DType as D;
    matches!(tensor.dtype(), D::F32 | D::F16 | D::BF16 | D::U8 | D::I16)
}
