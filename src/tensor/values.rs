//! The numbers of an array, out and in.

use super::{DType, Device, Real, Tensor};
use crate::base::Result;

/// All numbers, converted to one kind, row-major.
pub fn reals<T: Real>(t: &Tensor) -> Result<Vec<T>> {
    Ok(t.detach().to_dtype(T::DTYPE)?.flatten_all()?.to_vec1()?)
}

/// All numbers in double precision, row-major.
pub fn doubles(t: &Tensor) -> Result<Vec<f64>> {
    reals(t)
}

/// A new array on the CPU of these numbers, row-major, rounded to `dtype`.
pub fn of(numbers: Vec<f64>, shape: &[usize], dtype: DType) -> Result<Tensor> {
    Ok(Tensor::from_vec(numbers, shape, &Device::Cpu)?.to_dtype(dtype)?)
}

/// A new array on the CPU of these numbers, row-major.
pub fn tensor<T: Real>(numbers: &[T], shape: &[usize]) -> Result<Tensor> {
    Ok(Tensor::from_slice(numbers, shape, &Device::Cpu)?)
}

/// A new array of whole numbers.
pub fn wholes(numbers: Vec<i64>, shape: &[usize]) -> Result<Tensor> {
    Ok(Tensor::from_vec(numbers, shape, &Device::Cpu)?)
}

/// `count` numbers from `start` to `end`, both included.
pub fn linspace(start: f64, end: f64, count: usize) -> Vec<f64> {
    let last = count.saturating_sub(1).max(1) as f64;
    let at = |i: usize| match i {
        // The end itself, not what rounding makes of it.
        i if i > 0 && i + 1 == count => end,
        i => start + (end - start) * (i as f64 / last),
    };
    (0..count).map(at).collect()
}

/// How many numbers `start`, `start + step`, ... there are before `end`.
pub fn steps(start: f64, end: f64, step: f64) -> f64 {
    ((end - start) / step).ceil().max(0.0)
}
