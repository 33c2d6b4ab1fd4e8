//! Products of activations summed over time steps and trials: the gradient with respect to a weight
//! matrix, from the gradients of its outputs and the values of its inputs.
//!
//! The columns of a block of time steps are transposed first, so that adjacent columns of one trial
//! fill a vector. An element of a row is then multiplied with many columns at once, and no sum over
//! lanes is necessary.

use std::ops::Range;

use pulp::Simd;
use rayon::iter::{IndexedParallelIterator, ParallelIterator};
use rayon::slice::ParallelSliceMut;

use super::gemm::{GemmConfig, tile_rows};
use super::{Lane16, Lanes, TRIALS, flat, vectorize};

/// Time steps of a block: few enough that a strip of the transposed columns stays in the level-1
/// cache during the pass over all rows.
const STEPS: usize = 8;
/// Rows that stay in the level-1 cache during the pass over all strips of a block.
const ROWS: usize = 24;
/// Strips that are processed for all rows before the next ones; they stay in the level-2 cache.
const STRIPS: usize = 8;
/// Minimum number of multiplications per thread of a parallel product; see [`super::gemm`].
const PARALLEL_PRODUCTS: usize = 1 << 19;

/// Number of elements from which on runs are summed in parallel, in chunks of this size.
const CHUNK: usize = 1 << 15;

/// A view of `count` quantities from `first` on, at all time steps. `stride` is the number of
/// `Lane16` values per time step.
#[derive(Clone, Copy)]
pub struct Frames<'a, T> {
    pub lanes: &'a [Lane16<T>],
    pub stride: usize,
    pub first: usize,
    pub count: usize,
}

/// Transposed columns of a block of time steps, in strips of [`TRIALS`] columns. A strip has one
/// `Lane16` value for each time step and trial.
#[derive(Debug, Default)]
pub struct Transposed<T> {
    lanes: Vec<Lane16<T>>,
}

/// Padded row length of a matrix with this number of columns: whole strips.
pub fn padded_len(columns: usize) -> usize {
    columns.next_multiple_of(TRIALS)
}

/// Computes `into[r][c] += sum over time steps and trials of left[r] * right[c]`, one group of
/// trials after another. The rows of `into` have [`padded_len`] elements.
pub fn gemm_tn_add<S: Simd, T: Lanes>(
    simd: S,
    config: GemmConfig,
    [left, right]: [Frames<'_, T>; 2],
    steps: usize,
    transposed: &mut Transposed<T>,
    into: &mut [T],
) {
    if left.count == 0 || right.count == 0 {
        return;
    }
    let max_lanes = steps.min(STEPS) * TRIALS * right.count.div_ceil(TRIALS);
    transposed
        .lanes
        .resize(max_lanes, Lane16::splat(T::of(0.0)));
    for group in 0..config.groups {
        for start in (0..steps).step_by(STEPS) {
            let block_of_steps = Block {
                groups: config.groups,
                group,
                steps: start..steps.min(start + STEPS),
                left,
                right,
            };
            let transposed =
                &mut transposed.lanes[..right.count.div_ceil(TRIALS) * block_of_steps.strip_len()];
            block_of_steps.transpose(transposed);
            block_of_steps.multiply_parallel(simd, config.parallel, transposed, 0, into);
        }
    }
}

/// Adds the gradients of all runs, `count` elements each, to those of the first, in order.
pub fn sum_runs<T: Lanes>(runs: &mut [T], count: usize) {
    let (first, others) = runs.split_at_mut(count);
    let add_chunk = |(at, into): (usize, &mut [T])| {
        for run in others.chunks_exact(count) {
            for (x, y) in into.iter_mut().zip(&run[at * CHUNK..]) {
                *x += *y;
            }
        }
    };
    if count > CHUNK {
        first.par_chunks_mut(CHUNK).enumerate().for_each(add_chunk);
    } else {
        add_chunk((0, first));
    }
}

/// A range of rows.
#[derive(Clone, Copy)]
struct TileRows {
    row: usize,
    rows: usize,
    /// Maximum number of rows whose sums stay in registers.
    max_rows: usize,
    /// Row length of the result.
    width: usize,
}

/// A block of time steps of one group of trials.
#[derive(Clone)]
struct Block<'a, T> {
    groups: usize,
    group: usize,
    steps: Range<usize>,
    left: Frames<'a, T>,
    right: Frames<'a, T>,
}

impl<T: Lanes> Block<'_, T> {
    /// Number of `Lane16` values of one strip.
    fn strip_len(&self) -> usize {
        self.steps.len() * TRIALS
    }

    fn transpose(&self, into: &mut [Lane16<T>]) {
        let Frames {
            lanes,
            stride,
            first,
            count,
        } = self.right;
        let strips = into
            .chunks_exact_mut(self.strip_len())
            .take(count.div_ceil(TRIALS));
        for (at, strip) in strips.enumerate() {
            let columns = at * TRIALS..count.min((at + 1) * TRIALS);
            for (time, rows) in self.steps.clone().zip(strip.chunks_exact_mut(TRIALS)) {
                let start = time * stride + (first + columns.start) * self.groups + self.group;
                let from = lanes[start..].iter().step_by(self.groups);
                for (c, lane) in from.take(columns.len()).enumerate() {
                    for (row, x) in rows.iter_mut().zip(lane.0) {
                        row.0[c] = x;
                    }
                }
            }
        }
    }

    /// Computes the rows of `into`, which begin at row `row`, on several threads if they are large
    /// enough.
    fn multiply_parallel<S: Simd>(
        &self,
        simd: S,
        parallel: bool,
        transposed: &[Lane16<T>],
        row: usize,
        into: &mut [T],
    ) {
        let width = padded_len(self.right.count);
        let rows = into.len() / width;
        if !parallel || rows < 2 || rows * width * self.strip_len() < 2 * PARALLEL_PRODUCTS {
            return self.multiply_rows(simd, transposed, row, into);
        }
        let half = rows / 2;
        let (upper, lower) = into.split_at_mut(half * width);
        rayon::join(
            || self.multiply_parallel(simd, parallel, transposed, row, upper),
            || self.multiply_parallel(simd, parallel, transposed, row + half, lower),
        );
    }

    fn multiply_rows<S: Simd>(
        &self,
        simd: S,
        transposed: &[Lane16<T>],
        row: usize,
        into: &mut [T],
    ) {
        let width = padded_len(self.right.count);
        let rows = into.len() / width;
        let max_rows = if S::REGISTER_COUNT >= 32 { 12 } else { 6 };
        let block = STRIPS * self.strip_len();
        for (strips, first) in transposed
            .chunks(block)
            .zip((0..width).step_by(STRIPS * TRIALS))
        {
            for start in (0..rows).step_by(ROWS) {
                let tiles = TileRows {
                    row: row + start,
                    rows: ROWS.min(rows - start),
                    max_rows,
                    width,
                };
                let into = &mut into[start * width + first..];
                vectorize(
                    simd,
                    #[inline(always)]
                    || self.multiply_strips(simd, strips, tiles, into),
                );
            }
        }
    }

    /// Computes some rows for all strips of a block.
    #[inline(always)]
    fn multiply_strips<S: Simd>(
        &self,
        simd: S,
        strips: &[Lane16<T>],
        tiles: TileRows,
        into: &mut [T],
    ) {
        for (k, strip) in strips.chunks_exact(self.strip_len()).enumerate() {
            let mut at = 0;
            while at < tiles.rows {
                let into = &mut into[at * tiles.width + k * TRIALS..];
                let rows = tile_rows(tiles.rows - at, tiles.max_rows);
                let tile = TileRows {
                    row: tiles.row + at,
                    ..tiles
                };
                match rows {
                    12 => self.multiply_tile::<S, 12>(simd, strip, tile, into),
                    6 => self.multiply_tile::<S, 6>(simd, strip, tile, into),
                    5 => self.multiply_tile::<S, 5>(simd, strip, tile, into),
                    4 => self.multiply_tile::<S, 4>(simd, strip, tile, into),
                    3 => self.multiply_tile::<S, 3>(simd, strip, tile, into),
                    2 => self.multiply_tile::<S, 2>(simd, strip, tile, into),
                    _ => self.multiply_tile::<S, 1>(simd, strip, tile, into),
                }
                at += rows;
            }
        }
    }

    /// Computes M rows for one strip of columns.
    #[inline(always)]
    fn multiply_tile<S: Simd, const M: usize>(
        &self,
        simd: S,
        strip: &[Lane16<T>],
        tile: TileRows,
        into: &mut [T],
    ) {
        match TRIALS * size_of::<T>() / size_of::<T::Vector<S>>() {
            1 => self.multiply_vectors::<S, M, 1>(simd, strip, tile, into),
            _ => self.multiply_vectors::<S, M, 2>(simd, strip, tile, into),
        }
    }

    #[inline(always)]
    fn multiply_vectors<S: Simd, const M: usize, const N: usize>(
        &self,
        simd: S,
        strip: &[Lane16<T>],
        tile: TileRows,
        into: &mut [T],
    ) {
        let count = TRIALS * size_of::<T>() / size_of::<T::Vector<S>>();
        let columns = T::vectors::<S>(flat(strip));
        for v in (0..count).step_by(N) {
            let mut sums = [[T::splat(simd, T::of(0.0)); N]; M];
            for (time, columns) in self.steps.clone().zip(columns.chunks_exact(count * TRIALS)) {
                let first = time * self.left.stride + (self.left.first + tile.row) * self.groups;
                let rows = &self.left.lanes[first..][..(M - 1) * self.groups + self.group + 1];
                let rows: [&Lane16<T>; M] = std::array::from_fn(
                    #[inline(always)]
                    |m| &rows[m * self.groups + self.group],
                );
                for (b, x) in columns.chunks_exact(count).enumerate() {
                    let x = &x[v..v + N];
                    for m in 0..M {
                        let w = T::splat(simd, rows[m].0[b]);
                        for n in 0..N {
                            sums[m][n] = T::mul_add(simd, w, x[n], sums[m][n]);
                        }
                    }
                }
            }
            for (m, sum) in sums.iter().enumerate() {
                let into = T::vectors_mut::<S>(&mut into[m * tile.width..][..TRIALS]);
                for n in 0..N {
                    into[v + n] = T::plus(simd, into[v + n], sum[n]);
                }
            }
        }
    }
}
