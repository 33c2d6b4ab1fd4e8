//! Repetition of arrays, and triangular parts and traces of matrices.

use super::indexing::diag;
use super::reduce::{self, Reduction};
use super::repeat::broadcast_to;
use super::{Tensor, arith, shape};
use crate::base::{Error, Result};

/// The shape of [`tile`]; `None` if `counts` is longer than the rank or a size overflows.
pub fn tile_shape(dims: &[usize], counts: &[usize]) -> Option<Vec<usize>> {
    let rank = dims.len().max(counts.len());
    let padded = |sizes: &[usize]| [vec![1; rank - sizes.len()], sizes.to_vec()].concat();
    let sizes = padded(dims).into_iter().zip(padded(counts));
    sizes.map(|(size, count)| size.checked_mul(count)).collect()
}

/// The array repeated `counts[i]` times along axis i. Missing axes of the array or of `counts` are
/// leading axes of size or count 1, as in NumPy.
pub fn tile(t: &Tensor, counts: &[usize]) -> Result<Tensor> {
    let rank = t.rank().max(counts.len());
    let mut tiled = t.reshape([vec![1; rank - t.rank()], t.dims().to_vec()].concat())?;
    for (axis, &count) in (rank - counts.len()..rank).zip(counts) {
        tiled = repeat_axis(&tiled, axis, axis, count)?;
    }
    Ok(tiled)
}

/// Each entry of `axis` repeated `count` times in a row.
pub fn repeat_interleave(t: &Tensor, count: usize, axis: i64) -> Result<Tensor> {
    let axis = shape::axis("repeat_interleave", axis, t.rank())?;
    repeat_axis(t, axis, axis + 1, count)
}

/// Inserts an axis of size `count` at `position`, which is before or after `axis`, and merges the
/// two axes.
fn repeat_axis(t: &Tensor, axis: usize, position: usize, count: usize) -> Result<Tensor> {
    if count == 1 {
        return Ok(t.clone());
    }
    let mut merged = t.dims().to_vec();
    merged[axis] *= count;
    if merged.contains(&0) {
        return Ok(Tensor::zeros(merged, t.dtype(), t.device())?);
    }
    let mut repeated = t.dims().to_vec();
    repeated.insert(position, count);
    let repeated = broadcast_to(&t.unsqueeze(position)?, &repeated)?;
    Ok(repeated.reshape(merged)?)
}

/// A triangular part of the matrices in the last two axes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Triangle {
    Lower,
    Upper,
}

/// The matrices with zeros outside the triangle that diagonal `k` bounds (0: the main diagonal,
/// positive: above it).
///
/// Errors: `Shape` if the array has fewer than two axes
pub fn triangle(op: &'static str, t: &Tensor, part: Triangle, k: i64) -> Result<Tensor> {
    let [.., rows, columns] = *t.dims() else {
        return Err(matrix_error(op, t));
    };
    let (last_row, last_column) = (rows as i64, columns as i64);
    // Beyond these bounds, all or none of the elements belong to the triangle.
    let k = k.clamp(-last_row, last_column);
    let is_inside = |row: i64, column: i64| match part {
        Triangle::Lower => column - row <= k,
        Triangle::Upper => column - row >= k,
    };
    let mask: Vec<u8> = (0..last_row)
        .flat_map(|row| (0..last_column).map(move |column| u8::from(is_inside(row, column))))
        .collect();
    let mask = Tensor::from_vec(mask, (rows, columns), t.device())?;
    let zero = Tensor::zeros((), t.dtype(), t.device())?;
    arith::where_cond(&mask, t, &zero)
}

/// The sum of the diagonal of a matrix.
///
/// Errors: `Shape` if the array is not a matrix
pub fn trace(t: &Tensor) -> Result<Tensor> {
    match t.rank() {
        2 => reduce::sum(&diag(t)?, &Reduction::default()),
        _ => Err(matrix_error("trace", t)),
    }
}

fn matrix_error(op: &'static str, t: &Tensor) -> Error {
    Error::Shape {
        op,
        what: "a matrix",
        expected: if op == "trace" {
            "[m, n]"
        } else {
            "[.., m, n]"
        }
        .into(),
        found: t.dims().to_vec(),
    }
}
