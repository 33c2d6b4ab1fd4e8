//! Validation of sizes, axes and indices before candle is called, for precise error messages.

use super::DType;
use crate::base::{Error, Result};

/// Size in bytes of an array of this shape; saturates. An axis of length 0 counts as 1, because the
/// size of sums over that axis, nested lists and printed text depends on the other axes.
pub fn size_in_bytes(shape: &[usize], dtype: DType) -> u128 {
    let count = shape.iter().fold(1u128, |product, &n| {
        product.saturating_mul(n.max(1) as u128)
    });
    count.saturating_mul(dtype.size_in_bytes() as u128)
}

/// Total number of elements of several arrays; saturates.
pub fn total_elements(shapes: &[&[usize]]) -> usize {
    let count = |shape: &&[usize]| shape.iter().fold(1usize, |all, &n| all.saturating_mul(n));
    shapes.iter().map(count).fold(0, usize::saturating_add)
}

/// Errors: `Algebra` if there are no elements
pub(super) fn check_nonempty(op: &'static str, count: usize) -> Result<()> {
    if count == 0 {
        let fact = "there are no elements";
        return Err(Error::Algebra { op, fact });
    }
    Ok(())
}

/// The shape of a matrix product, if the shapes are compatible.
pub fn matmul_shape(left: &[usize], right: &[usize]) -> Option<Vec<usize>> {
    let (l, r) = (left.len(), right.len());
    if l == 0 || r == 0 {
        return None;
    }
    let leading = broadcast(
        "matmul",
        &left[..l.saturating_sub(2)],
        &right[..r.saturating_sub(2)],
    );
    let rows = (l > 1).then(|| left[l - 2]);
    let columns = (r > 1).then(|| right[r - 1]);
    Some(
        leading
            .ok()?
            .into_iter()
            .chain(rows)
            .chain(columns)
            .collect(),
    )
}

/// The broadcast shape of two shapes, aligned at their last axes; an axis of length 1 is repeated.
///
/// Errors: `Shapes` if two axes differ and neither has length 1
pub fn broadcast(op: &'static str, left: &[usize], right: &[usize]) -> Result<Vec<usize>> {
    let rank = left.len().max(right.len());
    let at = |shape: &[usize], axis: usize| match (axis + shape.len()).checked_sub(rank) {
        Some(index) => shape[index],
        None => 1,
    };
    let axes = (0..rank).map(|axis| match (at(left, axis), at(right, axis)) {
        (a, b) if a == b || b == 1 => Some(a),
        (1, b) => Some(b),
        _ => None,
    });
    axes.collect::<Option<_>>().ok_or_else(|| Error::Shapes {
        op,
        left: left.to_vec(),
        right: right.to_vec(),
    })
}

/// The axis counted from 0; -1 is the last axis.
///
/// Errors: `Axis` if the axis does not exist
pub fn axis(op: &'static str, axis: i64, rank: usize) -> Result<usize> {
    let from_start = if axis < 0 { axis + rank as i64 } else { axis };
    usize::try_from(from_start)
        .ok()
        .filter(|&value| value < rank)
        .ok_or(Error::Axis { op, axis, rank })
}

/// Several axes counted from 0, sorted, without duplicates.
pub fn axes(op: &'static str, axes: &[i64], rank: usize) -> Result<Vec<usize>> {
    let sorted: Result<Vec<usize>> = axes.iter().map(|&a| axis(op, a, rank)).collect();
    let mut sorted = sorted?;
    sorted.sort_unstable();
    sorted.dedup();
    Ok(sorted)
}

/// The index counted from 0; -1 is the last index.
///
/// Errors: `Index` if the index is out of bounds
pub fn index(op: &'static str, index: i64, size: usize) -> Result<usize> {
    let from_start = if index < 0 {
        index.saturating_add(size as i64)
    } else {
        index
    };
    usize::try_from(from_start)
        .ok()
        .filter(|&value| value < size)
        .ok_or(Error::Index { op, index, size })
}

/// Start and length of `from..to`; negative bounds count from the end, and `None` means the end.
///
/// Errors: `Index` if a bound is out of bounds, `Range` if the start is after the end
pub fn slice_range(
    op: &'static str,
    from: i64,
    to: Option<i64>,
    size: usize,
) -> Result<(usize, usize)> {
    let edge = |at: i64| {
        let from_start = if at < 0 {
            at.saturating_add(size as i64)
        } else {
            at
        };
        usize::try_from(from_start)
            .ok()
            .filter(|&value| value <= size)
            .ok_or(Error::Index {
                op,
                index: at,
                size,
            })
    };
    let (start, end) = (edge(from)?, to.map_or(Ok(size), edge)?);
    if start > end {
        return Err(Error::Range {
            of: op.into(),
            name: "from".into(),
            expected: format!("up to {end}"),
            found: start.to_string(),
        });
    }
    Ok((start, end - start))
}

/// The shape of a reshaped array; one axis of `requested` may be -1 and is then inferred.
///
/// Errors: `Shape` if the number of elements does not match
pub fn resolve_shape(op: &'static str, requested: &[i64], dims: &[usize]) -> Result<Vec<usize>> {
    let count: usize = dims.iter().product();
    let mismatch = || Error::Shape {
        op,
        what: "an array",
        expected: format!("that can become {requested:?}"),
        found: dims.to_vec(),
    };
    let unknown = requested.iter().filter(|&&n| n == -1).count();
    if unknown > 1 || requested.iter().any(|&n| n < -1) {
        return Err(mismatch());
    }
    let known = requested
        .iter()
        .filter(|&&n| n >= 0)
        .try_fold(1usize, |product, &n| product.checked_mul(n as usize))
        .ok_or_else(mismatch)?;
    let remainder = count.checked_div(known).unwrap_or(0);
    let shape: Vec<usize> = requested
        .iter()
        .map(|&n| if n == -1 { remainder } else { n as usize })
        .collect();
    let product = shape.iter().try_fold(1usize, |all, &n| all.checked_mul(n));
    if product != Some(count) {
        return Err(mismatch());
    }
    Ok(shape)
}
