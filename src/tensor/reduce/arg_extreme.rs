//! The indices of maxima and minima, in one pass over the memory: the first index of the best
//! element, where NaN is better than any other element. The position is searched in the block that
//! contains it, while the block is still in the cache.

use rayon::iter::ParallelIterator;
use rayon::slice::ParallelSlice;

use super::extreme::{
    BLOCK, COLUMNS, Element, Elements, PER_THREAD, best_of_block, best_of_row, better, is_nan,
    map_parts, parts_per_matrix, with_elements,
};
use super::span::Span;
use crate::base::Result;
use crate::tensor::{Tensor, convert};

/// Number of elements that are compared with the best one before the search can stop.
const STRIDE: usize = 64;

/// The first indices (i64) of the largest elements, or of the smallest if `minimum` is set.
///
/// Shapes: [outer, n, inner], contiguous, n > 0 -> [outer * inner]
pub fn indices(t: &Tensor, span: Span, minimum: bool) -> Result<Tensor> {
    let indices = with_elements(t, |elements| {
        Ok(match elements {
            Elements::F32(x) => first_indices(x, span, minimum),
            Elements::F64(x) => first_indices(x, span, minimum),
            Elements::I64(x) => first_indices(x, span, minimum),
            Elements::U8(x) => first_indices(x, span, minimum),
        })
    })?;
    convert::from_i64(indices, &[span.results()])
}

fn first_indices<T: Element>(x: &[T], span: Span, minimum: bool) -> Vec<i64> {
    match (span.inner, minimum) {
        (1, true) => of_rows::<T, true>(x, span.n),
        (1, false) => of_rows::<T, false>(x, span.n),
        (_, true) => of_columns::<T, true>(x, span),
        (_, false) => of_columns::<T, false>(x, span),
    }
}

/// The index in each row of `n` elements.
fn of_rows<T: Element, const MINIMUM: bool>(x: &[T], n: usize) -> Vec<i64> {
    if n >= BLOCK {
        return x.chunks(n).map(of_long_row::<T, MINIMUM>).collect();
    }
    let rows_per_task = PER_THREAD.div_ceil(n);
    let tasks = x.par_chunks(rows_per_task * n).flat_map_iter(|rows| {
        pulp::Arch::new().dispatch(
            #[inline(always)]
            || {
                let index = |row: &[T]| first_match(row, best_of_row::<T, MINIMUM>(row)) as i64;
                rows.chunks(n).map(index).collect::<Vec<_>>()
            },
        )
    });
    tasks.collect()
}

/// The index in a row that all threads process together.
fn of_long_row<T: Element, const MINIMUM: bool>(row: &[T]) -> i64 {
    let blocks = row.par_chunks(BLOCK).map(best_of_block::<T, MINIMUM>);
    let blocks: Vec<T> = blocks.collect();
    let best = best_of_block::<T, MINIMUM>(&blocks);
    // The first block whose best element is that of the row contains the first match.
    let start = first_match(&blocks, best) * BLOCK;
    let block = &row[start..(start + BLOCK).min(row.len())];
    (start + first_match(block, best)) as i64
}

/// The first index whose element equals `best`; NaN equals NaN.
#[inline(always)]
fn first_match<T: Element>(elements: &[T], best: T) -> usize {
    let matches = |x: T| (x == best) | (is_nan(x) & is_nan(best));
    let has_match = |chunk: &[T; STRIDE]| chunk.iter().fold(false, |any, x| any | matches(*x));
    let (chunks, _) = elements.as_chunks::<STRIDE>();
    let chunk = chunks.iter().position(has_match);
    let start = chunk.unwrap_or(chunks.len()) * STRIDE;
    let within = elements[start..].iter().position(|x| matches(*x));
    start + within.unwrap_or(0)
}

/// The best elements of the columns of some rows, and the rows that contain them.
struct Best<T> {
    values: Vec<T>,
    rows: Vec<u32>,
}

/// The row in each column of the matrices [n, inner].
fn of_columns<T: Element, const MINIMUM: bool>(x: &[T], span: Span) -> Vec<i64> {
    let parts = map_parts(x, span, |_, first, part| {
        (first, best_of_part::<T, MINIMUM>(part, span.inner))
    });
    let mut indices = Vec::with_capacity(span.results());
    for parts in parts.chunks(parts_per_matrix(span)) {
        let mut best = parts[0].1.values.clone();
        let mut rows: Vec<i64> = parts[0].1.rows.iter().map(|row| i64::from(*row)).collect();
        for (first, part) in &parts[1..] {
            for column in 0..span.inner {
                let x = part.values[column];
                if replaces::<T, MINIMUM>(best[column], x) {
                    best[column] = x;
                    rows[column] = *first as i64 + i64::from(part.rows[column]);
                }
            }
        }
        indices.extend(rows);
    }
    indices
}

/// Whether `x` is better than the best element before it.
#[inline(always)]
fn replaces<T: Element, const MINIMUM: bool>(best: T, x: T) -> bool {
    let is_better = if MINIMUM { x < best } else { x > best };
    (is_better | is_nan(x)) & !is_nan(best)
}

/// The best elements of the columns of some rows, with their first rows.
fn best_of_part<T: Element, const MINIMUM: bool>(part: &[T], inner: usize) -> Best<T> {
    // Several rows are compared together, so that the loop is long enough for the registers.
    let group = (COLUMNS / inner).clamp(1, part.len() / inner);
    let mut values = part[..group * inner].to_vec();
    let mut groups = vec![0u32; group * inner];
    pulp::Arch::new().dispatch(
        #[inline(always)]
        || {
            for (index, rows) in part.chunks(group * inner).enumerate() {
                let slots = values.iter_mut().zip(groups.iter_mut());
                for ((best, at), x) in slots.zip(rows) {
                    let replaces = replaces::<T, MINIMUM>(*best, *x);
                    *best = if replaces { *x } else { *best };
                    *at = if replaces { index as u32 } else { *at };
                }
            }
        },
    );
    if group == 1 {
        return Best {
            values,
            rows: groups,
        };
    }
    let lanes = |column: usize| (0..group).map(move |row| row * inner + column);
    let best = |c: usize| lanes(c).fold(values[c], |b, i| better::<T, MINIMUM>(b, values[i]));
    let best: Vec<T> = (0..inner).map(best).collect();
    let row = |column: usize| {
        let matches = lanes(column).filter(|lane| {
            let x = values[*lane];
            x == best[column] || (is_nan(x) && is_nan(best[column]))
        });
        let rows = matches.map(|lane| groups[lane] * group as u32 + (lane / inner) as u32);
        rows.min().unwrap_or(0)
    };
    let rows = (0..inner).map(row).collect();
    Best { values: best, rows }
}
