//! Conversion between arrays and vectors of numbers.

use super::{DType, Device, Real, Tensor};
use crate::base::Result;

/// All elements, converted to `T`, row-major.
pub fn to_vec<T: Real>(t: &Tensor) -> Result<Vec<T>> {
    Ok(t.detach().to_dtype(T::DTYPE)?.flatten_all()?.to_vec1()?)
}

/// All elements in double precision, row-major.
pub fn to_f64(t: &Tensor) -> Result<Vec<f64>> {
    to_vec(t)
}

/// A new CPU array of these numbers, row-major, rounded to `dtype`.
pub fn from_f64(elements: Vec<f64>, shape: &[usize], dtype: DType) -> Result<Tensor> {
    Ok(Tensor::from_vec(elements, shape, &Device::Cpu)?.to_dtype(dtype)?)
}

/// A new CPU array of these numbers, row-major.
pub fn from_slice<T: Real>(elements: &[T], shape: &[usize]) -> Result<Tensor> {
    Ok(Tensor::from_slice(elements, shape, &Device::Cpu)?)
}

/// A new CPU array of integers, row-major.
pub fn from_i64(elements: Vec<i64>, shape: &[usize]) -> Result<Tensor> {
    Ok(Tensor::from_vec(elements, shape, &Device::Cpu)?)
}

/// `count` equally spaced numbers from `start` to `end`, inclusive.
pub fn linspace(start: f64, end: f64, count: usize) -> Vec<f64> {
    let last = count.saturating_sub(1).max(1) as f64;
    let at = |i: usize| match i {
        // Exactly `end`, without rounding error.
        i if i > 0 && i + 1 == count => end,
        i => start + (end - start) * (i as f64 / last),
    };
    (0..count).map(at).collect()
}

/// Number of elements `start`, `start + step`, ... before `end`.
pub fn arange_len(start: f64, end: f64, step: f64) -> f64 {
    ((end - start) / step).ceil().max(0.0)
}
