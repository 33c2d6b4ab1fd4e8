//! Sums that are accurate for hundreds of millions of elements, at the bandwidth of the memory.
//!
//! The elements are accumulated in double precision and rounded once. Blocks of fixed size are
//! summed in 16 lanes, and the sums of the lanes and of the blocks are added pairwise: the rounding
//! error is at most that of a pairwise sum, and the result does not depend on the number of threads
//! or on the memory layout. candle accumulates f32 sequentially in f32 along leading axes, which
//! loses half of the digits over ten million elements.

use std::ops::Range;

use rayon::iter::{IndexedParallelIterator, IntoParallelIterator, ParallelIterator};
use rayon::slice::ParallelSlice;

use super::span::Span;

/// Number of partial sums of a block.
const LANES: usize = 16;
/// Number of elements per block.
const BLOCK: usize = 1 << 12;
/// Maximum number of columns that are summed together. Their partial sums remain in the cache.
const COLUMNS: usize = 1 << 10;
/// Minimum number of elements for multithreading.
const PARALLEL_THRESHOLD: usize = 1 << 16;

/// What is summed: a function of an element and of the centre of its sum.
pub trait Term<T>: Sync {
    /// Whether the term does not depend on the centre.
    const UNIFORM: bool;
    /// The centres of these sums.
    fn centres(&self, sums: Range<usize>) -> impl Iterator<Item = T>;
    fn term(&self, x: T, centre: T) -> f64;
}

/// The terms f(x).
pub struct Plain<F>(pub F);

impl<T: Copy + Default, F: Fn(T) -> f64 + Sync> Term<T> for Plain<F> {
    const UNIFORM: bool = true;
    #[inline(always)]
    fn centres(&self, _: Range<usize>) -> impl Iterator<Item = T> {
        std::iter::repeat(T::default())
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
    const UNIFORM: bool = false;
    #[inline(always)]
    fn centres(&self, sums: Range<usize>) -> impl Iterator<Item = T> {
        self.centres[sums].iter().copied()
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
    let row_sum = |(row, x): (usize, &[T])| {
        let blocks = x.chunks(BLOCK).map(|block| block_sum(block, row, term));
        pairwise(&blocks.collect::<Vec<_>>())
    };
    if x.len() < PARALLEL_THRESHOLD {
        return x.chunks(n).enumerate().map(row_sum).collect();
    }
    if n >= PARALLEL_THRESHOLD {
        let row_sum = |(row, x): (usize, &[T])| {
            let blocks = x.par_chunks(BLOCK);
            let blocks = blocks.map(|block| block_sum(block, row, term));
            pairwise(&blocks.collect::<Vec<_>>())
        };
        return x.chunks(n).enumerate().map(row_sum).collect();
    }
    let rows = PARALLEL_THRESHOLD.div_ceil(n);
    let tasks = (0..x.len() / n).into_par_iter();
    let row = |row: usize| row_sum((row, &x[row * n..(row + 1) * n]));
    tasks.with_min_len(rows / 4 + 1).map(row).collect()
}

/// The sum of a block of one row.
fn block_sum<T: Copy>(block: &[T], row: usize, term: &impl Term<T>) -> f64 {
    pulp::Arch::new().dispatch(
        #[inline(always)]
        || {
            let centre = term
                .centres(row..row + 1)
                .next()
                .expect("one centre for each sum");
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
        },
    )
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
    let centres = tile.outer * span.inner + from..tile.outer * span.inner + to;
    let mut lanes = vec![0.0; LANES * width];
    pulp::Arch::new().dispatch(
        #[inline(always)]
        || {
            if width == span.inner && (1..COLUMNS).contains(&width) && is_uniform(term) {
                // Sixteen rows are adjacent in memory, as their lanes are.
                for rows in matrix[first * width..last * width].chunks(LANES * width) {
                    add(&mut lanes, rows, centres.clone(), term);
                }
                return;
            }
            for row in first..last {
                let lane = &mut lanes[(row - first) % LANES * width..][..width];
                let x = &matrix[row * span.inner + from..row * span.inner + to];
                add(lane, x, centres.clone(), term);
            }
        },
    );
    let column = |c: usize| lane_total(std::array::from_fn(|lane| lanes[lane * width + c]));
    (0..width).map(column).collect()
}

fn is_uniform<T, F: Term<T>>(_: &F) -> bool {
    F::UNIFORM
}

/// Adds one term to each sum.
#[inline(always)]
fn add<T: Copy>(sums: &mut [f64], x: &[T], centres: Range<usize>, term: &impl Term<T>) {
    for ((sum, x), centre) in sums.iter_mut().zip(x).zip(term.centres(centres)) {
        *sum += term.term(*x, centre);
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
