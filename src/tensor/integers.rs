//! Arithmetic of 64-bit integers: exact, or an error on overflow.

use rayon::iter::ParallelIterator;
use rayon::slice::ParallelSlice;

use super::{DType, Tensor, convert};
use crate::base::{Error, Result};

/// Number of elements that a thread adds at a time.
const BLOCK: usize = 1 << 16;

/// All elements as integers, row-major.
pub fn to_vec(t: &Tensor) -> Result<Vec<i64>> {
    Ok(t.detach().to_dtype(DType::I64)?.flatten_all()?.to_vec1()?)
}

/// Combines two arrays of the same shape elementwise.
///
/// Errors: `Algebra` if `combine` returns `None`
pub fn zip_with(
    op: &'static str,
    left: &Tensor,
    right: &Tensor,
    combine: impl Fn(i64, i64) -> Option<i64>,
) -> Result<Tensor> {
    let pairs = to_vec(left)?.into_iter().zip(to_vec(right)?);
    let results: Option<Vec<i64>> = pairs.map(|(l, r)| combine(l, r)).collect();
    convert::from_i64(results.ok_or_else(|| overflow(op))?, left.dims())
}

/// `base` to the power of `exponent`.
///
/// Errors: `Range` for a negative exponent; `Algebra` on overflow
pub fn pow(base: &Tensor, exponent: &Tensor) -> Result<Tensor> {
    if let Some(negative) = to_vec(exponent)?.into_iter().find(|n| *n < 0) {
        return Err(Error::Range {
            of: "pow".into(),
            name: "exponent".into(),
            expected: "of 0 or more for integers (`f64()` converts them to floats)".into(),
            found: negative.to_string(),
        });
    }
    zip_with("pow", base, exponent, power)
}

/// Handles exponents above 32 bits, which are valid for the bases 0, 1 and -1.
fn power(base: i64, exponent: i64) -> Option<i64> {
    match (base, u32::try_from(exponent)) {
        (_, Ok(exponent)) => base.checked_pow(exponent),
        (0 | 1, _) => Some(base),
        (-1, _) => Some(if exponent % 2 == 0 { 1 } else { -1 }),
        _ => None,
    }
}

/// Folds the last axis of an array; the result has the given shape.
///
/// Errors: `Algebra` on overflow
pub fn fold(
    op: &'static str,
    (merged, shape): &(Tensor, Vec<usize>),
    first: i64,
    combine: fn(i64, i64) -> Option<i64>,
) -> Result<Tensor> {
    let results = rows(merged, shape)?;
    let row = |row: &[i64]| row.iter().try_fold(first, |all, n| combine(all, *n));
    let results: Option<Vec<i64>> = results.iter().map(|part| row(part)).collect();
    convert::from_i64(results.ok_or_else(|| overflow(op))?, shape)
}

/// The sum over the last axis.
///
/// Errors: `Algebra` if a sum does not fit into 64 bits
pub fn sum((merged, shape): &(Tensor, Vec<usize>)) -> Result<Tensor> {
    let n = merged.dims().last().copied().unwrap_or(1);
    if n == 0 {
        return convert::from_i64(vec![0; shape.iter().product()], shape);
    }
    let sums: Vec<i128> = if merged.dtype() == DType::U8 {
        let elements: Vec<u8> = merged.detach().flatten_all()?.to_vec1()?;
        exact_sums(&elements, n)
    } else {
        exact_sums(&to_vec(merged)?, n)
    };
    let sums: Option<Vec<i64>> = sums
        .into_iter()
        .map(|sum| i64::try_from(sum).ok())
        .collect();
    convert::from_i64(sums.ok_or_else(|| overflow("sum"))?, shape)
}

/// The sums of rows of `n` elements. They cannot overflow: there are fewer than 2^63 elements.
fn exact_sums<T: Copy + Sync + Into<i128>>(elements: &[T], n: usize) -> Vec<i128> {
    let sum = |part: &[T]| part.iter().map(|x| (*x).into()).sum::<i128>();
    let row = |row: &[T]| row.par_chunks(BLOCK).map(sum).sum();
    elements.chunks(n).map(row).collect()
}

/// The mean over the last axis as f64, from the exact sum.
pub fn mean((merged, shape): &(Tensor, Vec<usize>)) -> Result<Tensor> {
    let mean = |row: Vec<i64>| {
        let count = row.len() as i128;
        let sum: i128 = row.into_iter().map(i128::from).sum();
        // Separates the integer part: the quotient of two rounded numbers is rounded three times.
        (sum / count) as f64 + (sum % count) as f64 / count as f64
    };
    let means = rows(merged, shape)?.into_iter().map(mean);
    convert::from_f64(means.collect(), shape, DType::F64)
}

/// Combines each element with all elements before it along `axis`, as in a cumulative sum.
///
/// Errors: `Algebra` on overflow
pub fn accumulate(
    op: &'static str,
    t: &Tensor,
    axis: usize,
    combine: fn(i64, i64) -> Option<i64>,
) -> Result<Tensor> {
    let mut results = to_vec(t)?;
    let shape = t.dims();
    let (n, inner) = (shape[axis], shape[axis + 1..].iter().product::<usize>());
    for at in 0..results.len() {
        if at / inner % n > 0 {
            let result = combine(results[at], results[at - inner]);
            results[at] = result.ok_or_else(|| overflow(op))?;
        }
    }
    convert::from_i64(results, shape)
}

/// The rows of the last axis; `shape` is the shape of the leading axes.
fn rows(merged: &Tensor, shape: &[usize]) -> Result<Vec<Vec<i64>>> {
    let n = merged.dims().last().copied().unwrap_or(1);
    let elements = to_vec(merged)?;
    let count = shape.iter().product::<usize>();
    Ok((0..count)
        .map(|row| elements[row * n..(row + 1) * n].to_vec())
        .collect())
}

/// The overflow error of an operation.
pub fn overflow(op: &'static str) -> Error {
    let fact = "a result does not fit into 64 bits (`f64()` converts integers to floats)";
    Error::Algebra { op, fact }
}
