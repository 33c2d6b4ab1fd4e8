//! Storage of the values of a data set in single or double precision. Rows are converted on access.

use std::ops::Range;

use crate::base::Result;
use crate::tensor::precision::{build_precision, match_precision};
use crate::tensor::{AnyPrecision, DType, Precision, Real, Tensor, convert};

/// Row-major values.
#[derive(Debug, Clone)]
pub struct Storage(AnyPrecision<Vec<f32>, Vec<f64>>);

impl Storage {
    /// `count` zeros, in the precision of `like`.
    pub fn zeros(count: usize, like: &Storage) -> Storage {
        Storage(build_precision!(like.0.precision() => vec![0.0; count]))
    }

    /// The values of one tensor.
    pub fn from_tensor(tensor: &Tensor) -> Result<Storage> {
        let values = build_precision!(exact_precision([tensor]) => convert::to_vec(tensor)?);
        Ok(Storage(values))
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
        let values = build_precision!(exact_precision(tensors) => concatenate(tensors, width)?);
        Ok(Storage(values))
    }

    /// The number of values.
    pub fn count(&self) -> usize {
        match_precision!(&self.0, x => x.len())
    }

    /// The value at `index`.
    pub fn at(&self, index: usize) -> f64 {
        match_precision!(&self.0, x => x[index].double())
    }

    /// Overwrites the value at `index`.
    pub fn set(&mut self, index: usize, value: f64) {
        match_precision!(&mut self.0, x => x[index] = Real::of(value));
    }

    /// Sets a range of values to zero.
    pub fn clear(&mut self, range: Range<usize>) {
        match_precision!(&mut self.0, x => x[range].fill(0.0));
    }

    /// Appends a range of values to `into`.
    pub fn append<T: Real>(&self, range: Range<usize>, into: &mut Vec<T>) {
        match_precision!(&self.0, x => into.extend(x[range].iter().map(|x| T::of(x.double()))));
    }
}

/// The lowest precision that represents every value of the dtypes of the tensors exactly.
fn exact_precision<'a>(tensors: impl IntoIterator<Item = &'a Tensor>) -> Precision {
    use DType as D;
    let in_f32 = |dtype| matches!(dtype, D::F32 | D::F16 | D::BF16 | D::U8 | D::I16);
    match tensors.into_iter().all(|tensor| in_f32(tensor.dtype())) {
        true => Precision::F32,
        false => Precision::F64,
    }
}
