//! Numbers of a data set in the kind that they came in, rows of which are given in another.

use std::ops::Range;

use crate::base::Result;
use crate::tensor::{DType, Real, Tensor, values};

/// Row-major numbers.
#[derive(Debug, Clone)]
pub enum Numbers {
    F32(Vec<f32>),
    F64(Vec<f64>),
}

impl Numbers {
    /// `count` zeros.
    pub fn zeros(count: usize, like: &Numbers) -> Numbers {
        match like {
            Numbers::F32(_) => Numbers::F32(vec![0.0; count]),
            Numbers::F64(_) => Numbers::F64(vec![0.0; count]),
        }
    }

    /// The numbers of one tensor.
    pub fn of(tensor: &Tensor) -> Result<Numbers> {
        Ok(match exact_in_f32(tensor) {
            true => Numbers::F32(values::reals(tensor)?),
            false => Numbers::F64(values::reals(tensor)?),
        })
    }

    /// The numbers of many tensors, each followed by zeros up to `width` numbers.
    pub fn padded(tensors: &[Tensor], width: usize) -> Result<Numbers> {
        fn joined<T: Real>(tensors: &[Tensor], width: usize) -> Result<Vec<T>> {
            let mut all = Vec::with_capacity(tensors.len() * width);
            for (index, tensor) in tensors.iter().enumerate() {
                all.extend(values::reals::<T>(tensor)?);
                all.resize((index + 1) * width, T::of(0.0));
            }
            Ok(all)
        }
        Ok(match tensors.iter().all(exact_in_f32) {
            true => Numbers::F32(joined(tensors, width)?),
            false => Numbers::F64(joined(tensors, width)?),
        })
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        match self {
            Numbers::F32(x) => x.len(),
            Numbers::F64(x) => x.len(),
        }
    }

    /// One number.
    pub fn at(&self, index: usize) -> f64 {
        match self {
            Numbers::F32(x) => f64::from(x[index]),
            Numbers::F64(x) => x[index],
        }
    }

    /// Overwrites one number.
    pub fn set(&mut self, index: usize, value: f64) {
        match self {
            Numbers::F32(x) => x[index] = value as f32,
            Numbers::F64(x) => x[index] = value,
        }
    }

    /// Makes some numbers zero.
    pub fn clear(&mut self, range: Range<usize>) {
        match self {
            Numbers::F32(x) => x[range].fill(0.0),
            Numbers::F64(x) => x[range].fill(0.0),
        }
    }

    /// Appends some numbers to `into`.
    pub fn append<T: Real>(&self, range: Range<usize>, into: &mut Vec<T>) {
        match self {
            Numbers::F32(x) => into.extend(x[range].iter().map(|x| T::of(f64::from(*x)))),
            Numbers::F64(x) => into.extend(x[range].iter().map(|x| T::of(*x))),
        }
    }
}

/// Whether every number of this kind is one in single precision.
fn exact_in_f32(tensor: &Tensor) -> bool {
    use DType as Kind;
    matches!(
        tensor.dtype(),
        Kind::F32 | Kind::F16 | Kind::BF16 | Kind::U8 | Kind::I16
    )
}
