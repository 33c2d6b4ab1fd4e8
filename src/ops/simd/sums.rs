//! Sums over times and trials of the products of two sets of cells: the gradient of a weight
//! matrix, from what arrived at its rows and what stood at its columns.
//!
//! The columns of some times are first turned, so that neighbouring columns of one trial fill a
//! vector: a number of a row is then multiplied with many columns at once, and no lanes need be
//! added up.

use std::ops::Range;

use pulp::Simd;
use rayon::iter::{IndexedParallelIterator, ParallelIterator};
use rayon::slice::ParallelSliceMut;

use super::product::{Form, tile_rows};
use super::{Cell, Lanes, TRIALS, flat, vectorize};

/// Times that are turned and summed at one go: so few that a strip of the turned columns stays in
/// the nearest cache while all rows pass by.
const TIMES: usize = 8;
/// Rows that stay in the nearest cache while all strips of a block pass by.
const ROWS: usize = 24;
/// Strips that all rows pass by before the next ones: they stay in the second cache.
const STRIPS: usize = 8;
/// Multiplications from which on threads share a product; see [`super::product`].
const SHARED: usize = 1 << 19;

/// Numbers from which on several threads add up runs, each a stretch of this many.
const STRETCH: usize = 1 << 15;

/// Cells at all times, `frame` of them a time; of the quantities that they are, `count` from
/// `first` on are meant.
#[derive(Clone, Copy)]
pub struct Frames<'a, T> {
    pub cells: &'a [Cell<T>],
    pub frame: usize,
    pub first: usize,
    pub count: usize,
}

/// Columns of some times, turned: strip after strip of [`TRIALS`] columns; in a strip, a cell for
/// each time and trial.
#[derive(Debug, Default)]
pub struct Turned<T> {
    cells: Vec<Cell<T>>,
}

/// Numbers from row to row of a matrix with so many columns: whole strips.
pub fn padded(columns: usize) -> usize {
    columns.next_multiple_of(TRIALS)
}

/// `into[r][c] += sum over times and trials of left[r] * right[c]`, in rows of [`padded`] numbers;
/// one group of trials after another.
pub fn add_sums<S: Simd, T: Lanes>(
    simd: S,
    form: Form,
    [left, right]: [Frames<'_, T>; 2],
    times: usize,
    turned: &mut Turned<T>,
    into: &mut [T],
) {
    if left.count == 0 || right.count == 0 {
        return;
    }
    let most = times.min(TIMES) * TRIALS * right.count.div_ceil(TRIALS);
    turned.cells.resize(most, Cell::splat(T::of(0.0)));
    for group in 0..form.groups {
        for start in (0..times).step_by(TIMES) {
            let stretch = Stretch {
                groups: form.groups,
                group,
                times: start..times.min(start + TIMES),
                left,
                right,
            };
            let turned = &mut turned.cells[..right.count.div_ceil(TRIALS) * stretch.strip()];
            stretch.turn(turned);
            stretch.share(simd, form.shared, turned, 0, into);
        }
    }
}

/// Adds up the sums of all runs, in their order, in the place of the first.
pub fn join<T: Lanes>(runs: &mut [T], count: usize) {
    let (first, others) = runs.split_at_mut(count);
    let stretch = |(at, into): (usize, &mut [T])| {
        for run in others.chunks_exact(count) {
            for (x, y) in into.iter_mut().zip(&run[at * STRETCH..]) {
                *x += *y;
            }
        }
    };
    if count > STRETCH {
        first.par_chunks_mut(STRETCH).enumerate().for_each(stretch);
    } else {
        stretch((0, first));
    }
}

/// Neighbouring rows.
#[derive(Clone, Copy)]
struct Tiles {
    row: usize,
    rows: usize,
    /// Rows whose sums stay in registers.
    most: usize,
    /// Numbers from row to row of the sums.
    width: usize,
}

/// Some times of one group.
#[derive(Clone)]
struct Stretch<'a, T> {
    groups: usize,
    group: usize,
    times: Range<usize>,
    left: Frames<'a, T>,
    right: Frames<'a, T>,
}

impl<T: Lanes> Stretch<'_, T> {
    /// Cells of one strip.
    fn strip(&self) -> usize {
        self.times.len() * TRIALS
    }

    fn turn(&self, into: &mut [Cell<T>]) {
        let Frames {
            cells,
            frame,
            first,
            count,
        } = self.right;
        let strips = into
            .chunks_exact_mut(self.strip())
            .take(count.div_ceil(TRIALS));
        for (at, strip) in strips.enumerate() {
            let columns = at * TRIALS..count.min((at + 1) * TRIALS);
            for (time, rows) in self.times.clone().zip(strip.chunks_exact_mut(TRIALS)) {
                let start = time * frame + (first + columns.start) * self.groups + self.group;
                let from = cells[start..].iter().step_by(self.groups);
                for (c, cell) in from.take(columns.len()).enumerate() {
                    for (row, x) in rows.iter_mut().zip(cell.0) {
                        row.0[c] = x;
                    }
                }
            }
        }
    }

    /// The rows from `row` on, as many as there are in `into`.
    fn share<S: Simd>(
        &self,
        simd: S,
        shared: bool,
        turned: &[Cell<T>],
        row: usize,
        into: &mut [T],
    ) {
        let width = padded(self.right.count);
        let rows = into.len() / width;
        if !shared || rows < 2 || rows * width * self.strip() < 2 * SHARED {
            return self.rows(simd, turned, row, into);
        }
        let half = rows / 2;
        let (upper, lower) = into.split_at_mut(half * width);
        rayon::join(
            || self.share(simd, shared, turned, row, upper),
            || self.share(simd, shared, turned, row + half, lower),
        );
    }

    fn rows<S: Simd>(&self, simd: S, turned: &[Cell<T>], row: usize, into: &mut [T]) {
        let width = padded(self.right.count);
        let rows = into.len() / width;
        let most = if S::REGISTER_COUNT >= 32 { 12 } else { 6 };
        let block = STRIPS * self.strip();
        for (strips, first) in turned
            .chunks(block)
            .zip((0..width).step_by(STRIPS * TRIALS))
        {
            for start in (0..rows).step_by(ROWS) {
                let tiles = Tiles {
                    row: row + start,
                    rows: ROWS.min(rows - start),
                    most,
                    width,
                };
                let into = &mut into[start * width + first..];
                vectorize(
                    simd,
                    #[inline(always)]
                    || self.strips(simd, strips, tiles, into),
                );
            }
        }
    }

    /// Some rows, all strips of a block.
    #[inline(always)]
    fn strips<S: Simd>(&self, simd: S, strips: &[Cell<T>], tiles: Tiles, into: &mut [T]) {
        for (k, strip) in strips.chunks_exact(self.strip()).enumerate() {
            let mut at = 0;
            while at < tiles.rows {
                let into = &mut into[at * tiles.width + k * TRIALS..];
                let rows = tile_rows(tiles.rows - at, tiles.most);
                let tile = Tiles {
                    row: tiles.row + at,
                    ..tiles
                };
                match rows {
                    12 => self.tile::<S, 12>(simd, strip, tile, into),
                    6 => self.tile::<S, 6>(simd, strip, tile, into),
                    5 => self.tile::<S, 5>(simd, strip, tile, into),
                    4 => self.tile::<S, 4>(simd, strip, tile, into),
                    3 => self.tile::<S, 3>(simd, strip, tile, into),
                    2 => self.tile::<S, 2>(simd, strip, tile, into),
                    _ => self.tile::<S, 1>(simd, strip, tile, into),
                }
                at += rows;
            }
        }
    }

    /// M rows of one strip of columns.
    #[inline(always)]
    fn tile<S: Simd, const M: usize>(
        &self,
        simd: S,
        strip: &[Cell<T>],
        tile: Tiles,
        into: &mut [T],
    ) {
        match TRIALS * size_of::<T>() / size_of::<T::Vector<S>>() {
            1 => self.sums::<S, M, 1>(simd, strip, tile, into),
            _ => self.sums::<S, M, 2>(simd, strip, tile, into),
        }
    }

    #[inline(always)]
    fn sums<S: Simd, const M: usize, const N: usize>(
        &self,
        simd: S,
        strip: &[Cell<T>],
        tile: Tiles,
        into: &mut [T],
    ) {
        let count = TRIALS * size_of::<T>() / size_of::<T::Vector<S>>();
        let columns = T::vectors::<S>(flat(strip));
        for v in (0..count).step_by(N) {
            let mut sums = [[T::splat(simd, T::of(0.0)); N]; M];
            for (time, columns) in self.times.clone().zip(columns.chunks_exact(count * TRIALS)) {
                let first = time * self.left.frame + (self.left.first + tile.row) * self.groups;
                let rows = &self.left.cells[first..][..(M - 1) * self.groups + self.group + 1];
                let rows: [&Cell<T>; M] = std::array::from_fn(
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
