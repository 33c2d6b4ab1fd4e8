//! Sizes, axes and indices, checked before candle is asked, so that a fault says what was wrong.

use super::DType;
use crate::base::{Error, Result};

/// Bytes that an array of this shape takes; never overflows. An axis of 0 counts as 1: sums over
/// that axis, nested lists and printed text are as large as the other axes say.
pub fn bytes(shape: &[usize], dtype: DType) -> u128 {
    let count = shape.iter().fold(1u128, |product, &n| {
        product.saturating_mul(n.max(1) as u128)
    });
    count.saturating_mul(dtype.size_in_bytes() as u128)
}

/// The number of elements of several arrays together; never overflows.
pub fn total(shapes: &[&[usize]]) -> usize {
    let count = |shape: &&[usize]| shape.iter().fold(1usize, |all, &n| all.saturating_mul(n));
    shapes.iter().map(count).fold(0, usize::saturating_add)
}

/// The shape of a matrix product, if the two fit together.
pub fn product(left: &[usize], right: &[usize]) -> Option<Vec<usize>> {
    let (l, r) = (left.len(), right.len());
    if l == 0 || r == 0 {
        return None;
    }
    let lead = broadcast(
        "matmul",
        &left[..l.saturating_sub(2)],
        &right[..r.saturating_sub(2)],
    );
    let rows = (l > 1).then(|| left[l - 2]);
    let columns = (r > 1).then(|| right[r - 1]);
    Some(lead.ok()?.into_iter().chain(rows).chain(columns).collect())
}

/// The shape that two shapes broadcast to, aligned at their last axes; an axis of 1 stretches.
///
/// Errors: `Shapes` if an axis differs and neither is 1.
pub fn broadcast(op: &'static str, left: &[usize], right: &[usize]) -> Result<Vec<usize>> {
    let rank = left.len().max(right.len());
    let at = |shape: &[usize], axis: usize| match (axis + shape.len()).checked_sub(rank) {
        Some(own) => shape[own],
        None => 1,
    };
    let joined = (0..rank).map(|axis| match (at(left, axis), at(right, axis)) {
        (a, b) if a == b || b == 1 => Some(a),
        (1, b) => Some(b),
        _ => None,
    });
    joined.collect::<Option<_>>().ok_or_else(|| Error::Shapes {
        op,
        left: left.to_vec(),
        right: right.to_vec(),
    })
}

/// An axis from 0; -1 is the last one.
///
/// Errors: `Axis` if there is none.
pub fn axis(op: &'static str, axis: i64, rank: usize) -> Result<usize> {
    let from_start = if axis < 0 { axis + rank as i64 } else { axis };
    usize::try_from(from_start)
        .ok()
        .filter(|&found| found < rank)
        .ok_or(Error::Axis { op, axis, rank })
}

/// Several axes from 0, sorted and each once.
pub fn axes(op: &'static str, axes: &[i64], rank: usize) -> Result<Vec<usize>> {
    let found: Result<Vec<usize>> = axes.iter().map(|&a| axis(op, a, rank)).collect();
    let mut found = found?;
    found.sort_unstable();
    found.dedup();
    Ok(found)
}

/// An index from 0; -1 is the last one.
///
/// Errors: `Index` if it is outside.
pub fn index(op: &'static str, index: i64, size: usize) -> Result<usize> {
    let from_start = if index < 0 {
        index.saturating_add(size as i64)
    } else {
        index
    };
    usize::try_from(from_start)
        .ok()
        .filter(|&found| found < size)
        .ok_or(Error::Index { op, index, size })
}

/// Start and length of `from..to`; negative ends count from the end, no `to` means up to the end.
///
/// Errors: `Index` if an end is outside, `Range` if the start is after the end.
pub fn span(op: &'static str, from: i64, to: Option<i64>, size: usize) -> Result<(usize, usize)> {
    let edge = |at: i64| {
        let from_start = if at < 0 {
            at.saturating_add(size as i64)
        } else {
            at
        };
        usize::try_from(from_start)
            .ok()
            .filter(|&found| found <= size)
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

/// A shape for `count` numbers from one in which -1 stands for what is left.
///
/// Errors: `Shape` if no such shape holds `count` numbers.
pub fn resolve(op: &'static str, asked: &[i64], found: &[usize]) -> Result<Vec<usize>> {
    let count: usize = found.iter().product();
    let wrong = || Error::Shape {
        op,
        what: "an array",
        expected: format!("that can become {asked:?}"),
        found: found.to_vec(),
    };
    let open = asked.iter().filter(|&&n| n == -1).count();
    if open > 1 || asked.iter().any(|&n| n < -1) {
        return Err(wrong());
    }
    let known = asked
        .iter()
        .filter(|&&n| n >= 0)
        .try_fold(1usize, |product, &n| product.checked_mul(n as usize))
        .ok_or_else(wrong)?;
    let left = count.checked_div(known).unwrap_or(0);
    let shape: Vec<usize> = asked
        .iter()
        .map(|&n| if n == -1 { left } else { n as usize })
        .collect();
    let product = shape.iter().try_fold(1usize, |all, &n| all.checked_mul(n));
    if product != Some(count) {
        return Err(wrong());
    }
    Ok(shape)
}
