//! Maxima and minima, at the bandwidth of the memory: NaN if any element is NaN, otherwise the
//! first of equal elements. The results do not depend on the number of threads.

use candle_core::{CpuStorage, Storage};
use rayon::iter::{IndexedParallelIterator, IntoParallelIterator, ParallelIterator};
use rayon::slice::ParallelSlice;

use super::span::Span;
use super::{DType, Tensor};
use crate::base::Result;
use crate::tensor::convert;

/// Number of elements of a row that are compared at a time.
const BLOCK: usize = 1 << 14;
/// Number of partial results of a block.
const LANES: usize = 16;
/// Number of elements per thread, at least.
const PER_THREAD: usize = 1 << 14;

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

/// The indices (i64) of the values that [`values`] returns.
///
/// Shapes: [outer, n, inner], contiguous, n > 0 -> [outer * inner]
pub fn indices(t: &Tensor, span: Span, minimum: bool) -> Result<Tensor> {
    let found = with_elements(t, |elements| {
        Ok(match elements {
            Elements::F32(x) => first_positions(x, &extremes(x, span, minimum), span),
            Elements::F64(x) => first_positions(x, &extremes(x, span, minimum), span),
            Elements::I64(x) => first_positions(x, &extremes(x, span, minimum), span),
            Elements::U8(x) => first_positions(x, &extremes(x, span, minimum), span),
        })
    })?;
    convert::from_i64(found, &[span.results()])
}

enum Elements<'a> {
    F32(&'a [f32]),
    F64(&'a [f64]),
    I64(&'a [i64]),
    U8(&'a [u8]),
}

/// Calls `f` with the elements of a contiguous array; other dtypes are converted to i64.
fn with_elements<R>(t: &Tensor, f: impl FnOnce(Elements<'_>) -> Result<R>) -> Result<R> {
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
trait Element: Copy + PartialOrd + Send + Sync {}
impl<T: Copy + PartialOrd + Send + Sync> Element for T {}

#[allow(clippy::eq_op)]
#[inline(always)]
fn is_nan<T: Element>(x: T) -> bool {
    x != x
}

/// The better of two elements: the first if they are equal, and NaN if there is one.
#[inline(always)]
fn better<T: Element, const MINIMUM: bool>(best: T, x: T) -> T {
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
    let rows = (0..span.outer).into_par_iter();
    let rows = rows.with_min_len(PER_THREAD.div_ceil(n));
    rows.map(|row| best_of_block::<T, MINIMUM>(&x[row * n..(row + 1) * n]))
        .collect()
}

/// The best element of a block that is not empty.
fn best_of_block<T: Element, const MINIMUM: bool>(block: &[T]) -> T {
    let best = pulp::Arch::new().dispatch(
        #[inline(always)]
        || {
            let mut lanes = [block[0]; LANES];
            let (chunks, rest) = block.as_chunks::<LANES>();
            for chunk in chunks {
                for (best, x) in lanes.iter_mut().zip(chunk) {
                    *best = better::<T, MINIMUM>(*best, *x);
                }
            }
            let all = lanes.iter().chain(rest);
            all.fold(block[0], |best, x| better::<T, MINIMUM>(best, *x))
        },
    );
    // 0 and -0 are equal: the lanes may have returned another than the first.
    let first = block.iter().find(|x| **x == best);
    first.copied().unwrap_or(best)
}

/// The best elements of the columns of each matrix [n, inner].
fn best_of_columns<T: Element, const MINIMUM: bool>(x: &[T], span: Span) -> Vec<T> {
    let Span { outer, n, inner } = span;
    let rows = rows_per_task(inner);
    let tasks = n.div_ceil(rows);
    let task = |task: usize| {
        let matrix = &x[task / tasks * n * inner..][..n * inner];
        let first = task % tasks * rows;
        let part = &matrix[first * inner..(first + rows).min(n) * inner];
        let mut best = part[..inner].to_vec();
        pulp::Arch::new().dispatch(
            #[inline(always)]
            || {
                for row in part.chunks(inner) {
                    for (best, x) in best.iter_mut().zip(row) {
                        *best = better::<T, MINIMUM>(*best, *x);
                    }
                }
            },
        );
        best
    };
    let parts: Vec<Vec<T>> = (0..outer * tasks).into_par_iter().map(task).collect();
    let merge = |mut best: Vec<T>, part: &Vec<T>| {
        for (best, x) in best.iter_mut().zip(part) {
            *best = better::<T, MINIMUM>(*best, *x);
        }
        best
    };
    let merged = parts.chunks(tasks);
    merged
        .flat_map(|parts| parts[1..].iter().fold(parts[0].clone(), merge))
        .collect()
}

/// Number of rows that one task processes.
fn rows_per_task(inner: usize) -> usize {
    (16 * PER_THREAD).div_ceil(inner)
}

/// For each result, the first index whose element equals it; NaN equals NaN.
fn first_positions<T: Element>(x: &[T], best: &[T], span: Span) -> Vec<i64> {
    let Span { outer, n, inner } = span;
    let matches = |x: T, best: T| x == best || (is_nan(x) && is_nan(best));
    if inner == 1 {
        let rows = (0..outer).into_par_iter();
        let rows = rows.with_min_len(PER_THREAD.div_ceil(n));
        let position = |row: usize| {
            let elements = &x[row * n..(row + 1) * n];
            let first = elements.iter().position(|x| matches(*x, best[row]));
            first.unwrap_or(0) as i64
        };
        return rows.map(position).collect();
    }
    let matrix = |at: usize| {
        let mut first = vec![0; inner];
        let matrix = &x[at * n * inner..(at + 1) * n * inner];
        let best = &best[at * inner..(at + 1) * inner];
        // From the last row to the first, so that the first match remains.
        for (row, elements) in matrix.chunks(inner).enumerate().rev() {
            for ((first, x), best) in first.iter_mut().zip(elements).zip(best) {
                *first = if matches(*x, *best) {
                    row as i64
                } else {
                    *first
                };
            }
        }
        first
    };
    (0..outer).into_par_iter().flat_map_iter(matrix).collect()
}
