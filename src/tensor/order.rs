//! What depends on the order of numbers: sorting, quantiles, counts. NaN comes last.

use std::cmp::Ordering;

use super::reduce::some;
use super::{DType, Tensor, arith, integers, joined, shape, values};
use crate::base::{Error, Result};

/// Ascending, NaN last.
fn ascending<T: PartialOrd>(a: &T, b: &T) -> Ordering {
    a.partial_cmp(b)
        .unwrap_or_else(|| is_nan(a).cmp(&is_nan(b)))
}

/// Whether a number is undefined; an integer never is.
fn is_nan<T: PartialOrd>(x: &T) -> bool {
    x.partial_cmp(x).is_none()
}

/// For each row of the last axis, where its largest (smallest) number is; a NaN wins, of equal
/// numbers the first. i64.
pub(super) fn extreme_index(op: &'static str, t: &Tensor, least: bool) -> Result<Tensor> {
    let (n, lead) = t.dims().split_last().expect("a joined array has an axis");
    some(op, *n)?;
    let at = match t.dtype() {
        DType::I64 => extreme_of_rows(&integers::of(t)?, *n, least),
        _ => extreme_of_rows(&values::doubles(t)?, *n, least),
    };
    values::wholes(at, lead)
}

fn extreme_of_rows<T: PartialOrd>(numbers: &[T], n: usize, least: bool) -> Vec<i64> {
    let better = |new: &T, old: &T| {
        !is_nan(old) && (is_nan(new) || if least { new < old } else { new > old })
    };
    let best = |row: &[T]| {
        let first = (1..n).fold(
            0,
            |best, i| if better(&row[i], &row[best]) { i } else { best },
        );
        first as i64
    };
    numbers.chunks(n).map(best).collect()
}

/// The indices that sort along `axis`; equal numbers keep their order. i64.
pub fn argsort(t: &Tensor, axis: i64, descending: bool) -> Result<Tensor> {
    let axis = shape::axis("argsort", axis, t.rank())?;
    let last = t.rank() - 1;
    let turned = t.detach().transpose(axis, last)?.contiguous()?;
    let n = turned.dims()[last];
    let order = match t.dtype() {
        DType::I64 => order_of_rows(&integers::of(&turned)?, n, descending),
        _ => order_of_rows(&values::doubles(&turned)?, n, descending),
    };
    let sorted = values::wholes(order, turned.dims())?;
    Ok(sorted.transpose(axis, last)?.contiguous()?)
}

fn order_of_rows<T: PartialOrd>(numbers: &[T], n: usize, descending: bool) -> Vec<i64> {
    let mut order = Vec::with_capacity(numbers.len());
    for row in numbers.chunks(n.max(1)) {
        let mut at: Vec<usize> = (0..n).collect();
        // NaN stays last in either direction.
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

/// The numbers in order along `axis`, with their gradient.
pub fn sort(t: &Tensor, axis: i64, descending: bool) -> Result<Tensor> {
    let order = argsort(t, axis, descending)?.to_dtype(DType::U32)?;
    let axis = shape::axis("sort", axis, t.rank())?;
    if t.elem_count() == 0 {
        return Ok(t.clone());
    }
    Ok(t.contiguous()?.gather(&order, axis)?)
}

/// The number below which the part `q` (0 to 1) of the numbers lies, between two neighbours on a
/// straight line; along `axis`, or of all numbers.
///
/// Errors: `Range` if q is outside 0 to 1; `Algebra` of no numbers
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
    some("quantile", n)?;
    if t.elem_count() == 0 {
        let shape = [&t.dims()[..axis], &t.dims()[axis + 1..]].concat();
        return Ok(Tensor::zeros(shape, joined::real(&t)?.dtype(), t.device())?);
    }
    // Integers are sorted as such: as floats, large ones would be equal.
    let sorted = sort(&t, axis as i64, false)?;
    let sorted = match t.dtype() {
        DType::I64 => sorted.to_dtype(DType::F64)?,
        _ => joined::real(&sorted)?,
    };
    let place = q * (n - 1) as f64;
    let low = place.floor() as usize;
    let high = (low + 1).min(n - 1);
    let below = sorted.narrow(axis, low, 1)?.squeeze(axis)?;
    let above = sorted.narrow(axis, high, 1)?.squeeze(axis)?;
    let part = place - low as f64;
    let between = if part == 0.0 {
        below
    } else {
        ((below * (1.0 - part))? + (above * part)?)?
    };
    // A NaN is last when sorted: it must reach the result from wherever it was.
    let last = sorted.narrow(axis, n - 1, 1)?.squeeze(axis)?.detach();
    arith::select(&last.ne(&last)?, &last, &between)
}

/// Each number once, ascending; NaN, too, at most once.
pub fn unique(t: &Tensor) -> Result<Tensor> {
    if t.dtype() == DType::I64 {
        let mut numbers = integers::of(t)?;
        numbers.sort_unstable();
        numbers.dedup();
        let count = numbers.len();
        return values::wholes(numbers, &[count]);
    }
    let mut numbers = values::doubles(t)?;
    numbers.sort_by(ascending);
    numbers.dedup_by(|a, b| a == b || (a.is_nan() && b.is_nan()));
    let count = numbers.len();
    joined::without_gradient("unique", t, values::of(numbers, &[count], t.dtype())?)
}

/// Counts (i64) of the numbers in `bins` equal parts of `low..=high`, and the `bins + 1` edges
/// (f64). Numbers outside and NaN are not counted.
///
/// Errors: `Range` if there are no bins or `low` is not below `high`; `NotFinite` for a number that
/// is not, if the range comes from the numbers
pub fn histogram(
    t: &Tensor,
    bins: usize,
    [low, high]: [Option<f64>; 2],
) -> Result<(Tensor, Tensor)> {
    let numbers = values::doubles(t)?;
    let undefined = numbers.iter().position(|x| !x.is_finite());
    if let (Some(index), None, _) | (Some(index), _, None) = (undefined, low, high) {
        return Err(Error::NotFinite {
            of: "histogram",
            what: "a number (`low` and `high` leave such numbers out)".into(),
            found: numbers[index],
            index,
        });
    }
    let own = spread(&numbers);
    let (low, high) = (low.unwrap_or(own.0), high.unwrap_or(own.1));
    let wrong = |name: &str, expected: &str, found: String| Error::Range {
        of: "histogram".into(),
        name: name.into(),
        expected: expected.into(),
        found,
    };
    if bins == 0 {
        return Err(wrong("bins", "of 1 or more", "0".into()));
    }
    if !(low < high && (high - low).is_finite()) {
        return Err(wrong("low", &format!("below {high}"), low.to_string()));
    }
    let (counts, edges) = counts(&numbers, bins, [low, high]);
    Ok((
        values::wholes(counts, &[bins])?,
        values::of(edges, &[bins + 1], DType::F64)?,
    ))
}

/// How many numbers lie in each of `bins` equal parts of `low..=high`, and the edges of these. A
/// part includes its lower edge, the last one both. Numbers outside and NaN are not counted.
pub fn counts(numbers: &[f64], bins: usize, [low, high]: [f64; 2]) -> (Vec<i64>, Vec<f64>) {
    let edges = values::linspace(low, high, bins + 1);
    let mut counts = vec![0i64; bins];
    for x in numbers.iter().filter(|x| (low..=high).contains(*x)) {
        let guess = ((x - low) / (high - low) * bins as f64) as usize;
        // Rounding may miss by one: the edges decide.
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

/// The finite numbers' range; half a unit to each side of it where it is a single number.
fn spread(numbers: &[f64]) -> (f64, f64) {
    let finite = numbers.iter().copied().filter(|x| x.is_finite());
    let (low, high) = finite.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), x| {
        (low.min(x), high.max(x))
    });
    match (low, high) {
        (low, high) if low < high => (low, high),
        (low, high) if low == high => (low - 0.5, high + 0.5),
        _ => (0.0, 1.0),
    }
}
