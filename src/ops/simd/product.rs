//! A weight matrix times the cells of one time: the inner loop of every recurrent step. Sums of
//! several rows stay in registers while the cells pass by once.

use pulp::Simd;

use super::{Cell, Lanes, TRIALS};

/// Rows that are packed side by side; with two vectors each they fill 24 of 32 registers.
const PANEL: usize = 12;

/// A matrix in the order in which [`product`] reads it: twelve rows at a time, column by column.
#[derive(Debug, Default)]
pub struct Panels<T> {
    rows: usize,
    columns: usize,
    data: Vec<[T; PANEL]>,
}

/// A block of a matrix in row-major or transposed order: element (r, k) stands at
/// `r * by_row + k * by_column`.
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
}

impl<T: Lanes> Panels<T> {
    /// Takes in the blocks of a matrix, side by side.
    pub fn pack(&mut self, rows: usize, blocks: &[Block<'_, T>]) {
        self.rows = rows;
        self.columns = blocks.iter().map(|block| block.columns).sum();
        self.data
            .resize(rows.div_ceil(PANEL) * self.columns, [T::of(0.0); PANEL]);
        for first in (0..rows).step_by(PANEL) {
            let mut at = first / PANEL * self.columns;
            for block in blocks {
                for k in 0..block.columns {
                    let to = &mut self.data[at + k][..PANEL.min(rows - first)];
                    let from = &block.data[k * block.by_column + first * block.by_row..];
                    for (w, x) in to.iter_mut().zip(from.iter().step_by(block.by_row)) {
                        *w = *x;
                    }
                }
                at += block.columns;
            }
        }
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
    if weights.columns == 0 {
        into.fill(Cell::splat(T::of(0.0)));
        return;
    }
    let panels = weights.data.chunks_exact(weights.columns);
    for (panel, rows) in panels.zip(into[..weights.rows].chunks_mut(PANEL)) {
        simd.vectorize(
            #[inline(always)]
            || panel_product(simd, panel, from, rows),
        );
    }
}

#[inline(always)]
fn panel_product<S: Simd, T: Lanes>(
    simd: S,
    panel: &[[T; PANEL]],
    from: &[Cell<T>],
    into: &mut [Cell<T>],
) {
    let mut first = 0;
    while first < into.len() {
        let rows = &mut into[first..];
        first += match rows.len() {
            12 if S::REGISTER_COUNT >= 32 => tile::<S, T, 12>(simd, panel, first, from, rows),
            6.. => tile::<S, T, 6>(simd, panel, first, from, rows),
            4.. => tile::<S, T, 4>(simd, panel, first, from, rows),
            2.. => tile::<S, T, 2>(simd, panel, first, from, rows),
            _ => tile::<S, T, 1>(simd, panel, first, from, rows),
        };
    }
}

/// The rows `first..first + M` of a panel; gives M.
#[inline(always)]
fn tile<S: Simd, T: Lanes, const M: usize>(
    simd: S,
    panel: &[[T; PANEL]],
    first: usize,
    from: &[Cell<T>],
    into: &mut [Cell<T>],
) -> usize {
    let vectors = TRIALS * size_of::<T>() / size_of::<T::Vector<S>>();
    for v in (0..vectors).step_by(2) {
        let mut sums = [[T::splat(simd, T::of(0.0)); 2]; M];
        for (weights, cell) in panel.iter().zip(from) {
            let weights = &weights[first..first + M];
            let x = &T::vectors::<S>(cell)[v..v + 2];
            for m in 0..M {
                let w = T::splat(simd, weights[m]);
                sums[m][0] = T::mul_add(simd, w, x[0], sums[m][0]);
                sums[m][1] = T::mul_add(simd, w, x[1], sums[m][1]);
            }
        }
        for (cell, sum) in into[..M].iter_mut().zip(sums) {
            T::vectors_mut::<S>(cell)[v..v + 2].copy_from_slice(&sum);
        }
    }
    M
}
