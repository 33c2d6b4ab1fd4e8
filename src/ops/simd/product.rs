//! A weight matrix times the cells of one time: the inner loop of every recurrent step. Sums of
//! several rows stay in registers while the cells pass by once.

use std::ops::Range;

use pulp::Simd;
use rayon::iter::{IndexedParallelIterator, ParallelIterator};
use rayon::slice::ParallelSliceMut;

use super::{Cell, Lanes, TRIALS, flat, flat_mut, vectorize};

/// Rows that are packed side by side; with two vectors each they fill 24 of 32 registers, and half
/// of them 12 of 16.
const PANEL: usize = 12;
/// Bytes of cells that pass by at a time: they stay in the nearest cache for all rows, with room
/// for the weights beside them.
const PASSING: usize = 1 << 14;
/// Multiplications of each share where threads share a product: about 12 microseconds of one,
/// a few times what it costs to wake another. (At a quarter of it small networks got slower.)
const SHARED: usize = 1 << 19;
/// Numbers from which on threads share the packing of a matrix.
const PACKED: usize = 1 << 18;

/// How the products of one call are done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Form {
    /// Groups of trials that a product takes together.
    pub groups: usize,
    /// Whether threads may share a product, because there are fewer slices than threads.
    pub shared: bool,
}

impl Default for Form {
    fn default() -> Self {
        Form {
            groups: 1,
            shared: false,
        }
    }
}

/// A matrix in the order in which [`product`] reads it: twelve rows at a time, column by column.
#[derive(Debug, Default)]
pub struct Panels<T> {
    form: Form,
    rows: usize,
    columns: usize,
    data: Vec<[T; PANEL]>,
}

/// A block of a matrix in row-major or transposed order: element (r, k) stands at
/// `r * by_row + k * by_column`.
#[derive(Debug, Clone, Copy)]
pub struct Block<'a, T> {
    pub data: &'a [T],
    pub columns: usize,
    pub by_row: usize,
    pub by_column: usize,
}

impl<'a, T> Block<'a, T> {
    /// Row-major, `columns` numbers a row.
    pub fn plain(data: &'a [T], columns: usize) -> Self {
        Block {
            data,
            columns,
            by_row: columns,
            by_column: 1,
        }
    }

    /// The transpose of a row-major matrix of `rows` numbers a row and `columns` rows.
    pub fn transposed(data: &'a [T], rows: usize, columns: usize) -> Self {
        Block {
            data,
            columns,
            by_row: 1,
            by_column: rows,
        }
    }

    /// Some rows, at most as many as a panel has, column by column.
    fn pack(&self, rows: Range<usize>, into: &mut [[T; PANEL]])
    where
        T: Copy,
    {
        for (k, column) in into.iter_mut().enumerate() {
            let column = &mut column[..rows.len()];
            let from = &self.data[k * self.by_column + rows.start * self.by_row..];
            if self.by_row == 1 {
                column.copy_from_slice(&from[..rows.len()]);
                continue;
            }
            for (w, x) in column.iter_mut().zip(from.iter().step_by(self.by_row)) {
                *w = *x;
            }
        }
    }
}

impl<T: Lanes> Panels<T> {
    /// Takes in the blocks of a matrix, side by side.
    pub fn pack(&mut self, form: Form, rows: usize, blocks: &[Block<'_, T>]) {
        self.form = form;
        self.rows = rows;
        self.columns = blocks.iter().map(|block| block.columns).sum();
        self.data
            .resize(rows.div_ceil(PANEL) * self.columns, [T::of(0.0); PANEL]);
        let panel = |(at, panel): (usize, &mut [[T; PANEL]])| {
            let rows = at * PANEL..rows.min((at + 1) * PANEL);
            let mut rest = panel;
            for block in blocks {
                let (columns, others) = rest.split_at_mut(block.columns);
                block.pack(rows.clone(), columns);
                rest = others;
            }
        };
        let width = self.columns.max(1);
        if self.data.len() * PANEL < PACKED {
            self.data.chunks_mut(width).enumerate().for_each(panel);
        } else {
            self.data.par_chunks_mut(width).enumerate().for_each(panel);
        }
    }

    /// Adds a number to some rows of a column.
    pub fn shift(&mut self, rows: Range<usize>, column: usize, by: T) {
        for row in rows {
            self.data[row / PANEL * self.columns + column][row % PANEL] += by;
        }
    }

    /// Column k of the matrix, the same in every trial.
    pub fn column(&self, k: usize, into: &mut [Cell<T>]) {
        for (cells, w) in into.chunks_exact_mut(self.form.groups).zip(self.rows_of(k)) {
            cells.fill(Cell::splat(w));
        }
    }

    /// Adds column k of the matrix in every trial.
    pub fn add_column(&self, k: usize, into: &mut [Cell<T>]) {
        for (cells, w) in into.chunks_exact_mut(self.form.groups).zip(self.rows_of(k)) {
            for x in flat_mut(cells) {
                *x += w;
            }
        }
    }

    fn rows_of(&self, column: usize) -> impl Iterator<Item = T> {
        let panels = self.data.chunks_exact(self.columns);
        panels.flat_map(move |panel| panel[column]).take(self.rows)
    }
}

/// `into[r] = sum over k of weights[r][k] * from[k]`, trial by trial. Where `from` is shorter than
/// the matrix is wide, the columns beyond it count as zero.
pub fn product<S: Simd, T: Lanes>(
    simd: S,
    weights: &Panels<T>,
    from: &[Cell<T>],
    into: &mut [Cell<T>],
) {
    product_from(simd, weights, 0, from, into);
}

/// [`product`] with `from` standing at the columns from `first` on; all others count as zero.
pub fn product_from<S: Simd, T: Lanes>(
    simd: S,
    weights: &Panels<T>,
    first: usize,
    from: &[Cell<T>],
    into: &mut [Cell<T>],
) {
    let into = &mut into[..weights.rows * weights.form.groups];
    if from.is_empty() {
        into.fill(Cell::splat(T::of(0.0)));
    } else if !into.is_empty() {
        let place = Place {
            panel: 0,
            first,
            fresh: true,
        };
        share(simd, weights, place, from, into);
    }
}

/// [`product`], added to what `into` holds.
pub fn product_add<S: Simd, T: Lanes>(
    simd: S,
    weights: &Panels<T>,
    from: &[Cell<T>],
    into: &mut [Cell<T>],
) {
    product_add_from(simd, weights, 0, from, into);
}

/// [`product_from`], added to what `into` holds.
pub fn product_add_from<S: Simd, T: Lanes>(
    simd: S,
    weights: &Panels<T>,
    first: usize,
    from: &[Cell<T>],
    into: &mut [Cell<T>],
) {
    let into = &mut into[..weights.rows * weights.form.groups];
    if !from.is_empty() && !into.is_empty() {
        let place = Place {
            panel: 0,
            first,
            fresh: false,
        };
        share(simd, weights, place, from, into);
    }
}

/// Where a product begins, and what it does with what is there.
#[derive(Clone, Copy)]
struct Place {
    /// The first panel of rows.
    panel: usize,
    /// The first column.
    first: usize,
    /// Whether the sums take the place of what `into` holds.
    fresh: bool,
}

/// As many rows as `into` has cells for; on several threads where that pays.
fn share<S: Simd, T: Lanes>(
    simd: S,
    weights: &Panels<T>,
    place: Place,
    from: &[Cell<T>],
    into: &mut [Cell<T>],
) {
    let work = from.len() * into.len() / weights.form.groups * TRIALS;
    if !weights.form.shared || work < 2 * SHARED {
        return all_panels(simd, weights, place, from, into);
    }
    let cells = PANEL * weights.form.groups;
    let half = into.len().div_ceil(cells) / 2;
    let (upper, lower) = into.split_at_mut(half * cells);
    let below = Place {
        panel: place.panel + half,
        ..place
    };
    rayon::join(
        || share(simd, weights, place, from, upper),
        || share(simd, weights, below, from, lower),
    );
}

fn all_panels<S: Simd, T: Lanes>(
    simd: S,
    weights: &Panels<T>,
    place: Place,
    from: &[Cell<T>],
    into: &mut [Cell<T>],
) {
    let groups = weights.form.groups;
    let columns = (PASSING / size_of::<Cell<T>>() / groups).max(1);
    for (block, from) in from.chunks(columns * groups).enumerate() {
        let panels = weights.data.chunks_exact(weights.columns).skip(place.panel);
        let fresh = place.fresh && block == 0;
        for (panel, rows) in panels.zip(into.chunks_mut(PANEL * groups)) {
            let panel = &panel[place.first + block * columns..][..from.len() / groups];
            vectorize(
                simd,
                #[inline(always)]
                || panel_product::<S, T>(simd, panel, flat(from), flat_mut(rows), groups, fresh),
            );
        }
    }
}

#[inline(always)]
fn panel_product<S: Simd, T: Lanes>(
    simd: S,
    panel: &[[T; PANEL]],
    from: &[T],
    into: &mut [T],
    groups: usize,
    fresh: bool,
) {
    let (from, into) = (T::vectors::<S>(from), T::vectors_mut::<S>(into));
    let vectors = groups * TRIALS * size_of::<T>() / size_of::<T::Vector<S>>();
    let rows = into.len() / vectors;
    let most = if S::REGISTER_COUNT >= 32 { 12 } else { 6 };
    let mut first = 0;
    while first < rows {
        let into = &mut into[first * vectors..];
        let tile = Tile {
            panel,
            first,
            from,
            vectors,
            fresh,
        };
        first += match tile_rows(rows - first, most) {
            12 => tile.rows::<S, 12>(simd, into),
            6 => tile.rows::<S, 6>(simd, into),
            5 => tile.rows::<S, 5>(simd, into),
            4 => tile.rows::<S, 4>(simd, into),
            3 => tile.rows::<S, 3>(simd, into),
            2 => tile.rows::<S, 2>(simd, into),
            _ => tile.rows::<S, 1>(simd, into),
        };
    }
}

/// Rows that are taken together where `left` are to be done: `most` of them, then at most 6. Few
/// rows cost as much as 4, for their sums wait for each other: 7 and 8 are halved.
pub(super) fn tile_rows(left: usize, most: usize) -> usize {
    match left {
        _ if left >= most && left - most != 1 && left - most != 2 => most,
        7 | 8 => left / 2,
        _ => left.min(6),
    }
}

/// Some rows of a panel, from `first` on, and what they are multiplied with.
struct Tile<'a, T, V> {
    panel: &'a [[T; PANEL]],
    first: usize,
    from: &'a [V],
    /// Vectors of one quantity.
    vectors: usize,
    /// Whether the sums begin at zero.
    fresh: bool,
}

impl<T: Lanes, V: Copy> Tile<'_, T, V> {
    /// M rows; gives M.
    #[inline(always)]
    fn rows<S: Simd, const M: usize>(&self, simd: S, into: &mut [V]) -> usize
    where
        T: Lanes<Vector<S> = V>,
    {
        let pairs = self.vectors / 2 * 2;
        self.sums::<S, M, 2>(simd, 0..pairs, into);
        self.sums::<S, M, 1>(simd, pairs..self.vectors, into);
        M
    }

    /// M rows, some vectors of each, N at a time.
    #[inline(always)]
    fn sums<S: Simd, const M: usize, const N: usize>(
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
            if !self.fresh {
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
