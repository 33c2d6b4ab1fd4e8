//! Taking arrays apart and putting them together. All of it passes gradients.

use super::{DType, Tensor, arith, shape, values};
use crate::base::{Error, Result};

/// Every `step`-th part of `axis` in `from..to`; negative ends count from the end.
pub fn slice(t: &Tensor, axis: i64, from: i64, to: Option<i64>, step: usize) -> Result<Tensor> {
    let axis = shape::axis("slice", axis, t.rank())?;
    let (start, count) = shape::span("slice", from, to, t.dims()[axis])?;
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
    let picked: Vec<usize> = (start..start + count).step_by(step).collect();
    pick(t, axis, &picked)
}

/// `count` entries of an axis. The parts of an empty array are new ones: those of candle begin
/// beyond its end, and cannot be read.
pub fn part(t: &Tensor, axis: usize, start: usize, count: usize) -> Result<Tensor> {
    if t.elem_count() > 0 {
        return Ok(t.narrow(axis, start, count)?);
    }
    let mut shape = t.dims().to_vec();
    shape[axis] = count;
    Ok(Tensor::zeros(shape, t.dtype(), t.device())?)
}

/// The parts at these indices of `axis`, in this order.
///
/// Errors: `Index` if one is outside
pub fn take(t: &Tensor, axis: i64, indices: &[i64]) -> Result<Tensor> {
    let axis = shape::axis("take", axis, t.rank())?;
    let size = t.dims()[axis];
    let picked: Result<Vec<usize>> = indices
        .iter()
        .map(|&i| shape::index("take", i, size))
        .collect();
    pick(t, axis, &picked?)
}

fn pick(t: &Tensor, axis: usize, indices: &[usize]) -> Result<Tensor> {
    if indices.is_empty() {
        return part(t, axis, 0, 0);
    }
    let indices: Vec<u32> = indices.iter().map(|&i| i as u32).collect();
    let count = indices.len();
    let indices = Tensor::from_vec(indices, count, t.device())?;
    Ok(t.contiguous()?.index_select(&indices, axis)?)
}

/// The part at `indices`, one for each of the first axes, which go.
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

/// `t` with the parts of `axis` from `start` on replaced by `part`.
///
/// Errors: `Shapes` if `part` does not fit
pub fn put(t: &Tensor, axis: i64, start: i64, part: &Tensor) -> Result<Tensor> {
    let axis = shape::axis("put", axis, t.rank())?;
    let size = t.dims()[axis];
    let (start, room) = shape::span("put", start, None, size)?;
    let wrong = || Error::Shapes {
        op: "put",
        left: t.dims().to_vec(),
        right: part.dims().to_vec(),
    };
    // A part without the axis is one step along it.
    let part = if part.rank() + 1 == t.rank() {
        part.unsqueeze(axis)?
    } else {
        part.clone()
    };
    let fits = part.rank() == t.rank()
        && (0..t.rank()).all(|a| a == axis || part.dims()[a] == t.dims()[a])
        && part.dims()[axis] <= room;
    if !fits {
        return Err(wrong());
    }
    let end = start + part.dims()[axis];
    let part = part.to_dtype(t.dtype())?;
    let (before, after) = (
        self::part(t, axis, 0, start)?,
        self::part(t, axis, end, size - end)?,
    );
    cat(&[before, part, after], axis as i64)
}

/// Arrays one after another along `axis`.
///
/// Errors: `Shapes` if they differ in another axis
pub fn cat(parts: &[Tensor], axis: i64) -> Result<Tensor> {
    let first = first("cat", parts)?;
    let along = shape::axis("cat", axis, first.rank())?;
    for part in parts {
        let fits = part.rank() == first.rank()
            && (0..first.rank()).all(|a| a == along || part.dims()[a] == first.dims()[a]);
        if !fits {
            return Err(Error::Shapes {
                op: "cat",
                left: first.dims().to_vec(),
                right: part.dims().to_vec(),
            });
        }
    }
    let filled: Vec<Tensor> = one_kind(parts)?
        .into_iter()
        .filter(|part| part.dims()[along] > 0)
        .collect();
    if filled.is_empty() {
        return Ok(first.clone());
    }
    Ok(Tensor::cat(&filled, along)?)
}

/// Arrays of one shape along a new axis.
///
/// Errors: `Shapes` if their shapes differ
pub fn stack(parts: &[Tensor], axis: i64) -> Result<Tensor> {
    let first = first("stack", parts)?;
    let along = shape::axis("stack", axis, first.rank() + 1)?;
    if let Some(other) = parts.iter().find(|part| part.dims() != first.dims()) {
        return Err(Error::Shapes {
            op: "stack",
            left: first.dims().to_vec(),
            right: other.dims().to_vec(),
        });
    }
    Ok(Tensor::stack(&one_kind(parts)?, along)?)
}

fn first<'a>(op: &'static str, parts: &'a [Tensor]) -> Result<&'a Tensor> {
    let fact = "there are no arrays to join";
    parts.first().ok_or(Error::Algebra { op, fact })
}

fn one_kind(parts: &[Tensor]) -> Result<Vec<Tensor>> {
    let same = parts.iter().all(|part| part.dtype() == parts[0].dtype());
    let dtype = parts.iter().fold(parts[0].dtype(), |kind, part| {
        arith::meet(kind, part.dtype())
    });
    let dtype = if same { parts[0].dtype() } else { dtype };
    let cast = |part: &Tensor| Ok(part.to_dtype(dtype)?.contiguous()?);
    parts.iter().map(cast).collect()
}

/// The parts of `axis` moved on by `by`; what leaves at the end comes in at the start.
pub fn roll(t: &Tensor, axis: i64, by: i64) -> Result<Tensor> {
    let along = shape::axis("roll", axis, t.rank())?;
    let n = t.dims()[along];
    if n == 0 {
        return Ok(t.clone());
    }
    let split = n - by.rem_euclid(n as i64) as usize;
    let (head, tail) = (part(t, along, 0, split)?, part(t, along, split, n - split)?);
    cat(&[tail, head], axis)
}

/// The parts of `axis` in reverse.
pub fn flip(t: &Tensor, axis: i64) -> Result<Tensor> {
    let axis = shape::axis("flip", axis, t.rank())?;
    let picked: Vec<usize> = (0..t.dims()[axis]).rev().collect();
    pick(t, axis, &picked)
}

/// The diagonal of a matrix, or the matrix with this vector as its diagonal.
///
/// Errors: `Shape` if it is neither
pub fn diag(t: &Tensor) -> Result<Tensor> {
    match *t.dims() {
        [n] => {
            let eye = Tensor::eye(n, t.dtype(), t.device())?;
            Ok(arith::mul(&eye, t)?.to_dtype(t.dtype())?)
        }
        [rows, columns] => {
            let places = (0..rows.min(columns)).map(|i| i * columns + i);
            pick(
                &t.contiguous()?.flatten_all()?,
                0,
                &places.collect::<Vec<_>>(),
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

/// The products of each number of one vector with each of another.
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

/// The axes in another order.
///
/// Errors: `Shape` if `order` does not name each axis once
pub fn permute(t: &Tensor, order: &[i64]) -> Result<Tensor> {
    let found: Result<Vec<usize>> = order
        .iter()
        .map(|&a| shape::axis("permute", a, t.rank()))
        .collect();
    let found = found?;
    if order.len() != t.rank() || shape::axes("permute", order, t.rank())?.len() != t.rank() {
        return Err(Error::Shape {
            op: "permute",
            what: "an array",
            expected: format!("with the axes {order:?}, each once"),
            found: t.dims().to_vec(),
        });
    }
    Ok(t.permute(found)?)
}

/// The positions (i64) of the numbers that are not 0.
///
/// Shapes: [..] of rank r -> [count, r]
pub fn places(t: &Tensor) -> Result<Tensor> {
    let mut found = Vec::new();
    let mut count = 0;
    for (flat, x) in values::doubles(t)?.into_iter().enumerate() {
        if x == 0.0 {
            continue;
        }
        count += 1;
        let mut rest = flat;
        let start = found.len();
        for &size in t.dims().iter().rev() {
            found.push((rest % size) as i64);
            rest /= size;
        }
        found[start..].reverse();
    }
    values::wholes(found, &[count, t.rank()])
}

/// `t` in another kind of number; whole numbers from fractions are cut towards 0.
pub fn cast(t: &Tensor, dtype: DType) -> Result<Tensor> {
    Ok(t.to_dtype(dtype)?)
}
