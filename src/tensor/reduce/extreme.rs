//! Maxima and minima, at the bandwidth of the memory: NaN if any element is NaN, otherwise the
//! first of equal elements. The results do not depend on the number of threads.

use candle_core::{CpuStorage, Storage};
use rayon::iter::{IntoParallelIterator, ParallelIterator};
use rayon::slice::ParallelSlice;

use super::span::Span;
use crate::base::Result;
use crate::tensor::{DType, Tensor};

/// Number of elements of a row that are compared at a time.
pub(super) const BLOCK: usize = 1 << 14;
/// Number of partial results of a block.
const LANES: usize = 32;
/// Number of elements of adjacent rows that are compared together.
pub(super) const COLUMNS: usize = 1 << 9;
/// Number of elements per thread, at least.
pub(super) const PER_THREAD: usize = 1 << 14;

/// The largest values, or the smallest if `minimum` is set, without a gradient.
///
/// Shapes: [outer, n, inner], contiguous, n > 0 -> [outer * inner]
pub fn values(t: &Tensor, span: Span, minimum: bool) -> Result<Tensor> {
    with_elements(t, |elements| match elements {
        Elements::F32(x) => from_vec(extremes(x, span, minimum)),
        Elements::F64(x) => from_vec(extremes(x, span, minimum)),
        Elements::I64(x) => from_vec(extremes(x, span, minimum)),
        Elements::U8(x) => from_vec(extremes(x, span, minimum)),
    })
}

/// The elements of an array.
pub(super) enum Elements<'a> {
    F32(&'a [f32]),
    F64(&'a [f64]),
    I64(&'a [i64]),
    U8(&'a [u8]),
}

/// Calls `f` with the elements of a contiguous array; other dtypes are converted to i64.
pub(super) fn with_elements<R>(t: &Tensor, f: impl FnOnce(Elements<'_>) -> Result<R>) -> Result<R> {
    let known = matches!(t.dtype(), DType::F32 | DType::F64 | DType::I64 | DType::U8);
    let t = if known {
        t.clone()
    } else {
        t.to_dtype(DType::I64)?
    };
    let (storage, layout) = t.storage_and_layout();
    let start = layout.start_offset();
    let range = start..start + layout.shape().elem_count();
    match &*storage {
        Storage::Cpu(CpuStorage::F32(x)) => f(Elements::F32(&x[range])),
        Storage::Cpu(CpuStorage::F64(x)) => f(Elements::F64(&x[range])),
        Storage::Cpu(CpuStorage::I64(x)) => f(Elements::I64(&x[range])),
        Storage::Cpu(CpuStorage::U8(x)) => f(Elements::U8(&x[range])),
        _ => Err(candle_core::Error::Msg("max: expected an array on the CPU".into()).into()),
    }
}

fn from_vec<T: candle_core::WithDType>(results: Vec<T>) -> Result<Tensor> {
    let count = results.len();
    Ok(Tensor::from_vec(results, count, &candle_core::Device::Cpu)?)
}

/// An element that can be compared; only floats differ from themselves.
pub(super) trait Element: Copy + Default + PartialOrd + Send + Sync {}
impl<T: Copy + Default + PartialOrd + Send + Sync> Element for T {}

#[allow(clippy::eq_op)]
#[inline(always)]
pub(super) fn is_nan<T: Element>(x: T) -> bool {
    x != x
}

/// The better of two elements: the first if they are equal, and NaN if there is one.
#[inline(always)]
pub(super) fn better<T: Element, const MINIMUM: bool>(best: T, x: T) -> T {
    let replaces = if MINIMUM { x < best } else { x > best };
    if (replaces || is_nan(x)) && !is_nan(best) {
        x
    } else {
        best
    }
}

fn extremes<T: Element>(x: &[T], span: Span, minimum: bool) -> Vec<T> {
    match minimum {
        true => best_values::<T, true>(x, span),
        false => best_values::<T, false>(x, span),
    }
}

fn best_values<T: Element, const MINIMUM: bool>(x: &[T], span: Span) -> Vec<T> {
    if span.inner > 1 {
        return best_of_columns::<T, MINIMUM>(x, span);
    }
    let n = span.n;
    if n >= BLOCK {
        let row = |row: &[T]| {
            let blocks = row.par_chunks(BLOCK).map(best_of_block::<T, MINIMUM>);
            let blocks: Vec<T> = blocks.collect();
            best_of_block::<T, MINIMUM>(&blocks)
        };
        return x.chunks(n).map(row).collect();
    }
    let rows_per_task = PER_THREAD.div_ceil(n);
    let tasks = x.par_chunks(rows_per_task * n).flat_map_iter(|rows| {
        pulp::Arch::new().dispatch(
            #[inline(always)]
            || {
                let rows = rows.chunks(n);
                rows.map(best_of_row::<T, MINIMUM>).collect::<Vec<_>>()
            },
        )
    });
    tasks.collect()
}

/// The best element of a short row that is not empty.
#[inline(always)]
pub(super) fn best_of_row<T: Element, const MINIMUM: bool>(row: &[T]) -> T {
    if row.len() > LANES {
        return best_of_lanes::<T, MINIMUM>(row);
    }
    let best = |best, x: &T| better::<T, MINIMUM>(best, *x);
    row[1..].iter().fold(row[0], best)
}

/// The best element of a block that is not empty.
pub(super) fn best_of_block<T: Element, const MINIMUM: bool>(block: &[T]) -> T {
    pulp::Arch::new().dispatch(
        #[inline(always)]
        || best_of_lanes::<T, MINIMUM>(block),
    )
}

#[inline(always)]
fn best_of_lanes<T: Element, const MINIMUM: bool>(block: &[T]) -> T {
    let mut lanes = [block[0]; LANES];
    let (chunks, rest) = block.as_chunks::<LANES>();
    for chunk in chunks {
        for (best, x) in lanes.iter_mut().zip(chunk) {
            *best = better::<T, MINIMUM>(*best, *x);
        }
    }
    let all = lanes.iter().chain(rest);
    let best = all.fold(block[0], |best, x| better::<T, MINIMUM>(best, *x));
    // 0 and -0 are equal: the lanes may have returned another than the first.
    match best == T::default() {
        true => block.iter().find(|x| **x == best).copied().unwrap_or(best),
        false => best,
    }
}

/// The best elements of the columns of each matrix [n, inner].
fn best_of_columns<T: Element, const MINIMUM: bool>(x: &[T], span: Span) -> Vec<T> {
    let parts = map_parts(x, span, |_, _, part| {
        best_of_part::<T, MINIMUM>(part, span.inner)
    });
    let merge = |mut best: Vec<T>, part: &Vec<T>| {
        for (best, x) in best.iter_mut().zip(part) {
            *best = better::<T, MINIMUM>(*best, *x);
        }
        best
    };
    let merged = parts.chunks(parts_per_matrix(span));
    merged
        .flat_map(|parts| parts[1..].iter().fold(parts[0].clone(), merge))
        .collect()
}

/// The best elements of the columns of some rows.
fn best_of_part<T: Element, const MINIMUM: bool>(part: &[T], inner: usize) -> Vec<T> {
    // Several rows are compared together, so that the loop is long enough for the registers.
    let rows = (COLUMNS / inner).clamp(1, part.len() / inner);
    let mut best = part[..rows * inner].to_vec();
    pulp::Arch::new().dispatch(
        #[inline(always)]
        || {
            for rows in part.chunks(rows * inner) {
                for (best, x) in best.iter_mut().zip(rows) {
                    *best = better::<T, MINIMUM>(*best, *x);
                }
            }
        },
    );
    let column = |c: usize| {
        let lanes = best[c..].iter().step_by(inner);
        let best = lanes.fold(best[c], |best, x| better::<T, MINIMUM>(best, *x));
        // 0 and -0 are equal: the first one is the result.
        let is_zero = best == T::default() && rows > 1;
        let mut zeros = part[c..].iter().step_by(inner).filter(|x| **x == best);
        let zero = is_zero.then(|| zeros.next()).flatten();
        zero.copied().unwrap_or(best)
    };
    (0..inner).map(column).collect()
}

/// Number of rows of a part of a matrix, which one task processes.
fn rows_per_part(inner: usize) -> usize {
    (16 * PER_THREAD).div_ceil(inner)
}

/// Number of parts of a matrix [n, inner].
pub(super) fn parts_per_matrix(span: Span) -> usize {
    span.n.div_ceil(rows_per_part(span.inner))
}

/// Calls `f` with the index of the matrix, the first row, and the rows of each part.
pub(super) fn map_parts<T: Element, R: Send>(
    x: &[T],
    span: Span,
    f: impl Fn(usize, usize, &[T]) -> R + Sync,
) -> Vec<R> {
    let Span { outer, n, inner } = span;
    let (rows, parts) = (rows_per_part(inner), parts_per_matrix(span));
    let part = |task: usize| {
        let matrix = &x[task / parts * n * inner..][..n * inner];
        let first = task % parts * rows;
        let part = &matrix[first * inner..(first + rows).min(n) * inner];
        f(task / parts, first, part)
    };
    (0..outer * parts).into_par_iter().map(part).collect()
}
