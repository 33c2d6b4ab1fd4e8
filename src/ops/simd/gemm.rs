//! Product of a weight matrix and the activations of one time step: the inner loop of every
//! recurrent step. The sums of several rows stay in registers during one pass over the activations.

use std::ops::Range;

use pulp::Simd;
use rayon::iter::{IndexedParallelIterator, ParallelIterator};
use rayon::slice::ParallelSliceMut;

use super::{Lane16, Lanes, TRIALS, flat, flat_mut, vectorize};

/// Rows of a panel. With two vectors each they use 24 of 32 registers; half of them use 12 of 16.
const PANEL: usize = 12;
/// Bytes of activations in a block. A block stays in the level-1 cache for all rows, beside the
/// weights.
const BLOCK_BYTES: usize = 1 << 14;
/// Minimum number of multiplications per thread of a parallel product: about 12 microseconds, a few
/// times the cost of waking a thread. (A quarter of it made small networks slower.)
const PARALLEL_PRODUCTS: usize = 1 << 19;
/// Number of elements from which on a matrix is packed in parallel.
const PARALLEL_PACKING: usize = 1 << 18;

/// Configuration of the products of one call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GemmConfig {
    /// Groups of trials that a product processes together.
    pub groups: usize,
    /// Whether several threads may compute one product, because there are fewer slices than
    /// threads.
    pub parallel: bool,
}

impl Default for GemmConfig {
    fn default() -> Self {
        GemmConfig {
            groups: 1,
            parallel: false,
        }
    }
}

/// A matrix packed in the order in which [`gemm()`] reads it: panels of twelve rows, column by
/// column.
#[derive(Debug, Default)]
pub struct Panels<T> {
    config: GemmConfig,
    rows: usize,
    columns: usize,
    data: Vec<[T; PANEL]>,
}

/// A view of a matrix block in row-major or transposed order: element (r, k) has the index
/// `r * row_stride + k * column_stride`.
#[derive(Debug, Clone, Copy)]
pub struct Block<'a, T> {
    pub data: &'a [T],
    pub columns: usize,
    pub row_stride: usize,
    pub column_stride: usize,
}

impl<'a, T> Block<'a, T> {
    /// A row-major matrix with rows of `columns` elements.
    pub fn row_major(data: &'a [T], columns: usize) -> Self {
        Block {
            data,
            columns,
            row_stride: columns,
            column_stride: 1,
        }
    }

    /// The transpose of a row-major matrix that has `columns` rows of `rows` elements.
    pub fn transposed(data: &'a [T], rows: usize, columns: usize) -> Self {
        Block {
            data,
            columns,
            row_stride: 1,
            column_stride: rows,
        }
    }

    /// Packs some rows, at most those of a panel, column by column.
    fn pack(&self, rows: Range<usize>, into: &mut [[T; PANEL]])
    where
        T: Copy,
    {
        for (k, column) in into.iter_mut().enumerate() {
            let column = &mut column[..rows.len()];
            let from = &self.data[k * self.column_stride + rows.start * self.row_stride..];
            if self.row_stride == 1 {
                column.copy_from_slice(&from[..rows.len()]);
                continue;
            }
            for (w, x) in column.iter_mut().zip(from.iter().step_by(self.row_stride)) {
                *w = *x;
            }
        }
    }
}

impl<T: Lanes> Panels<T> {
    /// Packs a matrix that consists of the given blocks, concatenated along its columns.
    pub fn pack(&mut self, config: GemmConfig, rows: usize, blocks: &[Block<'_, T>]) {
        self.config = config;
        self.rows = rows;
        self.columns = blocks.iter().map(|block| block.columns).sum();
        self.data
            .resize(rows.div_ceil(PANEL) * self.columns, [T::of(0.0); PANEL]);
        let pack_panel = |(at, panel): (usize, &mut [[T; PANEL]])| {
            let rows = at * PANEL..rows.min((at + 1) * PANEL);
            let mut rest = panel;
            for block in blocks {
                let (columns, others) = rest.split_at_mut(block.columns);
                block.pack(rows.clone(), columns);
                rest = others;
            }
        };
        let width = self.columns.max(1);
        if self.data.len() * PANEL < PARALLEL_PACKING {
            self.data.chunks_mut(width).enumerate().for_each(pack_panel);
        } else {
            self.data
                .par_chunks_mut(width)
                .enumerate()
                .for_each(pack_panel);
        }
    }

    /// Adds a value to some rows of a column.
    pub fn add_to_column(&mut self, rows: Range<usize>, column: usize, by: T) {
        for row in rows {
            self.data[row / PANEL * self.columns + column][row % PANEL] += by;
        }
    }

    /// Copies column k of the matrix to every trial.
    pub fn load_column(&self, k: usize, into: &mut [Lane16<T>]) {
        for (lanes, w) in into
            .chunks_exact_mut(self.config.groups)
            .zip(self.column_values(k))
        {
            lanes.fill(Lane16::splat(w));
        }
    }

    /// Adds column k of the matrix to every trial.
    pub fn add_column(&self, k: usize, into: &mut [Lane16<T>]) {
        for (lanes, w) in into
            .chunks_exact_mut(self.config.groups)
            .zip(self.column_values(k))
        {
            for x in flat_mut(lanes) {
                *x += w;
            }
        }
    }

    fn column_values(&self, column: usize) -> impl Iterator<Item = T> {
        let panels = self.data.chunks_exact(self.columns);
        panels.flat_map(move |panel| panel[column]).take(self.rows)
    }
}

/// Computes `into[r] = sum over k of weights[r][k] * from[k]` for each trial. If `from` is shorter
/// than the rows of the matrix, its missing elements count as zero.
pub fn gemm<S: Simd, T: Lanes>(
    simd: S,
    weights: &Panels<T>,
    from: &[Lane16<T>],
    into: &mut [Lane16<T>],
) {
    gemm_columns(simd, weights, 0, from, into);
}

/// [`gemm()`] with `from` multiplied by the columns from `first` on.
pub fn gemm_columns<S: Simd, T: Lanes>(
    simd: S,
    weights: &Panels<T>,
    first: usize,
    from: &[Lane16<T>],
    into: &mut [Lane16<T>],
) {
    let into = &mut into[..weights.rows * weights.config.groups];
    if from.is_empty() {
        into.fill(Lane16::splat(T::of(0.0)));
    } else if !into.is_empty() {
        let start = Start {
            panel: 0,
            first,
            overwrite: true,
        };
        multiply_parallel(simd, weights, start, from, into);
    }
}

/// [`gemm()`], added to `into`.
pub fn gemm_add<S: Simd, T: Lanes>(
    simd: S,
    weights: &Panels<T>,
    from: &[Lane16<T>],
    into: &mut [Lane16<T>],
) {
    gemm_add_columns(simd, weights, 0, from, into);
}

/// [`gemm_columns`], added to `into`.
pub fn gemm_add_columns<S: Simd, T: Lanes>(
    simd: S,
    weights: &Panels<T>,
    first: usize,
    from: &[Lane16<T>],
    into: &mut [Lane16<T>],
) {
    let into = &mut into[..weights.rows * weights.config.groups];
    if !from.is_empty() && !into.is_empty() {
        let start = Start {
            panel: 0,
            first,
            overwrite: false,
        };
        multiply_parallel(simd, weights, start, from, into);
    }
}

/// First panel and column of a product, and whether it overwrites its target.
#[derive(Clone, Copy)]
struct Start {
    /// The first panel of rows.
    panel: usize,
    /// The first column.
    first: usize,
    /// Whether the result overwrites `into` instead of being added to it.
    overwrite: bool,
}

/// Computes as many rows as `into` has space for, on several threads if the product is large
/// enough.
fn multiply_parallel<S: Simd, T: Lanes>(
    simd: S,
    weights: &Panels<T>,
    start: Start,
    from: &[Lane16<T>],
    into: &mut [Lane16<T>],
) {
    let work = from.len() * into.len() / weights.config.groups * TRIALS;
    if !weights.config.parallel || work < 2 * PARALLEL_PRODUCTS {
        return multiply_panels(simd, weights, start, from, into);
    }
    let lanes = PANEL * weights.config.groups;
    let half = into.len().div_ceil(lanes) / 2;
    let (upper, lower) = into.split_at_mut(half * lanes);
    let below = Start {
        panel: start.panel + half,
        ..start
    };
    rayon::join(
        || multiply_parallel(simd, weights, start, from, upper),
        || multiply_parallel(simd, weights, below, from, lower),
    );
}

fn multiply_panels<S: Simd, T: Lanes>(
    simd: S,
    weights: &Panels<T>,
    start: Start,
    from: &[Lane16<T>],
    into: &mut [Lane16<T>],
) {
    let groups = weights.config.groups;
    let columns = (BLOCK_BYTES / size_of::<Lane16<T>>() / groups).max(1);
    for (block, from) in from.chunks(columns * groups).enumerate() {
        let panels = weights.data.chunks_exact(weights.columns).skip(start.panel);
        let overwrite = start.overwrite && block == 0;
        for (panel, rows) in panels.zip(into.chunks_mut(PANEL * groups)) {
            let panel = &panel[start.first + block * columns..][..from.len() / groups];
            vectorize(
                simd,
                #[inline(always)]
                || {
                    multiply_panel::<S, T>(
                        simd,
                        panel,
                        flat(from),
                        flat_mut(rows),
                        groups,
                        overwrite,
                    )
                },
            );
        }
    }
}

#[inline(always)]
fn multiply_panel<S: Simd, T: Lanes>(
    simd: S,
    panel: &[[T; PANEL]],
    from: &[T],
    into: &mut [T],
    groups: usize,
    overwrite: bool,
) {
    let (from, into) = (T::vectors::<S>(from), T::vectors_mut::<S>(into));
    let vectors = groups * TRIALS * size_of::<T>() / size_of::<T::Vector<S>>();
    let rows = into.len() / vectors;
    let max_rows = if S::REGISTER_COUNT >= 32 { 12 } else { 6 };
    let mut first = 0;
    while first < rows {
        let into = &mut into[first * vectors..];
        let tile = Tile {
            panel,
            first,
            from,
            vectors,
            overwrite,
        };
        first += match tile_rows(rows - first, max_rows) {
            12 => tile.multiply::<S, 12>(simd, into),
            6 => tile.multiply::<S, 6>(simd, into),
            5 => tile.multiply::<S, 5>(simd, into),
            4 => tile.multiply::<S, 4>(simd, into),
            3 => tile.multiply::<S, 3>(simd, into),
            2 => tile.multiply::<S, 2>(simd, into),
            _ => tile.multiply::<S, 1>(simd, into),
        };
    }
}

/// Number of rows of the next tile if `left` rows remain: `max_rows`, then at most 6. Fewer than 4
/// rows take as long as 4, because their sums wait for each other; therefore 7 and 8 are halved.
pub(super) fn tile_rows(left: usize, max_rows: usize) -> usize {
    match left {
        _ if left >= max_rows && left - max_rows != 1 && left - max_rows != 2 => max_rows,
        7 | 8 => left / 2,
        _ => left.min(6),
    }
}

/// Some rows of a panel, from `first` on, and the activations to multiply with.
struct Tile<'a, T, V> {
    panel: &'a [[T; PANEL]],
    first: usize,
    from: &'a [V],
    /// Number of SIMD vectors of one quantity.
    vectors: usize,
    /// Whether the sums start at zero.
    overwrite: bool,
}

impl<T: Lanes, V: Copy> Tile<'_, T, V> {
    /// Computes M rows; returns M.
    #[inline(always)]
    fn multiply<S: Simd, const M: usize>(&self, simd: S, into: &mut [V]) -> usize
    where
        T: Lanes<Vector<S> = V>,
    {
        let pairs = self.vectors / 2 * 2;
        self.multiply_vectors::<S, M, 2>(simd, 0..pairs, into);
        self.multiply_vectors::<S, M, 1>(simd, pairs..self.vectors, into);
        M
    }

    /// Computes some vectors of M rows, N vectors at a time.
    #[inline(always)]
    fn multiply_vectors<S: Simd, const M: usize, const N: usize>(
        &self,
        simd: S,
        some: Range<usize>,
        into: &mut [V],
    ) where
        T: Lanes<Vector<S> = V>,
    {
        let count = self.vectors;
        for v in some.step_by(N) {
            let mut sums = [[T::splat(simd, T::of(0.0)); N]; M];
            if !self.overwrite {
                for (m, sum) in sums.iter_mut().enumerate() {
                    sum.copy_from_slice(&into[m * count + v..][..N]);
                }
            }
            for (weights, x) in self.panel.iter().zip(self.from.chunks_exact(count)) {
                let weights = &weights[self.first..self.first + M];
                let x = &x[v..v + N];
                for m in 0..M {
                    let w = T::splat(simd, weights[m]);
                    for n in 0..N {
                        sums[m][n] = T::mul_add(simd, w, x[n], sums[m][n]);
                    }
                }
            }
            for (m, sum) in sums.iter().enumerate() {
                into[m * count + v..][..N].copy_from_slice(sum);
            }
        }
    }
}
