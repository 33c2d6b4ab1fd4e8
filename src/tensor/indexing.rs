//! Indexing, slicing, concatenation and rearrangement of arrays. All functions except `argwhere`
//! propagate gradients.

use super::{DType, Tensor, arith, convert, shape};
use crate::base::{Error, Result};

/// The slice `from..to` of `axis` with this step; negative bounds count from the end.
pub fn slice(t: &Tensor, axis: i64, from: i64, to: Option<i64>, step: usize) -> Result<Tensor> {
    let axis = shape::axis("slice", axis, t.rank())?;
    let (start, count) = shape::slice_range("slice", from, to, t.dims()[axis])?;
    if step == 1 {
        return part(t, axis, start, count);
    }
    if step == 0 {
        return Err(Error::Range {
            of: "slice".into(),
            name: "step".into(),
            expected: "of 1 or more".into(),
            found: "0".into(),
        });
    }
    let indices: Vec<usize> = (start..start + count).step_by(step).collect();
    select_indices(t, axis, &indices)
}

/// The elements of `axis` at these indices, in this order.
///
/// Errors: `Index` if an index is out of bounds
pub fn take(t: &Tensor, axis: i64, indices: &[i64]) -> Result<Tensor> {
    let axis = shape::axis("take", axis, t.rank())?;
    let size = t.dims()[axis];
    let indices: Result<Vec<usize>> = indices
        .iter()
        .map(|&i| shape::index("take", i, size))
        .collect();
    select_indices(t, axis, &indices?)
}

/// `count` entries of an axis. A part of an empty array is a new array: candle's view would start
/// beyond the end of the storage and could not be read.
pub fn part(t: &Tensor, axis: usize, start: usize, count: usize) -> Result<Tensor> {
    if t.elem_count() > 0 {
        return Ok(t.narrow(axis, start, count)?);
    }
    let mut shape = t.dims().to_vec();
    shape[axis] = count;
    Ok(Tensor::zeros(shape, t.dtype(), t.device())?)
}

/// The elements of `axis` at these positions.
pub(super) fn select_indices(t: &Tensor, axis: usize, positions: &[usize]) -> Result<Tensor> {
    if positions.is_empty() {
        return part(t, axis, 0, 0);
    }
    let count = positions.len();
    let positions: Vec<i64> = positions.iter().map(|&at| at as i64).collect();
    let positions = Tensor::from_vec(positions, count, t.device())?;
    Ok(t.contiguous()?.index_select(&positions, axis)?)
}

/// The element or subarray at `indices` of the leading axes; removes these axes.
pub fn at(t: &Tensor, indices: &[i64]) -> Result<Tensor> {
    let mut part = t.clone();
    for &i in indices {
        let size = *part.dims().first().ok_or(Error::Axis {
            op: "at",
            axis: t.rank() as i64,
            rank: t.rank(),
        })?;
        part = part
            .narrow(0, shape::index("at", i, size)?, 1)?
            .squeeze(0)?;
    }
    Ok(part)
}

/// `t` with the elements of `axis` from `start` replaced by `part`.
///
/// Errors: `Shapes` if the shape of `part` is incompatible
pub fn slice_assign(t: &Tensor, axis: i64, start: i64, part: &Tensor) -> Result<Tensor> {
    let axis = shape::axis("put", axis, t.rank())?;
    let size = t.dims()[axis];
    let (start, available) = shape::slice_range("put", start, None, size)?;
    let mismatch = || Error::Shapes {
        op: "put",
        left: t.dims().to_vec(),
        right: part.dims().to_vec(),
    };
    // A part without the axis has length 1 along it.
    let part = if part.rank() + 1 == t.rank() {
        part.unsqueeze(axis)?
    } else {
        part.clone()
    };
    let compatible = part.rank() == t.rank()
        && (0..t.rank()).all(|a| a == axis || part.dims()[a] == t.dims()[a])
        && part.dims()[axis] <= available;
    if !compatible {
        return Err(mismatch());
    }
    let end = start + part.dims()[axis];
    let part = part.to_dtype(t.dtype())?;
    let before = self::part(t, axis, 0, start)?;
    let after = self::part(t, axis, end, size - end)?;
    cat(&[before, part, after], axis as i64)
}

/// Concatenates arrays along `axis`.
///
/// Errors: `Shapes` if other axes differ
pub fn cat(parts: &[Tensor], axis: i64) -> Result<Tensor> {
    let first = first("cat", parts)?;
    let axis_index = shape::axis("cat", axis, first.rank())?;
    for part in parts {
        let compatible = part.rank() == first.rank()
            && (0..first.rank()).all(|a| a == axis_index || part.dims()[a] == first.dims()[a]);
        if !compatible {
            return Err(Error::Shapes {
                op: "cat",
                left: first.dims().to_vec(),
                right: part.dims().to_vec(),
            });
        }
    }
    let non_empty: Vec<Tensor> = cast_to_common_dtype(parts)?
        .into_iter()
        .filter(|part| part.dims()[axis_index] > 0)
        .collect();
    if non_empty.is_empty() {
        return Ok(first.clone());
    }
    Ok(Tensor::cat(&non_empty, axis_index)?)
}

/// Stacks arrays along a new axis.
///
/// Errors: `Shapes` if their shapes differ
pub fn stack(parts: &[Tensor], axis: i64) -> Result<Tensor> {
    let first = first("stack", parts)?;
    let axis_index = shape::axis("stack", axis, first.rank() + 1)?;
    if let Some(other) = parts.iter().find(|part| part.dims() != first.dims()) {
        return Err(Error::Shapes {
            op: "stack",
            left: first.dims().to_vec(),
            right: other.dims().to_vec(),
        });
    }
    Ok(Tensor::stack(&cast_to_common_dtype(parts)?, axis_index)?)
}

fn first<'a>(op: &'static str, parts: &'a [Tensor]) -> Result<&'a Tensor> {
    let fact = "there are no arrays to join";
    parts.first().ok_or(Error::Algebra { op, fact })
}

fn cast_to_common_dtype(parts: &[Tensor]) -> Result<Vec<Tensor>> {
    let same = parts.iter().all(|part| part.dtype() == parts[0].dtype());
    let dtype = parts.iter().fold(parts[0].dtype(), |dtype, part| {
        arith::promote(dtype, part.dtype())
    });
    let dtype = if same { parts[0].dtype() } else { dtype };
    let cast = |part: &Tensor| Ok(part.to_dtype(dtype)?.contiguous()?);
    parts.iter().map(cast).collect()
}

/// The elements of `axis` shifted by `by` with wraparound.
pub fn roll(t: &Tensor, axis: i64, by: i64) -> Result<Tensor> {
    let axis_index = shape::axis("roll", axis, t.rank())?;
    let n = t.dims()[axis_index];
    if n == 0 {
        return Ok(t.clone());
    }
    let split = n - by.rem_euclid(n as i64) as usize;
    let (head, tail) = (
        part(t, axis_index, 0, split)?,
        part(t, axis_index, split, n - split)?,
    );
    cat(&[tail, head], axis)
}

/// The elements of `axis` in reverse order.
pub fn flip(t: &Tensor, axis: i64) -> Result<Tensor> {
    let axis = shape::axis("flip", axis, t.rank())?;
    let indices: Vec<usize> = (0..t.dims()[axis]).rev().collect();
    select_indices(t, axis, &indices)
}

/// The diagonal of a matrix, or the diagonal matrix of a vector.
///
/// Errors: `Shape` for any other rank
pub fn diag(t: &Tensor) -> Result<Tensor> {
    match *t.dims() {
        [n] => {
            let eye = Tensor::eye(n, t.dtype(), t.device())?;
            Ok(arith::mul(&eye, t)?.to_dtype(t.dtype())?)
        }
        [rows, columns] => {
            let diagonal = (0..rows.min(columns)).map(|i| i * columns + i);
            select_indices(
                &t.contiguous()?.flatten_all()?,
                0,
                &diagonal.collect::<Vec<_>>(),
            )
        }
        _ => Err(Error::Shape {
            op: "diag",
            what: "a vector or a matrix",
            expected: "[n] or [m, n]".into(),
            found: t.dims().to_vec(),
        }),
    }
}

/// The outer product of two vectors.
///
/// Shapes: [m], [n] -> [m, n]
pub fn outer(left: &Tensor, right: &Tensor) -> Result<Tensor> {
    if left.rank() != 1 || right.rank() != 1 {
        return Err(Error::Shapes {
            op: "outer",
            left: left.dims().to_vec(),
            right: right.dims().to_vec(),
        });
    }
    arith::mul(&left.unsqueeze(1)?, &right.unsqueeze(0)?)
}

/// Permutes the axes.
///
/// Errors: `Shape` if `order` does not contain each axis once
pub fn permute(t: &Tensor, order: &[i64]) -> Result<Tensor> {
    let axes: Result<Vec<usize>> = order
        .iter()
        .map(|&a| shape::axis("permute", a, t.rank()))
        .collect();
    let axes = axes?;
    if order.len() != t.rank() || shape::axes("permute", order, t.rank())?.len() != t.rank() {
        return Err(Error::Shape {
            op: "permute",
            what: "an array",
            expected: format!("with the axes {order:?}, each once"),
            found: t.dims().to_vec(),
        });
    }
    Ok(t.permute(axes)?)
}

/// The indices (i64) of the nonzero elements.
///
/// Shapes: [..] of rank r -> [count, r]
pub fn argwhere(t: &Tensor) -> Result<Tensor> {
    let mut indices = Vec::new();
    let mut count = 0;
    for (flat, x) in convert::to_f64(t)?.into_iter().enumerate() {
        if x == 0.0 {
            continue;
        }
        count += 1;
        let mut remainder = flat;
        let start = indices.len();
        for &size in t.dims().iter().rev() {
            indices.push((remainder % size) as i64);
            remainder /= size;
        }
        indices[start..].reverse();
    }
    convert::from_i64(indices, &[count, t.rank()])
}

/// `t` converted to another dtype; conversion to integers truncates towards 0.
pub fn cast(t: &Tensor, dtype: DType) -> Result<Tensor> {
    Ok(t.to_dtype(dtype)?)
}
