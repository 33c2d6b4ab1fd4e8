//! Sums over times and trials of the products of two sets of cells: the gradient of a weight
//! matrix, from what arrived at its rows and what stood at its columns.

use pulp::Simd;

use super::{Cell, Lanes, TRIALS};

/// Times that are summed at one go: so many that adding up the lanes at the end costs little, so
/// few that the cells of a tile's rows stay in the nearest cache.
const TIMES: usize = 32;

/// Cells at all times: `frame` of them a time, the wanted ones being `first..first + count`.
#[derive(Clone, Copy)]
pub struct Frames<'a, T> {
    pub cells: &'a [Cell<T>],
    pub frame: usize,
    pub first: usize,
    pub count: usize,
}

impl<'a, T> Frames<'a, T> {
    /// The cells `at..at + C` at each time of a stretch.
    #[inline(always)]
    fn tile<const C: usize>(
        &self,
        at: usize,
        times: std::ops::Range<usize>,
    ) -> impl Iterator<Item = &'a [Cell<T>; C]> + use<'a, T, C> {
        let first = self.first + at;
        let stretch = &self.cells[times.start * self.frame..times.end * self.frame];
        stretch.chunks_exact(self.frame).map(move |frame| {
            frame[first..]
                .first_chunk()
                .expect("a tile lies inside its frame")
        })
    }
}

/// `into[r][c] = sum over times and trials of left[r] * right[c]`, row-major.
pub fn dots<S: Simd, T: Lanes>(
    simd: S,
    left: Frames<'_, T>,
    right: Frames<'_, T>,
    times: usize,
    into: &mut [T],
) {
    into.fill(T::of(0.0));
    for start in (0..times).step_by(TIMES) {
        let times = start..times.min(start + TIMES);
        match S::REGISTER_COUNT {
            32.. => stretch::<S, T, 5>(simd, left, right, times, into),
            _ => stretch::<S, T, 3>(simd, left, right, times, into),
        }
    }
}

/// Tiles of N rows and N columns; the last tile reaches back over its neighbour where the count is
/// no multiple of N, and what it computes twice is added once.
fn stretch<S: Simd, T: Lanes, const N: usize>(
    simd: S,
    left: Frames<'_, T>,
    right: Frames<'_, T>,
    times: std::ops::Range<usize>,
    into: &mut [T],
) {
    for (row, fresh) in tiles::<N>(left.count) {
        for (column, fresh_columns) in tiles::<N>(right.count) {
            let place = Place {
                row,
                column,
                fresh: [fresh, fresh_columns],
                width: right.count,
            };
            let times = times.clone();
            simd.vectorize(
                #[inline(always)]
                || match (left.count < N, right.count < N) {
                    (false, false) => tile::<S, T, N, N>(simd, left, right, times, place, into),
                    (false, true) => tile::<S, T, N, 1>(simd, left, right, times, place, into),
                    (true, false) => tile::<S, T, 1, N>(simd, left, right, times, place, into),
                    (true, true) => tile::<S, T, 1, 1>(simd, left, right, times, place, into),
                },
            );
        }
    }
}

/// Where a tile begins, and its first row that no tile before has added.
fn tiles<const N: usize>(count: usize) -> impl Iterator<Item = (usize, usize)> {
    let size = if count < N { 1 } else { N };
    (0..count)
        .step_by(size)
        .map(move |at| (at.min(count - size), at))
}

#[derive(Clone, Copy)]
struct Place {
    row: usize,
    column: usize,
    /// First row and first column to be added.
    fresh: [usize; 2],
    width: usize,
}

#[inline(always)]
fn tile<S: Simd, T: Lanes, const R: usize, const C: usize>(
    simd: S,
    left: Frames<'_, T>,
    right: Frames<'_, T>,
    times: std::ops::Range<usize>,
    place: Place,
    into: &mut [T],
) {
    let vectors = TRIALS * size_of::<T>() / size_of::<T::Vector<S>>();
    let mut sums = [[T::splat(simd, T::of(0.0)); C]; R];
    let right = right.tile::<C>(place.column, times.clone());
    for (a, b) in left.tile::<R>(place.row, times).zip(right) {
        for v in 0..vectors {
            let b: [_; C] = std::array::from_fn(
                #[inline(always)]
                |c| T::vectors::<S>(&b[c])[v],
            );
            for r in 0..R {
                let a = T::vectors::<S>(&a[r])[v];
                for c in 0..C {
                    sums[r][c] = T::mul_add(simd, a, b[c], sums[r][c]);
                }
            }
        }
    }
    for (r, row) in sums.iter().enumerate().skip(place.fresh[0] - place.row) {
        for (c, sum) in row.iter().enumerate().skip(place.fresh[1] - place.column) {
            into[(place.row + r) * place.width + place.column + c] += T::sum(simd, *sum);
        }
    }
}
