//! Sums that are accurate for hundreds of millions of elements, at the bandwidth of the memory.
//!
//! The elements are accumulated in double precision and rounded once. Blocks of fixed size are
//! summed in 16 lanes, and the sums of the lanes and of the blocks are added pairwise: the rounding
//! error is at most that of a pairwise sum, and the result does not depend on the number of threads
//! or on the memory layout. candle accumulates f32 sequentially in f32 along leading axes, which
//! loses half of the digits over ten million elements.

use rayon::iter::{IndexedParallelIterator, IntoParallelIterator, ParallelIterator};
use rayon::slice::{ParallelSlice, ParallelSliceMut};

use super::span::Span;

/// Number of partial sums of a block.
const LANES: usize = 16;
/// Number of elements per block.
const BLOCK: usize = 1 << 12;
/// Maximum number of columns that are summed together. Their partial sums remain in the cache.
const COLUMNS: usize = 1 << 11;
/// Minimum number of elements for multithreading.
const PARALLEL_THRESHOLD: usize = 1 << 16;

/// A summand: a function of an element and of the centre of its sum.
pub trait Term<T>: Sync {
    /// The centre of a sum.
    fn centre(&self, sum: usize) -> T;
    fn term(&self, x: T, centre: T) -> f64;
}

/// The terms f(x).
pub struct Plain<F>(pub F);

impl<T: Default, F: Fn(T) -> f64 + Sync> Term<T> for Plain<F> {
    #[inline(always)]
    fn centre(&self, _: usize) -> T {
        T::default()
    }
    #[inline(always)]
    fn term(&self, x: T, _: T) -> f64 {
        (self.0)(x)
    }
}

/// The terms f(x, c) with one centre c for each sum.
pub struct Centred<'a, T, F> {
    pub centres: &'a [T],
    pub term: F,
}

impl<T: Copy + Sync, F: Fn(T, T) -> f64 + Sync> Term<T> for Centred<'_, T, F> {
    #[inline(always)]
    fn centre(&self, sum: usize) -> T {
        self.centres[sum]
    }
    #[inline(always)]
    fn term(&self, x: T, centre: T) -> f64 {
        (self.term)(x, centre)
    }
}

/// The sums over the axis of length n.
///
/// Shapes: [outer, n, inner] -> [outer, inner]
pub fn sums<T: Copy + Sync>(x: &[T], span: Span, term: &impl Term<T>) -> Vec<f64> {
    match span {
        Span { n: 0, .. } => vec![0.0; span.results()],
        Span { inner: 1, .. } => row_sums(x, span.n, term),
        _ => column_sums(x, span, term),
    }
}

/// The sums of rows of `n` elements.
fn row_sums<T: Copy + Sync>(x: &[T], n: usize, term: &impl Term<T>) -> Vec<f64> {
    if n >= PARALLEL_THRESHOLD {
        let row_sum = |(row, x): (usize, &[T])| {
            let centre = term.centre(row);
            let blocks = x.par_chunks(BLOCK);
            let blocks = blocks.map(|block| vectorized(|| block_sum(block, centre, term)));
            pairwise(&blocks.collect::<Vec<_>>())
        };
        return x.chunks(n).enumerate().map(row_sum).collect();
    }
    let rows_per_task = PARALLEL_THRESHOLD / n;
    let mut results = vec![0.0; x.len() / n];
    let fill = |(task, (results, x)): (usize, (&mut [f64], &[T]))| {
        vectorized(
            #[inline(always)]
            || {
                let rows = results.iter_mut().zip(x.chunks(n)).enumerate();
                for (row, (result, x)) in rows {
                    *result = row_sum(x, term.centre(task * rows_per_task + row), term);
                }
            },
        );
    };
    let tasks = results.par_chunks_mut(rows_per_task);
    let tasks = tasks.zip(x.par_chunks(rows_per_task * n));
    tasks.enumerate().for_each(fill);
    results
}

/// Runs a loop with the widest registers of the processor.
#[inline(always)]
fn vectorized<R>(f: impl FnOnce() -> R) -> R {
    pulp::Arch::new().dispatch(f)
}

#[inline(always)]
fn row_sum<T: Copy>(row: &[T], centre: T, term: &impl Term<T>) -> f64 {
    if row.len() <= LANES {
        return short_sum(row, centre, term);
    }
    if row.len() <= BLOCK {
        return block_sum(row, centre, term);
    }
    let blocks = row
        .chunks(BLOCK)
        .map(|block| block_sum(block, centre, term));
    pairwise(&blocks.collect::<Vec<_>>())
}

/// [`block_sum`] of at most as many elements as there are lanes.
#[inline(always)]
fn short_sum<T: Copy>(row: &[T], centre: T, term: &impl Term<T>) -> f64 {
    let mut sums = [0.0; LANES];
    for (sum, x) in sums.iter_mut().zip(row) {
        *sum += term.term(*x, centre);
    }
    let mut count = row.len();
    while count > 1 {
        for i in 0..count / 2 {
            sums[i] = sums[2 * i] + sums[2 * i + 1];
        }
        if count % 2 == 1 {
            sums[count / 2] = sums[count - 1];
        }
        count = count.div_ceil(2);
    }
    sums[0]
}

/// The sum of a block of one row.
#[inline(always)]
fn block_sum<T: Copy>(block: &[T], centre: T, term: &impl Term<T>) -> f64 {
    let mut sums = [0.0; LANES];
    let (chunks, rest) = block.as_chunks::<LANES>();
    for chunk in chunks {
        for (sum, x) in sums.iter_mut().zip(chunk) {
            *sum += term.term(*x, centre);
        }
    }
    for (sum, x) in sums.iter_mut().zip(rest) {
        *sum += term.term(*x, centre);
    }
    lane_total(sums)
}

/// One task of [`column_sums`]: some columns of a block of rows.
#[derive(Clone, Copy)]
struct Tile {
    outer: usize,
    rows: [usize; 2],
    columns: [usize; 2],
}

/// The sums of the columns of each matrix [n, inner].
fn column_sums<T: Copy + Sync>(x: &[T], span: Span, term: &impl Term<T>) -> Vec<f64> {
    let (blocks, chunks) = (span.n.div_ceil(BLOCK), span.inner.div_ceil(COLUMNS));
    let tile = |task: usize| {
        let (outer, task) = (task / (blocks * chunks), task % (blocks * chunks));
        let (chunk, block) = (task / blocks, task % blocks);
        let end = |start: usize, size: usize, limit: usize| [start, (start + size).min(limit)];
        Tile {
            outer,
            rows: end(block * BLOCK, BLOCK, span.n),
            columns: end(chunk * COLUMNS, COLUMNS, span.inner),
        }
    };
    let tasks = 0..span.outer * blocks * chunks;
    let sums = |task: usize| tile_sums(x, span, tile(task), term);
    let partial: Vec<Vec<f64>> = match span.elements() < PARALLEL_THRESHOLD {
        true => tasks.map(sums).collect(),
        false => tasks.into_par_iter().map(sums).collect(),
    };
    let mut results = Vec::with_capacity(span.results());
    for blocks in partial.chunks(blocks) {
        match blocks {
            [only] => results.extend(only),
            many => {
                let column = |c: usize| many.iter().map(|sums| sums[c]).collect::<Vec<_>>();
                results.extend((0..many[0].len()).map(|c| pairwise(&column(c))));
            }
        }
    }
    results
}

/// The sums of the columns of a tile. Row i is added to lane i modulo 16.
fn tile_sums<T: Copy>(x: &[T], span: Span, tile: Tile, term: &impl Term<T>) -> Vec<f64> {
    let ([first, last], [from, to]) = (tile.rows, tile.columns);
    let width = to - from;
    let matrix = &x[tile.outer * span.n * span.inner..][..span.n * span.inner];
    let sums = tile.outer * span.inner + from..tile.outer * span.inner + to;
    let centres: Vec<T> = sums.map(|sum| term.centre(sum)).collect();
    let mut lanes = vec![0.0; LANES * width];
    vectorized(
        #[inline(always)]
        || {
            if width == span.inner {
                // Sixteen rows are adjacent in memory, as their lanes are.
                let centres = centres.repeat(LANES);
                for rows in matrix[first * width..last * width].chunks(LANES * width) {
                    add(&mut lanes, rows, &centres, term);
                }
                return;
            }
            let row = |row: usize| &matrix[row * span.inner + from..row * span.inner + to];
            let groups = (last - first) / (4 * LANES);
            for group in 0..groups {
                for (lane, sums) in lanes.chunks_mut(width).enumerate() {
                    let first = first + group * 4 * LANES + lane;
                    let rows = [0, 1, 2, 3].map(|i| row(first + i * LANES));
                    add_four(sums, rows, &centres, term);
                }
            }
            for at in groups * 4 * LANES..last - first {
                let sums = &mut lanes[at % LANES * width..][..width];
                add(sums, row(first + at), &centres, term);
            }
        },
    );
    let column = |c: usize| lane_total(std::array::from_fn(|lane| lanes[lane * width + c]));
    (0..width).map(column).collect()
}

/// Adds one term to each sum.
#[inline(always)]
fn add<T: Copy>(sums: &mut [f64], x: &[T], centres: &[T], term: &impl Term<T>) {
    for ((sum, x), centre) in sums.iter_mut().zip(x).zip(centres) {
        *sum += term.term(*x, *centre);
    }
}

/// Adds the terms of four rows, one after the other, while the sums are in registers.
#[inline(always)]
fn add_four<T: Copy>(sums: &mut [f64], rows: [&[T]; 4], centres: &[T], term: &impl Term<T>) {
    let [a, b, c, d] = rows;
    let rows = a.iter().zip(b).zip(c).zip(d);
    for ((sum, (((a, b), c), d)), centre) in sums.iter_mut().zip(rows).zip(centres) {
        let one = *sum + term.term(*a, *centre);
        let two = one + term.term(*b, *centre);
        let three = two + term.term(*c, *centre);
        *sum = three + term.term(*d, *centre);
    }
}

/// The pairwise sum of the lanes.
#[inline(always)]
fn lane_total(lanes: [f64; LANES]) -> f64 {
    let eight: [f64; 8] = std::array::from_fn(|i| lanes[2 * i] + lanes[2 * i + 1]);
    let four: [f64; 4] = std::array::from_fn(|i| eight[2 * i] + eight[2 * i + 1]);
    (four[0] + four[1]) + (four[2] + four[3])
}

/// The pairwise sum.
fn pairwise(x: &[f64]) -> f64 {
    match x {
        [] => 0.0,
        [x] => *x,
        x => {
            let (left, right) = x.split_at(x.len() / 2);
            pairwise(left) + pairwise(right)
        }
    }
}
