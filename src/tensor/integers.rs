//! Arithmetic of integers of 64 bits: exact, and an error where a result does not fit.

use super::{DType, Tensor, values};
use crate::base::{Error, Result};

/// All elements as integers, row-major.
pub fn of(t: &Tensor) -> Result<Vec<i64>> {
    Ok(t.detach().to_dtype(DType::I64)?.flatten_all()?.to_vec1()?)
}

/// Joins two arrays of one shape element by element.
///
/// Errors: `Algebra` where `join` has no result
pub fn zip(
    op: &'static str,
    left: &Tensor,
    right: &Tensor,
    join: impl Fn(i64, i64) -> Option<i64>,
) -> Result<Tensor> {
    let pairs = of(left)?.into_iter().zip(of(right)?);
    let joined: Option<Vec<i64>> = pairs.map(|(l, r)| join(l, r)).collect();
    values::wholes(joined.ok_or_else(|| overflow(op))?, left.dims())
}

/// The power.
///
/// Errors: `Range` for a negative exponent; `Algebra` for a power that does not fit
pub fn pow(base: &Tensor, exponent: &Tensor) -> Result<Tensor> {
    if let Some(negative) = of(exponent)?.into_iter().find(|n| *n < 0) {
        return Err(Error::Range {
            of: "pow".into(),
            name: "exponent".into(),
            expected: "of 0 or more for integers (`f64()` makes floats of them)".into(),
            found: negative.to_string(),
        });
    }
    zip("pow", base, exponent, power)
}

/// By squaring, since an exponent may exceed 32 bits where the base is 0, 1 or -1.
fn power(base: i64, exponent: i64) -> Option<i64> {
    match (base, u32::try_from(exponent)) {
        (_, Ok(exponent)) => base.checked_pow(exponent),
        (0 | 1, _) => Some(base),
        (-1, _) => Some(if exponent % 2 == 0 { 1 } else { -1 }),
        _ => None,
    }
}

/// Folds the last axis of an array into an array of the given shape.
///
/// Errors: `Algebra` where a result does not fit
pub fn fold(
    op: &'static str,
    (joined, shape): &(Tensor, Vec<usize>),
    first: i64,
    join: fn(i64, i64) -> Option<i64>,
) -> Result<Tensor> {
    let results = rows(joined, shape)?;
    let row = |row: &[i64]| row.iter().try_fold(first, |all, n| join(all, *n));
    let results: Option<Vec<i64>> = results.iter().map(|part| row(part)).collect();
    values::wholes(results.ok_or_else(|| overflow(op))?, shape)
}

/// The mean over the last axis as f64: the exact sum, rounded once with the quotient.
pub fn mean((joined, shape): &(Tensor, Vec<usize>)) -> Result<Tensor> {
    let mean = |row: Vec<i64>| {
        let count = row.len() as i128;
        let sum: i128 = row.into_iter().map(i128::from).sum();
        // The integer part apart: a quotient of two rounded numbers would be rounded three times.
        (sum / count) as f64 + (sum % count) as f64 / count as f64
    };
    let means = rows(joined, shape)?.into_iter().map(mean);
    values::of(means.collect(), shape, DType::F64)
}

/// Running sums along `axis`.
///
/// Errors: `Algebra` where a sum does not fit
pub fn cumsum(t: &Tensor, axis: usize) -> Result<Tensor> {
    let mut sums = of(t)?;
    let shape = t.dims();
    let (n, inner) = (shape[axis], shape[axis + 1..].iter().product::<usize>());
    for at in 0..sums.len() {
        if at / inner % n > 0 {
            let sum = sums[at].checked_add(sums[at - inner]);
            sums[at] = sum.ok_or_else(|| overflow("cumsum"))?;
        }
    }
    values::wholes(sums, shape)
}

/// The rows of the last axis, of which there are as many as `shape` has elements.
fn rows(joined: &Tensor, shape: &[usize]) -> Result<Vec<Vec<i64>>> {
    let n = joined.dims().last().copied().unwrap_or(1);
    let numbers = of(joined)?;
    let count = shape.iter().product::<usize>();
    Ok((0..count)
        .map(|row| numbers[row * n..(row + 1) * n].to_vec())
        .collect())
}

/// The error of an operation whose result is not an i64.
pub fn overflow(op: &'static str) -> Error {
    let fact = "a result does not fit into 64 bits (`f64()` makes floats of integers)";
    Error::Algebra { op, fact }
}
