//! Sorting, quantiles, unique values and histograms. NaN sorts last.

use std::cmp::Ordering;

use super::{DType, Tensor, arith, convert, custom_op, integers, shape};
use crate::base::{Error, Result};

/// Ascending order, NaN last.
fn ascending<T: PartialOrd>(a: &T, b: &T) -> Ordering {
    a.partial_cmp(b)
        .unwrap_or_else(|| is_nan(a).cmp(&is_nan(b)))
}

/// Whether a number is NaN; false for integers.
fn is_nan<T: PartialOrd>(x: &T) -> bool {
    x.partial_cmp(x).is_none()
}

/// The indices (i64) that sort along `axis`; the sort is stable.
pub fn argsort(t: &Tensor, axis: i64, descending: bool) -> Result<Tensor> {
    let axis = shape::axis("argsort", axis, t.rank())?;
    let last = t.rank() - 1;
    let transposed = t.detach().transpose(axis, last)?.contiguous()?;
    let n = transposed.dims()[last];
    let order = match t.dtype() {
        DType::I64 => argsort_rows(&integers::to_vec(&transposed)?, n, descending),
        _ => argsort_rows(&convert::to_f64(&transposed)?, n, descending),
    };
    let sorted = convert::from_i64(order, transposed.dims())?;
    Ok(sorted.transpose(axis, last)?.contiguous()?)
}

fn argsort_rows<T: PartialOrd>(elements: &[T], n: usize, descending: bool) -> Vec<i64> {
    let mut order = Vec::with_capacity(elements.len());
    for row in elements.chunks(n.max(1)) {
        let mut at: Vec<usize> = (0..n).collect();
        // NaN is last in both directions.
        at.sort_by(
            |&i, &j| match (descending, is_nan(&row[i]) || is_nan(&row[j])) {
                (true, false) => ascending(&row[j], &row[i]),
                _ => ascending(&row[i], &row[j]),
            },
        );
        order.extend(at.into_iter().map(|i| i as i64));
    }
    order
}

/// The elements sorted along `axis`, with their gradient.
pub fn sort(t: &Tensor, axis: i64, descending: bool) -> Result<Tensor> {
    let order = argsort(t, axis, descending)?.to_dtype(DType::U32)?;
    let axis = shape::axis("sort", axis, t.rank())?;
    if t.elem_count() == 0 {
        return Ok(t.clone());
    }
    Ok(t.contiguous()?.gather(&order, axis)?)
}

/// The `q` quantile (0 to 1), with linear interpolation, along `axis` or over all elements.
///
/// Errors: `Range` if q is outside 0 to 1; `Algebra` if there are no elements
pub fn quantile(t: &Tensor, q: f64, axis: Option<i64>) -> Result<Tensor> {
    if !(0.0..=1.0).contains(&q) {
        return Err(Error::Range {
            of: "quantile".into(),
            name: "q".into(),
            expected: "from 0 to 1".into(),
            found: q.to_string(),
        });
    }
    let (t, axis) = match axis {
        Some(axis) => (t.clone(), shape::axis("quantile", axis, t.rank())?),
        None => (t.flatten_all()?, 0),
    };
    let n = t.dims()[axis];
    shape::check_nonempty("quantile", n)?;
    if t.elem_count() == 0 {
        let shape = [&t.dims()[..axis], &t.dims()[axis + 1..]].concat();
        return Ok(Tensor::zeros(
            shape,
            custom_op::to_float(&t)?.dtype(),
            t.device(),
        )?);
    }
    // Sorts integers before the conversion: as floats, large integers could be equal.
    let sorted = sort(&t, axis as i64, false)?;
    let sorted = match t.dtype() {
        DType::I64 => sorted.to_dtype(DType::F64)?,
        _ => custom_op::to_float(&sorted)?,
    };
    interpolate_sorted(&sorted, axis, q)
}

/// The `q` quantile of elements that are sorted along `axis`, of which there is at least one.
fn interpolate_sorted(sorted: &Tensor, axis: usize, q: f64) -> Result<Tensor> {
    let n = sorted.dims()[axis];
    let position = q * (n - 1) as f64;
    let low = position.floor() as usize;
    let high = (low + 1).min(n - 1);
    let below = sorted.narrow(axis, low, 1)?.squeeze(axis)?;
    let above = sorted.narrow(axis, high, 1)?.squeeze(axis)?;
    let fraction = position - low as f64;
    let interpolated = if fraction == 0.0 {
        below
    } else {
        ((below * (1.0 - fraction))? + (above * fraction)?)?
    };
    // NaN sorts last; the result must be NaN if any element is NaN.
    let last = sorted.narrow(axis, n - 1, 1)?.squeeze(axis)?.detach();
    arith::where_cond(&last.ne(&last)?, &last, &interpolated)
}

/// The unique elements in ascending order; NaN at most once.
pub fn unique(t: &Tensor) -> Result<Tensor> {
    if t.dtype() == DType::I64 {
        let mut elements = integers::to_vec(t)?;
        elements.sort_unstable();
        elements.dedup();
        let count = elements.len();
        return convert::from_i64(elements, &[count]);
    }
    let mut elements = convert::to_f64(t)?;
    elements.sort_by(ascending);
    elements.dedup_by(|a, b| a == b || (a.is_nan() && b.is_nan()));
    let count = elements.len();
    custom_op::without_gradient(
        "unique",
        t,
        convert::from_f64(elements, &[count], t.dtype())?,
    )
}

/// The counts (i64) in `bins` equal bins of [low, high], and the `bins + 1` edges (f64). Elements
/// outside the range and NaN are not counted.
///
/// Errors: `Range` if `bins` is 0 or `low` is not below `high`; `NotFinite` for a non-finite
/// element, if the range is computed from the elements
pub fn histogram(
    t: &Tensor,
    bins: usize,
    [low, high]: [Option<f64>; 2],
) -> Result<(Tensor, Tensor)> {
    let elements = convert::to_f64(t)?;
    let non_finite = elements.iter().position(|x| !x.is_finite());
    if let (Some(index), None, _) | (Some(index), _, None) = (non_finite, low, high) {
        return Err(Error::NotFinite {
            of: "histogram",
            what: "an element (set both `low` and `high` to exclude such elements)".into(),
            found: elements[index],
            index,
        });
    }
    let range = finite_range(&elements);
    let (low, high) = (low.unwrap_or(range.0), high.unwrap_or(range.1));
    let range_error = |name: &str, expected: &str, found: String| Error::Range {
        of: "histogram".into(),
        name: name.into(),
        expected: expected.into(),
        found,
    };
    if bins == 0 {
        return Err(range_error("bins", "of 1 or more", "0".into()));
    }
    if !(low < high && (high - low).is_finite()) {
        return Err(range_error(
            "low",
            &format!("below {high}"),
            low.to_string(),
        ));
    }
    let (counts, edges) = bin_counts(&elements, bins, [low, high]);
    Ok((
        convert::from_i64(counts, &[bins])?,
        convert::from_f64(edges, &[bins + 1], DType::F64)?,
    ))
}

/// The counts in `bins` equal bins of [low, high], and their edges. A bin includes its lower edge,
/// the last bin both edges. Numbers outside the range and NaN are not counted.
pub fn bin_counts(elements: &[f64], bins: usize, [low, high]: [f64; 2]) -> (Vec<i64>, Vec<f64>) {
    let edges = convert::linspace(low, high, bins + 1);
    let mut counts = vec![0i64; bins];
    for x in elements.iter().filter(|x| (low..=high).contains(*x)) {
        let guess = ((x - low) / (high - low) * bins as f64) as usize;
        // Rounding can shift the index by one: compares with the edges.
        let mut bin = guess.min(bins - 1);
        if *x < edges[bin] {
            bin -= 1;
        } else if bin + 1 < bins && *x >= edges[bin + 1] {
            bin += 1;
        }
        counts[bin] += 1;
    }
    (counts, edges)
}

/// The range of the finite numbers, widened by 0.5 on each side if they are all equal.
fn finite_range(elements: &[f64]) -> (f64, f64) {
    let finite = elements.iter().copied().filter(|x| x.is_finite());
    let (low, high) = finite.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), x| {
        (low.min(x), high.max(x))
    });
    match (low, high) {
        (low, high) if low < high => (low, high),
        (low, high) if low == high => (low - 0.5, high + 0.5),
        _ => (0.0, 1.0),
    }
}
